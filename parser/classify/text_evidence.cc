#include "parser/classify/text_evidence.h"

#include <algorithm>

#include "parser/text.h"

namespace bounced {

TextEvidence::TextEvidence(std::string_view text, const PhraseMatcher& matcher)
    : folded_(text),
      text_(text),
      names_(FindNames(text)),
      matcher_(matcher),
      hits_(matcher.Find(folded_.text())),
      is_hit_(matcher.size() / kWordBits + 1, 0) {
  for (const PhraseMatcher::Hit& hit : hits_) {
    const auto bit = static_cast<std::size_t>(hit.phrase);
    is_hit_[bit / kWordBits] |= std::uint64_t{1} << (bit % kWordBits);
  }
  std::sort(hits_.begin(), hits_.end(), [](const auto& a, const auto& b) {
    return a.phrase != b.phrase ? a.phrase < b.phrase : a.begin < b.begin;
  });
}

TextEvidence::HitIterator TextEvidence::FirstOf(int phrase) const {
  return std::lower_bound(hits_.begin(), hits_.end(), phrase,
                          [](const auto& hit, int wanted) { return hit.phrase < wanted; });
}

bool TextEvidence::HasOneOf(const std::vector<int>& slot) const {
  return std::any_of(slot.begin(), slot.end(), [this](int phrase) { return Has(phrase); });
}

std::optional<TextEvidence::Range> TextEvidence::FirstPlace(const std::vector<int>& slot) const {
  std::optional<Range> first;
  for (const int phrase : slot) {
    if (!Has(phrase)) continue;
    const Range place = RangeOf(*FirstOf(phrase));
    const bool is_earlier =
        !first || place.end < first->end || (place.end == first->end && place.begin < first->begin);
    if (is_earlier) first = place;
  }
  return first;
}

TextEvidence::Ranges TextEvidence::Places(const std::vector<int>& slot) const {
  Ranges places;
  for (const int phrase : slot) {
    if (!Has(phrase)) continue;
    for (HitIterator hit = FirstOf(phrase); hit != hits_.end() && hit->phrase == phrase; ++hit) {
      places.push_back(RangeOf(*hit));
    }
  }
  std::sort(places.begin(), places.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  return places;
}

bool TextEvidence::IsInName(const Range& place) const {
  if (names_.empty()) return false;
  const std::string_view phrase = folded_.text().substr(place.begin, place.end - place.begin);
  constexpr AsciiSet kSignsOfNames(".:/?=#");
  if (kSignsOfNames.FirstIn(phrase) < phrase.size()) return false;
  const std::string_view original = folded_.Original(place.begin, place.end);
  const auto begin = static_cast<std::size_t>(original.data() - text_.data());
  const auto behind = std::upper_bound(
      names_.begin(), names_.end(), begin,
      [](std::size_t wanted, const NameRange& name) { return wanted < name.begin; });
  return behind != names_.begin() && begin + original.size() <= std::prev(behind)->end;
}

// `chains` are the places of the slots so far, joined, in the order of their ends. Of those that
// end before a place of the next slot, the last one is the nearest, so no other need be looked at.
std::optional<TextEvidence::Range> TextEvidence::Find(const TextPattern& pattern) const {
  if (pattern.slots.size() == 1) {
    const std::optional<Range> place = FirstPlace(pattern.slots.front());
    if (!place || !IsInName(*place)) return place;
  }
  if (!HasOneOf(pattern.slots[pattern.rarest])) return std::nullopt;
  const bool has_all = std::all_of(pattern.slots.begin(), pattern.slots.end(),
                                   [this](const std::vector<int>& slot) { return HasOneOf(slot); });
  if (!has_all) return std::nullopt;
  auto by_end = [](const Range& a, const Range& b) { return a.end < b.end; };
  Ranges chains;
  bool first = true;
  for (const std::vector<int>& slot : pattern.slots) {
    Ranges places = Places(slot);
    if (first) {
      for (Range& place : places) place.in_name = IsInName(place);
    } else {
      Ranges joined;
      auto* chain = chains.begin();
      for (const Range& place : places) {
        while (chain != chains.end() && chain->end <= place.begin) ++chain;
        if (chain == chains.begin()) continue;
        const Range& nearest = chain[-1];
        if (place.begin - nearest.end <= pattern.within) {
          joined.push_back({nearest.begin, place.end, nearest.in_name});
        }
      }
      places = std::move(joined);
    }
    if (places.empty()) return std::nullopt;
    if (!std::is_sorted(places.begin(), places.end(), by_end)) {
      std::stable_sort(places.begin(), places.end(), by_end);
    }
    chains = std::move(places);
    first = false;
  }
  const auto* const outside =
      std::find_if(chains.begin(), chains.end(), [](const Range& chain) { return !chain.in_name; });
  return outside == chains.end() ? chains.front() : *outside;
}

}  // namespace bounced
