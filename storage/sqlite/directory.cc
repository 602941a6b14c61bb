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
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::string_view kRestored = ".restored-";
constexpr std::string_view kAside = ".before-";

std::string InName(absl::Time time) {
  return absl::FormatTime("%Y%m%dT%H%M%SZ", time, absl::UTCTimeZone());
}

}  // namespace

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

std::string DataDirectory::restored(absl::Time time) const {
  return absl::StrCat(database(), Absl(kRestored), InName(time));
}

std::string DataDirectory::aside(absl::Time time) const {
  return absl::StrCat(database(), Absl(kAside), InName(time));
}

absl::Status DataDirectory::TidyUp() const {
  for (const std::string& unfinished : {copy(), incoming()}) {
    if (absl::Status s = RemoveDatabase(unfinished); !s.ok()) return s;
  }
  const std::string begin = database().substr(path_.size() + 1) + std::string(kRestored);
  std::set<std::string> times;
  std::error_code error;
  std::filesystem::directory_iterator entry(path_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.starts_with(begin)) times.insert(name.substr(begin.size()));
  }
  if (error) return FileStatus(error.value(), path_);
  for (const std::string& time : times) {
    if (absl::Status s = PutInPlace(time); !s.ok()) return s;
  }
  return absl::OkStatus();
}

// The WAL of the database that was must not be taken for the new one's: SQLite would believe it.
absl::Status DataDirectory::PutInPlace(const std::string& time) const {
  const std::string aside = absl::StrCat(database(), Absl(kAside), time);
  for (const char* suffix : {"", "-wal"}) {
    const std::string kept = aside + suffix;
    if (std::rename((database() + suffix).c_str(), kept.c_str()) != 0 && errno != ENOENT) {
      return FileStatus(errno, kept);
    }
  }
  for (const char* suffix : {"-shm", "-journal"}) {
    const std::string file = database() + suffix;
    if (unlink(file.c_str()) != 0 && errno != ENOENT) return FileStatus(errno, file);
  }
  if (absl::Status s = Sync(); !s.ok()) return s;
  return Rename(absl::StrCat(database(), Absl(kRestored), time), database());
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

absl::Status DataDirectory::SetWalAside(absl::Time time) const {
  if (absl::Status s = Rename(database() + "-wal", aside(time) + "-wal"); !s.ok()) return s;
  const std::string shared_memory = database() + "-shm";
  if (unlink(shared_memory.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return FileStatus(errno, shared_memory);
}

absl::Status DataDirectory::Sync() const {
  int fd = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileStatus(errno, path_);
  absl::Cleanup close_it = [fd] { close(fd); };
  return fsync(fd) == 0 ? absl::OkStatus() : FileStatus(errno, path_);
}

}  // namespace bounced
