// Writes the WAL back into the database, off the commits' path.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "storage/mutex.h"
#include "storage/sqlite/commit_gate.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/status.h"

namespace bounced {

// When to write back, in octets of the WAL.
struct CheckpointLimits {
  // Once so much is new. Less costs more writes of the same pages, more a longer WAL.
  std::int64_t step = 64 << 20;
  // When no more than this is left, commits wait until it is written back, too, so that the WAL
  // begins anew in its own place: written space syncs faster than new.
  std::int64_t rest = 1 << 20;
  // Above it they wait however much is left: the disk is slower than they are.
  std::int64_t max = 256 << 20;
};

// A thread with a connection of its own. Writes back as far as no reader is in the way, without
// holding anybody up; while commits come in one after the other that never reaches the end of the
// WAL, which then could not begin anew: hence `gate`.
//
// A failure is noted in `failures` and ends it, since a failed sync must not be tried again. When
// there is no space it waits for the next step.
class Checkpointer {
 public:
  // `connection` is its own, set up for writing. All references must outlive it. Commits go
  // through `gate`.
  Checkpointer(Connection connection, CommitGate& gate, FailureLatch& failures,
               CheckpointLimits limits);
  // Ends it; does not write back what is left.
  ~Checkpointer();

  // Called after each commit on `writer`, with the length of the WAL.
  void Watch(Connection& writer);

 private:
  static int OnCommit(void* self, sqlite3* db, const char* database, int pages);
  void Run();
  // Writes back what it can; the pages that the WAL has, and those left of them.
  struct Progress {
    std::int64_t pages = 0;
    std::int64_t left = 0;
  };
  absl::StatusOr<Progress> WriteBack();
  int Sync();
  absl::Status Step();

  Connection connection_;
  CommitGate& gate_;
  FailureLatch& failures_;
  const CheckpointLimits limits_;
  const std::int64_t page_octets_;

  Mutex mutex_;
  std::condition_variable changed_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::int64_t wal_pages_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t seen_pages_ ABSL_GUARDED_BY(mutex_) = 0;  // when it last wrote back
  std::thread thread_;
};

}  // namespace bounced
