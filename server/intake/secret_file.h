// Keys of return paths, as they lie in files.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace bounced {

inline constexpr std::size_t kMinSecretFileOctets = 32;  // that many make no key weak
inline constexpr std::size_t kMaxSecretFileOctets = 4096;

// The octets of the file, without blanks, tabs, CR and LF at its end. The file is 0600 or the
// like: nothing may be granted to others (mode & 0007).
//
// The message names the file and says what to do. NOT_FOUND: there is none; PERMISSION_DENIED: it
// cannot be read; FAILED_PRECONDITION: others may get at it, or it is no plain file;
// INVALID_ARGUMENT: fewer than kMinSecretFileOctets or more than kMaxSecretFileOctets are in it.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

}  // namespace bounced
