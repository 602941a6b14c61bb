#include "server/authentication/spf/macro_string.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bounced {
namespace {

// Those of the examples in RFC 7208, 7.4.
std::optional<std::string> Value(char letter) {
  switch (letter) {
    case 's':
      return "strong-bad@email.example.com";
    case 'l':
      return "strong-bad";
    case 'o':
    case 'd':
      return "email.example.com";
    case 'i':
      return "192.0.2.3";
    case 'v':
      return "in-addr";
    case 'h':
      return "~a b/\xC3\xA9";
    default:
      return std::nullopt;
  }
}

struct Case {
  std::string_view name;
  std::string_view text;
  std::string_view want;
};
class MacroExpansionTest : public testing::TestWithParam<Case> {};

TEST_P(MacroExpansionTest, IsAName) {
  const std::optional<MacroString> parsed = MacroString::Parse(GetParam().text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->ExpandToName(Value), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    , MacroExpansionTest,
    testing::ValuesIn<Case>({
        {"Sender", "%{s}", "strong-bad@email.example.com"},
        {"Origin", "%{o}", "email.example.com"},
        {"Domain", "%{d}", "email.example.com"},
        {"MoreThanAll", "%{d4}", "email.example.com"},
        {"All", "%{d3}", "email.example.com"},
        {"Two", "%{d2}", "example.com"},
        {"One", "%{d1}", "com"},
        {"LeadingZero", "%{d01}", "com"},
        {"FarMoreThanAll", "%{d99999999999999999999999}", "email.example.com"},
        {"Reversed", "%{dr}", "com.example.email"},
        {"ReversedFirst", "%{d2r}", "example.email"},
        {"ReversedInUpperCase", "%{d2R}", "example.email"},
        {"LocalPart", "%{l}", "strong-bad"},
        {"Delimiter", "%{l-}", "strong.bad"},
        {"NoDelimiterToReverseAt", "%{lr}", "strong-bad"},
        {"ReversedAtDelimiter", "%{lr-}", "bad.strong"},
        {"OneReversedAtDelimiter", "%{l1r-}", "strong"},
        {"TwoDelimiters", "%{s1r-.}", "strong"},
        {"EachDelimiter", "%{s2.-+,/_=}", "example.com"},
        {"OnlyTheDelimitersGiven", "%{d1-}", "email.example.com"},
        {"Address", "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
        {"LocalPartReversed", "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
        {"Both", "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
         "3.2.0.192.in-addr.strong.lp._spf.example.com"},
        {"Trusted", "%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
        {"AsItIs", "%{h}", "~a b/\xC3\xA9"},
        {"UrlEscaped", "%{H}", "~a%20b%2F%C3%A9"},
        {"UrlEscapedAfterSplitting", "%{H1/}", "%C3%A9"},
        {"Escapes", "a%%b%_c%-d", "a%b c%20d"},
        {"DotAtTheEnd", "%{d}.", "email.example.com"},
        {"Empty", "", ""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(MacroStringTest, RefusesWhatTheGrammarDoesNotHave) {
  for (const std::string_view text :
       {"%",    "a%",   "%a",     "%{",     "%{}",    "%{d",    "%{x}",   "%{c}",   "%{r}",
        "%{t}", "%{C}", "%{d0}",  "%{d00}", "%{drr}", "%{dr2}", "%{d.2}", "%{d x}", "%{d%}",
        "%(d)", "%{1}", "%{{d}}", " ",      "a b",    "\x7F",   "\x80",   "a\tb"}) {
    EXPECT_FALSE(MacroString::Parse(text)) << text;
  }
  EXPECT_FALSE(MacroString::Parse(std::string_view("a\0", 2)));
}

TEST(MacroStringTest, ADomainSpecEndsInATopLabelOrAMacro) {
  for (const std::string_view text :
       {"example.net", "example.net.", ".net", "a.b-c", "a.1-2", "a.xn--p1ai", "a.1a", "%{d}",
        "a.%{d}", "%{d}.net", "a.123%{d}", "a%%", "a.b%_", "foo:bar/baz.example.net", "a..net"}) {
    EXPECT_TRUE(MacroString::ParseDomainSpec(text)) << text;
  }
  for (const std::string_view text :
       {"", ".", "..", "net", "net.", "a.123", "192.0.2.1", "a.-net", "a.net-", "a.net..", "a.n_t",
        "%{d}net", "%{d}.", "%{d}.1", "%%.", "a.b:25", "a.b/24", "%{x}.net"}) {
    EXPECT_FALSE(MacroString::ParseDomainSpec(text)) << text;
  }
}

// RFC 7208, 7.3: labels are dropped from the left.
TEST(MacroStringTest, KeepsTheRightLabelsOfALongName) {
  const auto expand = [](const std::string& text) {
    return MacroString::Parse(text)->ExpandToName(Value).value();
  };
  const std::string rest(kMaxTargetNameOctets - 4, 'x');
  EXPECT_EQ(expand("abc." + rest), "abc." + rest);
  EXPECT_EQ(expand("abc." + rest + "."), "abc." + rest);
  EXPECT_EQ(expand("abcd." + rest), rest);
  EXPECT_EQ(expand("%{d}." + rest + "."), "com." + rest);
  EXPECT_EQ(expand("a.%{d3}.bc." + rest), "bc." + rest) << "cut at a label, not in one";
  // Of one label there is no name to keep; what comes cannot be asked for.
  EXPECT_GT(expand(std::string(kMaxTargetNameOctets + 1, 'x')).size(), kMaxTargetNameOctets);
}

TEST(MacroStringTest, AsksForNoValueThatDoesNotShow) {
  const std::string long_name = ".a" + std::string(kMaxTargetNameOctets, 'x');
  EXPECT_EQ(MacroString::Parse("%{p}.net")->ExpandToName(Value), std::nullopt);
  EXPECT_NE(MacroString::Parse("%{p}" + long_name)->ExpandToName(Value), std::nullopt);

  std::string many;
  for (int i = 0; i < 2000; ++i) many += "%{d}.";
  std::size_t asked = 0;
  const std::optional<std::string> name = MacroString::Parse(many)->ExpandToName([&](char letter) {
    ++asked;
    return Value(letter);
  });
  EXPECT_LE(asked, kMaxTargetNameOctets / Value('d')->size() + 1);
  EXPECT_LE(name->size(), kMaxTargetNameOctets);
}

}  // namespace
}  // namespace bounced
