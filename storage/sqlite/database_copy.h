// A copy of the database while it is written.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/maintenance.h"
#include "storage/sqlite/commit_gate.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/directory.h"

namespace bounced {

// SQLite copies page by page on the very connection that commits, turn by turn between the commits,
// and puts what they change meanwhile into the copy as well. So the copy is whole when its last
// page is there, and no reader holds up checkpoints while it is made: the WAL stays as short as it
// is without.
//
// The file has mode 0600 and goes with the object; after a crash TidyUp() takes it away.
class DatabaseCopy {
 public:
  // `source` is used in turns of `gate`. FAILED_PRECONDITION: the copy would leave fewer than
  // `min_free` octets on the disk; CANCELLED; else as of SqliteStatus().
  static absl::StatusOr<std::unique_ptr<DatabaseCopy>> Make(Connection& source, CommitGate& gate,
                                                            const DataDirectory& directory,
                                                            const std::string& vfs,
                                                            std::int64_t min_free,
                                                            OnProgress progress);
  ~DatabaseCopy();
  DatabaseCopy(const DatabaseCopy&) = delete;
  DatabaseCopy& operator=(const DatabaseCopy&) = delete;

  Connection& connection() { return *connection_; }
  const std::string& file() const { return file_; }

  // Gives the copy away; what is left here is of no use.
  absl::StatusOr<std::unique_ptr<Backup>> Release();

 private:
  explicit DatabaseCopy(std::string file) : file_(std::move(file)) {}
  absl::Status Fill(Connection& source, CommitGate& gate, OnProgress progress);

  const std::string file_;
  std::optional<Connection> connection_;
};

}  // namespace bounced
