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

// The first eight octets of `text`, filled up with zeros.
std::uint64_t Load(std::string_view text) {
  std::uint64_t octets = 0;
  if (text.size() >= sizeof octets) {
    std::memcpy(&octets, text.data(), sizeof octets);
  } else {
    std::memcpy(&octets, text.data(), text.size());
  }
  return octets;
}

// Whether `text` starts with `label`, as the first octet of it is known to do. Most differ in one
// of the next.
bool GoesOnWith(std::string_view text, std::string_view label) {
  if (text.size() < label.size()) return false;
  for (std::size_t i = 1; i < label.size(); ++i) {
    if (text[i] != label[i]) return false;
  }
  return true;
}

bool MayEnd(std::string_view text, std::size_t end) {
  return end == text.size() || !IsWord(text[end]) || !IsWord(text[end - 1]);
}

}  // namespace

PhraseMatcher::PhraseMatcher(std::vector<std::string> phrases) : phrases_(std::move(phrases)) {
  if (phrases_.empty()) return;
  Grow();
  FillFilters();
}

void PhraseMatcher::Grow() {
  std::vector<int> order(phrases_.size());
  std::iota(order.begin(), order.end(), 0);
  const auto phrase_at = [&](std::size_t place) -> const std::string& {
    return phrases_[static_cast<std::size_t>(order[place])];
  };
  std::sort(order.begin(), order.end(), [this](int a, int b) {
    return phrases_[static_cast<std::size_t>(a)] < phrases_[static_cast<std::size_t>(b)];
  });
  // The phrases [begin, end) in that order, which have `depth` octets in common with the parent.
  struct Branch {
    std::size_t begin;
    std::size_t end;
    std::size_t depth;
  };
  std::vector<Branch> branches{{0, order.size(), 0}};
  for (std::size_t node = 0; node < branches.size(); ++node) {
    auto [begin, end, depth] = branches[node];
    const std::string& first = phrase_at(begin);
    const std::string& last = phrase_at(end - 1);
    std::size_t common = depth;
    const bool is_root = node == 0;  // without a label, so that every phrase begins at a child
    while (!is_root && common < std::min(first.size(), last.size()) &&
           first[common] == last[common])
      ++common;
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
    first_octets_ += grown.label.empty() ? '\0' : grown.label.front();
    nodes_.push_back(grown);
  }
}

void PhraseMatcher::FillFilters() {
  for (const std::size_t octets : {8u, 4u, 2u, 1u}) {
    filters_.push_back({octets, Load(std::string(octets, '\xFF'))});
  }
  for (const std::string& phrase : phrases_) {
    Filter& filter = *std::find_if(filters_.begin(), filters_.end(), [&](const Filter& each) {
      return phrase.size() >= each.octets;
    });
    filter.bits.set(filter.Key(Load(phrase)));
  }
  std::erase_if(filters_, [](const Filter& filter) { return filter.bits.none(); });
  for (std::uint32_t i = 0; i < nodes_[0].child_count; ++i) {
    const std::uint32_t child = nodes_[0].first_child + i;
    first_nodes_[static_cast<unsigned char>(first_octets_[child])] = child;
  }
}

const PhraseMatcher::Node* PhraseMatcher::Child(const Node& node, char octet) const {
  const char* first_octets = first_octets_.data() + node.first_child;
  for (std::uint32_t i = 0; i < node.child_count; ++i) {
    if (first_octets[i] == octet) return &nodes_[node.first_child + i];
  }
  return nullptr;
}

void PhraseMatcher::FollowFrom(std::size_t begin, std::string_view folded,
                               std::vector<Hit>& hits) const {
  const std::uint32_t first = first_nodes_[static_cast<unsigned char>(folded[begin])];
  const Node* node = first == 0 ? nullptr : &nodes_[first];
  for (std::size_t at = begin; node != nullptr;) {
    if (!GoesOnWith(folded.substr(at), node->label)) return;
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
      if (first_nodes_[static_cast<unsigned char>(folded[at])] == 0) continue;
      const std::uint64_t beginning = Load(folded.substr(at));
      const bool may_match = std::any_of(filters_.begin(), filters_.end(), [=](const Filter& each) {
        return each.Passes(beginning);
      });
      if (may_match) FollowFrom(at, folded, hits);
    }
  }
  return hits;
}

}  // namespace bounced
