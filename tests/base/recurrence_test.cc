#include "server/base/recurrence.h"

#include "gtest/gtest.h"

namespace bounced {
namespace {

constexpr absl::Duration kInterval = absl::Minutes(10);

absl::Time After(absl::Duration passed) { return absl::UnixEpoch() + passed; }

TEST(RecurrenceTest, IsDueAtIntervalsHoweverOftenItIsAsked) {
  Recurrence recurrence(kInterval, After({}));
  int due = 0;
  for (int second = 1; second < 3600; ++second) {
    const absl::Time now = After(absl::Seconds(second));
    const absl::Duration left = recurrence.Left(now);
    EXPECT_EQ(left == absl::ZeroDuration(), second % 600 == 0) << second;
    if (recurrence.IsDue(now)) ++due;
    EXPECT_EQ(recurrence.Left(now), absl::Seconds(600 - second % 600));
  }
  EXPECT_EQ(due, 5);
}

TEST(RecurrenceTest, WhatWasMissedIsNotMadeUpFor) {
  Recurrence recurrence(kInterval, After({}));
  const absl::Time late = After(absl::Minutes(35));
  EXPECT_EQ(recurrence.Left(late), absl::ZeroDuration());
  EXPECT_TRUE(recurrence.IsDue(late));
  EXPECT_FALSE(recurrence.IsDue(late));
  EXPECT_EQ(recurrence.Left(late), kInterval);
}

}  // namespace
}  // namespace bounced
