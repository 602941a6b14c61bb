// A connection to the database, set up the one way that keeps what was promised.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sqlite3.h"

namespace bounced {

// How long a statement waits for another program that holds the file (a backup, a person with
// sqlite3), in milliseconds. Our own connections never wait for each other.
inline constexpr int kBusyTimeoutMillis = 5'000;

enum class Access : std::uint8_t { kCreate, kWrite, kRead };

// Where SQLite's lock bytes lie in a database (its PENDING_BYTE).
inline constexpr std::int64_t kLockByte = 1 << 30;
// The cache of a writing connection to a database that ended before that when it was opened.
inline constexpr std::int64_t kSmallCacheOctets = 8 << 20;

// Movable; used by one thread at a time.
class Connection {
 public:
  // `vfs`: empty for the default. With kRead it is a reader by SQLite's own watch. A last
  // connection that closes leaves the WAL as it is, until CheckpointOnClose().
  static absl::StatusOr<Connection> Open(const std::string& file, const std::string& vfs,
                                         Access access);

  // Sets and verifies what every writing connection needs: WAL, synchronous=FULL, foreign keys,
  // that what is deleted is overwritten, `cache_octets` of pages (or kSmallCacheOctets, if fewer),
  // no checkpoints of its own. Writes to a database that is not in WAL yet.
  absl::Status SetUpForWriting(std::int64_t cache_octets);

  // Runs statements without results.
  absl::Status Execute(const std::string& sql);
  // The first column of the first row, as text.
  absl::StatusOr<std::string> Ask(std::string_view sql);
  // The same, as a number.
  absl::StatusOr<std::int64_t> AskNumber(std::string_view sql);

  // Lets the last connection that closes write the whole WAL back and remove it: the sign of a
  // clean end.
  void CheckpointOnClose();

  sqlite3* db() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  explicit Connection(sqlite3* db) : db_(db) {}

  absl::Status Verify(std::string_view pragma, std::string_view value);

  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace bounced
