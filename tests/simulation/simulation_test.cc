// Deterministic simulation: see simulation.h.
//
// BOUNCED_SIMULATION_SEEDS: how many (10,000, under a sanitizer 200; before a release, a million).
// BOUNCED_SIMULATION_FIRST: the first of them (1). A seed that fails is printed with what led to
// it; with it as the first, and a count of 1, all happens again.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/sanitized.h"
#include "tests/simulation/simulation.h"

namespace bounced::simulation {
namespace {

constexpr std::uint64_t kSeeds = kIsSanitized ? 200 : 10'000;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

const World& TheWorld() {
  static const World world;
  return world;
}

TEST(Simulation, NoSeedBreaksAPromise) {
  const std::uint64_t first = FromEnvironment("BOUNCED_SIMULATION_FIRST", 1);
  const std::uint64_t seeds = FromEnvironment("BOUNCED_SIMULATION_SEEDS", kSeeds);
  std::uint64_t acknowledged = 0;
  std::uint64_t deferred = 0;
  std::uint64_t starts = 0;
  std::uint64_t doubts = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const Outcome outcome = Simulate(TheWorld(), {.seed = seed});
    ASSERT_EQ(outcome.violation, "")
        << outcome.last << "seed " << seed << "; to see it again: BOUNCED_SIMULATION_FIRST=" << seed
        << " BOUNCED_SIMULATION_SEEDS=1 simulation_test";
    acknowledged += static_cast<std::uint64_t>(outcome.acknowledged);
    deferred += static_cast<std::uint64_t>(outcome.deferred);
    starts += static_cast<std::uint64_t>(outcome.starts);
    doubts += static_cast<std::uint64_t>(outcome.doubts);
  }
  std::printf("%lu seeds: %lu mails acknowledged, %lu deferred, %lu starts, %lu doubts\n", seeds,
              acknowledged, deferred, starts, doubts);
  // It was a test of something.
  if (seeds < 100) return;
  EXPECT_GT(acknowledged, 5 * seeds);
  EXPECT_GT(deferred, seeds / 2);
  EXPECT_GT(starts, 2 * seeds);
  EXPECT_GT(doubts, seeds / 20);
}

TEST(Simulation, ASeedDoesTheSameEachTime) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Outcome first = Simulate(TheWorld(), {.seed = seed});
    const Outcome second = Simulate(TheWorld(), {.seed = seed});
    EXPECT_EQ(first.trace, second.trace) << seed;
  }
  EXPECT_NE(Simulate(TheWorld(), {.seed = 1}).trace, Simulate(TheWorld(), {.seed = 2}).trace);
}

}  // namespace
}  // namespace bounced::simulation
