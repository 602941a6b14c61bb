// How long the slower ones took.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace bounced::bench {

// Of 0 (the shortest) to 1 (the longest); 0 if there are none.
inline double Milliseconds(const std::vector<std::chrono::duration<double>>& sorted,
                           double quantile) {
  if (sorted.empty()) return 0;
  const double last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(quantile * last)].count() * 1000;
}

}  // namespace bounced::bench
