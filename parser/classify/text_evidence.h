// What the phrases of all rules find in one text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/classify/folded_text.h"
#include "parser/classify/phrase_matcher.h"
#include "parser/classify/rule.h"

namespace bounced {

// One text, folded and searched once; each pattern is then a look at the few phrases that it has.
// Keeps references to `text` and `matcher`. Belongs to one call of RuleSet::Classify.
class TextEvidence {
 public:
  TextEvidence(std::string_view text, const PhraseMatcher& matcher);

  const FoldedText& folded() const { return folded_; }
  // The phrases that stand in the text, in ascending order.
  const std::vector<int>& phrases() const { return phrases_; }

  // Octets [begin, end) of the folded text.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  // The first place where `pattern` stands. Linear in the places of its phrases.
  std::optional<Range> Find(const TextPattern& pattern);

 private:
  // Where the phrases of `slot` stand, by their ends.
  std::vector<Range> Places(const std::vector<int>& slot);
  const std::vector<std::uint32_t>& PlacesOf(std::size_t hit);

  FoldedText folded_;
  const PhraseMatcher& matcher_;
  std::vector<int> phrases_;
  std::vector<std::optional<std::vector<std::uint32_t>>> places_;  // beside phrases_, as asked for
};

}  // namespace bounced
