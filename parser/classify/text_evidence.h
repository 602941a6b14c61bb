// What the phrases of all rules find in one text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "parser/classify/folded_text.h"
#include "parser/classify/names.h"
#include "parser/classify/phrase_matcher.h"
#include "parser/classify/rule.h"

namespace bounced {

// One text, folded and searched once; each pattern is then a look at the few phrases that it has.
// Keeps references to `text` and `matcher`. Belongs to one call of RuleSet::Classify.
class TextEvidence {
 public:
  TextEvidence(std::string_view text, const PhraseMatcher& matcher);

  const FoldedText& folded() const { return folded_; }
  // The places of the phrases that stand in the text, in ascending order of the phrases.
  const std::vector<PhraseMatcher::Hit>& hits() const { return hits_; }

  // Octets [begin, end) of the folded text.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    // What the first slot found are words of a link or a host name, and what a page or a machine
    // is called is nobody's verdict. A phrase with the signs of a name ("spamcop.net", "why.html?")
    // is meant for names.
    bool in_name = false;
  };
  // The first place where `pattern` stands, rather one outside of names. Linear in the places of
  // its phrases.
  std::optional<Range> Find(const TextPattern& pattern) const;

 private:
  // A phrase stands in few places of a text.
  using Ranges = absl::InlinedVector<Range, 8>;
  using HitIterator = std::vector<PhraseMatcher::Hit>::const_iterator;
  bool Has(int phrase) const {
    const auto bit = static_cast<std::size_t>(phrase);
    return (is_hit_.data()[bit / kWordBits] >> (bit % kWordBits) & 1) != 0;
  }
  // The first place of `phrase`, which is there; others of it are behind it.
  HitIterator FirstOf(int phrase) const;
  bool HasOneOf(const std::vector<int>& slot) const;
  // The place of a phrase of `slot` that ends first.
  std::optional<Range> FirstPlace(const std::vector<int>& slot) const;
  // Where the phrases of `slot` stand, by where they begin.
  Ranges Places(const std::vector<int>& slot) const;
  Range RangeOf(const PhraseMatcher::Hit& hit) const {
    return {hit.begin, hit.begin + matcher_.length(hit.phrase)};
  }
  bool IsInName(const Range& place) const;

  FoldedText folded_;
  std::string_view text_;
  std::vector<NameRange> names_;  // in text_
  const PhraseMatcher& matcher_;
  std::vector<PhraseMatcher::Hit> hits_;
  static constexpr std::size_t kWordBits = 64;
  std::vector<std::uint64_t> is_hit_;  // a bit a phrase: most that are asked for are not there
};

}  // namespace bounced
