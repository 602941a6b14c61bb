// Checks rules by the examples that they bring, and an operator's files before they come into
// force.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "parser/rules.h"

namespace bounced {

// What stands in an example, for people: "550 no | X-Category: bad-mailbox".
std::string SaidIn(const RuleExample& example);

// What all rules together make of an example.
struct ExampleResult {
  Classification found;
  std::string difference;  // what is not as the example says; empty: all is
};
// Reads the text as a Diagnostic-Code of type smtp is read, but that the example's stage goes
// before one that the text names; fields are the recipient's.
ExampleResult TryExample(const RuleSet& rules, const RuleExample& example);

// An operator's files on top of the built-in rules.
struct OperatorRules {
  std::shared_ptr<const RuleSet> rules;  // none: there are problems
  std::vector<RuleProblem> problems;
};
// Problems are what RuleSet::LoadWithBuiltIn() finds; where it finds none, each example or
// counter-example of `files` that comes out otherwise, which names the rule that won. An example of
// ours that an operator's rule wins is no problem: that is what such rules are for.
OperatorRules LoadOperatorRules(const std::vector<RuleSet::File>& files);

// What an operator should know of files that LoadOperatorRules() found right: for each of their
// rules, and each built-in one of which it wins examples, how many and the first of them. A phrase
// that is too short shows here. Tries all examples, which takes about as long as loading.
std::vector<RuleProblem> FindWonExamples(const RuleSet& rules);

}  // namespace bounced
