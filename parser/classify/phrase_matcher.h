// Where thousands of phrases stand in a text, found in one pass.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bounced {

// Finds literal phrases in folded text (folded_text.h). A phrase stands there only as whole words:
// where it begins or ends with a letter or digit, no other may touch it.
//
// So few places can begin a phrase, and most of those are dismissed by their first octets. From the
// others a tree of the phrases' common beginnings is followed. A pattern has no gaps: those are for
// TextEvidence to measure, between the places.
//
// Immutable, so one object serves every thread.
class PhraseMatcher {
 public:
  // `phrases` are folded, which leaves no blank at their ends, not empty, and each is there once;
  // hits name them by their index.
  explicit PhraseMatcher(std::vector<std::string> phrases);
  PhraseMatcher(PhraseMatcher&&) = default;  // the tree has views of the phrases

  struct Hit {
    int phrase;
    std::uint32_t begin;
  };
  // Every place of every phrase, in the order of where they begin. Linear in `folded`, times the
  // length of the longest phrase where a text is made of beginnings of phrases.
  std::vector<Hit> Find(std::string_view folded) const;

  std::size_t size() const { return phrases_.size(); }
  std::size_t length(int index) const { return phrases_[static_cast<std::size_t>(index)].size(); }

 private:
  // What the phrases of one branch have in common behind their parent's, then how they go on.
  struct Node {
    std::string_view label;     // a part of a phrase
    std::uint32_t first_child;  // the children stand side by side
    std::uint32_t child_count;
    int phrase;  // that ends here; -1: none
  };
  // The hashed beginnings of some of the phrases, `octets` of each.
  struct Filter {
    std::size_t octets;
    std::uint64_t mask = 0;  // of the octets that are hashed
    std::bitset<1 << 16> bits = {};

    std::size_t Key(std::uint64_t beginning) const {
      constexpr std::uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;  // spreads what is alike
      return ((beginning & mask) * kGoldenRatio) >> 48;
    }
    bool Passes(std::uint64_t beginning) const { return bits[Key(beginning)]; }
  };

  void Grow();
  void FillFilters();
  const Node* Child(const Node& node, char octet) const;
  void FollowFrom(std::size_t begin, std::string_view folded, std::vector<Hit>& hits) const;

  std::vector<std::string> phrases_;
  std::vector<Node> nodes_;   // the root first
  std::string first_octets_;  // of the nodes' labels, beside nodes_
  std::array<std::uint32_t, 256>
      first_nodes_{};            // the root's children by their first octet; 0: none
  std::vector<Filter> filters_;  // a phrase is in the first that wants no more than it has
};

}  // namespace bounced
