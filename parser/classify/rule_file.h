// Reads the files of rules. README, "Rules", has their format.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "parser/classify/provider.h"
#include "parser/classify/rule.h"
#include "parser/rules.h"
#include "parser/text.h"

namespace bounced {

// Longest phrase, in octets. A sentence fits; a whole diagnostic is one server's, not a rule.
inline constexpr std::size_t kMaxPhraseOctets = 120;
// Largest `within`, in octets. Beyond a long sentence, two phrases have nothing to do with each
// other.
inline constexpr std::size_t kMaxWithinOctets = 200;
// Priorities reach from -kMaxPriority to kMaxPriority.
inline constexpr int kMaxPriority = 100;
// What a rule without text may at most be believed: codes lie (README, "Rules").
inline constexpr int kMaxConfidenceOfCodes = 60;

// All rules of all files, and the phrases that they share.
class RuleBook {
 public:
  // Adds the rules of `file`. What is wrong with it is added to `problems`, all of it unless it is
  // no TOML. With problems the book is good for finding more of them, and no other use.
  void Add(const RuleSet::File& file, RuleOrigin origin);
  // Call after the last file. A rule whose provider no file describes is a problem.
  void Finish();

  std::vector<RuleProblem> problems;
  std::vector<Rule> rules;
  std::vector<std::string> phrases;  // folded, each once
  std::vector<RuleExample> examples;
  std::vector<Provider> providers;

  // The index of `phrase`, which is folded, in `phrases`.
  int Intern(std::string phrase);
  // Whether a rule has `id`, and where: "file:line". Empty: none has.
  std::string_view PlaceOf(std::string_view id) const;
  void Place(std::string_view id, std::string place);
  // The index of the provider of that name, which is known or will be. `file` and `line` are where
  // it is named.
  int InternProvider(std::string_view name, std::string_view file, int line);

 private:
  StringMap<int> index_;
  StringMap<std::string> places_;
  StringMap<int> provider_index_;
  // Beside `providers`: what is wrong if nobody describes it, where it was first named.
  std::vector<RuleProblem> unknown_providers_;
};

}  // namespace bounced
