// The rules' own proof: each example and counter-example against all rules that ship.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "parser/rules.h"
#include "reply.h"

namespace bounced {
namespace {

std::string Describe(const Classification& c) {
  return std::string(ToString(c.reason)) + " by " + c.rule + " (\"" + c.matched_text + "\")";
}

TEST(Rules, EachExampleIsWonByItsRuleAndEachCounterExampleByItsReason) {
  std::shared_ptr<const RuleSet> rules = RuleSet::BuiltIn();
  ASSERT_GT(rules->examples().size(), rules->size());
  for (const RuleExample& example : rules->examples()) {
    Classification c = rules->Classify(ReadExample(example));
    if (!example.rule.empty()) {
      EXPECT_EQ(c.rule, example.rule)
          << example.source << ": \"" << example.text << "\" is " << Describe(c);
    }
    if (example.reason) {
      EXPECT_EQ(ToString(c.reason), ToString(*example.reason))
          << example.source << ": \"" << example.text << "\" is " << Describe(c);
    }
    if (example.persistence != Persistence::kUnknown) {
      EXPECT_EQ(ToString(c.persistence), ToString(example.persistence))
          << example.source << ": \"" << example.text << "\" is " << Describe(c);
    }
  }
}

TEST(Rules, AMatchQuotesTheTextAsItCame) {
  std::shared_ptr<const RuleSet> rules = RuleSet::BuiltIn();
  for (const RuleExample& example : rules->examples()) {
    Classification c = rules->Classify(ReadExample(example));
    EXPECT_EQ(c.text_bears_out, !c.matched_text.empty()) << example.source;
    EXPECT_FALSE(c.rule.empty()) << example.source;
  }
}

}  // namespace
}  // namespace bounced
