// What has happened, as lines: a hash of all of them, and the last ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace bounced::simulation {

class Trace {
 public:
  void Add(std::string line) {
    for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    hash_ = (hash_ ^ '\n') * 0x100000001B3;
    last_.push_back(std::move(line));
    if (last_.size() > kLast) last_.pop_front();
  }
  // FNV-1a.
  std::uint64_t hash() const { return hash_; }
  std::string Last() const {
    std::string text;
    for (const std::string& line : last_) text += line + "\n";
    return text;
  }

 private:
  static constexpr std::size_t kLast = 80;
  std::uint64_t hash_ = 0xCBF29CE484222325;
  std::deque<std::string> last_;
};

}  // namespace bounced::simulation
