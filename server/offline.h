// What the daemon's program does with a database while no daemon holds it: each for one flag.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/config/config.h"

namespace bounced {

// All print what they did to standard output, and how far they are to standard error where that is
// a terminal. Errors are those of storage/maintenance.h; SIGINT and SIGTERM end the
// process at any time, and leave the database as it was or whole.

// --restore FILE
absl::Status RunRestore(const Config& config, const std::string& file, const Clock& clock);
// --check; whether nothing is wrong.
absl::StatusOr<bool> RunCheck(const Config& config, bool full, const Clock& clock);

// --salvage FILE
absl::Status RunSalvage(const Config& config, const std::string& out, const Clock& clock);

}  // namespace bounced
