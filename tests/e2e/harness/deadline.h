// Waiting for a condition, never for a time.
#pragma once

#include <chrono>
#include <concepts>
#include <thread>

namespace bounced::e2e {

// How long a test waits for what is sure to come. Only a defect takes so long.
inline constexpr std::chrono::seconds kPatience{30};

// Asks `condition` until it holds; false: not within `patience`.
template <std::predicate Condition>
bool Eventually(Condition condition, std::chrono::milliseconds patience = kPatience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace bounced::e2e
