#include "storage/records.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

namespace bounced {
namespace {

struct DayCase {
  std::string_view name;
  absl::Time time;
  Day day;
};
class DayOfTest : public testing::TestWithParam<DayCase> {};

TEST_P(DayOfTest, CountsWholeUtcDays) { EXPECT_EQ(DayOf(GetParam().time), GetParam().day); }
INSTANTIATE_TEST_SUITE_P(
    , DayOfTest,
    testing::ValuesIn<DayCase>({
        {"Epoch", absl::UnixEpoch(), 0},
        {"LastNanosecondOfADay", absl::FromUnixSeconds(86'400) - absl::Nanoseconds(1), 0},
        {"FirstInstantOfADay", absl::FromUnixSeconds(86'400), 1},
        {"JustBeforeTheEpoch", absl::UnixEpoch() - absl::Nanoseconds(1), -1},
        {"ADayBeforeTheEpoch", absl::FromUnixSeconds(-86'400), -1},
        {"MoreThanADayBefore", absl::FromUnixSeconds(-86'401), -2},
        {"TheIndexEpoch", absl::FromCivil(absl::CivilDay(2020, 1, 1), absl::UTCTimeZone()), 18'262},
        {"InfiniteFuture", absl::InfiniteFuture(), std::numeric_limits<Day>::max()},
        {"InfinitePast", absl::InfinitePast(), std::numeric_limits<Day>::min()},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(StartOf, IsTheFirstInstantOfItsDay) {
  for (Day day : {-2, -1, 0, 1, 18'262, 2'000'000}) {
    EXPECT_EQ(DayOf(StartOf(day)), day);
    EXPECT_EQ(DayOf(StartOf(day) - absl::Nanoseconds(1)), day - 1);
  }
}

// Stored numbers must have a name of their own each: Explain shows it, and history keeps it.
template <typename Enum>
void ExpectDistinctNames(int first, int last, int how_many) {
  std::set<std::string_view> names;
  for (int number = first; number <= last; ++number) {
    std::string_view name = ToString(static_cast<Enum>(number));
    if (name != "unknown") names.insert(name);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(how_many));
}

TEST(Names, AreCompleteAndDistinct) {
  ExpectDistinctNames<Trust>(0, 255, 5);
  ExpectDistinctNames<Effect>(0, 255, 4);
  ExpectDistinctNames<PolicyRule>(0, 255, 21);
  ExpectDistinctNames<Source>(0, 255, 5);
  ExpectDistinctNames<Verdict>(0, 255, 4);
  EXPECT_EQ(ToString(PolicyRule::kHardConfirmed), "hard_confirmed");
  EXPECT_EQ(ToString(Source::kUnsubscribe), "unsubscribe");
}

}  // namespace
}  // namespace bounced
