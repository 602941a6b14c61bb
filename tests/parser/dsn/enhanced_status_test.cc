#include "parser/dsn/enhanced_status.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view text;
  std::string_view want;  // empty: none found
};
std::string NameOf(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.name);
}

class FindEnhancedStatusTest : public testing::TestWithParam<Case> {};

TEST_P(FindEnhancedStatusTest, FindsTheFirstThatStandsAlone) {
  const auto found = FindEnhancedStatus(GetParam().text, 0);
  EXPECT_EQ(found ? ToString(found->value) : "", GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(D56, FindEnhancedStatusTest,
                         testing::ValuesIn<Case>({
                             {"Alone", "5.1.1", "5.1.1"},
                             {"BehindACode", "550 5.1.1 no such user", "5.1.1"},
                             {"BehindAMark", "550-5.1.1 no such user", "5.1.1"},
                             {"WithAHash", "no such user (#5.1.1)", "5.1.1"},
                             {"WithAColon", "#5.1.1:", "5.1.1"},
                             {"AtTheEndOfASentence", "It was 5.1.1.", "5.1.1"},
                             {"BehindForeignLetters", "\xE7\x8C\xAB\x35.1.1", "5.1.1"},
                             {"TheFirst", "5.1.1 then 5.2.2", "5.1.1"},
                             {"ThreeDigits", "4.999.999 x", "4.999.999"},
                             {"FourDigits", "4.1000.1 x", ""},
                             {"FourDigitsAtTheEnd", "4.1.1000 x", ""},
                             {"Success", "2.1.5 ok", "2.1.5"},
                             {"OtherClass", "3.1.1 x", ""},
                             {"InAnIpAddress", "host 5.1.1.9 said no", ""},
                             {"AnIpAddressBefore", "[192.5.1.1] 5.2.1", "5.2.1"},
                             {"InALongerNumber", "15.1.1", ""},
                             {"AVersion", "v5.1.1", ""},
                             {"APatchedVersion", "4.2.1-2", ""},
                             {"InAPath", "/5.1.1/", ""},
                             {"InAnAddress", "5.1.1@example.net", ""},
                             {"InAQuery", "https://h.example/?c=5.1.1", ""},
                             {"ALetterBehind", "5.1.1a", ""},
                             {"TwoNumbers", "5.1", ""},
                             {"NoDigits", "5..", ""},
                             {"Empty", "", ""},
                         }),
                         NameOf);

TEST(FindEnhancedStatus, SaysWhereItStands) {
  const auto found = FindEnhancedStatus("550 5.7.26 no", 100);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->where.offset, 104u);
  EXPECT_EQ(found->where.length, 6u);
}

class ParseStatusFieldTest : public testing::TestWithParam<Case> {};

TEST_P(ParseStatusFieldTest, ToleratesWhatHostsWrite) {
  const auto status = ParseStatusField(GetParam().text);
  EXPECT_EQ(status ? ToString(*status) : "", GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(D50, ParseStatusFieldTest,
                         testing::ValuesIn<Case>({
                             {"Plain", "5.1.1", "5.1.1"},
                             {"Blanks", "  5.1.1 ", "5.1.1"},
                             {"BlanksInside", "5 . 1 . 1", "5.1.1"},
                             {"LeadingZeros", "5.01.001", "5.1.1"},
                             {"LeadingZeroOfTheClass", "05.1.1", "5.1.1"},
                             {"DotBehind", "5.1.1.", "5.1.1"},
                             {"Comment", "5.0.0 (permanent failure)", "5.0.0"},
                             {"CommentAtOnce", "5.0.0(permanent failure)", "5.0.0"},
                             {"Text", "4.4.1 No answer", "4.4.1"},
                             {"ThreeDigits", "5.7.708", "5.7.708"},
                             {"CutQuotedPrintable", "5.=", ""},
                             {"Class3", "3.1.1", ""},
                             {"TwoNumbers", "5.0", ""},
                             {"AReply", "553 Exceeded maximum inbound message size", ""},
                             {"FourNumbers", "5.1.1.9", ""},
                             {"Mbox", "RO", ""},
                             {"Empty", "", ""},
                         }),
                         NameOf);

TEST(IsGeneric, IsWhatTellsNothing) {
  for (const EnhancedStatus status :
       {EnhancedStatus{5, 0, 0}, {4, 0, 0}, {2, 0, 0}, {5, 3, 0}, {4, 4, 7}}) {
    EXPECT_TRUE(IsGeneric(status)) << ToString(status);
  }
  for (const EnhancedStatus status : {EnhancedStatus{5, 1, 0}, {4, 3, 0}, {5, 4, 7}, {5, 1, 1}}) {
    EXPECT_FALSE(IsGeneric(status)) << ToString(status);
  }
}

}  // namespace
}  // namespace bounced
