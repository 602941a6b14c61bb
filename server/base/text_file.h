// Small files that people write, read whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bounced {

// Which files are read.
enum class FileKind {
  kAny,      // pipes and devices, too: they may keep the reader waiting for ever
  kPlain,    // no other than plain ones
  kPrivate,  // plain ones of which nothing is granted to others (mode & 0007)
};

// All octets of a file. The message is "PATH: why": NOT_FOUND: there is none; PERMISSION_DENIED: it
// cannot be read; FAILED_PRECONDITION: it is not of that kind; INVALID_ARGUMENT: it has more than
// `max_octets`.
absl::StatusOr<std::string> ReadTextFile(const std::string& path, std::size_t max_octets,
                                         FileKind kind);

// The files that `path` stands for: of a folder those right in it whose names end in `suffix` and
// do not begin with a dot, in the order of their names; of anything else `path` itself. Links are
// followed. Errors as those of ReadTextFile(); INVALID_ARGUMENT: more than `max_files`.
absl::StatusOr<std::vector<std::string>> ListTextFiles(const std::string& path,
                                                       std::string_view suffix,
                                                       std::size_t max_files);

}  // namespace bounced
