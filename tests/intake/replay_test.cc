// Replays of what is stored in part only: events that had their time, changes that were dropped.
// What is stored whole is played in tests/api/reclassify_test.cc.
#include "server/intake/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/intake/policy.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Day kDayZero = 20'000;
absl::Time Morning(int day) { return StartOf(kDayZero + day) + absl::Hours(10); }

class ReplayTest : public testing::Test {
 protected:
  ReplayTest() {
    ReturnPathDomain domain;
    domain.domain = "rp.example";
    domain.signing = Signing::kOff;
    paths_ = *ReturnPaths::Create({domain});
  }

  // A stored bounce of mail of that day, which was taken for `reason` and did what `rule` says.
  void Store(std::int64_t id, int day, Reason reason, PolicyRule rule, Effect effect) {
    StoredEvent stored;
    Event& event = stored.event;
    event.id = id;
    event.kind = Kind::kBounce;
    event.address = *Address::Parse("r@example.net");
    event.trust = Trust::kSigned;
    Take(reason, event);
    event.policy_rule = rule;
    event.effect = effect;
    Message& message = stored.message;
    message.tenant = "default";
    message.return_path = absl::StrCat("bo-", id, "@rp.example");
    message.receive_time = Morning(day);
    message.day = kDayZero + day;
    facts_.events.push_back(std::move(stored));
  }
  static void Take(Reason reason, Event& event) {
    event.reason = reason;
    event.bounce_class = Info(reason).bounce_class;
    event.fault = Info(reason).fault;
    event.counts = Info(reason).counts;
    event.confidence = 90;
    event.text_bears_out = true;
    event.rule = std::string(ToString(reason));
  }
  Event ReadAs(std::size_t at, Reason reason) const {
    Event event = facts_.events[at].event;
    Take(reason, event);
    return event;
  }
  Suppression Standing(std::int64_t event_id, int day, absl::Time expire_time) const {
    return {.tenant = "default",
            .stream = "",
            .address = *Address::Parse("r@example.net"),
            .source = Source::kBounce,
            .reason = "mailbox_disabled",
            .bounce_class = BounceClass::kHard,
            .create_time = Morning(day),
            .expire_time = expire_time,
            .event_id = event_id,
            .explanation = "It is closed."};
  }
  Replayed Play(const std::vector<Event>& readings = {}) {
    return Replay(Policies(), paths_, facts_, readings, Morning(20));
  }

  ReturnPaths paths_ = *ReturnPaths::Create({});
  AddressFacts facts_;
};

TEST_F(ReplayTest, WhatRestsOnAnEventThatIsGoneStays) {
  facts_.suppressions = {Standing(5, 0, absl::InfiniteFuture())};
  facts_.record.hard_days = {kDayZero};
  facts_.record.counted_mails = {77};
  Store(9, 2, Reason::kSpamContent, PolicyRule::kBlock, Effect::kNone);
  EXPECT_TRUE(Play().is_as_it_was);
  // And with it what it had counted.
  facts_.suppressions[0].expire_time = Morning(7);
  const Replayed replayed = Play({ReadAs(0, Reason::kMailboxDisabled)});
  EXPECT_THAT(replayed.record.hard_days, ElementsAre(kDayZero, kDayZero + 2));
  EXPECT_THAT(replayed.record.counted_mails, SizeIs(2));
  ASSERT_THAT(replayed.events, SizeIs(1));
  EXPECT_EQ(replayed.events[0].policy_rule, PolicyRule::kHardShort);
  EXPECT_EQ(replayed.events[0].effect, Effect::kSuppressed) << "for twice as long as the first";
  EXPECT_THAT(replayed.remove, IsEmpty());
  ASSERT_THAT(replayed.put, SizeIs(1));
  EXPECT_EQ(replayed.put[0].expire_time, Morning(2 + 14));
}

TEST_F(ReplayTest, AListThatWasTakenOverStandsAgainWhereAnEventHadPutItAside) {
  const Suppression imported = Standing(0, 0, Morning(40));
  Suppression by_event = Standing(9, 2, absl::InfiniteFuture());
  by_event.reason = "no_such_user";
  facts_.suppressions = {by_event};
  facts_.changes = {{.number = 8,
                     .time = Morning(2),
                     .what = Change::What::kReplaced,
                     .author = "policy",
                     .cause = "hard_certain",
                     .suppression = by_event,
                     .before = imported}};
  Store(9, 2, Reason::kNoSuchUser, PolicyRule::kHardCertain, Effect::kSuppressed);
  const Replayed replayed = Play({ReadAs(0, Reason::kSpamContent)});
  ASSERT_THAT(replayed.put, SizeIs(1));
  EXPECT_EQ(replayed.put[0].event_id, 0);
  EXPECT_EQ(replayed.put[0].expire_time, Morning(40));
}

TEST_F(ReplayTest, AReleaseWhoseChangeWasDroppedHolds) {
  facts_.record.released = Morning(5);
  Store(9, 2, Reason::kSpamContent, PolicyRule::kBlock, Effect::kNone);
  const Replayed replayed = Play({ReadAs(0, Reason::kNoSuchUser)});
  EXPECT_THAT(replayed.put, IsEmpty());
  EXPECT_EQ(replayed.record.released, Morning(5));
  Store(10, 6, Reason::kSpamContent, PolicyRule::kBlock, Effect::kNone);
  EXPECT_THAT(Play({ReadAs(1, Reason::kNoSuchUser)}).put, SizeIs(1))
      << "what came behind it counts";
}

TEST_F(ReplayTest, TheTrustOfAReturnPathThatIsGoneIsWhatItWas) {
  Store(9, 2, Reason::kSpamContent, PolicyRule::kBlock, Effect::kNone);
  Store(10, 3, Reason::kSpamContent, PolicyRule::kTrustTooLow, Effect::kNone);
  for (StoredEvent& stored : facts_.events) {
    stored.message.return_path = "x@gone.example";
    stored.event.trust = Trust::kUnverified;
  }
  EXPECT_TRUE(Play().is_as_it_was);
  const Replayed replayed =
      Play({ReadAs(0, Reason::kNoSuchUser), ReadAs(1, Reason::kNoSuchDomain)});
  ASSERT_THAT(replayed.put, SizeIs(1));
  EXPECT_EQ(replayed.put[0].event_id, 9);
  EXPECT_EQ(replayed.events[1].policy_rule, PolicyRule::kTrustTooLow);
}

TEST_F(ReplayTest, T9WhoeverWasSuppressedSinceAKnownDomainWasDeniedIsTakenOff) {
  const Address mailbox = *Address::Parse("r@gmail.com");
  facts_.suppressions = {Standing(9, 2, absl::InfiniteFuture())};
  facts_.suppressions[0].address = mailbox;
  Store(9, 2, Reason::kNoSuchDomain, PolicyRule::kHardCertain, Effect::kSuppressed);
  facts_.events[0].event.address = mailbox;
  const Replayed replayed = Play();
  EXPECT_THAT(replayed.remove, SizeIs(1));
  ASSERT_THAT(replayed.events, SizeIs(1));
  EXPECT_EQ(replayed.events[0].policy_rule, PolicyRule::kBlock);
  facts_ = {};
  Store(9, 2, Reason::kNoSuchDomain, PolicyRule::kBlock, Effect::kNone);
  facts_.events[0].event.address = mailbox;
  EXPECT_TRUE(Play().is_as_it_was);
}

TEST_F(ReplayTest, NothingIsAboveTheTrustInOnesOwnSystem) {
  Store(9, 2, Reason::kNoSuchUser, PolicyRule::kTrustTooLow, Effect::kNone);
  facts_.events[0].message.return_path = "x@gone.example";
  facts_.events[0].event.trust = Trust::kLocal;
  const Replayed replayed = Play();
  ASSERT_THAT(replayed.events, SizeIs(1));
  EXPECT_EQ(replayed.events[0].policy_rule, PolicyRule::kHardCertain);
}

// When its own mail system reports it, the mail may have come back long before.
TEST_F(ReplayTest, WhatDidNotCountForAReleaseWasReportedBehindIt) {
  facts_.record.released = Morning(5);
  const auto report = [this](std::int64_t id, int day, Reason reason) {
    Store(id, day, reason, PolicyRule::kReleased, Effect::kNone);
    facts_.events.back().message.report_form = kSessionForm;
    facts_.events.back().event.trust = Trust::kLocal;
  };
  report(9, 2, Reason::kNoSuchUser);
  report(10, 3, Reason::kMailboxFull);
  report(11, 4, Reason::kMailboxDisabled);
  EXPECT_TRUE(Play().is_as_it_was) << "the change of the release was dropped";
  const Suppression taken_off = Standing(0, 0, absl::InfiniteFuture());
  facts_.changes = {{.number = 3,
                     .time = Morning(5),
                     .what = Change::What::kRemoved,
                     .author = "ann",
                     .cause = "by phone",
                     .suppression = taken_off,
                     .before = {}}};
  EXPECT_TRUE(Play().is_as_it_was);
  // The first release may be older than the mail.
  facts_.changes.insert(facts_.changes.begin(), facts_.changes.front());
  facts_.changes[0].number = 2;
  facts_.changes[0].time = Morning(1);
  EXPECT_TRUE(Play().is_as_it_was);
}

// It makes no change that would tell when, as the address is suppressed for good.
TEST_F(ReplayTest, ASoftSuppressionThatWasReportedLateIsOfItsDay) {
  Store(8, 0, Reason::kNoSuchUser, PolicyRule::kHardCertain, Effect::kSuppressed);
  facts_.suppressions = {Standing(8, 0, absl::InfiniteFuture())};
  for (int day = 1; day <= 3; ++day) {
    Store(8 + day, day, Reason::kMailboxFull,
          day < 3 ? PolicyRule::kSoftCounted : PolicyRule::kSoftThreshold, Effect::kCounted);
    facts_.events.back().message.report_form = kSessionForm;
    facts_.events.back().event.trust = Trust::kLocal;
  }
  facts_.record.soft_suppressions = 1;
  facts_.record.soft_suppressed_on = kDayZero + 3;
  facts_.record.probation_until = kDayZero + 3 + 30 + 90;
  for (const StoredEvent& stored : facts_.events) {
    facts_.record.counted_mails.push_back(CountedMailOf(stored.message, stored.event));
  }
  facts_.risky_until = facts_.record.probation_until;
  const Replayed replayed = Play();
  EXPECT_THAT(replayed.events, IsEmpty());
  EXPECT_EQ(replayed.record.soft_suppressed_on, kDayZero + 3);
  EXPECT_EQ(replayed.record.probation_until, facts_.record.probation_until);
  EXPECT_EQ(replayed.record, facts_.record);
}

TEST_F(ReplayTest, WhatOnesOwnSystemReportsIsDecidedNoEarlierThanWhatCameBefore) {
  Store(9, 18, Reason::kSpamContent, PolicyRule::kBlock, Effect::kNone);
  Store(10, 14, Reason::kSpamContent, PolicyRule::kBlock, Effect::kNone);
  facts_.events[1].message.report_form = kSessionForm;
  const Replayed replayed = Play({ReadAs(1, Reason::kMailboxDisabled)});
  ASSERT_THAT(replayed.put, SizeIs(1));
  EXPECT_EQ(replayed.put[0].create_time, Morning(18));
  EXPECT_EQ(replayed.put[0].expire_time, Morning(14 + 7));
}

// It was over when it was told, and no change tells when that was.
TEST_F(ReplayTest, WhatWasToldLateMadeNothingThen) {
  for (int day = 1; day <= 2; ++day) {
    Store(8 + day, day, Reason::kMailboxDisabled, PolicyRule::kHardShort, Effect::kCounted);
    facts_.events.back().message.report_form = kSessionForm;
    facts_.events.back().event.trust = Trust::kLocal;
    facts_.record.hard_days.push_back(kDayZero + day);
    facts_.record.counted_mails.push_back(
        CountedMailOf(facts_.events.back().message, facts_.events.back().event));
  }
  EXPECT_TRUE(Play().is_as_it_was);
  // What was counted because the address was suppressed then is not lost when that falls.
  facts_.events[1].message.receive_time = Morning(18);
  facts_.events[1].message.day = kDayZero + 18;
  facts_.record.hard_days[1] = kDayZero + 18;
  const Replayed replayed = Play();
  ASSERT_THAT(replayed.put, SizeIs(1));
  EXPECT_EQ(replayed.put[0].expire_time, Morning(18 + 14));
}

TEST_F(ReplayTest, WhatHasEndedIsNotMade) {
  Store(9, 2, Reason::kSpamContent, PolicyRule::kBlock, Effect::kNone);
  const Replayed replayed = Play({ReadAs(0, Reason::kMailboxDisabled)});
  EXPECT_THAT(replayed.put, IsEmpty()) << "its 7 days are over";
  EXPECT_THAT(replayed.record.hard_days, ElementsAre(kDayZero + 2));
}

}  // namespace
}  // namespace bounced
