// What is to be done again and again.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace bounced {

// Something that is due at intervals, whatever else its thread has to wait for in between. A value;
// all times are of one clock, Clock::Steady()'s.
class Recurrence {
 public:
  // Due first an interval from `now`.
  Recurrence(absl::Duration interval, absl::Time now)
      : interval_(interval), next_(now + interval) {}

  // How long to wait for it; never below zero.
  absl::Duration Left(absl::Time now) const { return std::max(next_ - now, absl::ZeroDuration()); }

  // Whether it is to be done now. Then it is due next an interval from `now`: times that were
  // missed are not made up for.
  bool IsDue(absl::Time now) {
    if (now < next_) return false;
    next_ = now + interval_;
    return true;
  }

 private:
  absl::Duration interval_;
  absl::Time next_;
};

}  // namespace bounced
