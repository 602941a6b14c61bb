// Whether the time of day jumps.
#pragma once

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "server/base/clock.h"

namespace bounced {

// Compares the time of day with the clock that does not jump, as often as it is asked. A value;
// used by one thread.
class JumpWatch {
 public:
  // What is less is a clock that is brought to the right time little by little.
  static constexpr absl::Duration kLeastJump = absl::Minutes(2);

  // `clock` outlives it.
  explicit JumpWatch(const Clock& clock) : clock_(clock), apart_(Apart()) {}

  // How far the time of day has jumped since it was last asked, below zero for back; none: it has
  // not.
  std::optional<absl::Duration> Look() {
    const absl::Duration was = std::exchange(apart_, Apart());
    const absl::Duration jump = apart_ - was;
    if (absl::AbsDuration(jump) < kLeastJump) return std::nullopt;
    return jump;
  }

 private:
  absl::Duration Apart() const { return clock_.Now() - clock_.Steady(); }

  const Clock& clock_;
  absl::Duration apart_;
};

}  // namespace bounced
