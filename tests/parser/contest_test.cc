// The rules that did not win, and what is said of why.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/diagnostic.h"
#include "parser/rules.h"
#include "parser/text.h"

namespace bounced {
namespace {

// A rule that knows `phrase`, with what else `lines` say of it.
std::string TextRule(std::string_view id, std::string_view phrase, std::string_view lines) {
  return absl::StrCat("[[rule]]\nid = \"", Absl(id), "\"\nwhen.text = [{ phrases = ['",
                      Absl(phrase), "'] }]\nsource = \"here\"\nwhy = \"so\"\nexample = [\"550 ",
                      Absl(phrase), "\"]\n", Absl(lines), "\n");
}

struct Case {
  std::string_view name;
  std::string_view phrase;  // of the rule that loses to one that knows "over quota"
  std::string_view lines;
  std::string_view text;
  std::string_view why_not;
};
class ContestTest : public testing::TestWithParam<Case> {};

TEST_P(ContestTest, TellsWhyARuleLost) {
  const std::string files =
      "[providers.quux]\nhosts = ['quux.example']\n" +
      TextRule("winner", "over quota", "reason = \"mailbox_full\"\nconfidence = 90") +
      TextRule("yielding", GetParam().phrase, GetParam().lines) +
      "[[rule]]\nid = \"code\"\nreason = \"no_such_user\"\nconfidence = 40\nwhen.code = ['551']\n"
      "source = \"here\"\nwhy = \"so\"\nexample = [\"551\"]\n";
  const auto rules = RuleSet::Load({{"test.toml", files}});
  ASSERT_TRUE(rules.ok()) << rules.status();
  const Recipient recipient = ReadDiagnostic(GetParam().text, **rules, /*candidates=*/true);
  EXPECT_EQ(recipient.classification.rule, "winner");
  ASSERT_EQ(recipient.candidates.size(), 1u);
  EXPECT_EQ(recipient.candidates[0].rule, "yielding");
  EXPECT_EQ(recipient.candidates[0].why_not, GetParam().why_not);
  EXPECT_EQ(recipient.candidates[0].matched_text, GetParam().phrase);
  // The verdict is the same whether anybody asks.
  EXPECT_EQ(ReadDiagnostic(GetParam().text, **rules).classification.rule, "winner");
  EXPECT_TRUE(ReadDiagnostic(GetParam().text, **rules).candidates.empty());
}
INSTANTIATE_TEST_SUITE_P(
    , ContestTest,
    testing::ValuesIn<Case>({
        {"Priority", "quota", "reason = \"rate_limited\"\nconfidence = 90\npriority = -5",
         "550 over quota", "has priority -5, the winner 0"},
        {"Confidence", "quota", "reason = \"rate_limited\"\nconfidence = 89", "550 over quota",
         "has confidence 89, the winner 90"},
        {"Length", "quota", "reason = \"rate_limited\"\nconfidence = 90", "550 over quota",
         "matches a shorter text than the winner"},
        {"Id", "quota over", "reason = \"mailbox_full\"\nconfidence = 90",
         "550 quota over, over quota", "is equal to the winner, whose id comes first"},
        {"Provider", "quota", "reason = \"rate_limited\"\nconfidence = 90\nprovider = 'quux'",
         "550 over quota", "is about another provider"},
        {"Unless", "quota",
         "reason = \"rate_limited\"\nconfidence = 99\nunless.text = [{ phrases = ['over'] }]",
         "550 over quota", "is ruled out by its own \"unless\""},
        {"Code", "quota", "reason = \"rate_limited\"\nconfidence = 99\nwhen.code = ['452']",
         "550 over quota", "asks for another code or stage"},
        {"Field", "quota", "reason = \"rate_limited\"\nconfidence = 99\nwhen.field = 'x-a: b'",
         "550 over quota", "asks for another field"},
        {"NameOfAHost", "spam", "reason = \"spam_content\"\nconfidence = 99",
         "550 over quota at spam.example.net",
         "rests on a link or a host name, the winner on a text"},
        {"NameThatWouldCondemn", "gone", "reason = \"no_such_user\"\nconfidence = 99",
         "550 over quota, https://example.net/gone", "a link or a host name condemns nobody"},
    }),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Contest, ListsThoseThatFireFirstAndTheStrongestOfThemFirst) {
  const Recipient recipient = ReadDiagnostic("550 5.1.1 user unknown in relay recipient table",
                                             *RuleSet::BuiltIn(), /*candidates=*/true);
  EXPECT_EQ(recipient.classification.reason, Reason::kNoSuchUser);
  ASSERT_GE(recipient.candidates.size(), 2u);
  EXPECT_EQ(recipient.candidates.back().rule, "class-5.x.x");
  for (const Candidate& candidate : recipient.candidates) {
    EXPECT_NE(candidate.rule, recipient.classification.rule);
    EXPECT_FALSE(candidate.why_not.empty());
  }
}

}  // namespace
}  // namespace bounced
