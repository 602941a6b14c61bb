// What SQLite's result codes mean to our callers.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "sqlite3.h"
#include "storage/mutex.h"

namespace bounced {

// Of a file that is damaged.
inline constexpr std::string_view kWhatToDoWithDamage =
    "restore a backup (bounced --restore FILE), or save what can be (bounced --salvage FILE)";

// The status of a call that ended with the extended result code `rc`; OK for SQLITE_OK, SQLITE_ROW
// and SQLITE_DONE. The message names the database's file, the code, and what to do; it never holds
// a value that was bound.
//   RESOURCE_EXHAUSTED: no space left on the disk. Nothing was written; it works again with space.
//   UNAVAILABLE: locked by another program, or no memory or descriptors. Try again.
//   DATA_LOSS: a read, write or sync failed, or the file is damaged or no database.
//   INTERNAL: a fault of ours.
absl::Status SqliteStatus(sqlite3* db, int rc);
absl::Status SqliteStatus(std::string_view file, int rc);

// Holds the first DATA_LOSS that any connection meets. A failed sync may have dropped pages that
// the kernel then takes for clean, so a second one would succeed and prove nothing: whoever writes
// asks here first and does not write again until the process has been restarted.
//
// Thread-safe.
class FailureLatch {
 public:
  // Returns `status`, and keeps it when it is the first DATA_LOSS.
  absl::Status Note(absl::Status status);
  // OK, or what was kept.
  absl::Status status() const;

 private:
  mutable Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bounced
