#include "storage/sqlite/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
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

// The WAL of the database that was must not be taken for the new one's: SQLite would believe it.
absl::Status DataDirectory::TidyUp() const {
  for (const std::string& unfinished : {copy(), incoming()}) {
    if (absl::Status s = RemoveDatabase(unfinished); !s.ok()) return s;
  }
  if (access(restored().c_str(), F_OK) != 0) {
    return errno == ENOENT ? absl::OkStatus() : FileStatus(errno, restored());
  }
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    const std::string file = database() + suffix;
    if (unlink(file.c_str()) != 0 && errno != ENOENT) return FileStatus(errno, file);
  }
  if (absl::Status s = Sync(); !s.ok()) return s;
  return Rename(restored(), database());
}

absl::Status RemoveDatabase(const std::string& file) {
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    const std::string part = file + suffix;
    if (unlink(part.c_str()) != 0 && errno != ENOENT) return FileStatus(errno, part);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> FreeOctets(const std::string& path) {
  struct statvfs info {};
  if (statvfs(path.c_str(), &info) != 0) return FileStatus(errno, path);
  // In doubles: blocks times their size may exceed 64 bits.
  return static_cast<std::int64_t>(
      std::min(static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize), 0x1p62));
}

DataDirectory::~DataDirectory() {
  if (fd_ >= 0) close(fd_);
}

absl::Status DataDirectory::Rename(const std::string& from, const std::string& to) const {
  if (std::rename(from.c_str(), to.c_str()) != 0) return FileStatus(errno, to);
  return Sync();
}

absl::Status DataDirectory::Sync() const {
  int fd = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileStatus(errno, path_);
  absl::Cleanup close_it = [fd] { close(fd); };
  return fsync(fd) == 0 ? absl::OkStatus() : FileStatus(errno, path_);
}

}  // namespace bounced
