// The rules' own proof: each example and counter-example against all rules that ship.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "parser/classify/rule_file.h"
#include "parser/rule_check.h"
#include "parser/rules.h"
#include "parser/text.h"
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
    const ExampleResult result = TryExample(*rules, example);
    EXPECT_EQ(result.difference, "")
        << example.source << ": \"" << example.text << "\" is " << Describe(result.found);
  }
}

// What servers say in at least three ways, where there are so many.
TEST(Rules, EveryFailureIsShownInTheWordsOfSeveralServers) {
  constexpr std::size_t kWordings = 3;
  std::map<Reason, std::set<std::string>> wordings;
  for (const RuleExample& example : RuleSet::BuiltIn()->examples()) {
    const bool has_words = std::any_of(example.text.begin(), example.text.end(), IsLetter);
    if (example.reason && !example.rule.empty() && has_words) {
      wordings[*example.reason].insert(example.text);
    }
  }
  constexpr int kFirst = 101, kLast = 701;  // failures that are told by text
  for (int number = kFirst; number <= kLast; ++number) {
    const std::optional<Reason> reason = ReasonFromNumber(number);
    if (!reason) continue;
    // RFC 7293 alone speaks of it.
    const std::size_t want = *reason == Reason::kDomainOwnerChanged ? 1 : kWordings;
    EXPECT_GE(wordings[*reason].size(), want) << ToString(*reason);
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

// Two rules of one standing that look for the same phrase, and nothing else, and give different
// reasons: which of them wins is chance.
TEST(Rules, NoTwoContradictEachOther) {
  RuleBook book;
  const std::filesystem::path folder = std::string(BOUNCED_SOURCE_DIR) + "/parser/rules";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    std::ifstream in(entry.path());
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    book.Add({entry.path().filename().string(), content}, RuleOrigin::kBuiltIn);
  }
  book.Finish();
  ASSERT_TRUE(book.problems.empty());
  using Standing = std::tuple<int, std::vector<int>, int>;  // phrase, providers, priority
  std::map<Standing, const Rule*> first;
  for (const Rule& rule : book.rules) {
    const Condition& when = rule.when;
    if (!rule.reason || !when.status.empty() || !when.code.empty() || !when.stage.empty() ||
        !when.field.empty()) {
      continue;
    }
    for (const TextPattern& pattern : when.text) {
      if (pattern.slots.size() != 1) continue;
      for (const int phrase : pattern.slots[0]) {
        const auto [it, added] = first.try_emplace({phrase, rule.providers, rule.priority}, &rule);
        EXPECT_EQ(ToString(*it->second->reason), ToString(*rule.reason))
            << "\"" << book.phrases[static_cast<std::size_t>(phrase)] << "\" is in "
            << it->second->id << " (" << book.PlaceOf(it->second->id) << ") and in " << rule.id
            << " (" << book.PlaceOf(rule.id) << ")";
      }
    }
  }
}

}  // namespace
}  // namespace bounced
