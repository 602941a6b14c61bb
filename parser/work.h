// What one parse has done, in octets looked at: the same on every machine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace bounced {

// How often the steps of a parse look at each octet of what they read, in passes as long as that of
// the cheapest: a search for the next line.
enum Looks : std::size_t {
  kLooksOfWalk = 2,
  kLooksOfHeader = 4,
  kLooksOfDecoding = 2,
  kLooksOfFields = 4,
  kLooksOfSearch = 2,    // for the first of them
  kLooksOfAttempt = 12,  // of that search
  kLooksOfWords = 16,    // a text for people
  kLooksOfVerdict = 24,  // what is said of one recipient
};

// Counts against ParserLimits::max_work.
class Work {
 public:
  explicit Work(std::size_t max) : max_(max), left_(max) {}

  // The beginning of `block` that there is work left for, which is done.
  std::string_view Take(std::string_view block, Looks looks) { return Take(block, looks, left_); }
  // The same, with no more than half of what is left: the rest is for those that come after.
  std::string_view TakeHalf(std::string_view block, Looks looks) {
    return Take(block, looks, left_ / 2);
  }
  // Does the whole, or nothing: then false.
  bool Do(std::size_t octets, Looks looks) {
    met_ = met_ || octets > left_ / looks;
    if (!met_) left_ -= octets * looks;
    return !met_;
  }

  std::size_t done() const { return max_ - left_; }
  // Whether there was less left than there was to do.
  bool met() const { return met_; }

 private:
  std::string_view Take(std::string_view block, std::size_t looks, std::size_t most) {
    const std::size_t octets = std::min(block.size(), most / looks);
    met_ = met_ || octets < block.size();
    left_ -= octets * looks;
    return block.substr(0, octets);
  }

  std::size_t max_;
  std::size_t left_;
  bool met_ = false;
};

}  // namespace bounced
