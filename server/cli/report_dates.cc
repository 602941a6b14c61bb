#include "server/cli/report_dates.h"

namespace bounced::cli {

std::string InUtc(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace bounced::cli
