#include "storage/sqlite/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace bounced {

absl::Status FileStatus(int error, const std::string& file) {
  auto message = [&](const char* what_to_do) {
    return absl::StrCat(file, ": ", std::strerror(error), "; ", what_to_do);
  };
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message("free space on its disk"));
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EINTR:
      return absl::UnavailableError(message("raise the limits on memory and open files"));
    case EIO:
      return absl::DataLossError(message("see the kernel's log for the disk"));
    case EROFS:
      return absl::FailedPreconditionError(message("set data_dir to a file system it can write"));
    case EACCES:
    case EPERM:
      return absl::FailedPreconditionError(
          message("give the daemon's user the right to read and write it"));
    case ENOENT:
      return absl::FailedPreconditionError(message("make the folder above it, or set data_dir"));
    default:
      return absl::FailedPreconditionError(message("set data_dir to a folder of the daemon's own"));
  }
}

absl::StatusOr<DataDirectory> DataDirectory::Hold(const std::string& path) {
  if (path.empty()) return absl::FailedPreconditionError("data_dir is empty; set it to a folder");
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return FileStatus(errno, path);
  std::string lock = path + "/bounced.lock";
  int fd = open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return FileStatus(errno, lock);
  DataDirectory directory(path, fd);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return directory;
  if (errno != EWOULDBLOCK) return FileStatus(errno, lock);
  return absl::FailedPreconditionError(absl::StrCat(directory.database(),
                                                    ": another daemon holds it (", lock,
                                                    "); stop that one, or set another data_dir"));
}

DataDirectory::~DataDirectory() {
  if (fd_ >= 0) close(fd_);
}

absl::Status DataDirectory::Rename(const std::string& from, const std::string& to) const {
  if (std::rename(from.c_str(), to.c_str()) != 0) return FileStatus(errno, to);
  int fd = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileStatus(errno, path_);
  absl::Cleanup close_it = [fd] { close(fd); };
  return fsync(fd) == 0 ? absl::OkStatus() : FileStatus(errno, path_);
}

}  // namespace bounced
