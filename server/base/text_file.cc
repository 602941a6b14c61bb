#include "server/base/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace bounced {
namespace {

namespace fs = std::filesystem;

absl::Status CannotRead(const std::string& path, int error) {
  const std::string message = absl::StrCat(path, ": ", std::strerror(error));
  return error == ENOENT ? absl::NotFoundError(message) : absl::PermissionDeniedError(message);
}

// Asked of what was opened: the name may lead elsewhere by now.
absl::Status CheckKind(const std::string& path, int fd, FileKind kind) {
  if (kind == FileKind::kAny) return absl::OkStatus();
  struct stat status {};
  if (::fstat(fd, &status) != 0) return CannotRead(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": is no plain file"));
  }
  if (kind == FileKind::kPrivate && (status.st_mode & 0007) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": is open to others: chmod o-rwx it, and replace the key if it was seen"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path, std::size_t max_octets,
                                         FileKind kind) {
  // Not to hang on a pipe that nobody writes to.
  const int wait = kind == FileKind::kAny ? 0 : O_NONBLOCK;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | wait);
  if (fd < 0) return CannotRead(path, errno);
  absl::Cleanup close = [fd] { ::close(fd); };
  if (absl::Status s = CheckKind(path, fd, kind); !s.ok()) return s;
  std::string text(max_octets + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return CannotRead(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > max_octets) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": longer than ", max_octets, " octets"));
  }
  text.resize(size);
  return text;
}

absl::StatusOr<std::vector<std::string>> ListTextFiles(const std::string& path,
                                                       std::string_view suffix,
                                                       std::size_t max_files) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code unknown;
    if (name.starts_with('.') || !name.ends_with(suffix) || entry->is_directory(unknown)) continue;
    if (files.size() == max_files) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": more than ", max_files, " files"));
    }
    files.push_back(entry->path().string());
  }
  if (error) return CannotRead(path, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace bounced
