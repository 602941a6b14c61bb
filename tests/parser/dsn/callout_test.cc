#include "parser/dsn/callout.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view text;
  bool want;
  std::string_view recipient = "r@example.net";
};
class CalloutTest : public testing::TestWithParam<Case> {};

TEST_P(CalloutTest, TellsWhetherSomebodyElseWasVerified) {
  EXPECT_EQ(VerifiesSomebodyElse(GetParam().text, {GetParam().recipient}), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    , CalloutTest,
    testing::ValuesIn<Case>({
        {"Verify", "Could not verify <s@example.org>: 550 no such user", true},
        {"Callout", "Callout to s@example.org said: user unknown", true},
        {"VerificationInFront", "Verification failed for <s@example.org>: no such user", true},
        {"VerificationBehind", "Address s@example.org failed verification: 550 unknown", true},
        {"NotBeVerified", "<s@example.org> could not be verified: no such user", true},
        {"TheRecipient", "Could not verify <r@example.net>: 550 no such user", false},
        {"ItsDomainInCapitals", "Could not verify <r2@EXAMPLE.net>: 550 no such user", false},
        {"TheRecipientAsWell",
         "Could not verify <s@example.org>. Verification failed for <r@example.net>", false},
        {"RecipientVerification", "Recipient verification of <f@example.org> failed", false},
        {"WhereMailWasForwarded", "<f@example.org>: user unknown", false},
        {"Advice", "Please verify the address f@example.org: user unknown", false},
        {"AdviceBehind", "<f@example.org>: user unknown. Verify the address and try again", false},
        {"AnotherSentence", "550 verification failed. Write to <help@example.org>", false},
        {"FarAway",
         "verification of this one failed, which is why no mail is delivered to f@example.org",
         false},
        {"NobodyKnown", "Could not verify <s@example.org>: no such user", false, ""},
        {"NoDomain", "Could not verify s@: no such user", false},
    }),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bounced
