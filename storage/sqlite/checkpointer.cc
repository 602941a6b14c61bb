#include "storage/sqlite/checkpointer.h"

#include <utility>

#include "storage/sqlite/stand_back.h"

namespace bounced {
namespace {

// How often it tries to make the rest small: each time less has come meanwhile, unless the disk is
// slower than the commits.
constexpr int kRounds = 4;

}  // namespace

Checkpointer::Checkpointer(Connection connection, CommitGate& gate, FailureLatch& failures,
                           CheckpointLimits limits)
    : connection_(std::move(connection)),
      gate_(gate),
      failures_(failures),
      limits_(limits),
      page_octets_(connection_.AskNumber("PRAGMA page_size").value_or(4096)),
      thread_([this] { Run(); }) {}

Checkpointer::~Checkpointer() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Checkpointer::Watch(Connection& writer) { sqlite3_wal_hook(writer.db(), &OnCommit, this); }

int Checkpointer::OnCommit(void* self, sqlite3*, const char*, int pages) {
  auto* checkpointer = static_cast<Checkpointer*>(self);
  bool due = false;
  {
    MutexLock lock(checkpointer->mutex_);
    // Shorter than it was: it began anew.
    if (pages < checkpointer->wal_pages_) checkpointer->seen_pages_ = 0;
    checkpointer->wal_pages_ = pages;
    due = (pages - checkpointer->seen_pages_) * checkpointer->page_octets_ >=
          checkpointer->limits_.step;
  }
  if (due) checkpointer->changed_.notify_one();
  return SQLITE_OK;
}

void Checkpointer::Run() {
  StandBack();
  for (;;) {
    {
      MutexLock lock(mutex_);
      lock.Wait(changed_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return stop_ || (wal_pages_ - seen_pages_) * page_octets_ >= limits_.step;
      });
      if (stop_) return;
      seen_pages_ = wal_pages_;
    }
    if (!failures_.status().ok()) return;
    if (absl::IsDataLoss(failures_.Note(Step()))) return;
  }
}

absl::Status Checkpointer::Step() {
  Progress progress;
  for (int round = 0; round < kRounds; ++round) {
    absl::StatusOr<Progress> made = WriteBack();
    if (!made.ok()) return made.status();
    progress = *made;
    if (progress.left * page_octets_ <= limits_.rest) break;
  }
  bool must_end = progress.pages * page_octets_ > limits_.max;
  if (!must_end && progress.left * page_octets_ > limits_.rest) return absl::OkStatus();
  CommitGate::Checkpoint commits_wait(gate_);
  return WriteBack().status();
}

absl::StatusOr<Checkpointer::Progress> Checkpointer::WriteBack() {
  int pages = 0;
  int done = 0;
  int rc =
      sqlite3_wal_checkpoint_v2(connection_.db(), "main", SQLITE_CHECKPOINT_PASSIVE, &pages, &done);
  if ((rc & 0xFF) == SQLITE_BUSY) return Progress{};  // another program does it
  // A commit may have failed meanwhile.
  if (absl::Status failure = failures_.status(); !failure.ok()) return failure;
  if (rc == SQLITE_OK) rc = Sync();
  if (rc != SQLITE_OK) return SqliteStatus(connection_.db(), rc);
  MutexLock lock(mutex_);  // `pages` is how many there were when it began
  return Progress{.pages = wal_pages_, .left = wal_pages_ - done};
}

// SQLite syncs the database only when it has written back all of the WAL, which is when commits
// wait: most of it is to be on the disk by then.
int Checkpointer::Sync() {
  sqlite3_file* file = nullptr;
  int rc = sqlite3_file_control(connection_.db(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (rc != SQLITE_OK) return rc;
  return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

}  // namespace bounced
