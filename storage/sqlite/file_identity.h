// Whether a file is still the one that was opened under its name.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace bounced {

// A database that is renamed or replaced while it is open goes on taking commits that nobody will
// find again. Used by one thread at a time.
class FileIdentity {
 public:
  explicit FileIdentity(std::string file) : file_(std::move(file)) {}

  // From the first time on at which there is such a file: DATA_LOSS: there is another now, or
  // none.
  absl::Status Check();

 private:
  const std::string file_;
  std::optional<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace bounced
