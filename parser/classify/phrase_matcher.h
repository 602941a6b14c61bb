// Where thousands of phrases stand in a text, found in one pass.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bounced {

// Finds literal phrases in folded text (folded_text.h). A phrase stands there only as whole words:
// where it begins or ends with a letter or digit, no other may touch it.
//
// So few places can begin a phrase, and most of those are dismissed by their first octets. The
// others are looked up by them, and from there a tree of what the phrases go on with is followed. A
// pattern has no gaps: those are for TextEvidence to measure, between the places.
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
  // Spreads what is alike, most in the highest bits.
  static constexpr std::uint64_t Hash(std::uint64_t octets) { return octets * 0x9E3779B97F4A7C15; }

  // A set of numbers.
  class Bits {
   public:
    void Add(std::size_t number) {
      words_[number / 64 % kWords] |= std::uint64_t{1} << (number % 64);
    }
    bool Has(std::size_t number) const {
      return (words_[number / 64 % kWords] >> (number % 64) & 1) != 0;
    }

   private:
    static constexpr std::size_t kWords = (1 << 16) / 64;
    std::array<std::uint64_t, kWords> words_ = {};
  };

  // Phrases that are looked up by as many of their first octets.
  struct Group {
    struct Slot {
      std::uint64_t beginning = 0;
      std::uint32_t node = 0;  // of the phrases that begin so; 0: the slot is free
    };
    std::size_t octets;
    std::uint64_t mask;       // of those among the first eight of a text
    std::vector<Slot> slots;  // each where its hash says or behind that; half of them are free
    Bits hashes;              // most that are not there are dismissed by these

    explicit Group(std::size_t octets_looked_up);
    // Add() takes what Finish() makes the slots of.
    void Add(std::uint64_t beginning, std::uint32_t node);
    void Finish();
    std::size_t FirstPlace(std::uint64_t beginning) const {
      return Hash(beginning) >> 32 & (slots.size() - 1);
    }
    // 0: none.
    std::uint32_t NodeOf(std::uint64_t beginning) const {
      beginning &= mask;
      if (!hashes.Has(Hash(beginning) >> 48)) return 0;
      const Slot* const all = slots.data();
      std::size_t at = FirstPlace(beginning);
      while (all[at].node != 0 && all[at].beginning != beginning) {
        at = (at + 1) & (slots.size() - 1);
      }
      return all[at].node;
    }
  };
  // Dismisses most places: the beginnings of all phrases, four octets each, of shorter ones two.
  struct Filter {
    Bits fours;  // by their hash
    Bits pairs;

    void Add(std::string_view phrase);
    bool Passes(std::uint64_t octets) const {
      return fours.Has(Hash(octets & 0xFFFFFFFF) >> 48) || pairs.Has(octets & 0xFFFF);
    }
  };

  void Grow();
  const Node* Child(const Node& node, char octet) const;
  // Of the first node's label so many octets are known to stand at `begin`.
  void FollowFrom(const Node* node, std::size_t known, std::size_t begin, std::string_view folded,
                  std::vector<Hit>& hits) const;

  std::vector<std::string> phrases_;
  std::vector<Node> nodes_;    // the first stands for none
  std::string first_octets_;   // of the nodes' labels, beside nodes_; behind them a block
  std::vector<Group> groups_;  // the shortest phrases first
  Filter filter_;
};

}  // namespace bounced
