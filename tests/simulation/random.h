// Chance that a seed gives, the same everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace bounced::simulation {

// Not by the distributions of the standard library: each has its own.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t Next() { return engine_(); }
  // From 0 to `end` - 1.
  std::size_t Below(std::size_t end) { return static_cast<std::size_t>(engine_() % end); }
  int Between(int first, int last) {
    return first + static_cast<int>(Below(static_cast<std::size_t>(last - first) + 1));
  }
  bool Chance(int percent) { return Below(100) < static_cast<std::size_t>(percent); }
  template <typename List>
  auto& Of(List& list) {
    return list[Below(list.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace bounced::simulation
