#include "parser/text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

namespace bounced {
namespace {

constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();

TEST(FoldCase, FoldsAsciiLettersOnly) {
  EXPECT_EQ(FoldCase("AZaz@[`{\xC3\x84"), "azaz@[`{\xC3\x84");
}

TEST(EqualsIgnoringCase, ComparesWholeStrings) {
  EXPECT_TRUE(EqualsIgnoringCase("Final-Recipient", "fINAL-rECIPIENT"));
  EXPECT_FALSE(EqualsIgnoringCase("Final", "Final-Recipient"));
  EXPECT_FALSE(EqualsIgnoringCase("a@", "a`"));
  EXPECT_TRUE(EqualsIgnoringCase("", ""));
}

TEST(StartsWithIgnoringCase, NeedsTheWholePrefix) {
  EXPECT_TRUE(StartsWithIgnoringCase("RFC822;a@b", "rfc822"));
  EXPECT_FALSE(StartsWithIgnoringCase("rfc", "rfc822"));
}

TEST(FindIgnoringCase, FindsTheFirstFromAPlaceOn) {
  EXPECT_EQ(FindIgnoringCase("xxRCPT TO, rcpt to", "rcpt to"), 2u);
  EXPECT_EQ(FindIgnoringCase("xxRCPT TO, rcpt to", "rcpt to", 3), 11u);
  EXPECT_EQ(FindIgnoringCase("xxRCPT T", "rcpt to"), std::string_view::npos);
  EXPECT_EQ(FindIgnoringCase("ab", "b", 2), std::string_view::npos);
  EXPECT_EQ(FindIgnoringCase("ab", "b", 3), std::string_view::npos);
}

TEST(StripBlanks, StripsBothEnds) {
  EXPECT_EQ(StripBlanks(" \t\r\n a b \r\n"), "a b");
  EXPECT_EQ(StripBlanks(" \t"), "");
}

struct Utf8Case {
  std::string_view name;
  std::string_view text;
  std::string_view shown;
  bool valid;
};
class Utf8Test : public testing::TestWithParam<Utf8Case> {};

TEST_P(Utf8Test, IsJudgedAndShown) {
  EXPECT_EQ(IsValidUtf8(GetParam().text), GetParam().valid);
  EXPECT_EQ(Presentable(GetParam().text, kNoBound), GetParam().shown);
}
INSTANTIATE_TEST_SUITE_P(D100, Utf8Test,
                         testing::ValuesIn<Utf8Case>({
                             {"Empty", "", "", true},
                             {"Ascii", "no such user", "no such user", true},
                             {"TwoThreeAndFourOctets", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80",
                              "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", true},
                             {"Nul", std::string_view("a\0b", 3), "a\\x{0}b", true},
                             {"TabAndNewline", "a\tb\r\n", "a\\x{9}b\\x{D}\\x{A}", true},
                             {"Escape", "\x1B[31m", "\\x{1B}[31m", true},
                             {"Delete", "\x7F", "\\x{7F}", true},
                             {"C1Control", "\xC2\x85", "\\x{85}", true},
                             {"RightToLeftOverride", "a\xE2\x80\xAE\x62", "a\\x{202E}b", true},
                             {"BidirectionalIsolate", "\xE2\x81\xA6", "\\x{2066}", true},
                             {"LineSeparator", "\xE2\x80\xA8", "\\x{2028}", true},
                             {"Latin1", "unzul\xE4ssig", "unzul\xEF\xBF\xBDssig", false},
                             {"Overlong", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD", false},
                             {"Surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD",
                              false},
                             {"BeyondUnicode", "\xF4\x90\x80\x80",
                              "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", false},
                             {"CutCharacter", "a\xE2\x82", "a\xEF\xBF\xBD", false},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Presentable, CutsOnACharacter) {
  EXPECT_EQ(Presentable("abc", 2), "ab");
  EXPECT_EQ(Presentable("abc", 3), "abc");
  EXPECT_EQ(Presentable("abc", 4), "abc");
  EXPECT_EQ(Presentable("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(Presentable("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
  EXPECT_EQ(Presentable("a\x1B", 6), "a");
  EXPECT_EQ(Presentable("a\x1B", 7), "a\\x{1B}");
  EXPECT_EQ(Presentable("a", 0), "");
}

TEST(Presentable, TellsWhetherItCut) {
  EXPECT_TRUE(Present("abc", 2).is_cut);
  EXPECT_FALSE(Present("abc", 3).is_cut);
  EXPECT_TRUE(Present("a\xE2\x82\xAC", 3).is_cut);
  EXPECT_FALSE(Present("a\xE2\x82\xAC", 4).is_cut);
  EXPECT_TRUE(Present("a\x1B", 6).is_cut);
  EXPECT_FALSE(Present("a\x1B", 7).is_cut);
  EXPECT_TRUE(Present("a", 0).is_cut);
  EXPECT_FALSE(Present("", 0).is_cut);
}

}  // namespace
}  // namespace bounced
