// Counts by time, and that there is a bound on all that comes from outside.
#include "storage/tallies.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "fixture.h"

namespace bounced {
namespace {

constexpr absl::Duration kHour = absl::Hours(1);
using What = TallyKey::What;

// --- Tally

TEST(Tally, CountsWithinAWindowThatEndsNow) {
  const absl::Time now = Noon();
  Tally tally;
  tally.Add(Tally::SlotOf(now - kHour), {.failed = 1});
  tally.Add(Tally::SlotOf(now - kHour) - 1, {.failed = 10});
  tally.Add(Tally::SlotOf(now), {.delivered = 5, .failed = 100});
  tally.Add(Tally::SlotOf(now) + 1, {.failed = 1'000});  // of a clock that was fast
  EXPECT_EQ(tally.Within(kHour, now), (TallyCounts{.delivered = 5, .failed = 101}));
  EXPECT_EQ(tally.Within(2 * kHour, now).failed, 111U);
  EXPECT_EQ(tally.Within(kHour, now + Tally::kSlot).failed, 1'100U);
  EXPECT_EQ(tally.Within(kHour, now, now - absl::Minutes(1)).failed, 100U);
  EXPECT_EQ(tally.Within(kHour, now, now).failed, 0U) << "it may be from before";
}

TEST(Tally, PrunesWhatIsOldOrOfTheFuture) {
  const absl::Time now = Noon();
  Tally tally;
  tally.Add(Tally::SlotOf(now - kHour), {.failed = 1});
  tally.Add(Tally::SlotOf(now) + 1, {.failed = 1});
  tally.Prune(kHour, now);
  EXPECT_EQ(tally.Within(24 * kHour, now + kHour).failed, 1U);
  tally.Prune(kHour, now + Tally::kSlot);
  EXPECT_TRUE(tally.empty());
}

TEST(Tally, AddingSaturates) {
  Tally tally;
  tally.Add(7, {.refused = 4'000'000'000});
  tally.Add(7, {.refused = 4'000'000'000});
  tally.Add(8, {.refused = 1});
  EXPECT_EQ(tally.Within(kHour, Tally::StartOf(8)).refused, 4'294'967'295U);
}

TEST(Tally, IsReadBackAsItWasStored) {
  Tally tally;
  tally.Add(-3, {1, 2, 3, 4, 5, 6});
  tally.Add(5'907'888, {.unverified = 4'294'967'295});
  const std::string octets = tally.Encode();
  const std::optional<Tally> read = Tally::Decode(octets);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->Encode(), octets);
  EXPECT_EQ(read->Within(kHour, Tally::StartOf(-3)), (TallyCounts{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(Tally::Decode("")->empty());
  EXPECT_FALSE(Tally::Decode(octets.substr(1)));
  EXPECT_TRUE(Tally::Decode(std::string(28 * 1'000, '\0')));
  EXPECT_FALSE(Tally::Decode(std::string(28 * 1'001, '\0')));
}

// --- Tallies

class TalliesTest : public testing::Test {
 protected:
  // A refusal as the policy has judged it.
  static Event Refused(const std::string& provider, const std::string& sender = "192.0.2.7") {
    Event event;
    event.kind = Kind::kBounce;
    event.reason = Reason::kSenderIpBlocked;
    event.bounce_class = BounceClass::kBlock;
    event.address = ParseAddress("r@example.net");
    event.trust = Trust::kSigned;
    event.policy_rule = PolicyRule::kBlock;
    event.answer = {.provider = provider, .sender = sender, .is_refusal = true};
    return event;
  }
  static Message Mail() {
    Message message;
    message.tenant = "t";
    message.stream = "news";
    message.trust = Trust::kSigned;
    message.receive_time = Noon();
    return message;
  }
  // Of an address of its own.
  void Count(const Event& event, absl::Time now = Noon()) {
    tallies_.Begin();
    tallies_.Count(Mail(), event, ++address_, now);
    tallies_.Commit(now);
  }
  TallyCounts Of(What what, const std::string& name, absl::Time now = Noon()) {
    TallyKey key{what, "t", name};
    if (what == What::kRefusal) {
      key.sender = "192.0.2.7";
      key.reason = Reason::kSenderIpBlocked;
    }
    const Tallies::Entry* entry = tallies_.Find(key);
    return entry == nullptr ? TallyCounts{} : entry->tally.Within(24 * kHour, now);
  }

  Tallies tallies_;
  std::uint64_t address_ = 0;
};

TEST_F(TalliesTest, ARefusalCountsForItsStreamItsProviderAndItself) {
  Count(Refused("google"));
  EXPECT_EQ(Of(What::kStream, "news"), (TallyCounts{.failed = 1, .refused = 1}));
  EXPECT_EQ(Of(What::kProvider, "google"), (TallyCounts{.failed = 1, .refused = 1}));
  EXPECT_EQ(Of(What::kRefusal, "google"), (TallyCounts{.failed = 1, .refused = 1}));
  Event hard = Refused("google");
  hard.reason = Reason::kNoSuchUser;
  hard.bounce_class = BounceClass::kHard;
  hard.policy_rule = PolicyRule::kHardCertain;
  hard.answer.is_refusal = false;
  Count(hard);
  EXPECT_EQ(Of(What::kStream, "news"), (TallyCounts{.failed = 2, .hard = 1, .refused = 1}));
  EXPECT_EQ(Of(What::kRefusal, "google").refused, 1U);
}

TEST_F(TalliesTest, OnlyWhatTheMailSystemReportsIsADelivery) {
  Event delivery = Refused("google");
  delivery.kind = Kind::kDelivery;
  delivery.reason = Reason::kDelivered;
  delivery.policy_rule = PolicyRule::kDelivery;
  Count(delivery);
  EXPECT_EQ(Of(What::kStream, "news"), TallyCounts{});
  delivery.trust = Trust::kLocal;
  delivery.answer.is_known = true;
  Count(delivery);
  EXPECT_EQ(Of(What::kStream, "news"), (TallyCounts{.delivered = 1}));
  EXPECT_EQ(Of(What::kProvider, "google"), (TallyCounts{.delivered = 1}));
  // A domain that no table names is counted from its first failure on.
  delivery.answer = {.provider = "shop.example"};
  Count(delivery);
  EXPECT_EQ(Of(What::kProvider, "shop.example"), TallyCounts{});
  Count(Refused("shop.example"));
  Count(delivery);
  EXPECT_EQ(Of(What::kProvider, "shop.example"),
            (TallyCounts{.delivered = 1, .failed = 1, .refused = 1}));
}

TEST_F(TalliesTest, OnlyTheFirstComplaintOfAnAddressCounts) {
  Event complaint = Refused("google");
  complaint.kind = Kind::kComplaint;
  complaint.reason = Reason::kComplaintAbuse;
  complaint.policy_rule = PolicyRule::kComplaint;
  complaint.effect = Effect::kSuppressed;
  Count(complaint);
  complaint.effect = Effect::kNone;
  Count(complaint);
  EXPECT_EQ(Of(What::kStream, "news"), (TallyCounts{.complaints = 1}));
}

// A session's refusal and its report are one, and so is whatever one return path is written to.
TEST_F(TalliesTest, OneAddressCountsOnceInAWhile) {
  const auto refused = [&](absl::Time now) {
    tallies_.Begin();
    tallies_.Count(Mail(), Refused("google"), 7, now);
    tallies_.Count(Mail(), Refused("google"), 7, now);
    tallies_.Commit(now);
  };
  refused(Noon());
  EXPECT_EQ(Of(What::kRefusal, "google").refused, 1U);
  refused(Noon() + absl::Minutes(30));
  EXPECT_EQ(Of(What::kRefusal, "google").refused, 1U);
  refused(Noon() + absl::Minutes(61));  // what was counted before is forgotten in two steps
  Count(Refused("google"), Noon() + absl::Minutes(92));
  refused(Noon() + absl::Minutes(93));
  EXPECT_EQ(Of(What::kRefusal, "google").refused, 3U);
  Event again = Refused("google");
  again.policy_rule = PolicyRule::kSameMessage;
  Count(again, Noon() + absl::Minutes(93));
  EXPECT_EQ(Of(What::kRefusal, "google").refused, 3U);
}

TEST_F(TalliesTest, WhatIsOlderThanADayIsNoNews) {
  Count(Refused("google"), Noon() + 24 * kHour);
  EXPECT_EQ(Of(What::kRefusal, "google").refused, 1U);
  Count(Refused("yahoo"), Noon() + 24 * kHour + absl::Seconds(1));
  EXPECT_EQ(Of(What::kRefusal, "yahoo").refused, 0U);
  // What a clock dates ahead is of now.
  Count(Refused("apple"), Noon() - kHour);
  EXPECT_EQ(Of(What::kRefusal, "apple", Noon() - kHour).refused, 1U);
}

TEST_F(TalliesTest, T9WhatNobodyVouchesForIsCountedApart) {
  Event event = Refused("google");
  event.trust = Trust::kUnverified;
  event.policy_rule = PolicyRule::kTrustTooLow;
  Count(event);
  // Where an operator lets it act, it is nobody's word all the same.
  event.policy_rule = PolicyRule::kBlock;
  Count(event);
  Message unsigned_mail = Mail();
  unsigned_mail.trust = Trust::kUnverified;
  event.policy_rule = PolicyRule::kNoAddress;
  event.address.reset();
  tallies_.Count(unsigned_mail, event, 0, Noon());
  tallies_.Count(Mail(), event, 0,
                 Noon());  // the further recipient of a report that is vouched for
  tallies_.Commit(Noon());
  EXPECT_EQ(tallies_.entries().size(), 1U) << "it makes no other entry";
  EXPECT_EQ(Of(What::kUnverified, ""), (TallyCounts{.unverified = 3}));
  Count(Refused("google"));
  event = Refused("google");
  event.policy_rule = PolicyRule::kTrustTooLow;
  Count(event);
  EXPECT_EQ(Of(What::kProvider, "google"),
            (TallyCounts{.failed = 1, .refused = 1, .unverified = 1}));
  EXPECT_EQ(Of(What::kRefusal, "google"), (TallyCounts{.failed = 1, .refused = 1}));
}

TEST_F(TalliesTest, NothingIsKeptOfATransactionThatFailed) {
  tallies_.Begin();
  tallies_.Count(Mail(), Refused("google"), 7, Noon());
  tallies_.RollBack();
  tallies_.Commit(Noon());
  EXPECT_TRUE(tallies_.entries().empty());
  tallies_.Count(Mail(), Refused("google"), 7, Noon());
  tallies_.Commit(Noon());
  EXPECT_EQ(Of(What::kRefusal, "google").refused, 1U);
}

TEST_F(TalliesTest, DomainsHaveABoundThatLeavesRoomForProviders) {
  constexpr std::size_t kMost = Tallies::kMaxRefusals - Tallies::kReserved;
  for (std::size_t i = 0; i < kMost; ++i) {
    tallies_.Count(Mail(), Refused(absl::StrCat("d", i, ".example"), ""), ++address_, Noon());
  }
  tallies_.Commit(Noon());
  EXPECT_EQ(tallies_.entries().size(), 2 * kMost + 1);
  EXPECT_EQ(tallies_.uncounted(), 0);
  Count(Refused("more.example"));
  EXPECT_EQ(tallies_.uncounted(), 2);
  EXPECT_EQ(tallies_.entries().size(), 2 * kMost + 1);
  Event event = Refused("google");
  event.answer.is_known = true;
  Count(event);
  EXPECT_EQ(tallies_.uncounted(), 2);
  EXPECT_EQ(Of(What::kRefusal, "google").refused, 1U);
  // An hour later all but the stream is over.
  tallies_.Tended(Noon() + kHour + Tally::kSlot);
  EXPECT_EQ(tallies_.entries().size(), 1U);
  Count(Refused("more.example"), Noon() + kHour + Tally::kSlot);
  EXPECT_EQ(tallies_.uncounted(), 2);
}

TEST_F(TalliesTest, BeyondABoundSendersAreCountedTogether) {
  for (int i = 0; i < Tallies::kMaxSenders; ++i) {
    Count(Refused("google", absl::StrCat("192.0.2.", i)));
  }
  Count(Refused("google", "198.51.100.1"));
  Count(Refused("google", "198.51.100.2"));
  const TallyKey together{What::kRefusal, "t", "google", "", Reason::kSenderIpBlocked};
  ASSERT_NE(tallies_.Find(together), nullptr);
  EXPECT_EQ(tallies_.Find(together)->fresh.refused, 2U);
  Count(Refused("google", "192.0.2.7"));
  EXPECT_EQ(Of(What::kRefusal, "google").refused, 2U);
  // In one transaction as well.
  for (int i = 0; i < Tallies::kMaxSenders + 3; ++i) {
    tallies_.Count(Mail(), Refused("yahoo", absl::StrCat("192.0.2.", i)), ++address_, Noon());
  }
  tallies_.Commit(Noon());
  const Tallies::Entry* rest =
      tallies_.Find({What::kRefusal, "t", "yahoo", "", Reason::kSenderIpBlocked});
  ASSERT_NE(rest, nullptr);
  EXPECT_EQ(rest->fresh.refused, 3U);
}

TEST_F(TalliesTest, KeepsFewSamplesThatDiffer) {
  Event event = Refused("google");
  for (const char* sample : {"one", "one", "", "two", "three", "four"}) {
    event.answer.sample = sample;
    event.answer.code = absl::StrCat("C", sample);
    Count(event);
  }
  const Tallies::Entry* entry =
      tallies_.Find({What::kRefusal, "t", "google", "192.0.2.7", Reason::kSenderIpBlocked});
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->samples, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(entry->code, "Cfour");
}

}  // namespace
}  // namespace bounced
