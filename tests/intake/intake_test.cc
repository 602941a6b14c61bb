#include "server/intake/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/intake/fake_store.h"
#include "tests/intake/manual_clock.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);

// A DSN about one recipient (RFC 3464).
std::string Dsn(std::string_view recipient, std::string_view envelope_id = "") {
  return absl::StrCat(
      "From: MAILER-DAEMON@mx.example.net\r\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
      "\r\n"
      "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
      "--b\r\nContent-Type: message/delivery-status\r\n\r\n",
      envelope_id.empty()
          ? ""
          : absl::StrCat("Original-Envelope-Id: ", std::string(envelope_id), "\r\n"),
      "Reporting-MTA: dns; mx.example.net\r\n"
      "\r\n"
      "Final-Recipient: rfc822; ",
      std::string(recipient),
      "\r\n"
      "Action: failed\r\nStatus: 5.1.1\r\n"
      "Diagnostic-Code: smtp; 550 5.1.1 user unknown\r\n"
      "\r\n--b--\r\n");
}

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() {
    ReturnPathDomain domain;
    domain.domain = "rp.example";
    domain.tenant = "acme";
    domain.stream = "news";
    domain.signing = Signing::kOptional;
    domain.keys = {{"a", "0123456789abcdef0123456789abcdef"}};
    paths_.emplace(*ReturnPaths::Create({domain}));
    committer_.emplace(store_, Policy{}, clock_, counters_);
    intake_.emplace(rules_, *paths_, *committer_, clock_, counters_);
  }

  Voucher Signed(std::string_view recipient, absl::Time issued = kNow,
                 std::optional<ReturnPathForm> form = {}) const {
    const std::string return_path = *paths_->Get()->Mint({"rp.example", "receipts", "ref_1", form},
                                                         *Address::Parse(recipient), issued);
    return *paths_->Get()
                ->Vouch(return_path.substr(0, return_path.rfind('@')), "rp.example", kNow)
                .voucher;
  }

  Voucher Unsigned(std::string_view local_part) const {
    return *paths_->Get()->Vouch(local_part, "rp.example", kNow).voucher;
  }

  // Receives and commits; what `done` was told.
  absl::StatusOr<std::vector<MessageReceipt>> Receive(std::string_view message,
                                                      std::vector<Voucher> vouchers,
                                                      Arrival arrival = {}) {
    std::optional<absl::StatusOr<std::vector<MessageReceipt>>> told;
    intake_->Receive(message, std::move(vouchers), std::move(arrival), [&](auto receipts) {
      EXPECT_FALSE(told) << "done twice";
      told = std::move(receipts);
    });
    EXPECT_TRUE(told || committer_->Step());
    EXPECT_TRUE(told) << "not done";
    return told ? *std::move(told) : absl::InternalError("not done");
  }

  ManualClock clock_{kNow};
  Counters counters_;
  FakeStore store_;
  LiveRules rules_{RuleSet::BuiltIn(), kNow};
  std::optional<Live<ReturnPaths>> paths_;
  std::optional<Committer> committer_;
  std::optional<Intake> intake_;
};

TEST_F(IntakeTest, ABounceOnASignedReturnPathSuppresses) {
  const auto receipts = Receive(Dsn("r@example.net"), {Signed("r@example.net")});
  ASSERT_TRUE(receipts.ok()) << receipts.status();
  EXPECT_THAT(*receipts, SizeIs(1));
  EXPECT_THAT(store_.events(), SizeIs(1));
  EXPECT_EQ(store_.index().Check("acme", "", "r@example.net", kNow), IndexAnswer::kSuppressed);
  EXPECT_EQ(counters_.Get(Counter::kMessagesCommitted), 1u);
  EXPECT_EQ(counters_.Get(Counter::kSuppressions), 1u);
}

TEST_F(IntakeTest, T1AForgedReportToAnUnsignedReturnPathSuppressesNobody) {
  for (const Trust least : {Trust::kAuthenticated, Trust::kReturned, Trust::kSigned}) {
    Voucher voucher = Unsigned(ToString(least));
    voucher.least_trust = least;
    ASSERT_TRUE(Receive(Dsn("victim@example.net"), {voucher}).ok());
    EXPECT_EQ(store_.events().back().policy_rule, PolicyRule::kTrustTooLow) << ToString(least);
    EXPECT_EQ(store_.events().back().trust, Trust::kUnverified);
    EXPECT_EQ(store_.index().Check("acme", "", "victim@example.net", kNow), IndexAnswer::kSend);
  }
  Voucher voucher = Unsigned("bounces");
  voucher.least_trust = Trust::kUnverified;
  ASSERT_TRUE(Receive(Dsn("victim@example.net"), {voucher}).ok());
  EXPECT_EQ(store_.index().Check("acme", "", "victim@example.net", kNow), IndexAnswer::kSuppressed);
}

// A DSN that returns the header of the mail, as the last host had it.
std::string DsnReturning(std::string_view recipient, std::string_view header) {
  std::string report = Dsn(recipient);
  report.replace(report.rfind("--b--"), 5,
                 absl::StrCat("--b\r\nContent-Type: message/rfc822\r\n\r\n", std::string(header),
                              "To: r@example.net\r\nSubject: News\r\n\r\nHello.\r\n--b--"));
  return report;
}
std::string ReturnPathField(const Voucher& voucher) {
  return absl::StrCat("Return-Path: <", voucher.return_path, ">\r\n");
}

TEST_F(IntakeTest, D59ASignedReturnPathInWhatCameBackVouchesForItsRecipient) {
  const absl::Time issued = kNow - absl::Hours(48);
  for (const ReturnPathForm form : {ReturnPathForm::kOpen, ReturnPathForm::kSealed}) {
    const std::string recipient = absl::StrCat("r", static_cast<int>(form), "@example.net");
    const Voucher mail = Signed(recipient, issued, form);
    ASSERT_TRUE(
        Receive(DsnReturning(recipient, ReturnPathField(mail)), {Unsigned("bounces")}).ok());
    const Event event = store_.events().back();
    EXPECT_EQ(event.trust, Trust::kReturned);
    ASSERT_TRUE(event.address);
    EXPECT_EQ(event.address->canonical(), recipient);
    EXPECT_EQ(event.effect, Effect::kSuppressed);
    EXPECT_EQ(store_.index().Check("acme", "", recipient, kNow), IndexAnswer::kSuppressed);
    const Message message = store_.messages().back();
    EXPECT_EQ(message.trust, Trust::kUnverified) << "of the return path that it came to";
    EXPECT_EQ(message.return_path, "bounces@rp.example");
    EXPECT_EQ(message.returned_path, mail.return_path);
    EXPECT_EQ(message.return_path_key, "a");
    EXPECT_EQ(message.message_reference, "ref_1");
    EXPECT_EQ(message.stream, "receipts");
    EXPECT_EQ(message.day, DayOf(issued));
  }
}

TEST_F(IntakeTest, D37D59T4WhatCameBackVouchesForNobodyElse) {
  std::string report = DsnReturning("r@example.net", ReturnPathField(Signed("r@example.net")));
  report.insert(report.find("Final-Recipient"),
                "Final-Recipient: rfc822; victim@example.net\r\nAction: failed\r\n"
                "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n");
  ASSERT_TRUE(Receive(report, {Unsigned("bounces")}).ok());
  ASSERT_THAT(store_.events(), SizeIs(2));
  EXPECT_FALSE(store_.events()[0].address);
  EXPECT_EQ(store_.events()[0].trust, Trust::kUnverified);
  EXPECT_EQ(store_.events()[1].trust, Trust::kReturned);
  EXPECT_EQ(store_.index().Check("acme", "", "victim@example.net", kNow), IndexAnswer::kSend);
  EXPECT_EQ(store_.index().Check("acme", "", "r@example.net", kNow), IndexAnswer::kSuppressed);
}

TEST_F(IntakeTest, D59WhatDoesNotHoldInWhatCameBackVouchesForNobody) {
  ReturnPathDomain ours;
  ours.domain = "rp.example";
  ours.tenant = "acme";
  ours.signing = Signing::kOptional;
  ours.max_age = absl::Hours(24);
  ours.keys = {{"a", "0123456789abcdef0123456789abcdef"}};
  ReturnPathDomain others = ours;
  others.domain = "others.example";
  others.tenant = "other";
  ReturnPathDomain off = ours;
  off.domain = "off.example";
  const auto minted = ReturnPaths::Create({ours, others, off});
  off.signing = Signing::kOff;
  const auto paths = ReturnPaths::Create({ours, others, off});
  const Live<ReturnPaths> live(*paths);
  Intake intake(rules_, live, *committer_, clock_, counters_);
  const auto path_of = [&](std::string_view domain, int hours) {
    return *minted->Mint({std::string(domain), "", "", {}}, *Address::Parse("r@example.net"),
                         kNow - absl::Hours(hours));
  };
  std::string forged = path_of("rp.example", 0);
  forged.replace(forged.find("=example.net"), 12, "=example.org");
  const std::string good = path_of("rp.example", 0);
  for (const std::string& path :
       {forged, path_of("rp.example", 24 * 3), path_of("others.example", 0),
        path_of("off.example", 0), std::string("bounces@rp.example"), std::string(),
        std::string("x@example.net>\r\nReturn-Path: <") + good}) {
    intake.Receive(DsnReturning("r@example.net", absl::StrCat("Return-Path: <", path, ">\r\n")),
                   {Unsigned("bounces")}, {}, [](auto receipts) { EXPECT_TRUE(receipts.ok()); });
    ASSERT_TRUE(committer_->Step());
    EXPECT_EQ(store_.events().back().trust, Trust::kUnverified) << path;
    EXPECT_EQ(store_.events().back().policy_rule, PolicyRule::kTrustTooLow) << path;
    EXPECT_EQ(store_.messages().back().returned_path, "") << path;
  }
}

TEST_F(IntakeTest, D59WhatCameBackIsInAgeWhenTheReportCame) {
  const absl::Time issued = kNow - absl::Hours(24 * 31);
  const std::string return_path =
      *paths_->Get()->Mint({"rp.example", "", "", {}}, *Address::Parse("r@example.net"), issued);
  const std::string report =
      DsnReturning("r@example.net", absl::StrCat("Return-Path: <", return_path, ">\r\n"));
  Arrival arrival;
  ASSERT_TRUE(Receive(report, {Unsigned("late")}, arrival).ok());
  EXPECT_EQ(store_.events().back().trust, Trust::kUnverified);
  arrival.receive_time = kNow - absl::Hours(48);
  ASSERT_TRUE(Receive(report, {Unsigned("in-time")}, arrival).ok());
  EXPECT_EQ(store_.events().back().trust, Trust::kReturned);
}

// By whichever way and in whichever words it comes.
TEST_F(IntakeTest, D59T2AMailThatCameBackCountsOnce) {
  const Voucher mail = Signed("r@example.net");
  const auto full = [&](std::string_view words) {
    std::string report = DsnReturning("r@example.net", ReturnPathField(mail));
    const std::string_view known = "550 5.1.1 user unknown";
    report.replace(report.find(known), known.size(),
                   absl::StrCat("552 5.2.2 mailbox full", std::string(words)));
    report.replace(report.find("Status: 5.1.1"), 13, "Status: 5.2.2");
    return report;
  };
  ASSERT_TRUE(Receive(full("."), {Unsigned("one")}).ok());
  EXPECT_EQ(store_.events().back().policy_rule, PolicyRule::kSoftCounted);
  for (int day = 0; day < 5; ++day) {
    clock_.Set(kNow + absl::Hours(24) * (day + 1));
    ASSERT_TRUE(Receive(full("!"), {Unsigned(absl::StrCat("way-", day))}).ok());
    EXPECT_EQ(store_.events().back().trust, Trust::kReturned);
    EXPECT_EQ(store_.events().back().policy_rule, PolicyRule::kSameMessage);
  }
  ASSERT_TRUE(Receive(full("?"), {mail}).ok());
  EXPECT_EQ(store_.events().back().trust, Trust::kSigned);
  EXPECT_EQ(store_.events().back().policy_rule, PolicyRule::kSameMessage);
}

TEST_F(IntakeTest, ASignedReturnPathNeedsNothingOfWhatCameBack) {
  const Voucher mail = Signed("r@example.net");
  ASSERT_TRUE(
      Receive(DsnReturning("r@example.net", ReturnPathField(Signed("s@example.net"))), {mail})
          .ok());
  EXPECT_EQ(store_.events()[0].trust, Trust::kSigned);
  EXPECT_EQ(store_.events()[0].address->canonical(), "r@example.net");
  EXPECT_EQ(store_.messages()[0].returned_path, "");
}

TEST_F(IntakeTest, AnUnsignedOneIsStoredWithoutEffect) {
  ASSERT_TRUE(Receive(Dsn("r@example.net"), {Unsigned("bounces")}).ok());
  ASSERT_THAT(store_.events(), SizeIs(1));
  EXPECT_EQ(store_.events()[0].policy_rule, PolicyRule::kTrustTooLow);
  EXPECT_EQ(store_.index().Check("acme", "", "r@example.net", kNow), IndexAnswer::kSend);
}

TEST_F(IntakeTest, AMessageThatIsNoReportIsKept) {
  ASSERT_TRUE(Receive("not even a header", {Signed("r@example.net")}).ok());
  ASSERT_THAT(store_.events(), SizeIs(1));
  EXPECT_EQ(store_.events()[0].kind, Kind::kOther);
  EXPECT_EQ(store_.events()[0].effect, Effect::kNone);
  ASSERT_TRUE(Receive("", {Signed("r@example.net")}).ok());
  EXPECT_THAT(store_.events(), SizeIs(2));
}

TEST_F(IntakeTest, D36WordsNameWhomASealedReturnPathVouchesFor) {
  std::string report = Dsn("x@other.example");
  report.replace(report.find("Sorry."), 6,
                 "Your mail to r@example.net went to an alias, and failed.");
  const Voucher r = Signed("r@example.net", kNow, ReturnPathForm::kSealed);
  const Voucher s = Signed("s@example.net", kNow, ReturnPathForm::kSealed);
  ASSERT_TRUE(Receive(report, {s, r}).ok());
  ASSERT_THAT(store_.events(), SizeIs(2));
  EXPECT_FALSE(store_.events()[0].address);
  ASSERT_TRUE(store_.events()[1].address);
  EXPECT_EQ(store_.events()[1].address->canonical(), "r@example.net");
  EXPECT_EQ(store_.events()[1].forwarded_to, "x@other.example");
}

TEST_F(IntakeTest, FillsTheMessageIn) {
  const absl::Time issued = kNow - absl::Hours(48);
  const Voucher voucher = Signed("r@example.net", issued);
  const absl::Time received = kNow - absl::Minutes(5);
  ASSERT_TRUE(Receive(Dsn("r@example.net"), {voucher},
                      {"d@mx.example.net", "192.0.2.1", "mx.example.net", "envid-1", received,
                       "TLSv1.2", "relay"})
                  .ok());
  const Message message = store_.messages().at(0);
  EXPECT_EQ(message.tenant, "acme");
  EXPECT_EQ(message.stream, "receipts");
  EXPECT_EQ(message.return_path, voucher.return_path);
  EXPECT_EQ(message.return_path_key, "a");
  EXPECT_EQ(message.message_reference, "ref_1");
  EXPECT_EQ(message.trust, Trust::kSigned);
  EXPECT_EQ(message.day, DayOf(issued));
  EXPECT_EQ(message.reverse_path, "d@mx.example.net");
  EXPECT_EQ(message.client_address, "192.0.2.1");
  EXPECT_EQ(message.client_helo, "mx.example.net");
  EXPECT_EQ(message.tls_version, "TLSv1.2");
  EXPECT_EQ(message.login, "relay");
  EXPECT_EQ(message.reporting_mta, "mx.example.net");
  EXPECT_EQ(message.report_form, "rfc3464");
  EXPECT_EQ(message.envelope_id, "envid-1");
  EXPECT_EQ(message.original_return_path, "");
  EXPECT_EQ(message.receive_time, received);
}

TEST_F(IntakeTest, TheReportsOwnEnvelopeIdGoesFirstAndTheClockStampsWhatHasNoTime) {
  ASSERT_TRUE(
      Receive(Dsn("r@example.net", "own-id"), {Unsigned("x")}, {"", "", "", "envid-1", {}, "", ""})
          .ok());
  EXPECT_EQ(store_.messages().at(0).envelope_id, "own-id");
  EXPECT_EQ(store_.messages().at(0).receive_time, kNow);
  EXPECT_EQ(store_.messages().at(0).day, DayOf(kNow));
  EXPECT_EQ(store_.messages().at(0).return_path_key, "");
}

TEST_F(IntakeTest, S40EachReturnPathKeepsItsOriginalRecipient) {
  Arrival arrival;
  arrival.original_recipients = {"First@elsewhere.example", "", "b\x1b[0m@elsewhere.example"};
  ASSERT_TRUE(
      Receive(Dsn("r@example.net"), {Unsigned("a"), Unsigned("b"), Unsigned("c")}, arrival).ok());
  const std::vector<Message> messages = store_.messages();
  ASSERT_THAT(messages, SizeIs(3));
  EXPECT_EQ(messages[0].original_return_path, "First@elsewhere.example");
  EXPECT_EQ(messages[1].original_return_path, "");
  EXPECT_THAT(messages[2].original_return_path, Not(HasSubstr("\x1b")));
}

TEST_F(IntakeTest, D89D91DatesOfTheReportMoveNothing) {
  for (const std::string_view date :
       {"Thu, 1 Jan 1970 00:00:00 +0000", "Thu, 31 Dec 2099 23:59:59 -1200", "yesterday"}) {
    const std::string recipient = absl::StrCat("r", store_.messages().size(), "@example.net");
    std::string report = Dsn(recipient);
    report.insert(report.find("Reporting-MTA"),
                  absl::StrCat("Arrival-Date: ", std::string(date), "\r\n"));
    report.insert(0, absl::StrCat("Date: ", std::string(date), "\r\n"));
    const absl::Time issued = kNow - absl::Hours(48);
    ASSERT_TRUE(Receive(report, {Signed(recipient, issued)}).ok());
    EXPECT_EQ(store_.messages().back().receive_time, kNow);
    EXPECT_EQ(store_.messages().back().day, DayOf(issued));
    EXPECT_EQ(store_.index().Check("acme", "", recipient, kNow), IndexAnswer::kSuppressed) << date;
  }
}

TEST_F(IntakeTest, T33WhatAClientSaysIsPresentableAndBounded) {
  Arrival arrival;
  arrival.reverse_path.assign(kMaxReportedAddressOctets + 1, 'x');
  arrival.client_helo = "mx\r\n\x1b[31m";
  arrival.envelope_id.assign(kMaxReportedNameOctets + 1, 'x');
  ASSERT_TRUE(Receive("x", {Unsigned("x")}, arrival).ok());
  const Message message = store_.messages().at(0);
  EXPECT_THAT(message.reverse_path, SizeIs(kMaxReportedAddressOctets));
  EXPECT_THAT(message.envelope_id, SizeIs(kMaxReportedNameOctets));
  for (const char c : message.client_helo) EXPECT_GE(c, ' ');
}

// Invariant 2: a sender that lost our 250 sends the same again.
TEST_F(IntakeTest, TheSameMessageAgainIsOneEvent) {
  const Voucher voucher = Signed("r@example.net");
  const auto first = Receive(Dsn("r@example.net"), {voucher});
  const auto again = Receive(Dsn("r@example.net"), {voucher});
  EXPECT_FALSE(first->at(0).duplicate);
  EXPECT_TRUE(again->at(0).duplicate);
  EXPECT_EQ(again->at(0).event_ids, first->at(0).event_ids);
  EXPECT_THAT(store_.events(), SizeIs(1));
  EXPECT_EQ(counters_.Get(Counter::kMessagesCommitted), 1u);
  EXPECT_EQ(counters_.Get(Counter::kMessagesDuplicate), 1u);
  EXPECT_EQ(counters_.Get(Counter::kEvents), 1u);
}

TEST_F(IntakeTest, TheSameMessageIsOfOneTenantReturnPathAndText) {
  Voucher other_tenant = Unsigned("a");
  other_tenant.tenant = "other";
  // What ends one field and begins the next is part of the digest.
  Voucher shifted = Unsigned("a");
  shifted.return_path += "x";
  ASSERT_TRUE(Receive("xtext", {Unsigned("a")}).ok());
  ASSERT_TRUE(Receive("xtext", {Unsigned("b")}).ok());
  ASSERT_TRUE(Receive("xtext", {other_tenant}).ok());
  ASSERT_TRUE(Receive("xtext.", {Unsigned("a")}).ok());
  ASSERT_TRUE(Receive("text", {shifted}).ok());
  std::set<std::array<std::uint8_t, 16>> digests;
  for (const Message& message : store_.messages()) digests.insert(message.digest);
  EXPECT_THAT(digests, SizeIs(5));
}

TEST_F(IntakeTest, OneMessageForSeveralReturnPathsIsOneTransaction) {
  const Voucher r = Signed("r@example.net");
  const Voucher s = Signed("s@example.net");
  const auto receipts = Receive(Dsn("r@example.net"), {r, s, r});
  ASSERT_TRUE(receipts.ok());
  ASSERT_THAT(*receipts, SizeIs(3));
  EXPECT_EQ(receipts->at(0).message_id, receipts->at(2).message_id);
  EXPECT_NE(receipts->at(0).message_id, receipts->at(1).message_id);
  EXPECT_THAT(store_.messages(), SizeIs(2));
  EXPECT_THAT(store_.batches(), ElementsAre(1));
  EXPECT_EQ(counters_.Get(Counter::kMessagesCommitted), 1u);
}

TEST_F(IntakeTest, AReturnPathTwiceCountsOnceWhereverItStands) {
  const Voucher r = Signed("r@example.net");
  const Voucher s = Signed("s@example.net");
  const auto receipts = Receive("x", {r, r, s, s, r});
  ASSERT_TRUE(receipts.ok());
  std::vector<std::int64_t> ids;
  for (const MessageReceipt& receipt : *receipts) ids.push_back(receipt.message_id);
  EXPECT_THAT(ids, ElementsAre(1, 1, 2, 2, 1));
}

TEST_F(IntakeTest, WhatCannotBeCommittedIsRefusedAndNotThere) {
  store_.set_sync([](auto) { return absl::ResourceExhaustedError("no space left"); });
  EXPECT_EQ(Receive(Dsn("r@example.net"), {Signed("r@example.net")}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(store_.messages(), SizeIs(0));
  committer_->Stop();
  EXPECT_EQ(Receive("x", {Unsigned("x")}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(counters_.Get(Counter::kMessagesCommitted), 0u);
}

// --- Feedback reports and wishes to unsubscribe

// A report of that Feedback-Type about mail with that header (RFC 5965).
std::string Arf(std::string_view type, std::string_view fields, std::string_view header) {
  return absl::StrCat(
      "From: feedback@loop.example\r\nSubject: FW: News\r\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n"
      "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
      "Feedback-Type: ",
      std::string(type), "\r\nUser-Agent: Loop/1\r\nVersion: 1\r\n", std::string(fields),
      "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n", std::string(header),
      "Subject: News\r\n\r\nHello.\r\n--b--\r\n");
}

// The same as a forward, without a part that says so.
std::string Forward(std::string_view header, std::string_view more = "") {
  return absl::StrCat("From: feedback@loop.example\r\nSubject: FW: News\r\n", std::string(more),
                      "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                      "--b\r\nContent-Type: text/plain\r\n\r\nA member reported this.\r\n"
                      "--b\r\nContent-Type: message/rfc822\r\n\r\n",
                      std::string(header), "Subject: News\r\n\r\nHello.\r\n--b--\r\n");
}

class FeedbackTest : public IntakeTest {
 protected:
  FeedbackTest() {
    ReturnPathDomain domain;
    domain.domain = "rp.example";
    domain.tenant = "acme";
    domain.stream = "news";
    domain.keys = {{"a", "0123456789abcdef0123456789abcdef"}};
    ReturnPathDomain others = domain;
    others.domain = "others.example";
    others.tenant = "other";
    ReturnPathDomain unsubscribe = domain;
    unsubscribe.use = Use::kUnsubscribe;
    unsubscribe.address = "unsubscribe@rp.example";
    FeedbackLoop loop;
    loop.address = "fbl@rp.example";
    loop.tenant = "acme";
    FeedbackLoop known = loop;
    known.address = "known@rp.example";
    known.stream = "offers";
    known.operators = {"loop.example", "fbl.example"};
    paths_.emplace(*ReturnPaths::Create({domain, others, unsubscribe}, {loop, known}));
    intake_.emplace(rules_, *paths_, *committer_, clock_, counters_);
  }

  std::string Path(std::string_view recipient, Use use = Use::kReturnPath,
                   std::optional<ReturnPathForm> form = {}) const {
    return *paths_->Get()->Mint({"rp.example", "receipts", "", form, use},
                                *Address::Parse(recipient), kNow);
  }
  Voucher At(std::string_view address) const {
    const std::size_t at = address.rfind('@');
    return *paths_->Get()->Vouch(address.substr(0, at), address.substr(at + 1), kNow).voucher;
  }
  IndexAnswer Check(std::string_view address, std::string_view stream = "") const {
    return store_.index().Check("acme", stream, address, kNow);
  }
};

TEST_F(FeedbackTest, D63D67OurReturnPathInTheReportSaysWhoComplained) {
  const struct {
    ReturnPathForm form;
    bool in_field;  // Original-Mail-From, and else the Return-Path of the embedded mail
    std::string recipient;
    std::string_view named;  // Original-Rcpt-To
  } kRows[] = {
      {ReturnPathForm::kOpen, false, "a@example.net", "redacted@example.net"},
      {ReturnPathForm::kOpen, true, "b@example.net", "redacted@example.net"},
      {ReturnPathForm::kOpen, true, "c@example.net", "victim@example.net"},
      {ReturnPathForm::kSealed, false, "d@example.net", "d@example.net"},
      {ReturnPathForm::kSealed, true, "e@example.net", "E@example.net"},
  };
  for (const auto& row : kRows) {
    const std::string path = Path(row.recipient, Use::kReturnPath, row.form);
    const std::string fields =
        absl::StrCat("Original-Rcpt-To: <", std::string(row.named), ">\r\n",
                     row.in_field ? absl::StrCat("Original-Mail-From: <", path, ">\r\n") : "");
    const std::string header = row.in_field ? "Return-Path: <x@y.example>\r\n"
                                            : absl::StrCat("Return-Path: <", path, ">\r\n");
    ASSERT_TRUE(Receive(Arf("abuse", fields, header), {At("fbl@rp.example")}).ok());
    const Event event = store_.events().back();
    EXPECT_EQ(event.kind, Kind::kComplaint);
    EXPECT_EQ(event.trust, Trust::kReturned) << row.recipient;
    EXPECT_EQ(event.policy_rule, PolicyRule::kComplaint) << row.recipient;
    EXPECT_EQ(Check(row.recipient), IndexAnswer::kSuppressed) << row.recipient;
    EXPECT_EQ(Check("victim@example.net"), IndexAnswer::kSend);
    EXPECT_EQ(store_.messages().back().returned_path, path);
    EXPECT_EQ(store_.messages().back().return_path, "fbl@rp.example");
  }
}

TEST_F(FeedbackTest, D63D64D69D70OnlyTwoTypesAct) {
  const struct {
    std::string_view type;
    Kind kind;
    PolicyRule rule;
  } kRows[] = {
      {"abuse", Kind::kComplaint, PolicyRule::kComplaint},
      {"opt-out", Kind::kComplaint, PolicyRule::kUnsubscribe},
      {"fraud", Kind::kComplaint, PolicyRule::kOther},
      {"virus", Kind::kComplaint, PolicyRule::kOther},
      {"other", Kind::kComplaint, PolicyRule::kOther},
      {"not-spam", Kind::kComplaint, PolicyRule::kOther},
      {"whatever", Kind::kComplaint, PolicyRule::kOther},
      {"auth-failure", Kind::kOther, PolicyRule::kOther},
  };
  for (const auto& row : kRows) {
    const std::string recipient = absl::StrCat(std::string(row.type), "@example.net");
    const std::string header = absl::StrCat("Return-Path: <", Path(recipient), ">\r\n");
    const std::size_t before = store_.events().size();
    ASSERT_TRUE(Receive(Arf(row.type, "Incidents: 7\r\n", header), {At("fbl@rp.example")}).ok());
    ASSERT_EQ(store_.events().size(), before + 1) << row.type;
    const Event event = store_.events().back();
    EXPECT_EQ(event.kind, row.kind) << row.type;
    EXPECT_EQ(event.policy_rule, row.rule) << row.type;
    EXPECT_EQ(Check(recipient, "receipts") == IndexAnswer::kSuppressed,
              row.rule != PolicyRule::kOther)
        << row.type;
    EXPECT_EQ(Check(recipient, "news") == IndexAnswer::kSuppressed,
              row.rule == PolicyRule::kComplaint)
        << row.type;
  }
}

TEST_F(FeedbackTest, T7AStrangersComplaintIsShownAndDoesNothing) {
  const std::string of_others =
      *paths_->Get()->Mint({"others.example", "", "", {}}, *Address::Parse("v@example.net"), kNow);
  std::string forged = Path("u@example.net");
  forged.replace(forged.find("u=example.net"), 1, "v");
  for (const std::string& path :
       {std::string("x@rp.example"), forged, of_others, Path("v@example.net", Use::kUnsubscribe)}) {
    const std::string report =
        Arf("abuse",
            absl::StrCat("Original-Rcpt-To: v@example.net\r\nOriginal-Mail-From: <", path, ">\r\n"),
            absl::StrCat("Return-Path: <", path, ">\r\n"));
    ASSERT_TRUE(Receive(report, {At("fbl@rp.example")}).ok());
    const Event event = store_.events().back();
    ASSERT_TRUE(event.address) << path;
    EXPECT_EQ(event.address->canonical(), "v@example.net");
    EXPECT_EQ(event.trust, Trust::kUnverified) << path;
    EXPECT_EQ(event.policy_rule, PolicyRule::kTrustTooLow) << path;
    EXPECT_EQ(Check("v@example.net"), IndexAnswer::kSend);
  }
}

TEST_F(FeedbackTest, D76MailToATokenUnsubscribesFromItsStream) {
  const struct {
    ReturnPathForm form;
    bool in_subject;
    std::string recipient;
    std::string_view from;
    bool acts;
  } kRows[] = {
      {ReturnPathForm::kOpen, false, "a@example.net", "a@example.net", true},
      {ReturnPathForm::kOpen, false, "b@example.net", "Bea <b.alias@example.org>", true},
      {ReturnPathForm::kOpen, true, "c@example.net", "c@example.net", true},
      {ReturnPathForm::kSealed, false, "d@example.net", "Dan <D@example.net>", true},
      {ReturnPathForm::kSealed, true, "e@example.net", "e@example.net", true},
      {ReturnPathForm::kSealed, false, "f@example.net", "g@example.net", false},
  };
  for (const auto& row : kRows) {
    const std::string address = Path(row.recipient, Use::kUnsubscribe, row.form);
    const std::string token = address.substr(0, address.rfind('@'));
    for (const std::string& words : {std::string(), std::string("Please unsubscribe: ")}) {
      const std::string mail =
          absl::StrCat("From: ", std::string(row.from), "\r\nSubject: ", words,
                       row.in_subject ? token : "unsubscribe", "\r\n\r\nThanks.\r\n");
      ASSERT_TRUE(Receive(mail, {At(row.in_subject ? "unsubscribe@rp.example" : address)}).ok());
      const Event event = store_.events().back();
      EXPECT_EQ(event.kind, Kind::kUnsubscribe);
      EXPECT_EQ(event.reason, Reason::kUnsubscribe);
      EXPECT_EQ(event.rule, "kind-unsubscribe");
      EXPECT_EQ(event.address.has_value(), row.acts) << row.recipient;
      if (row.acts) {
        EXPECT_EQ(event.trust, Trust::kSigned);
      }
    }
    EXPECT_EQ(Check(row.recipient, "receipts") == IndexAnswer::kSuppressed, row.acts);
    EXPECT_EQ(Check(row.recipient, "news"), IndexAnswer::kSend);
    EXPECT_EQ(Check(row.recipient), IndexAnswer::kSend);
    EXPECT_EQ(store_.messages().back().stream, "receipts");
    EXPECT_EQ(store_.messages().back().returned_path, row.in_subject ? address : "");
  }
}

// Whatever it is: a machine that answers for the person, Apple's Mail, an empty mail.
TEST_F(FeedbackTest, D76WhateverComesToATokenIsTheWish) {
  int row = 0;
  for (const std::string_view mail :
       {"", "\r\n", "Auto-Submitted: auto-generated\r\nSubject: x\r\n\r\n",
        "X-Apple-Unsubscribe: true\r\nSubject: unsubscribe\r\n\r\n"}) {
    const std::string recipient = absl::StrCat("r", row++, "@example.net");
    ASSERT_TRUE(Receive(mail, {At(Path(recipient, Use::kUnsubscribe))}).ok());
    EXPECT_EQ(store_.events().back().policy_rule, PolicyRule::kUnsubscribe) << mail;
    EXPECT_EQ(Check(recipient, "receipts"), IndexAnswer::kSuppressed) << mail;
    EXPECT_EQ(Check(recipient, "news"), IndexAnswer::kSend) << mail;
  }
}

TEST_F(FeedbackTest, T8D76WithoutATokenThatHoldsNothingHappens) {
  const std::string good = Path("r@example.net", Use::kUnsubscribe);
  const std::string token = good.substr(0, good.rfind('@'));
  std::string forged = token;
  forged.replace(forged.find("r=example"), 1, "s");
  const std::string of_a_return_path = Path("r@example.net");
  std::string of_another_stream = token;
  of_another_stream.replace(of_another_stream.find("receipts"), 8, "offers");
  for (const std::string& subject :
       {std::string("unsubscribe"), std::string(), forged, of_another_stream, good, token + "x",
        token + " please", of_a_return_path.substr(0, of_a_return_path.rfind('@'))}) {
    const std::string mail = absl::StrCat("From: r@example.net\r\nSubject: ", subject,
                                          "\r\nReturn-Path: <", good, ">\r\n\r\nx\r\n");
    ASSERT_TRUE(Receive(mail, {At("unsubscribe@rp.example")}).ok());
    EXPECT_EQ(store_.events().back().effect, Effect::kNone) << subject;
    EXPECT_EQ(store_.events().back().trust, Trust::kUnverified) << subject;
  }
  for (const std::string_view stream : {"", "receipts", "offers", "news"}) {
    EXPECT_EQ(Check("r@example.net", stream), IndexAnswer::kSend) << stream;
    EXPECT_EQ(Check("s@example.net", stream), IndexAnswer::kSend) << stream;
  }
}

// A key of ours in what came back is for bounces, and this is not where they come.
TEST_F(FeedbackTest, T14AReportToAnUnsubscribeAddressDoesNothing) {
  const std::string path = Path("r@example.net");
  const std::string header = absl::StrCat("Return-Path: <", path, ">\r\n");
  for (const std::string& report :
       {DsnReturning("r@example.net", header), Arf("abuse", "", header)}) {
    ASSERT_TRUE(Receive(report, {At("unsubscribe@rp.example")}).ok());
    EXPECT_EQ(store_.events().back().effect, Effect::kNone);
    EXPECT_EQ(Check("r@example.net"), IndexAnswer::kSend);
  }
}

// --- Who sent it.

// Says of some domains that the sender speaks for them, when it is asked to.
class FakeAuthenticator final : public Authenticator {
 public:
  void Authenticate(AuthenticationRequest request, Done done) override {
    requests.push_back(std::move(request));
    done_.push_back(std::move(done));
  }
  void Answer(const Authentication& authentication) {
    for (Done& done : std::exchange(done_, {})) done(authentication);
  }
  std::vector<AuthenticationRequest> requests;

 private:
  std::vector<Done> done_;
};

class AuthenticatedTest : public IntakeTest {
 protected:
  AuthenticatedTest() {
    intake_.emplace(rules_, *paths_, *committer_, clock_, counters_, &authenticator_);
  }
  // What still waits is told that it ends, and counts in this.
  ~AuthenticatedTest() override {
    intake_.reset();
    committer_.reset();
  }

  void Begin(std::string_view message, std::vector<Voucher> vouchers, Arrival arrival = {}) {
    intake_->Receive(message, std::move(vouchers), std::move(arrival),
                     [this](auto receipts) { taken_ += receipts.ok() ? 1 : 0; });
  }
  static Voucher Acting(Voucher voucher) {
    voucher.least_trust = Trust::kAuthenticated;
    return voucher;
  }

  FakeAuthenticator authenticator_;
  int taken_ = 0;
};

TEST_F(AuthenticatedTest, ReportsWithoutAKeyWaitForWhoeverIsAsked) {
  const std::string report = Dsn("r@example.net");
  Begin(report, {Acting(Unsigned("bounces"))},
        {"d@mx.example.net", "192.0.2.1", "mx.example.net", "", {}, "TLSv1.3", "relay"});
  EXPECT_FALSE(committer_->Step()) << "nothing waits to be committed yet";
  ASSERT_THAT(authenticator_.requests, SizeIs(1));
  const AuthenticationRequest& request = authenticator_.requests[0];
  EXPECT_EQ(request.message, report);
  EXPECT_EQ(request.reverse_path, "d@mx.example.net");
  EXPECT_EQ(request.client_address, "192.0.2.1");
  EXPECT_EQ(request.client_helo, "mx.example.net");
  EXPECT_EQ(request.login, "relay");
  EXPECT_EQ(request.receive_time, kNow);
  EXPECT_THAT(request.domains, ElementsAre("example.net"));
  authenticator_.Answer({.found = "dkim=pass header.d=example.net", .domains = {"example.net"}});
  ASSERT_TRUE(committer_->Step());
  EXPECT_EQ(taken_, 1);
  EXPECT_EQ(store_.messages()[0].authentication, "dkim=pass header.d=example.net");
  EXPECT_EQ(store_.messages()[0].trust, Trust::kUnverified);
  EXPECT_EQ(store_.events()[0].trust, Trust::kAuthenticated);
  EXPECT_EQ(store_.index().Check("acme", "", "r@example.net", kNow), IndexAnswer::kSuppressed);
}

TEST_F(AuthenticatedTest, S132WithoutAnAnswerTheyAreStoredUnverified) {
  Begin(Dsn("r@example.net"), {Acting(Unsigned("bounces"))});
  authenticator_.Answer({.found = "spf=temperror", .domains = {}});
  ASSERT_TRUE(committer_->Step());
  EXPECT_EQ(taken_, 1);
  EXPECT_EQ(store_.messages()[0].authentication, "spf=temperror");
  EXPECT_EQ(store_.events()[0].trust, Trust::kUnverified);
  EXPECT_EQ(store_.events()[0].policy_rule, PolicyRule::kTrustTooLow);
}

TEST_F(AuthenticatedTest, T10ItsPowerEndsAtItsDomain) {
  std::string report = Dsn("r@example.net");
  report.insert(report.find("Final-Recipient"),
                "Final-Recipient: rfc822; victim@other.example\r\nAction: failed\r\n"
                "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n");
  Begin(report, {Acting(Unsigned("bounces"))});
  EXPECT_THAT(authenticator_.requests.at(0).domains, ElementsAre("other.example", "example.net"));
  authenticator_.Answer({.found = "", .domains = {"example.net"}});
  ASSERT_TRUE(committer_->Step());
  EXPECT_EQ(store_.events()[0].trust, Trust::kUnverified);
  EXPECT_EQ(store_.events()[1].trust, Trust::kAuthenticated);
  EXPECT_EQ(store_.index().Check("acme", "", "victim@other.example", kNow), IndexAnswer::kSend);
  EXPECT_EQ(store_.index().Check("acme", "", "r@example.net", kNow), IndexAnswer::kSuppressed);
}

class OperatorTest : public FeedbackTest {
 protected:
  OperatorTest() {
    intake_.emplace(rules_, *paths_, *committer_, clock_, counters_, &authenticator_);
  }

  // The one event of a message to `address`, which `identifiers` authenticate.
  Event EventOf(std::string_view message, std::string_view address,
                std::vector<std::string> identifiers, std::vector<std::string> domains = {}) {
    const std::size_t before = store_.events().size();
    intake_->Receive(message, {At(address)}, {}, [](auto receipts) { EXPECT_TRUE(receipts.ok()); });
    authenticator_.Answer(
        {.found = "", .domains = std::move(domains), .identifiers = std::move(identifiers)});
    EXPECT_TRUE(committer_->Step());
    EXPECT_EQ(store_.events().size(), before + 1);
    return store_.events().back();
  }

  FakeAuthenticator authenticator_;
};

TEST_F(OperatorTest, D67AKnownOperatorIsBelievedWhomeverItNames) {
  const struct {
    std::string identifier;
    bool is_known;
  } kRows[] = {
      {"loop.example", true},       {"mail.loop.example", true}, {"fbl.example", true},
      {"otherloop.example", false}, {"example", false},          {"example.net", false},
      {"loop.example.net", false},
  };
  int row_number = 0;
  for (const auto& row : kRows) {
    const std::string recipient = absl::StrCat("r", row_number++, "@example.net");
    for (const bool named : {true, false}) {
      const Event event =
          EventOf(Arf("abuse", named ? absl::StrCat("Original-Rcpt-To: ", recipient, "\r\n") : "",
                      named ? "" : absl::StrCat("To: ", recipient, "\r\n")),
                  "known@rp.example", {"unrelated.example", row.identifier},
                  // That it speaks for the domain of the address is of no weight here.
                  {"example.net"});
      ASSERT_TRUE(event.address) << row.identifier;
      EXPECT_EQ(event.trust, row.is_known ? Trust::kAuthenticated : Trust::kUnverified)
          << row.identifier;
      EXPECT_EQ(event.policy_rule, row.is_known ? PolicyRule::kComplaint : PolicyRule::kTrustTooLow)
          << row.identifier;
    }
    EXPECT_EQ(Check(recipient) == IndexAnswer::kSuppressed, row.is_known) << row.identifier;
  }
}

TEST_F(OperatorTest, D67WhomItMadeUnrecognizableIsNobody) {
  const Event event = EventOf(
      Arf("abuse", "Original-Rcpt-To: redacted@example.net\r\n", "To: redacted@example.net\r\n"),
      "known@rp.example", {"loop.example"});
  EXPECT_FALSE(event.address);
  EXPECT_EQ(event.effect, Effect::kNone);
}

TEST_F(OperatorTest, D63OptOutIsOfTheLoopsStream) {
  const Event event = EventOf(Arf("opt-out", "Original-Rcpt-To: r@example.net\r\n", ""),
                              "known@rp.example", {"loop.example"});
  EXPECT_EQ(event.policy_rule, PolicyRule::kUnsubscribe);
  EXPECT_EQ(Check("r@example.net", "offers"), IndexAnswer::kSuppressed);
  EXPECT_EQ(Check("r@example.net", "receipts"), IndexAnswer::kSend);
}

// Complaints are what a loop passes on: of bounces it knows nothing.
TEST_F(OperatorTest, T10AnOperatorsPowerEndsAtComplaints) {
  std::string bounce = Dsn("r@example.net");
  const Event event = EventOf(bounce, "known@rp.example", {"loop.example"}, {"example.net"});
  EXPECT_EQ(event.policy_rule, PolicyRule::kTrustTooLow);
  EXPECT_EQ(Check("r@example.net"), IndexAnswer::kSend);
  EXPECT_THAT(authenticator_.requests, SizeIs(0)) << "so nobody is asked";
}

TEST_F(OperatorTest, T7NobodyIsAskedForALoopWithoutOperators) {
  const Event event = EventOf(Arf("abuse", "Original-Rcpt-To: r@example.net\r\n", ""),
                              "fbl@rp.example", {"loop.example"}, {"example.net"});
  EXPECT_EQ(event.policy_rule, PolicyRule::kTrustTooLow);
  EXPECT_THAT(authenticator_.requests, SizeIs(0));
}

TEST_F(OperatorTest, D68AKnownOperatorsForwardIsAGuessedComplaint) {
  const std::string ours = absl::StrCat("Return-Path: <", Path("r@example.net"), ">\r\n");
  const struct {
    std::string message;
    std::string address;  // of the event; empty: none
    Trust trust;
  } kRows[] = {
      {Forward("To: a@example.net\r\n"), "a@example.net", Trust::kAuthenticated},
      {Forward("To: b@example.net\r\n", "Auto-Submitted: auto-generated\r\n"), "b@example.net",
       Trust::kAuthenticated},
      {Forward("To: list@example.net\r\nX-HmXmrOriginalRecipient: c@example.net\r\n"),
       "c@example.net", Trust::kAuthenticated},
      {Forward(ours + "To: redacted@example.net\r\n"), "r@example.net", Trust::kReturned},
      {Forward("To: redacted@example.net\r\n"), "", Trust::kUnverified},
      {Forward("To: d@example.net, e@example.net\r\n"), "", Trust::kUnverified},
  };
  for (const auto& row : kRows) {
    const Event event = EventOf(row.message, "known@rp.example", {"loop.example"});
    EXPECT_EQ(event.kind, Kind::kComplaint);
    EXPECT_EQ(event.reason, Reason::kComplaintAbuse);
    EXPECT_EQ(event.rule, "forwarded-complaint");
    EXPECT_EQ(event.confidence, 50);
    EXPECT_THAT(event.provenance, testing::HasSubstr("kind=guessed"));
    EXPECT_EQ(event.address ? event.address->canonical() : "", row.address);
    EXPECT_EQ(event.trust, row.trust) << row.address;
    if (!row.address.empty()) {
      EXPECT_EQ(Check(row.address), IndexAnswer::kSuppressed) << row.address;
    }
  }
}

TEST_F(OperatorTest, D68ElseItIsOther) {
  const std::string ours = absl::StrCat("Return-Path: <", Path("r@example.net"), ">\r\n");
  const struct {
    std::string message;
    std::string_view address;
    std::string identifier;
  } kRows[] = {
      {Forward("To: r@example.net\r\n"), "known@rp.example", "stranger.example"},
      {Forward("To: r@example.net\r\n"), "fbl@rp.example", "loop.example"},
      {Forward(ours), "fbl@rp.example", "loop.example"},
      {"Subject: your loop is set up\r\n\r\nHello.\r\n", "known@rp.example", "loop.example"},
  };
  for (const auto& row : kRows) {
    const Event event = EventOf(row.message, row.address, {row.identifier});
    EXPECT_EQ(event.kind, Kind::kOther) << row.message;
    EXPECT_EQ(event.effect, Effect::kNone) << row.message;
    EXPECT_EQ(Check("r@example.net"), IndexAnswer::kSend);
  }
}

TEST_F(OperatorTest, AKeyOfOursNeedsNobodyAsked) {
  const std::string header = absl::StrCat("Return-Path: <", Path("r@example.net"), ">\r\n");
  const Event event = EventOf(Arf("abuse", "", header), "known@rp.example", {});
  EXPECT_EQ(event.trust, Trust::kReturned);
  EXPECT_EQ(event.policy_rule, PolicyRule::kComplaint);
  EXPECT_THAT(authenticator_.requests, SizeIs(0));
}

TEST_F(AuthenticatedTest, NobodyIsAskedWhereAKeyVouchesOrNobodyIsNamed) {
  const Voucher mail = Signed("r@example.net");
  Begin(Dsn("r@example.net"), {mail});
  Begin(DsnReturning("r@example.net", ReturnPathField(mail)), {Unsigned("bounces")});
  Begin("Subject: hello\r\n\r\nNo report.\r\n", {Unsigned("bounces")});
  EXPECT_THAT(authenticator_.requests, SizeIs(0));
  while (committer_->Step()) {
  }
  EXPECT_EQ(taken_, 3);
}

TEST_F(AuthenticatedTest, WhereOneReturnPathVouchesTheOtherIsAskedAbout) {
  Begin(Dsn("r@example.net"), {Signed("s@example.org"), Acting(Unsigned("bounces"))});
  EXPECT_THAT(authenticator_.requests.at(0).domains, ElementsAre("example.net"));
  authenticator_.Answer({.found = "", .domains = {"example.net", "example.org"}});
  ASSERT_TRUE(committer_->Step());
  EXPECT_EQ(store_.events()[0].trust, Trust::kSigned);
  EXPECT_EQ(store_.events()[1].trust, Trust::kAuthenticated);
}

TEST_F(AuthenticatedTest, SoManyDomainsOfAMessageAreAskedAbout) {
  std::string groups;
  for (std::size_t i = 0; i < kMaxAuthenticatedDomains; ++i) {
    for (const char* local_part : {"a", "b"}) {
      absl::StrAppend(&groups, "Final-Recipient: rfc822; ", local_part, "@d", i,
                      ".example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n");
    }
  }
  std::string report = Dsn("r@beyond.example");
  report.insert(report.find("Final-Recipient"), groups);
  Begin(report, {Unsigned("bounces")});
  const std::vector<std::string>& domains = authenticator_.requests.at(0).domains;
  EXPECT_THAT(domains, SizeIs(kMaxAuthenticatedDomains));
  EXPECT_THAT(domains, testing::Not(testing::Contains("beyond.example")));
  authenticator_.Answer({});
}

// --- What is counted of the rules.

std::uint64_t HitsOf(const RulesAtWork& rules, std::string_view id) {
  for (std::size_t i = 0; i < rules.counted().size(); ++i) {
    if (rules.counted()[i].id == id) return rules.hits(i);
  }
  ADD_FAILURE() << "no rule " << id;
  return 0;
}

std::uint64_t HitsOfAll(const RulesAtWork& rules) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < rules.counted().size(); ++i) sum += rules.hits(i);
  return sum;
}

TEST_F(IntakeTest, TheRuleThatWonIsCountedOnceForEachRecipientOfACommittedMessage) {
  const std::shared_ptr<RulesAtWork> rules = rules_.Get();
  const Voucher r = Signed("r@example.net");
  ASSERT_TRUE(Receive(Dsn("r@example.net"), {r, Signed("s@example.net")}).ok());
  const std::string rule = store_.events()[0].rule;
  EXPECT_EQ(HitsOf(*rules, rule), 1u);
  EXPECT_EQ(HitsOfAll(*rules), 1u);
  // The same again, something that is no report, and what is not committed.
  ASSERT_TRUE(Receive(Dsn("r@example.net"), {r}).ok());
  ASSERT_TRUE(Receive("text", {r}).ok());
  store_.set_sync([](auto) { return absl::ResourceExhaustedError("no space left"); });
  ASSERT_FALSE(Receive(Dsn("q@example.net"), {Signed("q@example.net")}).ok());
  EXPECT_EQ(HitsOfAll(*rules), 1u);
}

TEST_F(IntakeTest, WhatNoRuleKnowsIsCountedToo) {
  std::string report = Dsn("r@example.net");
  const std::string_view known = "550 5.1.1 user unknown";
  report.replace(report.find(known), known.size(), "quux");
  report.replace(report.find("Status: 5.1.1\r\n"), 15, "");
  ASSERT_TRUE(Receive(report, {Signed("r@example.net")}).ok());
  EXPECT_EQ(HitsOf(*rules_.Get(), "unclassified"), 1u);
}

TEST_F(IntakeTest, ADelayIsNoRulesDoing) {
  std::string report = Dsn("r@example.net");
  report.replace(report.find("failed"), 6, "delayed");
  ASSERT_TRUE(Receive(report, {Signed("r@example.net")}).ok());
  EXPECT_EQ(HitsOfAll(*rules_.Get()), 0u);
}

TEST_F(IntakeTest, RulesThatAreSwappedReadTheNextMessageAndCountFromNought) {
  ASSERT_TRUE(Receive(Dsn("r@example.net"), {Signed("r@example.net")}).ok());
  const std::shared_ptr<RulesAtWork> before = rules_.Get();
  rules_.Swap(*RuleSet::Load({}), kNow + absl::Seconds(1));
  EXPECT_EQ(rules_.Get()->load_time(), kNow + absl::Seconds(1));
  EXPECT_EQ(HitsOfAll(*rules_.Get()), 0u);
  ASSERT_TRUE(Receive(Dsn("s@example.net"), {Signed("s@example.net")}).ok());
  EXPECT_EQ(store_.events()[1].rule, "unclassified");
  EXPECT_EQ(HitsOf(*rules_.Get(), "unclassified"), 1u);
  EXPECT_EQ(HitsOfAll(*before), 1u);
}

TEST_F(IntakeTest, AMessageUnderWayIsCountedWithTheRulesThatReadIt) {
  const std::shared_ptr<RulesAtWork> before = rules_.Get();
  bool done = false;
  intake_->Receive(Dsn("r@example.net"), {Signed("r@example.net")}, {},
                   [&done](auto receipts) { done = receipts.ok(); });
  rules_.Swap(*RuleSet::Load({}), kNow);
  ASSERT_TRUE(committer_->Step());
  EXPECT_TRUE(done);
  EXPECT_EQ(HitsOfAll(*before), 1u);
  EXPECT_EQ(HitsOfAll(*rules_.Get()), 0u);
}

// For the thread sanitizer above all.
TEST(LiveRules, AreSwappedWhileOthersReadAndCount) {
  const std::shared_ptr<const RuleSet> built_in = RuleSet::BuiltIn();
  LiveRules rules(built_in, kNow);
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&rules] {
      for (int n = 0; n < 100; ++n) {
        const std::shared_ptr<RulesAtWork> at_work = rules.Get();
        at_work->Count(at_work->WinsOf(at_work->parser().Parse(Dsn("r@example.net"))));
        EXPECT_GE(HitsOfAll(*at_work), 1u);
      }
    });
  }
  for (int n = 0; n < 50; ++n) rules.Swap(built_in, kNow);
  for (std::thread& reader : readers) reader.join();
}

TEST_F(IntakeTest, WantsAReturnPath) {
  EXPECT_EQ(Receive("x", {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store_.calls(), 0u);
}

// As a forger writes one who knows the return path of a whole mailing, or that of one mail.
TEST_F(IntakeTest, T4D37AListOfVictimsSuppressesNobodyButWhomTheReturnPathNames) {
  constexpr int kVictims = 1'000;
  const auto victim = [](int i) { return absl::StrCat("victim", i, "@example.net"); };
  std::string groups;
  for (int i = 0; i < kVictims; ++i) {
    absl::StrAppend(&groups, "Final-Recipient: rfc822; ", victim(i),
                    "\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n");
  }
  std::string report = Dsn("r@example.net");
  report.insert(report.find("Final-Recipient"), groups);
  for (const bool is_signed : {false, true}) {
    SCOPED_TRACE(is_signed);
    const std::size_t before = store_.events().size();
    ASSERT_TRUE(
        Receive(report, {is_signed ? Signed("r@example.net") : Unsigned("all-of-it")}).ok());
    EXPECT_THAT(store_.events(), SizeIs(before + kVictims + 1)) << "each is shown";
    EXPECT_EQ(counters_.Get(Counter::kSuppressions), is_signed ? 1u : 0u);
    for (int i = 0; i < kVictims; ++i) {
      EXPECT_EQ(store_.index().Check("acme", "", victim(i), kNow), IndexAnswer::kSend) << i;
    }
    EXPECT_EQ(store_.index().Check("acme", "", "r@example.net", kNow),
              is_signed ? IndexAnswer::kSuppressed : IndexAnswer::kSend);
  }
}

// A report that names many, at many return paths, makes no more events than one return path may.
TEST_F(IntakeTest, EventsOfOneMessageHaveAMost) {
  std::string groups;
  for (int i = 0; i < 20; ++i) {
    absl::StrAppend(&groups, "Final-Recipient: rfc822; x", i,
                    "@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n");
  }
  std::string report = Dsn("r@example.net");
  report.insert(report.find("Final-Recipient"), groups);
  std::vector<Voucher> vouchers;
  for (int i = 0; i < 1000; ++i) vouchers.push_back(Unsigned(absl::StrCat("b", i)));
  ASSERT_TRUE(Receive(report, std::move(vouchers)).ok());
  EXPECT_THAT(store_.events(), SizeIs(kMaxEventsOfMessage));
  ASSERT_TRUE(Receive(report, {Unsigned("c")}).ok());
  EXPECT_THAT(store_.events(), SizeIs(kMaxEventsOfMessage + 21));
}

}  // namespace
}  // namespace bounced
