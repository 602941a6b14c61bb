#include "server/base/jump_watch.h"

#include "gtest/gtest.h"

namespace bounced {
namespace {

class TwoClocks final : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time Steady() const override { return steady; }
  void Pass(absl::Duration time) {
    now += time;
    steady += time;
  }

  absl::Time now = absl::FromUnixSeconds(1'780'272'000);
  absl::Time steady = absl::FromUnixSeconds(70);
};

constexpr absl::Duration kTick = absl::Seconds(1);

TEST(JumpWatchTest, T54TimeThatPassesIsNoJump) {
  TwoClocks clock;
  JumpWatch watch(clock);
  EXPECT_EQ(watch.Look(), std::nullopt);
  clock.Pass(absl::Hours(1'000));
  EXPECT_EQ(watch.Look(), std::nullopt);
}

TEST(JumpWatchTest, T54TellsEachJumpOnce) {
  for (const absl::Duration jump : {JumpWatch::kLeastJump, absl::Hours(24 * 3'650)}) {
    for (const absl::Duration by : {jump, -jump}) {
      TwoClocks clock;
      JumpWatch watch(clock);
      clock.Pass(absl::Minutes(1));
      clock.now += by;
      EXPECT_EQ(watch.Look(), by);
      clock.Pass(absl::Minutes(1));
      EXPECT_EQ(watch.Look(), std::nullopt);
    }
  }
}

TEST(JumpWatchTest, T54WhatIsLessIsNone) {
  for (const absl::Duration by :
       {JumpWatch::kLeastJump - kTick, -(JumpWatch::kLeastJump - kTick)}) {
    TwoClocks clock;
    JumpWatch watch(clock);
    clock.now += by;
    EXPECT_EQ(watch.Look(), std::nullopt);
    clock.now += by;
    EXPECT_EQ(watch.Look(), std::nullopt) << "from one look to the next";
  }
}

}  // namespace
}  // namespace bounced
