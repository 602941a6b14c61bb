#include "parser/date.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view text;
  std::string_view want;  // empty: no date
};
class DateTest : public testing::TestWithParam<Case> {};

TEST_P(DateTest, IsAnInstant) {
  const std::optional<absl::Time> time = ParseDate(GetParam().text);
  const std::string got =
      time ? absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", *time, absl::UTCTimeZone()) : "";
  EXPECT_EQ(got, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    D90_OfMail, DateTest,
    testing::ValuesIn<Case>({
        {"Usual", "Thu, 26 Nov 2026 13:07:58 +0100", "2026-11-26T12:07:58Z"},
        {"NoWeekday", "26 Nov 2026 13:07:58 -0330", "2026-11-26T16:37:58Z"},
        {"NoSeconds", "Thu, 26 Nov 2026 13:07 +0000", "2026-11-26T13:07:00Z"},
        {"NoZone", "Thu, 26 Nov 2026 13:07:58", "2026-11-26T13:07:58Z"},
        {"UnknownZone", "Thu, 26 Nov 2026 13:07:58 -0000", "2026-11-26T13:07:58Z"},
        {"Comment", "Thu, 26 Nov 2026 13:07:58 +0900 (JST)", "2026-11-26T04:07:58Z"},
        {"CommentsAnywhere", "Thu (a (b)), 26 (c) Nov 2026 13:07 (d) +0900",
         "2026-11-26T04:07:00Z"},
        {"Folded", "Thu,\r\n 26 Nov\r\n 2026 13:07:58 +0100", "2026-11-26T12:07:58Z"},
        {"OneDigit", "Thu,  5 Nov 2026 3:07:58 GMT", "2026-11-05T03:07:58Z"},
        {"Capitals", "THU, 26 NOV 2026 13:07:58 GMT", "2026-11-26T13:07:58Z"},
        {"TwoDigitYear", "26 Nov 26 13:07 GMT", "2026-11-26T13:07:00Z"},
        {"TwoDigitYear49", "26 Nov 49 13:07 UT", "2049-11-26T13:07:00Z"},
        {"TwoDigitYear50", "26 Nov 50 13:07 UTC", "1950-11-26T13:07:00Z"},
        {"ThreeDigitYear", "26 Nov 126 13:07 GMT", "2026-11-26T13:07:00Z"},
        {"NamedZone", "26 Nov 2026 13:07 EST", "2026-11-26T18:07:00Z"},
        {"NamedSummerZone", "26 Jun 2026 13:07 pdt", "2026-06-26T20:07:00Z"},
        {"MilitaryZone", "26 Nov 2026 13:07 A", "2026-11-26T13:07:00Z"},
        {"OtherName", "26 Nov 2026 13:07 XYZT", "2026-11-26T13:07:00Z"},
        {"ZoneAndItsName", "26 Nov 2026 13:07 +0100 CET", "2026-11-26T12:07:00Z"},
        {"TheOffsetGoesBeforeTheName", "26 Nov 2026 13:07 +1000 EST", "2026-11-26T03:07:00Z"},
        {"LeapSecond", "31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z"},
        {"LeapDay", "29 Feb 2024 00:00 +0000", "2024-02-29T00:00:00Z"},
        {"LongMonth", "26 November 2026 13:07 +0000", "2026-11-26T13:07:00Z"},
        {"OfCtime", "Thu Nov 26 13:07:58 2026", "2026-11-26T13:07:58Z"},
        {"OfDate", "Thu Nov 26 13:07:58 EST 2026", "2026-11-26T18:07:58Z"},
        {"OfRfc850", "Thursday, 26-Nov-26 13:07:58 GMT", "2026-11-26T13:07:58Z"},
        {"LongAgo", "1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00Z"},
    }),
    [](const auto& test) { return std::string(test.param.name); });
INSTANTIATE_TEST_SUITE_P(
    D90_Iso8601, DateTest,
    testing::ValuesIn<Case>({
        {"Utc", "2026-11-26T13:07:58Z", "2026-11-26T13:07:58Z"},
        {"Offset", "2026-11-26T13:07:58.25+01:00", "2026-11-26T12:07:58.25Z"},
        {"OffsetOfHours", "2026-11-26T13:07:58,5-05", "2026-11-26T18:07:58.5Z"},
        {"Blank", "2026-11-26 13:07:58 +0100", "2026-11-26T12:07:58Z"},
        {"NoZone", "2026-11-26t13:07", "2026-11-26T13:07:00Z"},
        {"Basic", "20261126T130758Z", "2026-11-26T13:07:58Z"},
        {"BasicWithoutSeconds", "20261126T1307+0100", "2026-11-26T12:07:00Z"},
        {"TooExact", "2026-11-26T13:07:58.1234567890123Z", "2026-11-26T13:07:58.123456789Z"},
    }),
    [](const auto& test) { return std::string(test.param.name); });
INSTANTIATE_TEST_SUITE_P(D90_NoDate, DateTest,
                         testing::ValuesIn<Case>({
                             {"Empty", "", ""},
                             {"Words", "yesterday at noon", ""},
                             {"NoTime", "26 Nov 2026", ""},
                             {"NoYear", "26 Nov 13:07", ""},
                             {"NoMonth", "26 2026 13:07", ""},
                             {"Day31", "31 Nov 2026 13:07 +0000", ""},
                             {"Day0", "0 Nov 2026 13:07 +0000", ""},
                             {"NoLeapDay", "29 Feb 2026 13:07 +0000", ""},
                             {"Hour24", "26 Nov 2026 24:07 +0000", ""},
                             {"Minute60", "26 Nov 2026 13:60 +0000", ""},
                             {"Second61", "26 Nov 2026 13:07:61 +0000", ""},
                             {"OneDigitMinute", "26 Nov 2026 13:7 +0000", ""},
                             {"OffsetOfMinutes", "26 Nov 2026 13:07 +0160", ""},
                             {"ShortOffset", "26 Nov 2026 13:07 +1", ""},
                             {"TwoTimes", "26 Nov 2026 13:07 13:08", ""},
                             {"ThreeNumbers", "26 Nov 2026 13:07 7", ""},
                             {"FiveDigits", "26 Nov 20260 13:07", ""},
                             {"Month13", "2026-13-26T13:07:58Z", ""},
                             {"OneHyphen", "2026-1126T13:07:58Z", ""},
                             {"NoTimeOfDay", "2026-11-26", ""},
                             {"HalfATime", "2026-11-26T13", ""},
                             {"NoFraction", "2026-11-26T13:07:58.Z", ""},
                             {"Octets", "\xFF\x00\x80", ""},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Date, D90IsNoLongerThanItsBound) {
  for (const std::size_t blanks : {70U, 1000U, 1'000'000U}) {
    const std::string text = "26 Nov 2026 13:07:58" + std::string(blanks, ' ') + "+0100";
    EXPECT_EQ(ParseDate(text).has_value(), text.size() <= 100) << blanks;
  }
  EXPECT_TRUE(ParseDate("26 Nov 2026 13:07 (" + std::string(1'000'000, 'x') + ")"));
}

}  // namespace
}  // namespace bounced
