#include "parser/classify/names.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view text;
  std::string_view want;  // the names, with "|" between them
};
class NamesTest : public testing::TestWithParam<Case> {};

TEST_P(NamesTest, Finds) {
  std::string found;
  for (const NameRange& name : FindNames(GetParam().text)) {
    if (!found.empty()) found += "|";
    found += GetParam().text.substr(name.begin, name.end - name.begin);
  }
  EXPECT_EQ(found, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    , NamesTest,
    testing::ValuesIn<Case>({
        {"Empty", "", ""},
        {"Words", "550 5.1.1 user unknown. see below", ""},
        {"Link", "see https://example.net/help/spam-filter?p=Virus#x.",
         "https://example.net/help/spam-filter?p=Virus#x."},
        {"QuotedLink", "(see <HTTP://Example.NET/Spam>)", "HTTP://Example.NET/Spam"},
        {"LinkWithoutScheme", "at www.example.net/spam, or", "www.example.net/spam"},
        {"LinkAtTheEnd", "http://a.example", "http://a.example"},
        {"Host", "spam-filter_1.example.net said", "spam-filter_1.example.net"},
        {"HostInBrackets", "[virus.example.net:25] and mx.example.net.",
         "virus.example.net|mx.example.net"},
        {"HostBehindASign", "name=spam.example.net type=A", "spam.example.net"},
        {"Address", "[192.0.2.1]: 2001:db8::1", ""},
        {"Codes", "550-5.7.1 (554.30) 4.16.55.1", ""},
        {"WordsOfAServer", "QUEUE.Expired; RESOLVER.ADR.RecipNotFound", ""},
        {"NoBlankBehindASentence", "Blocked.please stop; Error.your spam", ""},
        {"Abbreviations", "e.g. i.e. vs. a.m", ""},
        {"NameOfAnError", "(err.nosuchuser) x.abcdefghi y.abcdefgh", "y.abcdefgh"},
        {"Dots", "... .net x.. ...mailbox a..b", ""},
    }),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace bounced
