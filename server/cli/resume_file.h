// Where a client of WatchSuppressions keeps its token.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace bounced::cli {

// Adds --resume-file, which may not be empty: a script whose variable is not set would begin from
// the start each time. `path` outlives the command.
CLI::Option* AddResumeFile(CLI::App& command, std::string& path, const std::string& help);

// The token in the file, which may be empty; none: there is no such file. INVALID_ARGUMENT: cannot
// be read, or is too large for a token.
absl::StatusOr<std::optional<std::string>> ReadResumeFile(const std::string& path);

// Puts the token in the place of the one before, whole or not at all.
absl::Status WriteResumeFile(const std::string& path, const std::string& token);

}  // namespace bounced::cli
