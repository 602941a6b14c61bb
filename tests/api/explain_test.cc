// What Explain() says, of dossiers that the policy itself has made.
#include "server/api/explain.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bounced::api {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// An address with what has come of it, by the policy.
class ExplainTest : public testing::Test {
 protected:
  ExplainTest()
      : now_(absl::FromCivil(absl::CivilSecond(2026, 3, 2, 12), absl::UTCTimeZone())),
        address_(*Address::Parse("jane@rcpt.example")) {}

  void Bounce(Reason reason) { Bounce(reason, DayOf(now_)); }
  // Of mail issued on that day.
  void Bounce(Reason reason, Day day) {
    StoredEvent stored;
    stored.message.day = day;
    Event& event = stored.event;
    event.id = ++events_;
    event.kind = Kind::kBounce;
    event.address = address_;
    event.reason = reason;
    event.bounce_class = Info(reason).bounce_class;
    event.fault = Info(reason).fault;
    event.counts = Info(reason).counts;
    event.rule = "some-rule";
    Take(std::move(stored));
  }
  void Deliver() {
    StoredEvent stored;
    stored.message.day = DayOf(now_);
    stored.event.kind = Kind::kDelivery;
    stored.event.address = address_;
    stored.event.reason = Reason::kDelivered;
    Take(std::move(stored));
  }
  void Pass(int days) { now_ += days * absl::Hours(24); }

  v1::ExplainResponse Get(const std::string& stream = "") {
    return Explain(dossier_, policy_, stream, now_, KeepDays{});
  }
  static std::vector<std::string> Outlook(const v1::ExplainResponse& response) {
    return {response.outlook().begin(), response.outlook().end()};
  }

  static std::vector<std::string> Plain(const v1::ExplainResponse& response) {
    return {response.plain().begin(), response.plain().end()};
  }

  absl::Time now_;
  Address address_;
  Policy policy_;
  AddressDossier dossier_;
  int events_ = 0;

 private:
  void Take(StoredEvent stored) {
    stored.event.trust = Trust::kSigned;
    stored.message.receive_time = now_;
    stored.message.return_path = "path-" + std::to_string(dossier_.events.size());
    Decision decision = Decide(policy_, {dossier_.record, dossier_.standing.suppressions},
                               stored.message, stored.event, now_);
    stored.event.effect = decision.effect;
    stored.event.policy_rule = decision.rule;
    dossier_.record = decision.next;
    dossier_.risky_until = decision.risky_until;
    if (decision.suppress) dossier_.standing.suppressions = {*decision.suppress};
    dossier_.events.insert(dossier_.events.begin(), std::move(stored));
  }
};

TEST_F(ExplainTest, OfAnUnknownAddressItSaysWhatWouldSuppressIt) {
  v1::ExplainResponse response = Get();
  EXPECT_EQ(response.verdict(), v1::VERDICT_SEND);
  EXPECT_EQ(response.summary(), "Mail may be sent: nothing is known of this address.");
  EXPECT_THAT(
      Outlook(response),
      ElementsAre("3 soft bounces of mail issued on 3 days within 30 days would suppress it for 30 "
                  "days.",
                  "A hard bounce whose text leaves no doubt would suppress it until somebody takes "
                  "it off.",
                  "A less certain hard bounce would suppress it for 7 days; 3 of mail issued on 3 "
                  "days would do so until it is taken off."));
}

TEST_F(ExplainTest, WhereNoBounceSuppressesItSaysSo) {
  const std::string technical =
      "No bounce suppresses here (suppress_bounces = false); complaints and mail to unsubscribe "
      "do.";
  const std::string plain =
      "No mail that comes back stops us here; a complaint or a wish to unsubscribe does.";
  Bounce(Reason::kMailboxFull);
  policy_.suppress_bounces = false;
  EXPECT_EQ(Get().verdict(), v1::VERDICT_RISKY) << "it was counted before";
  EXPECT_THAT(Outlook(Get()), ElementsAre(technical));
  EXPECT_THAT(Plain(Get()), Contains(plain));
  EXPECT_THAT(Plain(Get()), Each(Not(HasSubstr("we stop"))));
  Pass(40);
  Bounce(Reason::kNoSuchUser);
  EXPECT_EQ(Get().verdict(), v1::VERDICT_SEND);
  EXPECT_EQ(dossier_.events[0].event.policy_rule, PolicyRule::kRecordOnly);
  EXPECT_THAT(Outlook(Get()), ElementsAre(technical));
  EXPECT_THAT(Plain(Get()), ElementsAre("We send mail to this address.",
                                        "On 11 April 2026 a mail to it came back, since there is "
                                        "no mailbox of this name.",
                                        plain));
  dossier_ = {};
  EXPECT_THAT(Outlook(Get()), ElementsAre(technical));
}

TEST_F(ExplainTest, CountsDownTheSoftBounces) {
  Bounce(Reason::kMailboxFull);
  v1::ExplainResponse response = Get();
  EXPECT_EQ(response.verdict(), v1::VERDICT_RISKY);
  EXPECT_THAT(response.summary(), HasSubstr("1 of 3 are counted"));
  EXPECT_THAT(Outlook(response), Contains("2 more soft bounces of mail issued on 2 other days "
                                          "within 30 days would suppress it for 30 days."));
  Pass(1);
  Bounce(Reason::kMailboxFull);
  response = Get();
  EXPECT_THAT(response.summary(), HasSubstr("2 of 3 are counted"));
  EXPECT_THAT(Outlook(response),
              Contains("One more soft bounce of mail issued on another day would suppress it for "
                       "30 days."));
  EXPECT_THAT(Outlook(response), Contains("The oldest soft bounce that counts lapses beside one of "
                                          "mail issued on 2026-04-01 or later; a delivery would "
                                          "clear them all."));
  EXPECT_THAT(Outlook(response),
              Contains("Without another soft bounce it is no longer risky from 2026-04-02 on."));
  ASSERT_EQ(response.counts_size(), 2);
  EXPECT_EQ(response.counts(1).name(), "soft_bounces");
  EXPECT_EQ(response.counts(1).value(), 2);
  EXPECT_EQ(response.counts(1).threshold(), 3);
  EXPECT_THAT(response.counts(1).days(), ElementsAre("2026-03-02", "2026-03-03"));
}

TEST_F(ExplainTest, WhatItForeseesIsWhatThePolicyThenDoes) {
  Bounce(Reason::kMailboxFull);
  Pass(1);
  Bounce(Reason::kMailboxFull);
  Pass(1);
  Bounce(Reason::kMailboxFull);
  v1::ExplainResponse response = Get();
  EXPECT_EQ(response.verdict(), v1::VERDICT_SUPPRESSED);
  EXPECT_THAT(Outlook(response), Contains("It ends by itself on 2026-04-03 12:00 UTC."));
  EXPECT_THAT(Outlook(response), Contains("From then until 2026-07-02 one more soft bounce would "
                                          "suppress it again, for 60 days."));
  // After the suppression, on probation: the next one lasts twice as long.
  Pass(31);
  response = Get();
  EXPECT_EQ(response.verdict(), v1::VERDICT_RISKY);
  EXPECT_THAT(response.summary(), HasSubstr("on probation until 2026-07-02"));
  EXPECT_THAT(Outlook(response), Contains("One more soft bounce of mail issued on another day "
                                          "would suppress it for 60 days."));
  Bounce(Reason::kMailboxFull);
  EXPECT_EQ(Get().verdict(), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(dossier_.standing.suppressions[0].expire_time, now_ + absl::Hours(60 * 24));
}

TEST_F(ExplainTest, ABounceCountsThroughTheLastDayOfItsWindow) {
  Bounce(Reason::kMailboxFull);
  Pass(29);
  EXPECT_EQ(Get().counts(1).value(), 1);
  EXPECT_EQ(Get().verdict(), v1::VERDICT_RISKY);
  Pass(1);
  EXPECT_EQ(Get().counts(1).value(), 0);
  EXPECT_EQ(Get().verdict(), v1::VERDICT_SEND);
  Bounce(Reason::kMailboxDisabled);
  Pass(364);
  EXPECT_EQ(Get().counts(0).value(), 1);
  Pass(1);
  EXPECT_EQ(Get().counts(0).value(), 0);
}

// Mail comes back late, and is counted with that of its time.
TEST_F(ExplainTest, CountsInTheWindowOfThePolicy) {
  Bounce(Reason::kMailboxFull);
  Pass(28);
  Bounce(Reason::kMailboxFull);
  Pass(2);
  v1::ExplainResponse response = Get();
  EXPECT_THAT(response.summary(), HasSubstr("2 of 3 are counted"));
  EXPECT_THAT(response.counts(1).days(), ElementsAre("2026-03-02", "2026-03-30"));
  EXPECT_THAT(Outlook(response), Contains("One more soft bounce of mail issued on another day "
                                          "would suppress it for 30 days."));
  EXPECT_THAT(Outlook(response), Contains("The oldest soft bounce that counts lapses beside one of "
                                          "mail issued on 2026-04-01 or later; a delivery would "
                                          "clear them all."));
  Bounce(Reason::kMailboxFull, DayOf(now_) - 3);
  EXPECT_EQ(Get().verdict(), v1::VERDICT_SUPPRESSED);
}

TEST_F(ExplainTest, WhatAddsToTheCountAreDaysThatAreNotSettled) {
  Bounce(Reason::kMailboxFull);
  Deliver();
  Pass(1);
  Bounce(Reason::kMailboxFull);
  EXPECT_THAT(Outlook(Get()), Contains(StartsWith("2 more soft bounces of mail issued on 2 other "
                                                  "days within 30 days")));
  Pass(20);
  EXPECT_THAT(Outlook(Get()), Contains(StartsWith("2 more soft bounces of mail issued on 2 other "
                                                  "days within 30 days")));
}

TEST_F(ExplainTest, ADeliveryEmptiesTheCount) {
  Bounce(Reason::kMailboxFull);
  Deliver();
  v1::ExplainResponse response = Get();
  EXPECT_EQ(response.verdict(), v1::VERDICT_SEND);
  EXPECT_EQ(response.counts(1).value(), 0);
  EXPECT_EQ(response.summary(),
            "Mail may be sent: no threshold has been reached by what is known of the address.");
}

TEST_F(ExplainTest, AHardBounceThatIsNotCertainEndsOrIsConfirmed) {
  Bounce(Reason::kMailboxDisabled);
  v1::ExplainResponse response = Get();
  EXPECT_EQ(response.verdict(), v1::VERDICT_SUPPRESSED);
  EXPECT_THAT(response.summary(),
              AllOf(StartsWith("No mail may be sent in any stream: suppressed by a bounce (event "
                               "1) on 2026-03-02 12:00 UTC, reason mailbox_disabled. "),
                    Not(HasSubstr("jane"))));
  EXPECT_THAT(Outlook(response), Contains("It ends by itself on 2026-03-09 12:00 UTC."));
  EXPECT_THAT(Outlook(response),
              Contains("A less certain hard bounce of mail issued on another day would suppress it "
                       "for 14 days; 2 of mail issued on 2 other days would do so until it is "
                       "taken off."));
  EXPECT_EQ(response.counts(0).name(), "hard_confirmations");
  EXPECT_EQ(response.counts(0).value(), 1);
  Pass(1);
  Bounce(Reason::kMailboxDisabled);
  EXPECT_THAT(Outlook(Get()), Contains("A less certain hard bounce of mail issued on another day "
                                       "would do the same."));
  Pass(1);
  Bounce(Reason::kMailboxDisabled);
  EXPECT_THAT(Outlook(Get()),
              ElementsAre("It lasts until somebody takes it off.",
                          "If somebody takes it off, bounces of mail issued on a day before that "
                          "no longer count."));
}

TEST_F(ExplainTest, WhatIsShorterThanWhatStandsChangesNothing) {
  for (int i = 0; i < 3; ++i) {
    if (i > 0) Pass(1);
    Bounce(Reason::kMailboxFull);
  }
  const auto is_said = [&](std::string_view what) {
    return Contains("A less certain hard bounce would " + std::string(what) +
                    "; 3 of mail issued on 3 days would do so until it is taken off.");
  };
  EXPECT_THAT(Outlook(Get()), Contains("It ends by itself on 2026-04-03 12:00 UTC."));
  EXPECT_THAT(Outlook(Get()), is_said("change nothing before 2026-04-03"));
  Pass(23);
  EXPECT_THAT(Outlook(Get()), is_said("change nothing before 2026-04-03"))
      << "it would end with it";
  Pass(1);
  EXPECT_THAT(Outlook(Get()), is_said("suppress it for 7 days"));
  Bounce(Reason::kMailboxDisabled);
  EXPECT_EQ(dossier_.standing.suppressions[0].expire_time, now_ + absl::Hours(7 * 24));
}

TEST_F(ExplainTest, WhatEndedAndWhatWasTakenOffAreSaid) {
  Bounce(Reason::kMailboxDisabled);
  Pass(8);
  v1::ExplainResponse response = Get();
  EXPECT_EQ(response.verdict(), v1::VERDICT_SEND);
  EXPECT_EQ(response.summary(), "Mail may be sent: its suppression ended on 2026-03-09 12:00 UTC.");
  EXPECT_EQ(response.suppressions_size(), 1);

  dossier_.standing.suppressions.clear();
  dossier_.record.released = now_;
  response = Get();
  EXPECT_EQ(response.summary(),
            "Mail may be sent: somebody took the address off on 2026-03-10 12:00 UTC.");
  EXPECT_THAT(Outlook(response), Contains("Bounces of mail issued before 2026-03-10 do not count: "
                                          "somebody took the address off then."));
  EXPECT_EQ(response.counts(0).value(), 0) << "what came before the release";
}

TEST_F(ExplainTest, OnlyWhatHoldsForTheStreamDecides) {
  Suppression suppression{.tenant = "default",
                          .stream = "news",
                          .address = address_,
                          .source = Source::kManual,
                          .reason = "asked",
                          .bounce_class = BounceClass::kNone,
                          .create_time = now_,
                          .expire_time = absl::InfiniteFuture(),
                          .event_id = 0,
                          .explanation = "By phone."};
  dossier_.standing.suppressions = {suppression};
  v1::ExplainResponse response = Get("news");
  EXPECT_EQ(response.verdict(), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(response.summary(),
            "No mail may be sent in stream news: suppressed by hand on 2026-03-02 12:00 UTC, "
            "reason asked. By phone.");
  response = Get("receipts");
  EXPECT_EQ(response.verdict(), v1::VERDICT_SEND);
  EXPECT_EQ(response.summary(),
            "Mail may be sent in this stream: what stands against the address is of another.");
  EXPECT_FALSE(response.has_suppression());
}

// --- In plain words

TEST_F(ExplainTest, InPlainWordsWhyMailStops) {
  Bounce(Reason::kMailboxDisabled);
  v1::ExplainResponse response = Get();
  EXPECT_EQ(response.policy_line(), "hard_short");
  EXPECT_THAT(Plain(response),
              ElementsAre("We send no mail to this address.",
                          "On 2 March 2026 a mail to it came back, since the mailbox is closed, or "
                          "has not been used for long.",
                          "That ends by itself on 9 March 2026.",
                          "If the address is in order again, tell us, and we take it off the "
                          "list."));
  EXPECT_THAT(Plain(Get()), Each(Not(HasSubstr("jane"))));
  Pass(1);
  Bounce(Reason::kMailboxDisabled);
  Pass(1);
  Bounce(Reason::kMailboxDisabled);
  response = Get();
  EXPECT_EQ(response.policy_line(), "hard_confirmed");
  EXPECT_THAT(Plain(response), Contains("Mail that we sent on other days came back so, too."));
  EXPECT_THAT(Plain(response), Contains("That lasts until somebody takes it off the list."));
}

// Streams have policies of their own, and policies change.
TEST_F(ExplainTest, NoNumberOfAnotherPolicyIsTakenForThatOfThen) {
  const Policy today = policy_;
  policy_.soft_threshold = 2;
  Bounce(Reason::kMailboxFull);
  Pass(1);
  Bounce(Reason::kMailboxFull);
  policy_ = today;
  v1::ExplainResponse response = Get();
  EXPECT_EQ(response.policy_line(), "soft_threshold");
  EXPECT_THAT(response.summary(), HasSubstr("and mail of 2 days came back so"));
  EXPECT_THAT(Plain(response), Contains("Mail that we sent on other days came back so, too."));
  EXPECT_THAT(Plain(response), Each(Not(HasSubstr("3 different days"))));
  dossier_ = {};
  policy_.soft_threshold = 1;
  Bounce(Reason::kMailboxFull);
  policy_ = today;
  response = Get();
  EXPECT_EQ(response.policy_line(), "soft_threshold");
  EXPECT_THAT(Plain(response), Each(Not(HasSubstr("other days"))));
}

TEST_F(ExplainTest, WhatNobodyVouchesForIsNotSaidAsAFact) {
  for (const PolicyRule rule : {PolicyRule::kTrustTooLow, PolicyRule::kNoAddress}) {
    dossier_ = {};
    Bounce(Reason::kSpamContent);
    Event& event = dossier_.events[0].event;
    event.reason = Reason::kNoSuchUser;
    event.matched_text = "user unknown";
    event.policy_rule = rule;
    EXPECT_THAT(
        Plain(Get()),
        ElementsAre("We send mail to this address.",
                    "On 2 March 2026 somebody sent us a report which says that a mail to "
                    "it came back. Nobody vouches for that report, so it changes nothing."));
  }
}

TEST_F(ExplainTest, WhereMailWasForwardedTheOtherAddressIsToBlame) {
  Bounce(Reason::kNoSuchUser);
  dossier_.events[0].event.forwarded_to = "bob@other.example";
  dossier_.events[0].event.matched_text = "user unknown";
  const v1::ExplainResponse response = Get();
  EXPECT_THAT(Plain(response),
              Contains("On 2 March 2026 a mail to it came back. It had been passed on to another "
                       "address, and the answer there was that there is no mailbox of this name. "
                       "The words were: \"user unknown\"."));
  EXPECT_THAT(response.summary(),
              testing::EndsWith("The mail had been forwarded: that is said of another address."));
  EXPECT_THAT(response.summary(), Not(HasSubstr("bob")));
}

TEST_F(ExplainTest, T9ADomainThatIsKnownToExistIsNotSaidToBeMissing) {
  address_ = *Address::Parse("jane@gmail.com");
  Bounce(Reason::kNoSuchDomain);
  v1::ExplainResponse response = Get();
  EXPECT_EQ(response.verdict(), v1::VERDICT_SEND);
  EXPECT_THAT(Plain(response),
              Contains("On 2 March 2026 a mail to it came back, since what stands behind the @ was "
                       "not found, though it exists, which is no fault of the address. That alone "
                       "stops nothing."));
  address_ = *Address::Parse("jane@rcpt.example");
  dossier_ = {};
  Bounce(Reason::kNoSuchDomain);
  EXPECT_THAT(Plain(Get()), Contains("On 2 March 2026 a mail to it came back, since what stands "
                                     "behind the @ does not exist."));
}

TEST_F(ExplainTest, AListSaysSinceWhenAndTheChangeWhenItWasTakenOver) {
  const absl::Time then = absl::FromCivil(absl::CivilSecond(2015, 9, 30, 8), absl::UTCTimeZone());
  Suppression imported{.tenant = "default",
                       .stream = "",
                       .address = address_,
                       .source = Source::kImport,
                       .reason = "bounced",
                       .bounce_class = BounceClass::kNone,
                       .create_time = then,
                       .expire_time = absl::InfiniteFuture(),
                       .event_id = 0,
                       .explanation = ""};
  dossier_.standing.suppressions = {imported};
  v1::ExplainResponse response = Get();
  EXPECT_THAT(Plain(response),
              Contains("It stood on a list that we took over, since 30 September 2015."));
  EXPECT_EQ(response.summary(),
            "No mail may be sent in any stream: suppressed by a list that was taken over, since "
            "2015-09-30 08:00 UTC, reason bounced.");
  dossier_.changes = {{.number = 2,
                       .time = now_,
                       .what = Change::What::kCreated,
                       .author = "ann",
                       .cause = "moving here",
                       .suppression = imported}};
  response = Get();
  EXPECT_THAT(Plain(response), Contains("It stood on a list that we took over on 2 March 2026; "
                                        "it had been there since 30 September 2015."));
  EXPECT_EQ(response.summary(),
            "No mail may be sent in any stream: suppressed by a list that was taken over on "
            "2026-03-02 12:00 UTC, and stood there since 2015-09-30 08:00 UTC, reason bounced.");
  dossier_.standing.suppressions[0].create_time = now_;
  response = Get();
  EXPECT_THAT(Plain(response), Contains("It stood on a list that we took over on 2 March 2026."));
  EXPECT_EQ(response.summary(),
            "No mail may be sent in any stream: suppressed by a list that was taken over on "
            "2026-03-02 12:00 UTC, reason bounced.");
}

TEST_F(ExplainTest, InPlainWordsWhatIsUnderWay) {
  Bounce(Reason::kMailboxFull);
  const v1::ExplainResponse response = Get();
  EXPECT_EQ(response.policy_line(), "soft_counted");
  EXPECT_THAT(
      Plain(response),
      ElementsAre("We still send mail to this address.",
                  "Mail that we sent on 2 March 2026 came back, for a reason that may pass.",
                  "On 2 March 2026 a mail to it came back, since the mailbox is full.",
                  "When mail of 3 different days within 30 days comes back, we stop for 30 "
                  "days.",
                  "A mail that arrives settles it."));
  EXPECT_EQ(response.counts(1).window_days(), 30);
  EXPECT_EQ(response.counts(1).until(), "2026-04-01");
}

TEST_F(ExplainTest, InPlainWordsProbation) {
  for (int i = 0; i < 3; ++i) {
    Bounce(Reason::kMailboxFull);
    Pass(1);
  }
  Pass(30);
  const v1::ExplainResponse response = Get();
  EXPECT_EQ(response.verdict(), v1::VERDICT_RISKY);
  EXPECT_EQ(response.policy_line(), "soft_threshold");
  ASSERT_EQ(response.counts_size(), 3);
  EXPECT_EQ(response.counts(2).name(), "soft_suppressions");
  EXPECT_EQ(response.counts(2).value(), 1);
  EXPECT_EQ(response.counts(2).until(), "2026-07-02");
  EXPECT_THAT(Plain(response), Contains(HasSubstr("until 2 July 2026 a single mail")));
}

TEST_F(ExplainTest, InPlainWordsThatTheSenderIsToBlame) {
  Bounce(Reason::kSpamContent);
  const v1::ExplainResponse response = Get();
  EXPECT_EQ(response.policy_line(), "");
  EXPECT_THAT(Plain(response), ElementsAre("We send mail to this address.",
                                           AllOf(HasSubstr("which is no fault of the address"),
                                                 HasSubstr("That alone stops nothing."))));
}

TEST_F(ExplainTest, WhoDidItAndWhyIsSaid) {
  const Address domain = *Address::ParseEntry("@rcpt.example");
  const Suppression by_hand{.tenant = "*",
                            .stream = "",
                            .address = domain,
                            .source = Source::kManual,
                            .reason = "asked",
                            .bounce_class = BounceClass::kNone,
                            .create_time = now_,
                            .expire_time = absl::InfiniteFuture(),
                            .event_id = 0,
                            .explanation = "By phone."};
  dossier_.standing.suppressions = {by_hand};
  dossier_.changes = {{.number = 2,
                       .time = now_,
                       .what = Change::What::kCreated,
                       .author = "ann",
                       .cause = "a customer asked",
                       .suppression = by_hand}};
  v1::ExplainResponse response = Get();
  EXPECT_EQ(response.author(), "ann");
  EXPECT_EQ(response.cause(), "a customer asked");
  EXPECT_EQ(response.policy_line(), "");
  EXPECT_THAT(Plain(response),
              ElementsAre("We send no mail to any address with the same ending behind the @.",
                          "ann put it on the list on 2 March 2026, and noted: \"By phone.\".",
                          "That lasts until somebody takes it off the list.",
                          "Whoever wants it off the list may ask us."));

  dossier_.standing = {.suppressions = {}, .allowed = true};
  dossier_.allowances = {{.tenant = "default",
                          .address = domain,
                          .create_time = now_,
                          .author = "bob",
                          .note = "a partner"}};
  response = Get();
  EXPECT_EQ(response.author(), "bob");
  EXPECT_EQ(response.cause(), "a partner");
  ASSERT_EQ(response.allowances_size(), 1);
  EXPECT_EQ(response.allowances(0).address(), "@rcpt.example");
  EXPECT_THAT(
      Plain(response),
      ElementsAre("We send mail to this address, whatever bounces; a complaint or a wish to "
                  "unsubscribe still stops it.",
                  "bob decided that on 2 March 2026 for all addresses with the same ending, "
                  "and noted: \"a partner\"."));
}

TEST_F(ExplainTest, WhatAnIncidentHoldsIsSaid) {
  Bounce(Reason::kNoSuchUser);
  dossier_.standing.suppressions[0].incident_id = 4;
  dossier_.incidents = {{.id = 4,
                         .tenant = "default",
                         .domain = "rcpt.example",
                         .sample = "no such user",
                         .first_time = now_,
                         .last_time = now_,
                         .count = 30}};
  const v1::ExplainResponse response = Get();
  EXPECT_EQ(response.verdict(), v1::VERDICT_RISKY);
  ASSERT_EQ(response.incidents_size(), 1);
  EXPECT_EQ(response.incidents(0).count(), 30);
  EXPECT_EQ(response.policy_line(), "hard_short");
  EXPECT_THAT(Outlook(response),
              ElementsAre("Whoever confirms incident 4 suppresses it; whoever releases that takes "
                          "it off.",
                          StartsWith("3 soft bounces of mail issued on 3 days"),
                          "Until somebody decides on the incident no hard bounce changes that: its "
                          "suppression is held, whatever it bounces with."));
  dossier_.standing.suppressions[0].expire_time = absl::InfiniteFuture();
  EXPECT_THAT(Outlook(Get()), testing::SizeIs(2));
  EXPECT_THAT(
      Plain(response),
      Contains("Until one of us has looked at that (number 4), mail to it is not stopped."));
}

TEST_F(ExplainTest, TheNumbersAreThePolicys) {
  policy_ = {.hard_confidence = 80,
             .hard_days = 5,
             .hard_confirmations = 1,
             .hard_window_days = 365,
             .soft_threshold = 1,
             .soft_window_days = 10,
             .soft_days = 4,
             .soft_max_days = 8,
             .probation_days = 0};
  EXPECT_THAT(Outlook(Get()),
              ElementsAre("One more soft bounce of mail issued on another day would suppress it "
                          "for 4 days.",
                          "A hard bounce whose text leaves no doubt would suppress it until "
                          "somebody takes it off.",
                          "A less certain hard bounce would do the same."));
}

// --- What is no longer kept

TEST_F(ExplainTest, T47ItSaysThatTheMessageOrTheEventHasExpiredAndWhen) {
  Bounce(Reason::kNoSuchUser);
  StoredEvent& event = dossier_.events.front();
  event.message.receive_time = now_;
  event.message_octets = 1'000;
  Suppression& suppression = dossier_.standing.suppressions.front();
  suppression.event_id = event.event.id;
  suppression.expire_time = absl::InfiniteFuture();
  Pass(89);
  EXPECT_THAT(Get().notes(), testing::IsEmpty());
  Pass(1);
  EXPECT_THAT(Get().notes(), ElementsAre("The message of event 1 has expired on 2026-05-31: "
                                         "messages are kept for 90 days (store.evidence_days)."));
  event.has_evidence = true;
  EXPECT_THAT(Get().notes(), testing::IsEmpty());
  dossier_.events.clear();
  dossier_.lost_events = {1};
  Pass(310);
  EXPECT_THAT(Get().notes(),
              ElementsAre("Event 1, on which a suppression rests, has expired on 2027-04-06: "
                          "events are kept for 400 days (store.event_days)."));
  EXPECT_EQ(Get().verdict(), v1::VERDICT_SUPPRESSED);
}

TEST_F(ExplainTest, T47ItSaysThatWhatMakesItRiskyHasExpired) {
  Bounce(Reason::kMailboxFull);
  StoredEvent& stored = dossier_.events.front();
  stored.message_octets = 1000;
  Pass(5);
  const KeepDays keep{.evidence = 5, .events = 6};
  const auto notes = [&] {
    const v1::ExplainResponse response = Explain(dossier_, policy_, "", now_, keep);
    EXPECT_EQ(response.verdict(), v1::VERDICT_RISKY);
    return std::vector<std::string>(response.notes().begin(), response.notes().end());
  };
  EXPECT_THAT(notes(), ElementsAre("The message of event 1 has expired on 2026-03-07: messages are "
                                   "kept for 5 days (store.evidence_days)."));
  dossier_.events.clear();
  EXPECT_THAT(notes(),
              ElementsAre("The events that make it risky have expired: events are kept for "
                          "6 days (store.event_days)."));
}

// The change that the event made is kept as long as the suppression stands.
TEST_F(ExplainTest, T47TheLineOfThePolicyOutlivesItsEvent) {
  Bounce(Reason::kMailboxDisabled);
  const Suppression& suppression = dossier_.standing.suppressions.front();
  Change made{.number = 1,
              .time = now_,
              .author = "policy",
              .cause = "hard_short",
              .suppression = suppression};
  Change held = made;
  held.number = 2;
  held.cause = "quarantine";
  Change by_hand = made;
  by_hand.number = 3;
  by_hand.author = "ann";
  by_hand.cause = "hard_certain";
  dossier_.events.clear();
  EXPECT_EQ(Get().policy_line(), "");
  dossier_.changes = {by_hand, held, made};
  EXPECT_EQ(Get().policy_line(), "hard_short");
  dossier_.changes[2].suppression.event_id = 7;
  EXPECT_EQ(Get().policy_line(), "") << "of another event";
}

TEST_F(ExplainTest, T48ItSaysThatTheAddressWasForgotten) {
  dossier_.forgotten = true;
  EXPECT_THAT(Get().notes(), ElementsAre(StartsWith("The text of this address was forgotten")));
}

}  // namespace
}  // namespace bounced::api
