// The data directory, held for one daemon.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace bounced {

// Holds `bounced.lock` in it under an exclusive flock(2) as long as it lives: the kernel gives it
// up with the process, however that ends. Movable.
class DataDirectory {
 public:
  // Makes `path` (0700) when it is not there; its parent must be. FAILED_PRECONDITION says what
  // stands in the way: another daemon, no such parent, no right to write, a read-only file system;
  // RESOURCE_EXHAUSTED: no space for it.
  static absl::StatusOr<DataDirectory> Hold(const std::string& path);

  DataDirectory(DataDirectory&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  const std::string& path() const { return path_; }
  std::string database() const { return path_ + "/bounced.db"; }
  // A copy that is being made, and one that is being taken in.
  std::string copy() const { return database() + ".copy"; }
  std::string incoming() const { return database() + ".incoming"; }
  // One that was taken in at `time` and is to be the database, and what is kept of the one before.
  std::string restored(absl::Time time) const;
  std::string aside(absl::Time time) const;

  // Takes away copies that an earlier process did not finish, and finishes a restore that was to
  // be: gives the database with its WAL the name aside(), and the restored one its place. After a
  // crash in the midst of that it goes on where it was.
  absl::Status TidyUp() const;

  // Gives the WAL that lies beside the database the name that aside() says. SQLite would believe it
  // to be of whatever database lies there.
  absl::Status SetWalAside(absl::Time time) const;

  // Puts the file `from` in the place of `to`, so that it stays there.
  absl::Status Rename(const std::string& from, const std::string& to) const;
  // Waits until the names in it are on the disk.
  absl::Status Sync() const;

 private:
  DataDirectory(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  // Puts the one that was taken in at `time`, as names have it, in the database's place.
  absl::Status PutInPlace(const std::string& time) const;

  std::string path_;
  int fd_;  // of the lock
};

// A database file with those that SQLite keeps beside it is taken away, where it is there.
absl::Status RemoveDatabase(const std::string& file);

// Octets that are free for others on the file system of `path`.
absl::StatusOr<std::int64_t> FreeOctets(const std::string& path);

// What `errno` says about a file, with what to do.
absl::Status FileStatus(int error, const std::string& file);

}  // namespace bounced
