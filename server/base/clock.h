// Time as something that tests can set.
#pragma once

#include "absl/time/time.h"

namespace bounced {

// Thread-safe. Pure code takes an absl::Time; only what waits or stamps holds a Clock.
class Clock {
 public:
  virtual ~Clock() = default;
  // The time of day.
  virtual absl::Time Now() const = 0;
  // For deadlines: never jumps. Compare only with other answers of the same clock.
  virtual absl::Time Steady() const = 0;
};

// The machine's.
const Clock& SystemClock();

}  // namespace bounced
