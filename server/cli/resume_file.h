// Where a client of WatchSuppressions keeps its token.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bounced::cli {

// The token in the file; empty: there is no such file, or nothing in it. INVALID_ARGUMENT: cannot
// be read, or is too large for a token.
absl::StatusOr<std::string> ReadResumeFile(const std::string& path);

// Puts the token in the place of the one before, whole or not at all.
absl::Status WriteResumeFile(const std::string& path, const std::string& token);

}  // namespace bounced::cli
