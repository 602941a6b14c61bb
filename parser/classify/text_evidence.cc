#include "parser/classify/text_evidence.h"

#include <algorithm>

namespace bounced {

TextEvidence::TextEvidence(std::string_view text, const PhraseMatcher& matcher)
    : folded_(text),
      matcher_(matcher),
      phrases_(matcher.Find(folded_.text())),
      places_(phrases_.size()) {}

const std::vector<std::uint32_t>& TextEvidence::PlacesOf(std::size_t hit) {
  if (!places_[hit].has_value()) places_[hit] = matcher_.Places(phrases_[hit], folded_.text());
  return *places_[hit];
}

std::vector<TextEvidence::Range> TextEvidence::Places(const std::vector<int>& slot) {
  std::vector<Range> places;
  for (int phrase : slot) {
    auto it = std::lower_bound(phrases_.begin(), phrases_.end(), phrase);
    if (it == phrases_.end() || *it != phrase) continue;
    for (std::uint32_t begin : PlacesOf(static_cast<std::size_t>(it - phrases_.begin()))) {
      places.push_back({begin, begin + matcher_.length(phrase)});
    }
  }
  std::sort(places.begin(), places.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  return places;
}

// `chains` are the places of the slots so far, joined, in the order of their ends. Of those that
// end before a place of the next slot, the last one is the nearest, so no other need be looked at.
std::optional<TextEvidence::Range> TextEvidence::Find(const TextPattern& pattern) {
  auto by_end = [](const Range& a, const Range& b) { return a.end < b.end; };
  std::vector<Range> chains;
  bool first = true;
  for (const std::vector<int>& slot : pattern.slots) {
    std::vector<Range> places = Places(slot);
    if (!first) {
      std::vector<Range> joined;
      auto chain = chains.begin();
      for (const Range& place : places) {
        while (chain != chains.end() && chain->end <= place.begin) ++chain;
        if (chain == chains.begin()) continue;
        const Range& nearest = *std::prev(chain);
        if (place.begin - nearest.end <= pattern.within) {
          joined.push_back({nearest.begin, place.end});
        }
      }
      places = std::move(joined);
    }
    if (places.empty()) return std::nullopt;
    std::stable_sort(places.begin(), places.end(), by_end);
    chains = std::move(places);
    first = false;
  }
  return chains.front();
}

}  // namespace bounced
