// A clock that goes as the simulation lets it.
#pragma once

#include "absl/time/time.h"
#include "server/base/clock.h"

namespace bounced::simulation {

class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override { return now_; }
  absl::Time Steady() const override { return steady_; }

  void Advance(absl::Duration duration) {
    now_ += duration;
    steady_ += duration;
  }
  // The time of day alone: somebody set it, or the machine slept.
  void Jump(absl::Duration duration) { now_ += duration; }

 private:
  absl::Time now_;
  absl::Time steady_ = absl::UnixEpoch();
};

}  // namespace bounced::simulation
