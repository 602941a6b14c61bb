#include "parser/classify/rule_index.h"

namespace bounced {

RuleIndex::RuleIndex(const std::vector<Rule>& rules, std::size_t phrase_count)
    : by_phrase_(phrase_count) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Condition& when = rules[i].when;
    for (std::size_t p = 0; p < when.text.size(); ++p) {
      // A pattern has a phrase of each slot or does not match, so one slot finds it.
      for (const int phrase : when.text[p].slots[when.text[p].rarest]) {
        by_phrase_[static_cast<std::size_t>(phrase)].push_back(
            {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(p)});
      }
    }
    if (!when.text.empty()) continue;
    if (!when.field.empty()) {
      by_field_.push_back(i);
      continue;
    }
    if (when.status.empty()) by_code_.push_back(i);
    for (std::size_t subject = 0; subject < kSubjects; ++subject) {
      const bool has_it =
          std::any_of(when.status.begin(), when.status.end(), [subject](const StatusPattern& p) {
            return SubjectPlace(static_cast<std::size_t>(p.subject.low)) <= subject &&
                   subject <= SubjectPlace(static_cast<std::size_t>(p.subject.high));
          });
      if (has_it) by_subject_[subject].push_back(i);
    }
  }
}

std::vector<RuleIndex::PatternPlace> RuleIndex::OfText(
    const std::vector<PhraseMatcher::Hit>& hits) const {
  std::vector<PatternPlace> places;
  constexpr std::size_t kUsualPlaces = 64;
  places.reserve(kUsualPlaces);
  for (const PhraseMatcher::Hit& hit : hits) {
    const std::vector<PatternPlace>& more = by_phrase_[static_cast<std::size_t>(hit.phrase)];
    places.insert(places.end(), more.begin(), more.end());
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

}  // namespace bounced
