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

Suppression OfStream(std::string_view stream, Source source) {
  return {.tenant = "t",
          .stream = std::string(stream),
          .address = *Address::Parse("r@example.net"),
          .source = source,
          .reason = "no_such_user",
          .bounce_class = BounceClass::kHard,
          .create_time = absl::UnixEpoch(),
          .expire_time = absl::InfiniteFuture(),
          .event_id = 7,
          .explanation = ""};
}

TEST(FindSameKey, GoesByStreamAndSource) {
  const Suppression all[] = {OfStream("", Source::kBounce), OfStream("a", Source::kBounce),
                             OfStream("a", Source::kManual)};
  EXPECT_EQ(FindSameKey(all, OfStream("a", Source::kBounce)), &all[1]);
  EXPECT_EQ(FindSameKey(all, OfStream("a", Source::kManual)), &all[2]);
  EXPECT_EQ(FindSameKey(all, OfStream("", Source::kManual)), nullptr);
  EXPECT_EQ(FindSameKey({}, all[0]), nullptr);
}

TEST(SaysTheSame, LooksAtAllButMayNameNoEvent) {
  const Suppression standing = OfStream("", Source::kBounce);
  Suppression next = standing;
  EXPECT_TRUE(SaysTheSame(next, standing));
  next.event_id = 0;
  EXPECT_TRUE(SaysTheSame(next, standing));
  EXPECT_FALSE(SaysTheSame(standing, next)) << "it names one where none was named";
  const auto differs = [&standing](auto Suppression::*field, auto value) {
    Suppression other = standing;
    other.*field = value;
    return !SaysTheSame(other, standing);
  };
  EXPECT_TRUE(differs(&Suppression::reason, "mailbox_full"));
  EXPECT_TRUE(differs(&Suppression::bounce_class, BounceClass::kSoft));
  EXPECT_TRUE(differs(&Suppression::create_time, absl::FromUnixSeconds(1)));
  EXPECT_TRUE(differs(&Suppression::expire_time, absl::FromUnixSeconds(1)));
  EXPECT_TRUE(differs(&Suppression::event_id, 8));
  EXPECT_TRUE(differs(&Suppression::explanation, "so"));
  EXPECT_TRUE(differs(&Suppression::incident_id, 1));
}

}  // namespace
}  // namespace bounced
