#include "parser/classify/phrase_matcher.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

#include "parser/octets.h"

namespace bounced {
namespace {

// Octets of words; beyond ASCII there is no telling where one ends.
constexpr bool IsWord(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// The first eight octets of `text`, filled up with zeros; the first is the lowest.
std::uint64_t Load(std::string_view text) {
  std::uint64_t octets = 0;
  if (text.size() >= sizeof octets) {
    std::memcpy(&octets, text.data(), sizeof octets);
  } else {
    std::memcpy(&octets, text.data(), text.size());
  }
  return std::endian::native == std::endian::little ? octets : __builtin_bswap64(octets);
}

// The mask of so many of those.
constexpr std::uint64_t MaskOf(std::size_t octets) {
  return octets == sizeof(std::uint64_t) ? ~std::uint64_t{0} : (std::uint64_t{1} << octets * 8) - 1;
}

// Of so many first octets a phrase is looked up by the most that it has.
constexpr std::size_t kLookupOctets[] = {8, 4, 2, 1};

std::size_t LookupOctets(std::string_view phrase) {
  return *std::find_if(std::begin(kLookupOctets), std::end(kLookupOctets),
                       [phrase](std::size_t octets) { return octets <= phrase.size(); });
}

// Whether `text` starts with `label`, as so many octets of it are known to do. Most that do not
// differ in one of the next.
bool GoesOnWith(std::string_view text, std::string_view label, std::size_t known) {
  if (text.size() < label.size()) return false;
  for (std::size_t i = known; i < label.size(); ++i) {
    if (text[i] != label[i]) return false;
  }
  return true;
}

bool MayEnd(std::string_view text, std::size_t end) {
  return end == text.size() || !IsWord(text[end]) || !IsWord(text[end - 1]);
}

}  // namespace

PhraseMatcher::Group::Group(std::size_t octets_looked_up)
    : octets(octets_looked_up), mask(MaskOf(octets_looked_up)) {}

void PhraseMatcher::Group::Add(std::uint64_t beginning, std::uint32_t node) {
  slots.push_back({beginning, node});
  hashes.Add(Hash(beginning) >> 48);
}

void PhraseMatcher::Group::Finish() {
  std::vector<Slot> full = std::exchange(slots, {});
  slots.resize(std::bit_ceil(2 * full.size()));
  for (const Slot& slot : full) {
    std::size_t at = FirstPlace(slot.beginning);
    while (slots[at].node != 0) at = (at + 1) % slots.size();
    slots[at] = slot;
  }
}

void PhraseMatcher::Filter::Add(std::string_view phrase) {
  const std::uint64_t beginning = Load(phrase);
  if (phrase.size() >= 4) {
    fours.Add(Hash(beginning & MaskOf(4)) >> 48);
  } else if (phrase.size() >= 2) {
    pairs.Add(beginning & MaskOf(2));
  } else {
    for (std::size_t second = 0; second < 256; ++second) pairs.Add(beginning | second << 8);
  }
}

PhraseMatcher::PhraseMatcher(std::vector<std::string> phrases) : phrases_(std::move(phrases)) {
  Grow();
}

void PhraseMatcher::Grow() {
  std::vector<int> order(phrases_.size());
  std::iota(order.begin(), order.end(), 0);
  const auto phrase_at = [&](std::size_t place) -> const std::string& {
    return phrases_[static_cast<std::size_t>(order[place])];
  };
  std::sort(order.begin(), order.end(), [this](int a, int b) {
    const std::string& first = phrases_[static_cast<std::size_t>(a)];
    const std::string& second = phrases_[static_cast<std::size_t>(b)];
    return std::pair(LookupOctets(first), std::string_view(first)) <
           std::pair(LookupOctets(second), std::string_view(second));
  });
  // The phrases [begin, end) in that order, which have `depth` octets in common with the parent.
  struct Branch {
    std::size_t begin;
    std::size_t end;
    std::size_t depth;
  };
  std::vector<Branch> branches{{0, 0, 0}};  // the first node is none
  for (std::size_t begin = 0; begin < order.size();) {
    const std::size_t octets = LookupOctets(phrase_at(begin));
    const std::string_view beginning = std::string_view(phrase_at(begin)).substr(0, octets);
    std::size_t end = begin;
    while (end < order.size() && LookupOctets(phrase_at(end)) == octets &&
           phrase_at(end).starts_with(beginning)) {
      ++end;
    }
    if (groups_.empty() || groups_.back().octets != octets) groups_.emplace_back(octets);
    groups_.back().Add(Load(beginning), static_cast<std::uint32_t>(branches.size()));
    filter_.Add(beginning);
    branches.push_back({begin, end, 0});
    begin = end;
  }
  for (Group& group : groups_) group.Finish();
  nodes_.emplace_back();
  first_octets_ = '\0';
  for (std::size_t node = 1; node < branches.size(); ++node) {
    auto [begin, end, depth] = branches[node];
    const std::string& first = phrase_at(begin);
    const std::string& last = phrase_at(end - 1);
    std::size_t common = depth;
    while (common < std::min(first.size(), last.size()) && first[common] == last[common]) ++common;
    Node grown{std::string_view(first).substr(depth, common - depth),
               static_cast<std::uint32_t>(branches.size()), 0, -1};
    if (first.size() == common) grown.phrase = order[begin++];
    while (begin < end) {
      std::size_t next = begin;
      while (next < end && phrase_at(next)[common] == phrase_at(begin)[common]) ++next;
      branches.push_back({begin, next, common});
      ++grown.child_count;
      begin = next;
    }
    first_octets_ += grown.label.front();
    nodes_.push_back(grown);
  }
  first_octets_.append(kBlockOctets, '\0');
}

const PhraseMatcher::Node* PhraseMatcher::Child(const Node& node, char octet) const {
  const auto wanted = static_cast<std::uint8_t>(octet);
  for (std::uint32_t i = 0; i < node.child_count; i += kBlockOctets) {
    const std::uint32_t bits = BitsOf(BlockAt(first_octets_, node.first_child + i) == wanted);
    const std::uint32_t child = i + static_cast<std::uint32_t>(std::countr_zero(bits));
    if (bits != 0) return child < node.child_count ? &nodes_[node.first_child + child] : nullptr;
  }
  return nullptr;
}

void PhraseMatcher::FollowFrom(const Node* node, std::size_t known, std::size_t begin,
                               std::string_view folded, std::vector<Hit>& hits) const {
  for (std::size_t at = begin; node != nullptr; known = 1) {
    if (!GoesOnWith(folded.substr(at), node->label, known)) return;
    at += node->label.size();
    if (node->phrase >= 0 && MayEnd(folded, at)) {
      hits.push_back({node->phrase, static_cast<std::uint32_t>(begin)});
    }
    node = at < folded.size() ? Child(*node, folded[at]) : nullptr;
  }
}

std::vector<PhraseMatcher::Hit> PhraseMatcher::Find(std::string_view folded) const {
  std::vector<Hit> hits;
  if (phrases_.empty()) return hits;
  constexpr std::size_t kUsualHits = 32;
  hits.reserve(kUsualHits);
  std::uint32_t behind_word = 0;
  for (std::size_t begin = 0; begin < folded.size(); begin += kBlockOctets) {
    const Block octets = BlockFrom(folded, begin);
    const std::uint32_t words =
        BitsOf(((octets >= 'a') & (octets <= 'z')) | ((octets >= '0') & (octets <= '9')));
    // No phrase begins inside a word, or with a blank.
    std::uint32_t places = ~((words & (words << 1 | behind_word)) | BitsOf(octets == ' '));
    behind_word = words >> (kBlockOctets - 1);
    const auto count = static_cast<unsigned>(std::min(kBlockOctets, folded.size() - begin));
    for (places &= (1u << count) - 1; places != 0; places &= places - 1) {
      const std::size_t at = begin + static_cast<std::size_t>(std::countr_zero(places));
      const std::uint64_t beginning = Load(folded.substr(at));
      if (!filter_.Passes(beginning)) continue;
      for (const Group& group : groups_) {
        const std::uint32_t node = group.NodeOf(beginning);
        if (node != 0) FollowFrom(&nodes_[node], group.octets, at, folded, hits);
      }
    }
  }
  return hits;
}

}  // namespace bounced
