#include "server/base/clock.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"

namespace bounced {
namespace {

TEST(SystemClock, TellsTheTimeOfDay) {
  const absl::Time before = absl::Now();
  const absl::Time now = SystemClock().Now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, absl::Now());
}

TEST(SystemClock, SteadyNeverGoesBack) {
  absl::Time last = SystemClock().Steady();
  for (int i = 0; i < 10'000; ++i) {
    const absl::Time now = SystemClock().Steady();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemClock, IsOne) { EXPECT_EQ(&SystemClock(), &SystemClock()); }

}  // namespace
}  // namespace bounced
