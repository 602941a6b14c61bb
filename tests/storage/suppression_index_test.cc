#include "storage/suppression_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace bounced {
namespace {

constexpr Day kToday = 20'000;
const absl::Time kNoon = StartOf(kToday) + absl::Hours(12);

// An expiry and how it is answered around it.
struct ExpiryCase {
  std::string_view name;
  absl::Time expire_time;
  absl::Time now;
  IndexAnswer want;
};
class ExpiryTest : public testing::TestWithParam<ExpiryCase> {};

TEST_P(ExpiryTest, IsForTheRowsOnItsDay) {
  SuppressionIndex index(1);
  index.Publish(index.Hash("t", "", "a@example.net"),
                {.suppressed_until = IndexEntry::FirstDayWithout(GetParam().expire_time)});
  EXPECT_EQ(index.Check("t", "", "a@example.net", GetParam().now), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    , ExpiryTest,
    testing::ValuesIn<ExpiryCase>({
        {"TheDayBefore", kNoon, StartOf(kToday) - absl::Nanoseconds(1), IndexAnswer::kSuppressed},
        {"FromMidnightOn", kNoon, StartOf(kToday), IndexAnswer::kAskRows},
        {"AtTheVeryTime", kNoon, kNoon, IndexAnswer::kAskRows},
        {"UntilTheDayEnds", kNoon, StartOf(kToday + 1) - absl::Nanoseconds(1),
         IndexAnswer::kAskRows},
        {"TheDayAfter", kNoon, StartOf(kToday + 1), IndexAnswer::kSend},
        {"AtMidnightTheLastDayIsForTheRows", StartOf(kToday), StartOf(kToday - 1),
         IndexAnswer::kAskRows},
        {"AtMidnightItsOwnDayIsFree", StartOf(kToday), StartOf(kToday), IndexAnswer::kSend},
        {"NeverEnds", absl::InfiniteFuture(), kNoon + absl::Hours(24 * 365 * 200),
         IndexAnswer::kSuppressed},
        {"BeforeTheEpochIsOver", StartOf(IndexEntry::kEpochDay), kNoon, IndexAnswer::kSend},
        {"LongOver", absl::InfinitePast(), kNoon, IndexAnswer::kSend},
        {"BeyondWhatFitsIsForEver", StartOf(IndexEntry::kEpochDay + 0xFFFF),
         kNoon + absl::Hours(24 * 365 * 200), IndexAnswer::kSuppressed},
        {"TheLastDayThatFits", StartOf(IndexEntry::kEpochDay + 0xFFFE),
         StartOf(IndexEntry::kEpochDay + 0xFFFE), IndexAnswer::kSend},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SuppressionIndex, TakesTheStrongestOfTenantAndStream) {
  SuppressionIndex index(7);
  IndexEntry forever{.suppressed_until = IndexEntry::kForever};
  IndexEntry risky{.risky_until = IndexEntry::FirstDayWithout(kToday + 1)};
  index.Publish(index.Hash("t", "", "risky@example.net"), risky);
  index.Publish(index.Hash("t", "news", "risky@example.net"), forever);
  EXPECT_EQ(index.Check("t", "", "risky@example.net", kNoon), IndexAnswer::kRisky);
  EXPECT_EQ(index.Check("t", "news", "risky@example.net", kNoon), IndexAnswer::kSuppressed);
  EXPECT_EQ(index.Check("t", "bills", "risky@example.net", kNoon), IndexAnswer::kRisky);
  EXPECT_EQ(index.Check("u", "news", "risky@example.net", kNoon), IndexAnswer::kSend);
  EXPECT_TRUE(index.IsRisky("t", "news", "risky@example.net", kNoon));
  EXPECT_FALSE(index.IsRisky("t", "news", "risky@example.net", StartOf(kToday + 1)));
  EXPECT_EQ(index.Check("t", "", "risky@example.net", StartOf(kToday + 1)), IndexAnswer::kSend);
}

TEST(SuppressionIndex, AnEntryOfZerosRemoves) {
  SuppressionIndex index(7);
  std::uint64_t hash = index.Hash("t", "", "a@example.net");
  index.Publish(hash, {.suppressed_until = IndexEntry::kForever});
  EXPECT_EQ(index.size(), 1u);
  index.Publish(hash, {});
  EXPECT_EQ(index.size(), 0u);
  EXPECT_EQ(index.Find(hash), IndexEntry{});
}

TEST(SuppressionIndex, TheLoaderKeepsTheLaterOfEachDay) {
  SuppressionIndex index(7);
  SuppressionIndex::Loader loader(index);
  loader.Add(5 << 1, {.suppressed_until = 10, .risky_until = 30});
  loader.Add(6 << 1, {});
  loader.Add(5 << 1, {.suppressed_until = 20, .risky_until = 3});
  loader.Finish();
  EXPECT_EQ(index.Find(5 << 1), (IndexEntry{.suppressed_until = 20, .risky_until = 30}));
  EXPECT_EQ(index.Find(6 << 1), IndexEntry{});
  EXPECT_EQ(index.size(), 1u);
  EXPECT_GT(index.octets(), 0u);
}

TEST(SuppressionIndex, HashTellsApartWhatOnlyLooksTheSameJoined) {
  SuppressionIndex index(7);
  EXPECT_NE(index.Hash("ab", "c", "d"), index.Hash("a", "bc", "d"));
  EXPECT_NE(index.Hash("a", "b", "cd"), index.Hash("a", "bc", "d"));
  EXPECT_NE(index.Hash("a", "", "b"), index.Hash("", "a", "b"));
  EXPECT_NE(index.Hash("a", "b", "c"), SuppressionIndex(8).Hash("a", "b", "c"));
}

TEST(SuppressionIndex, HashIsTheSameInAndOutOfTheUsualBuffer) {
  SuppressionIndex index(7);
  // Rows hold these numbers: another function would orphan them.
  EXPECT_EQ(index.Hash("t", "s", "a@example.net"), 7990489840387082875u);
  // 3 * 4 octets of lengths, tenant 1, stream 1: 498 fill the buffer of 512 exactly.
  for (std::size_t octets : {497u, 498u, 499u, 2'000u}) {
    std::string address(octets, 'a');
    std::uint64_t hash = index.Hash("t", "s", address);
    EXPECT_EQ(hash, index.Hash("t", "s", address));
    address.back() = 'b';
    EXPECT_NE(hash, index.Hash("t", "s", address));
  }
}

TEST(SuppressionIndex, ReadersBesideTheWriterSeeTheOldOrTheNew) {
  SuppressionIndex index(7);
  constexpr int kAddresses = 2'000;
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  std::atomic<int> wrong = 0;
  std::uint64_t watched = index.Hash("t", "", "watched@example.net");
  index.Publish(watched, {.suppressed_until = 100, .risky_until = 100});
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        IndexEntry entry = index.Find(watched);
        if (entry.suppressed_until != entry.risky_until) ++wrong;
      }
    });
  }
  for (int i = 0; i < kAddresses; ++i) {
    auto day = static_cast<std::uint16_t>(100 + i);
    index.Publish(watched, {.suppressed_until = day, .risky_until = day});
    index.Publish(index.Hash("t", "", std::to_string(i)), {.risky_until = 1});
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(index.size(), kAddresses + 1u);
}

}  // namespace
}  // namespace bounced
