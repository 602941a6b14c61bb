// Which errors are gone when one tries again.
#pragma once

#include "absl/status/status.h"

namespace bounced::cli {

// Whether a call that ended so may end otherwise when it is made again as it is. CANCELLED is what
// a server that stops makes of calls; of calls that the client itself cancels this is not asked.
constexpr bool Passes(absl::StatusCode code) {
  return code == absl::StatusCode::kCancelled || code == absl::StatusCode::kUnavailable ||
         code == absl::StatusCode::kResourceExhausted ||
         code == absl::StatusCode::kDeadlineExceeded;
}

}  // namespace bounced::cli
