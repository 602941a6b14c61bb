#include "server/smtp/path.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

#include "server/smtp/parameters.h"
#include "server/smtp/xtext.h"

namespace bounced::smtp {
namespace {

struct Case {
  std::string_view name;
  PathKind kind;
  std::string_view text;
  PathError error;
  std::string_view local_part;
  std::string_view domain;
  std::string_view rest;
};
constexpr PathKind kForward = PathKind::kForward;
constexpr PathKind kReverse = PathKind::kReverse;
constexpr PathError kNone = PathError::kNone;
constexpr PathError kSyntax = PathError::kSyntax;
constexpr PathError kAddress = PathError::kAddress;

const Case kCases[] = {
    {"Plain", kForward, "<a@b.example>", kNone, "a", "b.example", ""},
    {"WithParameters", kForward, "<a@b.example> X=1 Y", kNone, "a", "b.example", " X=1 Y"},
    {"WithoutBrackets", kReverse, "a@b.example X", kNone, "a", "b.example", " X"},
    {"Null", kReverse, "<> SIZE=1", kNone, "", "", " SIZE=1"},
    {"NullIsNoRecipient", kForward, "<>", kAddress, "", "", ""},
    {"AllAtext", kForward, "<!#$%&'*+-/=?^_`{|}~@b>", kNone, "!#$%&'*+-/=?^_`{|}~", "b", ""},
    {"DotsAnywhere", kReverse, "<.a..b.@b.example>", kNone, ".a..b.", "b.example", ""},
    {"QuotedBracket", kForward, "<\"a>b\"@b.example>", kNone, "a>b", "b.example", ""},
    {"QuotedAt", kForward, "<\"a@b\"@b.example>", kNone, "a@b", "b.example", ""},
    {"QuotedQuote", kForward, R"(<"a\"b\\c"@b.example>)", kNone, R"(a"b\c)", "b.example", ""},
    {"QuotedBlankUnbracketed", kReverse, "\"a b\"@b X", kNone, "a b", "b", " X"},
    {"QuotedPostmaster", kForward, "<\"postmaster\">", kNone, "postmaster", "", ""},
    {"EmptyQuotes", kForward, "<\"\"@b.example>", kAddress, "", "", ""},
    {"TextBehindQuotes", kForward, "<\"a\"b@b.example>", kAddress, "a", "", ""},
    {"EndsInBackslash", kForward, "<\"a\\", kSyntax, "", "", ""},
    {"TwoAts", kForward, "<a@b@c.example>", kAddress, "a", "b@c.example", ""},
    {"NoLocalPart", kForward, "<@b.example>", kAddress, "", "", ""},
    {"Comma", kForward, "<a,b@c.example>", kAddress, "a", "", ""},
    {"TrailingDot", kForward, "<a@b.example.>", kNone, "a", "b.example", ""},
    {"OnlyADot", kForward, "<a@.>", kAddress, "a", ".", ""},
    {"Underscore", kForward, "<a@_b.ex-ample>", kNone, "a", "_b.ex-ample", ""},
    {"Ipv4", kForward, "<a@[192.0.2.1]>", kNone, "a", "[192.0.2.1]", ""},
    {"Ipv6", kForward, "<a@[ipv6:::1]>", kNone, "a", "[ipv6:::1]", ""},
    {"OtherLiteral", kForward, "<a@[x400:c=us]>", kNone, "a", "[x400:c=us]", ""},
    {"LiteralWithoutContent", kForward, "<a@[x400:]>", kAddress, "a", "[x400:]", ""},
    {"LiteralWithoutTag", kForward, "<a@[:x]>", kAddress, "a", "[:x]", ""},
    {"TagEndsInHyphen", kForward, "<a@[x-:y]>", kAddress, "a", "[x-:y]", ""},
    {"RouteOfOne", kForward, "<@r.example:a@b.example>", kNone, "a", "b.example", ""},
    {"RouteOfNone", kForward, "<@:a@b.example>", kAddress, "", "", ""},
    {"RouteTwice", kForward, "<@r.example:@s.example:a@b.example>", kAddress, "", "", ""},
    {"RouteWithoutEnd", kForward, "<@r.example,>", kAddress, "", "", ""},
    {"Glued", kForward, "<a@b.example>x", kSyntax, "", "", ""},
    {"Unclosed", kForward, "<a@b.example", kSyntax, "", "", ""},
    {"Nothing", kForward, "", kSyntax, "", "", ""},
    {"Blank", kForward, " ", kSyntax, "", "", ""},
};

void PrintTo(const Case& row, std::ostream* out) { *out << row.text; }

class PathTest : public testing::TestWithParam<Case> {};

TEST_P(PathTest, IsReadAs) {
  const Case& want = GetParam();
  const Path path = ParsePath(want.text, want.kind);
  EXPECT_EQ(path.error, want.error);
  if (want.error != PathError::kNone) return;
  EXPECT_EQ(path.local_part, want.local_part);
  EXPECT_EQ(path.domain, want.domain);
  EXPECT_EQ(path.rest, want.rest);
}

std::string NameOf(const testing::TestParamInfo<Case>& row) { return std::string(row.param.name); }

INSTANTIATE_TEST_SUITE_P(, PathTest, testing::ValuesIn(kCases), NameOf);

TEST(LabelTest, S72LabelsAreCountedInCharacters) {
  std::string label;
  for (std::size_t i = 0; i < kMaxLabelCharacters; ++i) label += "\xc3\xbc";
  EXPECT_EQ(ParsePath("<a@" + label + ">", kForward).error, kNone);
  EXPECT_EQ(ParsePath("<a@" + label + "b>", kForward).error, kAddress);
}

TEST(XtextTest, S38Decodes) {
  EXPECT_EQ(DecodeXtext("a+2Bb+3dc"), "a+b=c");
  EXPECT_EQ(DecodeXtext("!~"), "!~");
  EXPECT_EQ(DecodeXtext(""), "");
  EXPECT_EQ(DecodeXtext("+00"), std::string(1, '\0'));
}

TEST(XtextTest, S39RefusesWhatIsNoXtext) {
  for (std::string_view bad :
       {"+", "+1", "a=b", "a b", "+G0", "+0G", "a\x7f", "\xc3\xbc", "\x01"}) {
    EXPECT_EQ(DecodeXtext(bad), std::nullopt) << bad;
  }
}

TEST(UnitextTest, S40DecodesCharacters) {
  EXPECT_EQ(DecodeUnitext(R"(a\x{2B}b)"), "a+b");
  EXPECT_EQ(DecodeUnitext(R"(\x{7FF}\x{800}\x{FFFF}\x{10000}\x{10FFFF})"),
            "\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
  EXPECT_EQ(DecodeUnitext("b\xc3\xbc@c"), "b\xc3\xbc@c");
}

TEST(UnitextTest, S39RefusesWhatIsNoCharacter) {
  for (std::string_view bad :
       {R"(\x{})", R"(\x{0})", R"(\x{D800})", R"(\x{DFFF})", R"(\x{110000})", R"(\x{0000041})",
        R"(\x{4)", R"(\x41)", R"(\)", "a+b", "a=b", "a b"}) {
    EXPECT_EQ(DecodeUnitext(bad), std::nullopt) << bad;
  }
}

TEST(ParametersTest, S29SizeSaturates) {
  MailParameters parameters;
  ASSERT_EQ(ParseMailParameters(" SIZE=18446744073709551615", parameters), ParameterError::kNone);
  EXPECT_EQ(parameters.size, 18446744073709551615u);
  parameters = {};
  ASSERT_EQ(ParseMailParameters(" SIZE=18446744073709551616", parameters), ParameterError::kNone);
  EXPECT_EQ(parameters.size, 18446744073709551615u);
  parameters = {};
  ASSERT_EQ(ParseMailParameters(" SIZE=00000000000000000042", parameters), ParameterError::kNone);
  EXPECT_EQ(parameters.size, 42u);
}

}  // namespace
}  // namespace bounced::smtp
