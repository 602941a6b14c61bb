// Random instants at which tests kill.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>

namespace bounced::e2e {

// BOUNCED_CRASH_ROUNDS in the environment says how often a test kills, BOUNCED_SEED at which
// instants: with the one that trace() names a run is repeated, as far as the machine's pace allows.
class Instants {
 public:
  // `rounds`: where the environment says nothing.
  explicit Instants(std::uint64_t rounds);

  std::uint64_t rounds() const { return rounds_; }
  std::string trace() const { return "BOUNCED_SEED=" + std::to_string(seed_); }

  // From 0 up to, and without, `end`.
  std::uint64_t Below(std::uint64_t end) { return random_() % end; }
  // How long until an instant within `whole`, each as likely as any other.
  std::chrono::microseconds Within(std::chrono::microseconds whole);

 private:
  std::uint64_t rounds_;
  std::uint64_t seed_;
  std::mt19937_64 random_;
};

}  // namespace bounced::e2e
