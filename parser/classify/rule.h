// One rule, compiled: what it looks for and what it says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "parser/classify/code_pattern.h"
#include "parser/classify/field_pattern.h"
#include "parser/rules.h"
#include "parser/taxonomy.h"

namespace bounced {

// Phrases that stand in a text in this order: one of each slot, and between the end of one and the
// beginning of the next at most `within` octets of the folded text.
struct TextPattern {
  std::vector<std::vector<int>> slots;  // indices of phrases, the alternatives of each slot
  std::size_t within = 0;
  // The slot with the fewest phrases: where none of them stands, which is soon asked, the pattern
  // does not.
  std::size_t rarest = 0;
};

// In `when`, each kind that is not empty must have one that matches; in `unless`, any match at all
// keeps the rule from firing.
struct Condition {
  std::vector<TextPattern> text;
  std::vector<StatusPattern> status;
  std::vector<CodePattern> code;
  std::vector<Stage> stage;
  std::vector<FieldPattern> field;

  // Whether it asks for words of somebody, and not for codes alone.
  bool HasWords() const { return !text.empty() || !field.empty(); }
};

// What a rule rests on; the lower, the more it is believed.
enum class EvidenceKind : std::uint8_t {
  kProvider = 0,
  kText = 1,
  kName = 2,  // words of a text that stand in a link or a host name alone; no rule asks for them
  kStatus = 3,
  kReplyCode = 4,
  kClassDigit = 5
};

struct Rule {
  std::string id;
  int place = 0;  // in the order of the files
  RuleOrigin origin = RuleOrigin::kBuiltIn;
  // None: the rule does not say why, only that trying again is worth while.
  std::optional<Reason> reason;
  std::vector<int> providers;  // the rule is about these alone; empty: about all
  int confidence = 0;
  int priority = 0;
  EvidenceKind evidence = EvidenceKind::kText;
  int specificity = 0;  // how many kinds of condition it makes, an exact status for two, a provider
  Condition when;
  Condition unless;
};

}  // namespace bounced
