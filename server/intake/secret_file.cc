#include "server/intake/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace bounced {
namespace {

absl::Status CannotRead(const std::string& path, int error) {
  const std::string message =
      absl::StrCat("key file ", path, " cannot be read: ", std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(absl::StrCat(message, ": make it"));
  return absl::PermissionDeniedError(
      absl::StrCat(message, ": let the daemon's user read it, and nobody else"));
}

// All of the file, or one octet more than is allowed.
absl::StatusOr<std::string> ReadAll(const std::string& path, int fd) {
  std::string content(kMaxSecretFileOctets + 1, '\0');
  std::size_t octets = 0;
  while (octets < content.size()) {
    const ssize_t n = ::read(fd, content.data() + octets, content.size() - octets);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return CannotRead(path, errno);
    octets += static_cast<std::size_t>(n);
  }
  content.resize(octets);
  return content;
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  // Not to hang on a pipe that nobody writes to.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotRead(path, errno);
  absl::Cleanup close = [fd] { ::close(fd); };
  // Asked of what was opened: the name may lead elsewhere by now.
  struct stat status {};
  if (::fstat(fd, &status) != 0) return CannotRead(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat("key file ", path, " is no plain file"));
  }
  if ((status.st_mode & 0007) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("key file ", path,
                     " is open to others: chmod 0600 it, and replace the key if it was seen"));
  }
  absl::StatusOr<std::string> content = ReadAll(path, fd);
  if (!content.ok()) return content;
  if (content->size() > kMaxSecretFileOctets) {
    return absl::InvalidArgumentError(absl::StrCat("key file ", path, " has more than ",
                                                   kMaxSecretFileOctets,
                                                   " octets: is it the right file?"));
  }
  content->erase(content->find_last_not_of(" \t\r\n") + 1);
  if (content->size() < kMinSecretFileOctets) {
    return absl::InvalidArgumentError(
        absl::StrCat("key file ", path, " holds fewer than ", kMinSecretFileOctets,
                     " octets: fill it with, say, openssl rand -base64 32"));
  }
  return content;
}

}  // namespace bounced
