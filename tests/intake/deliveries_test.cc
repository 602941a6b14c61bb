#include "server/intake/deliveries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/intake/intake.h"
#include "tests/intake/fake_store.h"
#include "tests/intake/manual_clock.h"

namespace bounced {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A noon.
const absl::Time kNow = StartOf(20'600) + absl::Hours(12);

Address Parse(std::string_view mailbox) { return *Address::Parse(mailbox); }

std::string Said(const absl::Status& status) { return std::string(status.message()); }

DeliveryAttempt Attempt(DeliveryOutcome outcome, std::string_view text = "",
                        std::string_view reference = "") {
  return {.address = Parse("R@example.net"),
          .stream = "news",
          .outcome = outcome,
          .time = kNow,
          .reply_code = 0,
          .enhanced_status = "",
          .text = std::string(text),
          .stage = Stage::kUnknown,
          .remote_mta = "",
          .reporting_mta = "mta.sender.example",
          .message_reference = std::string(reference),
          .return_path = std::nullopt,
          .final_recipient = std::nullopt};
}

DeliveryAttempt NoSuchUser(std::string_view reference = "1") {
  return Attempt(DeliveryOutcome::kBounced, "550 5.1.1 user unknown", reference);
}
DeliveryAttempt MailboxFull(std::string_view reference = "1") {
  return Attempt(DeliveryOutcome::kBounced, "552 5.2.2 mailbox full", reference);
}

class DeliveriesTest : public testing::Test {
 protected:
  DeliveriesTest() {
    ReturnPathDomain ours;
    ours.domain = "rp.example";
    ours.tenant = "acme";
    ours.stream = "receipts";
    ours.signing = Signing::kOptional;
    ours.keys = {{"a", "0123456789abcdef0123456789abcdef"}};
    ReturnPathDomain others = ours;
    others.domain = "other.example";
    others.tenant = "other";
    paths_.emplace(*ReturnPaths::Create({ours, others}));
    committer_.emplace(store_, Policy{}, clock_, counters_);
    intake_.emplace(rules_, *paths_, *committer_, clock_, counters_);
  }

  Address Mint(std::string_view recipient, absl::Time issued = kNow,
               std::string_view reference = "", std::string_view domain = "rp.example") const {
    return Parse(*paths_->Get()->Mint({std::string(domain), "alerts", std::string(reference), {}},
                                      Parse(recipient), issued));
  }

  absl::StatusOr<ReadAttempt> Read(const DeliveryAttempt& attempt) const {
    return ReadDelivery(attempt, "acme", rules_.Get()->rules(), *paths_->Get(), kNow);
  }

  // Records and commits.
  std::vector<absl::StatusOr<AttemptFate>> Record(const std::vector<DeliveryAttempt>& attempts) {
    std::optional<absl::StatusOr<std::vector<absl::StatusOr<AttemptFate>>>> told;
    intake_->Record("acme", attempts, [&](auto fates) { told = std::move(fates); });
    while (!told && committer_->Step()) {
    }
    if (!told || !told->ok()) {
      ADD_FAILURE() << "not recorded";
      return {};
    }
    return **told;
  }
  AttemptFate Record(const DeliveryAttempt& attempt) {
    const std::vector<absl::StatusOr<AttemptFate>> fates = Record(std::vector{attempt});
    EXPECT_TRUE(fates.at(0).ok()) << fates.at(0).status();
    return *fates.at(0);
  }
  void Receive(std::string_view message, const Address& return_path) {
    std::vector<Voucher> vouchers = {
        *paths_->Get()->Vouch(return_path.local_part(), return_path.domain(), kNow).voucher};
    intake_->Receive(message, std::move(vouchers), {},
                     [](auto receipts) { EXPECT_TRUE(receipts.ok()) << receipts.status(); });
    committer_->Step();
  }
  IndexAnswer Check() const { return store_.index().Check("acme", "", "r@example.net", kNow); }

  ManualClock clock_{kNow};
  Counters counters_;
  FakeStore store_;
  LiveRules rules_{RuleSet::BuiltIn(), kNow};
  std::optional<Live<ReturnPaths>> paths_;
  std::optional<Committer> committer_;
  std::optional<Intake> intake_;
};

TEST_F(DeliveriesTest, ABounceIsReadAsOneOfAReportIs) {
  DeliveryAttempt attempt = NoSuchUser("4XyZ");
  attempt.remote_mta = "mx.example.net";
  attempt.stage = Stage::kRcpt;
  const absl::StatusOr<ReadAttempt> read = Read(attempt);
  ASSERT_TRUE(read.ok()) << read.status();
  const Message& message = read->message.message;
  EXPECT_EQ(message.tenant, "acme");
  EXPECT_EQ(message.stream, "news");
  EXPECT_EQ(message.report_form, "session");
  EXPECT_EQ(message.reporting_mta, "mta.sender.example");
  EXPECT_EQ(message.message_reference, "4XyZ");
  EXPECT_EQ(message.return_path, "");
  EXPECT_EQ(message.returned_path, "");
  EXPECT_EQ(message.trust, Trust::kLocal);
  EXPECT_EQ(message.receive_time, kNow);
  EXPECT_EQ(message.day, DayOf(kNow));
  EXPECT_EQ(read->message.evidence, nullptr);
  ASSERT_THAT(read->message.events, SizeIs(1));
  const Event& event = read->message.events[0];
  EXPECT_EQ(event.kind, Kind::kBounce);
  EXPECT_EQ(event.address->canonical(), "r@example.net");
  EXPECT_EQ(event.final_recipient, "R@example.net");
  EXPECT_EQ(event.forwarded_to, "");
  EXPECT_EQ(event.trust, Trust::kLocal);
  EXPECT_EQ(event.reason, Reason::kNoSuchUser);
  EXPECT_EQ(event.bounce_class, BounceClass::kHard);
  EXPECT_EQ(event.reply_code, 550);
  EXPECT_EQ(event.enhanced_status, "5.1.1");
  EXPECT_EQ(event.stage, Stage::kRcpt);
  EXPECT_EQ(event.diagnostic, "user unknown");
  EXPECT_EQ(event.remote_mta, "mx.example.net");
  EXPECT_TRUE(event.text_bears_out);
}

struct Words {
  std::string_view name;
  std::string_view text;
  int reply_code;
  std::string_view enhanced_status;
  Reason reason;
  Fault fault;
};
class ReadWordsTest : public DeliveriesTest, public testing::WithParamInterface<Words> {};

TEST_P(ReadWordsTest, SayWhoseFaultItIs) {
  DeliveryAttempt attempt = Attempt(DeliveryOutcome::kBounced, GetParam().text);
  attempt.reply_code = GetParam().reply_code;
  attempt.enhanced_status = std::string(GetParam().enhanced_status);
  const absl::StatusOr<ReadAttempt> read = Read(attempt);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToString(read->message.events[0].reason), ToString(GetParam().reason));
  EXPECT_EQ(ToString(read->message.events[0].fault), ToString(GetParam().fault));
}
INSTANTIATE_TEST_SUITE_P(
    , ReadWordsTest,
    testing::ValuesIn<Words>({
        {"CodesBeside", "user unknown", 550, "5.1.1", Reason::kNoSuchUser, Fault::kRecipient},
        {"CodesAlone", "", 550, "5.1.1", Reason::kNoSuchUser, Fault::kRecipient},
        {"Nothing", "", 0, "", Reason::kUndefined, Fault::kUnknown},
        {"BlockList", "554 5.7.1 client blocked using zen.spamhaus.org", 0, "5.7.1",
         Reason::kSenderIpBlocked, Fault::kSender},
        {"NoConnection", "x-postfix; connect to mx.example[192.0.2.1]:25: Connection timed out", 0,
         "4.4.1", Reason::kConnectionFailure, Fault::kNetwork},
        {"NoDomain",
         "x-postfix; Host or domain name not found. Name service error for name=nosuch.example"
         " type=A: Host not found",
         0, "5.4.4", Reason::kNoSuchDomain, Fault::kDomain},
        {"NoAnswerOfDns",
         "x-postfix; Host or domain name not found. Name service error for name=a.example type=MX:"
         " Host not found, try again",
         0, "4.4.3", Reason::kDnsFailure, Fault::kNetwork},
        {"NoMailThere", "x-postfix; Domain a.example does not accept mail (nullMX)", 0, "5.1.10",
         Reason::kDomainNoMail, Fault::kDomain},
        {"Expired", "450 4.2.1 mailbox busy", 0, "4.4.7", Reason::kReceiverUnavailable,
         Fault::kReceiver},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(DeliveriesTest, ASignedReturnPathTellsTheMail) {
  DeliveryAttempt attempt = NoSuchUser("4XyZ");
  const absl::Time issued = kNow - absl::Hours(72);
  attempt.return_path = Mint("r@example.net", issued, "c1");
  const absl::StatusOr<ReadAttempt> read = Read(attempt);
  ASSERT_TRUE(read.ok()) << read.status();
  const Message& message = read->message.message;
  EXPECT_EQ(message.stream, "alerts");
  EXPECT_EQ(message.message_reference, "c1");
  EXPECT_EQ(message.return_path, "");
  EXPECT_EQ(message.returned_path, attempt.return_path->canonical());
  // It is the mail's, and no reason to believe the report: a key that leaks takes nothing from it.
  EXPECT_EQ(message.return_path_key, "");
  EXPECT_EQ(message.day, DayOf(issued));
}

TEST_F(DeliveriesTest, WhatDoesNotHoldTellsNothing) {
  const Address old = Mint("r@example.net", kNow - absl::Hours(24 * 40));
  std::string forged = Mint("r@example.net").canonical();
  forged.replace(forged.find("r=example"), 1, "q");
  for (const Address& path : {old, Parse(forged), Mint("other@example.net"), Parse("me@a.example"),
                              Parse("plain@rp.example")}) {
    DeliveryAttempt attempt = NoSuchUser();
    attempt.return_path = path;
    const absl::StatusOr<ReadAttempt> read = Read(attempt);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->message.message.returned_path, "") << path.canonical();
    EXPECT_EQ(read->message.message.stream, "news");
    EXPECT_EQ(read->message.message.day, DayOf(kNow));
  }
}

TEST_F(DeliveriesTest, AReturnPathIsInAgeWhenTheMailWasSent) {
  DeliveryAttempt attempt = NoSuchUser();
  attempt.time = kNow - absl::Hours(24 * 39);
  attempt.return_path = Mint("r@example.net", kNow - absl::Hours(24 * 40));
  EXPECT_NE(Read(attempt)->message.message.returned_path, "");
}

TEST_F(DeliveriesTest, RejectsWhatCannotBe) {
  DeliveryAttempt attempt = NoSuchUser();
  attempt.return_path = Mint("r@example.net", kNow, "", "other.example");
  EXPECT_THAT(Said(Read(attempt).status()), HasSubstr("return_path: of another tenant"));
  attempt = NoSuchUser();
  attempt.address = Parse("somebody@RP.example");
  EXPECT_THAT(Said(Read(attempt).status()), HasSubstr("address: at a return path domain"));
}

TEST_F(DeliveriesTest, ATimeIsWithinItsBounds) {
  const absl::Duration tick = absl::Nanoseconds(1);
  for (const auto& [offset, is_taken] : {std::pair(kMaxAttemptLead, true),
                                         {kMaxAttemptLead + tick, false},
                                         {-kMaxAttemptAge, true},
                                         {-kMaxAttemptAge - tick, false},
                                         {absl::InfiniteDuration(), false},
                                         {-absl::InfiniteDuration(), false}}) {
    DeliveryAttempt attempt = NoSuchUser();
    attempt.time = kNow + offset;
    const absl::Status status = Read(attempt).status();
    EXPECT_EQ(status.ok(), is_taken) << offset;
    EXPECT_EQ(Said(status).starts_with("time: more than"), !is_taken) << offset;
  }
}

TEST_F(DeliveriesTest, TheSameRefusalAgainIsOneEvent) {
  DeliveryAttempt attempt = NoSuchUser("4XyZ");
  EXPECT_EQ(Record(attempt), AttemptFate::kChanged);
  attempt.time += absl::Seconds(1);
  attempt.text = "550 5.1.1 user unknown, said in other words";
  EXPECT_EQ(Record(attempt), AttemptFate::kDuplicate);
  EXPECT_THAT(store_.events(), SizeIs(1));
  EXPECT_EQ(counters_.Get(Counter::kEvents), 1U);
  EXPECT_EQ(counters_.Get(Counter::kSeenBounced), 2U);

  // Another mail, host, address: another event.
  EXPECT_EQ(Record(NoSuchUser("4XyZ2")), AttemptFate::kRecorded);
  attempt.reporting_mta = "mta2.sender.example";
  EXPECT_EQ(Record(attempt), AttemptFate::kRecorded);
  attempt.address = Parse("s@example.net");
  EXPECT_EQ(Record(attempt), AttemptFate::kChanged);
  EXPECT_THAT(store_.events(), SizeIs(4));
}

// As short queue ids of Postfix are used again.
TEST_F(DeliveriesTest, AReferenceOfAnotherDayIsOfAnotherMail) {
  DeliveryAttempt attempt = MailboxFull("4F2A81");
  attempt.time = StartOf(DayOf(kNow));
  EXPECT_EQ(Record(attempt), AttemptFate::kChanged);
  attempt.time -= absl::Nanoseconds(1);
  EXPECT_EQ(Record(attempt), AttemptFate::kChanged);
  for (const absl::Duration later :
       {absl::ZeroDuration(), absl::Hours(24) - absl::Nanoseconds(1)}) {
    attempt.time = StartOf(DayOf(kNow)) + later;
    EXPECT_EQ(Record(attempt), AttemptFate::kDuplicate) << later;
  }
  EXPECT_THAT(store_.events(), SizeIs(2));
}

TEST_F(DeliveriesTest, WithoutAReferenceTheReturnPathOrTimeAndTextKnowItAgain) {
  DeliveryAttempt attempt = NoSuchUser("");
  EXPECT_EQ(Record(attempt), AttemptFate::kChanged);
  EXPECT_EQ(Record(attempt), AttemptFate::kDuplicate);
  attempt.time += absl::Nanoseconds(1);
  EXPECT_EQ(Record(attempt), AttemptFate::kRecorded);
  attempt.return_path = Mint("r@example.net");
  EXPECT_EQ(Record(attempt), AttemptFate::kRecorded);
  attempt.time += absl::Seconds(1);
  EXPECT_EQ(Record(attempt), AttemptFate::kDuplicate);
}

TEST_F(DeliveriesTest, T2ARefusalCountsOnceWithTheReportThatIsMadeOfIt) {
  for (const bool report_first : {false, true}) {
    const std::string recipient = absl::StrCat("r", report_first ? 1 : 0, "@example.net");
    DeliveryAttempt attempt = MailboxFull();
    attempt.address = Parse(recipient);
    attempt.return_path = Mint(recipient);
    const std::string report = absl::StrCat(
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mta.sender.example\r\n\r\n"
        "Final-Recipient: rfc822; ",
        recipient,
        "\r\nAction: failed\r\nStatus: 5.2.2\r\n"
        "Diagnostic-Code: smtp; 552 5.2.2 mailbox full\r\n\r\n--b--\r\n");
    if (report_first) Receive(report, *attempt.return_path);
    EXPECT_EQ(Record(attempt), report_first ? AttemptFate::kRecorded : AttemptFate::kChanged);
    if (!report_first) Receive(report, *attempt.return_path);
    const std::vector<Event> events = store_.events();
    ASSERT_GE(events.size(), 2U);
    EXPECT_EQ(events[events.size() - 2].policy_rule, PolicyRule::kSoftCounted);
    EXPECT_EQ(events.back().policy_rule, PolicyRule::kSameMessage);
  }
}

TEST_F(DeliveriesTest, T5WithoutASignedReturnPathADayCountsOnce) {
  EXPECT_EQ(Record(MailboxFull("1")), AttemptFate::kChanged);
  EXPECT_EQ(Record(MailboxFull("2")), AttemptFate::kRecorded);
  EXPECT_EQ(store_.events().back().policy_rule, PolicyRule::kSameMessage);
  for (const int day : {1, 2}) {
    DeliveryAttempt attempt = MailboxFull(absl::StrCat("on ", day));
    attempt.time -= absl::Hours(24) * day;
    EXPECT_EQ(Record(attempt), AttemptFate::kChanged);
  }
  EXPECT_EQ(store_.events().back().policy_rule, PolicyRule::kSoftThreshold);
  EXPECT_EQ(Check(), IndexAnswer::kSuppressed);
}

// All mails may have one plain return path, or one that is signed for somebody else: it tells none
// from another, so three days of refusals are three.
TEST_F(DeliveriesTest, T5AReturnPathThatVouchesForNothingMakesNoTwoRefusalsOne) {
  for (const Address& path : {Parse("bounces@sender.example"), Parse("plain@rp.example"),
                              Mint("somebody.else@example.net", kNow - absl::Hours(24) * 2)}) {
    const Address address = Parse(absl::StrCat("r", store_.events().size(), "@example.net"));
    for (const int day : {2, 1, 0}) {
      DeliveryAttempt attempt = MailboxFull("");
      attempt.address = address;
      attempt.return_path = path;
      attempt.time -= absl::Hours(24) * day;
      EXPECT_EQ(Record(attempt), AttemptFate::kChanged) << path.canonical() << " " << day;
      EXPECT_EQ(Record(attempt), AttemptFate::kDuplicate);
    }
    EXPECT_EQ(store_.events().back().policy_rule, PolicyRule::kSoftThreshold);
  }
}

TEST_F(DeliveriesTest, ADeliveryEmptiesTheBucketAndOnlyThenIsAnEvent) {
  EXPECT_EQ(Record(MailboxFull()), AttemptFate::kChanged);
  EXPECT_EQ(Check(), IndexAnswer::kRisky);
  EXPECT_EQ(Record(Attempt(DeliveryOutcome::kDelivered, "", "2")), AttemptFate::kChanged);
  EXPECT_EQ(Check(), IndexAnswer::kSend);
  ASSERT_THAT(store_.events(), SizeIs(2));
  const Event event = store_.events().back();
  EXPECT_EQ(event.kind, Kind::kDelivery);
  EXPECT_EQ(event.reason, Reason::kDelivered);
  EXPECT_EQ(event.policy_rule, PolicyRule::kDelivery);
  EXPECT_EQ(event.effect, Effect::kCleared);
  EXPECT_EQ(Record(Attempt(DeliveryOutcome::kDelivered, "", "2")), AttemptFate::kRecorded);
  EXPECT_THAT(store_.events(), SizeIs(2));
  EXPECT_EQ(counters_.Get(Counter::kSeenDelivered), 2U);
}

TEST_F(DeliveriesTest, T6ADeliveryLiftsNoSuppression) {
  EXPECT_EQ(Record(NoSuchUser()), AttemptFate::kChanged);
  EXPECT_EQ(Record(Attempt(DeliveryOutcome::kDelivered)), AttemptFate::kRecorded);
  EXPECT_EQ(Check(), IndexAnswer::kSuppressed);
}

TEST_F(DeliveriesTest, ADeliveryToWhomMailIsSentOnSaysNothingOfTheAddress) {
  EXPECT_EQ(Record(MailboxFull()), AttemptFate::kChanged);
  DeliveryAttempt attempt = Attempt(DeliveryOutcome::kDelivered);
  attempt.final_recipient = Parse("member@example.org");
  EXPECT_EQ(Record(attempt), AttemptFate::kRecorded);
  EXPECT_EQ(Check(), IndexAnswer::kRisky);

  attempt = NoSuchUser("2");
  attempt.final_recipient = Parse("Member@example.org");
  EXPECT_EQ(Record(attempt), AttemptFate::kChanged);
  const Event event = store_.events().back();
  EXPECT_EQ(event.forwarded_to, "Member@example.org");
  EXPECT_EQ(event.final_recipient, "Member@example.org");
  EXPECT_EQ(event.policy_rule, PolicyRule::kHardShort);
}

TEST_F(DeliveriesTest, OfAnUnknownAddressADeliveryLeavesNoTrace) {
  EXPECT_EQ(Record(Attempt(DeliveryOutcome::kDelivered)), AttemptFate::kRecorded);
  EXPECT_THAT(store_.events(), IsEmpty());
}

TEST_F(DeliveriesTest, ADeferralIsCountedAlone) {
  EXPECT_EQ(Record(Attempt(DeliveryOutcome::kDeferred, "450 4.2.1 later")), AttemptFate::kRecorded);
  EXPECT_EQ(store_.calls(), 0U);
  EXPECT_EQ(counters_.Get(Counter::kSeenDeferred), 1U);
}

TEST_F(DeliveriesTest, OneThatIsRejectedKeepsNoOtherFromBeingRecordedInOneTransaction) {
  DeliveryAttempt bad = NoSuchUser();
  bad.address = Parse("a@rp.example");
  DeliveryAttempt other = NoSuchUser();
  other.address = Parse("s@example.net");
  const std::vector<absl::StatusOr<AttemptFate>> fates =
      Record({bad, NoSuchUser(), Attempt(DeliveryOutcome::kDeferred), other});
  ASSERT_THAT(fates, SizeIs(4));
  EXPECT_EQ(fates[0].status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(*fates[1], AttemptFate::kChanged);
  EXPECT_EQ(*fates[2], AttemptFate::kRecorded);
  EXPECT_EQ(*fates[3], AttemptFate::kChanged);
  EXPECT_THAT(store_.batches(), testing::ElementsAre(1));
  EXPECT_EQ(counters_.Get(Counter::kSeenBounced), 2U);
}

TEST_F(DeliveriesTest, TheRuleThatWonIsCountedOncePerRefusal) {
  const std::shared_ptr<RulesAtWork> rules = rules_.Get();
  const auto hits = [&rules](std::string_view id) {
    for (std::size_t i = 0; i < rules->counted().size(); ++i) {
      if (rules->counted()[i].id == id) return rules->hits(i);
    }
    return std::uint64_t{999};
  };
  Record(NoSuchUser());
  Record(NoSuchUser());
  EXPECT_EQ(hits(store_.events()[0].rule), 1U);
}

TEST_F(DeliveriesTest, WhatCannotBeCommittedIsToldAndNotThere) {
  store_.set_sync([](auto) { return absl::UnavailableError("no disk"); });
  absl::Status told;
  intake_->Record("acme", {NoSuchUser()}, [&](auto fates) { told = fates.status(); });
  committer_->Step();
  EXPECT_EQ(told.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(store_.events(), IsEmpty());
  EXPECT_EQ(counters_.Get(Counter::kSeenBounced), 0U);
}

}  // namespace
}  // namespace bounced
