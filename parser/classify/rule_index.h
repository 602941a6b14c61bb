// Which of thousands of rules are worth a look for one text and its codes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "parser/classify/phrase_matcher.h"
#include "parser/classify/rule.h"
#include "parser/rules.h"

namespace bounced {

// Immutable, so one object serves every thread.
class RuleIndex {
 public:
  // A pattern in `when.text` of a rule, by their places.
  struct PatternPlace {
    std::uint32_t rule;
    std::uint32_t pattern;
    friend auto operator<=>(const PatternPlace&, const PatternPlace&) = default;
  };

  // `phrase_count`: phrases are numbers below it.
  RuleIndex(const std::vector<Rule>& rules, std::size_t phrase_count);

  // Rules without a text that may fire for a status of that subject, and those that want none.
  std::span<const std::size_t> OfSubject(std::size_t subject) const {
    return by_subject_[SubjectPlace(subject)];
  }
  std::span<const std::size_t> OfCodes() const { return by_code_; }
  // Rules without a text that ask for a field.
  std::span<const std::size_t> OfFields() const { return by_field_; }
  // Patterns that may stand where `hits` do, in ascending order, each once. A pattern that is not
  // there does not.
  std::vector<PatternPlace> OfText(const std::vector<PhraseMatcher::Hit>& hits) const;

 private:
  static constexpr std::size_t kSubjects = 9;  // the last stands for all above
  static std::size_t SubjectPlace(std::size_t subject) { return std::min(subject, kSubjects - 1); }

  std::vector<std::vector<PatternPlace>> by_phrase_;
  std::array<std::vector<std::size_t>, kSubjects> by_subject_;
  std::vector<std::size_t> by_code_;
  std::vector<std::size_t> by_field_;
};

}  // namespace bounced
