// How bouncectl ends. --help says the same.
#pragma once

#include "absl/status/status.h"

namespace bounced::cli {

enum class ExitCode {
  kDone = 0,
  // Something was found, as grep means it: an address not to be mailed, a row that was refused. Or
  // there is nothing of that name, or something stands in the way.
  kFound = 1,
  kUsage = 2,        // the command line, a file or a value in one is not as it has to be
  kUnreachable = 3,  // the server could not be reached, or did not allow it, or failed
};

// What a verb that failed so ends with.
ExitCode ToExitCode(const absl::Status& status);

}  // namespace bounced::cli
