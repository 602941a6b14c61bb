#include "parser/dsn/reported_name.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view value;
  std::string_view want;
};
std::string NameOf(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.name);
}

class ReportedAddressTest : public testing::TestWithParam<Case> {};

TEST_P(ReportedAddressTest, IsCleaned) {
  EXPECT_EQ(ReportedAddress(GetParam().value, 1000), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    D38_D39_D40_D41_D42, ReportedAddressTest,
    testing::ValuesIn<Case>({
        {"Plain", "rfc822;a@b.example", "a@b.example"},
        {"CapitalsAndBlanks", " RFC822 ; A@b.example ", "A@b.example"},
        {"NoType", "a@b.example", "a@b.example"},
        {"NoTypeInBrackets", "<a@b.example>", "a@b.example"},
        {"ColonForSemicolon", "rfc822:a@b.example", "a@b.example"},
        {"TypeTwice", "RFC822;RFC822;a@b.example", "a@b.example"},
        {"Brackets", "rfc822; <a@b.example>", "a@b.example"},
        {"NameAndBrackets", "rfc822; User <a@b.example>", "a@b.example"},
        {"BracketsWithoutEnd", "rfc822; <a@b.example", "a@b.example"},
        {"TrailingDot", "rfc822; a@b.example.", "a@b.example"},
        {"TrailingComma", "rfc822; a@b.example,", "a@b.example"},
        {"ApostrophesAround", "rfc822; 'a@b.example'", "a@b.example"},
        {"QuotesAround", R"(rfc822;"a@b.example")", "a@b.example"},
        {"Comment", "rfc822; a@b.example (no such user)", "a@b.example"},
        {"Folded", "rfc822;\r\n a@b.example", "a@b.example"},
        {"EncodedWord", "rfc822; =?utf-8?Q?=C3=A4=40b=2Eexample?=", "\xC3\xA4@b.example"},
        {"EncodedWordAsALocalPart", "rfc822; =?utf-8?B?w6Q=?=@b.example",
         "=?utf-8?B?w6Q=?=@b.example"},
        {"PlusStays", "rfc822; user+AB@b.example", "user+AB@b.example"},
        {"XtextStays", "rfc822; original+2Bname@b.example", "original+2Bname@b.example"},
        {"Quoted", R"(rfc822;"a b"@b.example)", R"("a b"@b.example)"},
        {"QuotedBrackets", R"(rfc822;"<a>"@b.example)", R"("<a>"@b.example)"},
        {"QuotedSemicolon", R"("a;b"@b.example)", R"("a;b"@b.example)"},
        {"QuotedParenthesis", R"(rfc822;"a(b"@b.example)", R"("a(b"@b.example)"},
        {"SourceRoute", "rfc822; @c.example,@d.example:a@b.example", "a@b.example"},
        {"PercentRoute", "rfc822; a%b.example@c.example", "a%b.example@c.example"},
        {"BangRoute", "rfc822; host!a", "host!a"},
        {"Literal", "rfc822; a@[192.0.2.1]", "a@[192.0.2.1]"},
        {"Unitext", R"(utf-8;utf8-\x{43F}\x{43E}@b.example)", "utf8-\xD0\xBF\xD0\xBE@b.example"},
        {"RawUtf8", "utf-8; \xD0\xBF@b.example", "\xD0\xBF@b.example"},
        {"UnitextOfRfc822Stays", R"(rfc822;\x{43F}@b.example)", R"(\x{43F}@b.example)"},
        {"Latin1", "rfc822; \xFC@b.example", "\xC3\xBC@b.example"},
        {"X400", "x400; /G=A/S=B/", "/G=A/S=B/"},
        {"LegacyDn", "rfc822; /O=ORG/OU=X/CN=USER", "/O=ORG/OU=X/CN=USER"},
        {"BareUser", "rfc822; user", "user"},
        {"UnknownWithAt", "unknown; a@b.example", "unknown;a@b.example"},
        {"LocalWithAt", "X-Local; a@b.example", "x-local;a@b.example"},
        {"Control", "rfc822; a\x01@b", "a\\x{1}@b"},
        {"Empty", "", ""},
        {"TypeOnly", "rfc822;", ""},
    }),
    NameOf);

TEST(ReportedAddress, IsBounded) {
  const std::string value = "rfc822;" + std::string(100, 'a');
  EXPECT_EQ(ReportedAddress(value, 99).size(), 99u);
  EXPECT_EQ(ReportedAddress(value, 100).size(), 100u);
  EXPECT_EQ(ReportedAddress(value, 101).size(), 100u);
}

class WithoutCommentsTest : public testing::TestWithParam<Case> {};
TEST_P(WithoutCommentsTest, KeepsTheRest) {
  EXPECT_EQ(WithoutComments(GetParam().value), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(D22, WithoutCommentsTest,
                         testing::ValuesIn<Case>({
                             {"None", "failed", "failed"},
                             {"One", "failed (for good)", "failed "},
                             {"Nested", "a(b(c)d)e", "ae"},
                             {"BackslashPairs", R"(a(b\)c\(d)e)", "ae"},
                             {"InQuotes", R"("a(b)c"d)", R"("a(b)c"d)"},
                             {"QuoteInAComment", R"(a(")b)", "ab"},
                             {"WithoutEnd", "a(b", "a(b"},
                             {"CloseOnly", "a)b", "a)b"},
                         }),
                         NameOf);

class DecodeUnitextTest : public testing::TestWithParam<Case> {};
TEST_P(DecodeUnitextTest, TakesTwoToSixDigits) {
  EXPECT_EQ(DecodeUnitext(GetParam().value), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(D41, DecodeUnitextTest,
                         testing::ValuesIn<Case>({
                             {"OneDigit", R"(\x{4})", R"(\x{4})"},
                             {"TwoDigits", R"(\x{2B})", "+"},
                             {"LowerCase", R"(\x{e4})", "\xC3\xA4"},
                             {"SixDigits", R"(\x{10FFFF})", "\xF4\x8F\xBF\xBF"},
                             {"SevenDigits", R"(\x{000041F})", R"(\x{000041F})"},
                             {"TooLarge", R"(\x{110000})", R"(\x{110000})"},
                             {"Surrogate", R"(\x{D800})", R"(\x{D800})"},
                             {"NoEnd", R"(\x{43F)", R"(\x{43F)"},
                             {"NoDigits", R"(\x{zz})", R"(\x{zz})"},
                             {"AtTheEnd", R"(a\x{)", R"(a\x{)"},
                         }),
                         NameOf);

TEST(DecodeOctal, UndoesOctetsBeyondAscii) {
  EXPECT_EQ(DecodeOctal(R"(utf8-\320\277@b.example)"), "utf8-\xD0\xBF@b.example");
  EXPECT_EQ(DecodeOctal(R"(\101\400\38)"), R"(\101\400\38)");
  EXPECT_EQ(DecodeOctal(R"(\377\)"), "\xFF\\");
}

TEST(ReportedHost, D28TakesTypeAndCommentsOff) {
  EXPECT_EQ(ReportedHost("dns; mx.example.net (192.0.2.1)", 100), "mx.example.net");
  EXPECT_EQ(ReportedHost("DNS;[192.0.2.1]", 100), "[192.0.2.1]");
  EXPECT_EQ(ReportedHost("Mx.Example.net", 100), "Mx.Example.net");
  EXPECT_EQ(ReportedHost("dns; mx.example\r\n (TCP|192.0.2.1)\r\n (x)", 100), "mx.example");
}

TEST(SplitType, NeedsATokenInFront) {
  EXPECT_EQ(SplitType("smtp; 550 no").type, "smtp");
  EXPECT_EQ(SplitType("X-Postfix; no").type, "x-postfix");
  EXPECT_EQ(SplitType("550 no such user; sorry").type, "");
  EXPECT_EQ(SplitType("550 no such user; sorry").value, "550 no such user; sorry");
  EXPECT_EQ(SplitType("smtp; x-unix; no").type, "smtp");
  EXPECT_EQ(SplitType("smtp; x-unix; no").value, "x-unix; no");
}

}  // namespace
}  // namespace bounced
