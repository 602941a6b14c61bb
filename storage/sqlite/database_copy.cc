#include "storage/sqlite/database_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/status.h"
#include "storage/store.h"

namespace bounced {
namespace {

// So much of the copy may wait for the disk: a sync of the WAL would wait for all of it.
constexpr std::int64_t kUnsyncedOctets = 4 << 20;
// The copy's size is the database's; its journal and what commits add meanwhile need room, too.
constexpr std::int64_t kSpareOctets = 16 << 20;

absl::Status CheckSpace(const std::string& directory, std::int64_t octets, std::int64_t min_free) {
  absl::StatusOr<std::int64_t> free = FreeOctets(directory);
  if (!free.ok()) return free.status();
  if (*free - kSpareOctets - min_free >= octets) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("a copy takes ", octets, " octets on the disk of data_dir, which has ", *free,
                   " free, and store.min_free = ", min_free, " of them stay so; free space there"));
}

// Hands what was written to the disk, and out of memory, where others' pages are of more use.
absl::Status SyncOut(int fd, const std::string& file) {
  if (fdatasync(fd) != 0) return FileStatus(errno, file);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  return absl::OkStatus();
}

// A copy that fails is no failure of the database: its writer goes on.
absl::Status OfTheCopy(absl::Status status) {
  if (!absl::IsDataLoss(status)) return status;
  return absl::InternalError(absl::StrCat("the copy could not be made: ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DatabaseCopy>> DatabaseCopy::Make(
    Connection& source, CommitGate& gate, const DataDirectory& directory, const std::string& vfs,
    std::int64_t min_free, OnProgress progress) {
  std::optional<absl::StatusOr<std::int64_t>> octets;
  {
    CommitGate::Copy turn(gate);
    octets =
        source.AskNumber("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
  }
  if (!octets->ok()) return octets->status();
  absl::Status status = CheckSpace(directory.path(), **octets, min_free);
  if (!status.ok()) return status;
  status = RemoveDatabase(directory.copy());
  if (!status.ok()) return status;
  std::unique_ptr<DatabaseCopy> copy(new DatabaseCopy(directory.copy()));
  absl::StatusOr<Connection> connection = OpenNew(copy->file_, vfs);
  if (!connection.ok()) return OfTheCopy(connection.status());
  copy->connection_.emplace(*std::move(connection));
  // It is synced here, and worth nothing after a crash.
  status = copy->connection_->Execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY");
  if (status.ok()) status = copy->Fill(source, gate, progress);
  // One file, that needs no other beside it, whoever opens it.
  if (status.ok()) status = copy->connection_->Execute("PRAGMA journal_mode = DELETE");
  if (!status.ok()) return OfTheCopy(status);
  return copy;
}

absl::Status DatabaseCopy::Fill(Connection& source, CommitGate& gate, OnProgress progress) {
  const int fd = open(file_.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return FileStatus(errno, file_);
  absl::Cleanup close_it = [fd] { close(fd); };
  sqlite3_backup* backup = nullptr;
  std::int64_t page_octets = 0;
  {
    CommitGate::Copy turn(gate);
    page_octets = source.AskNumber("PRAGMA page_size").value_or(4096);
    backup = sqlite3_backup_init(connection_->db(), "main", source.db(), "main");
  }
  if (backup == nullptr) return SqliteStatus(connection_->db(), sqlite3_errcode(connection_->db()));
  absl::Cleanup finish = [&gate, backup] {
    CommitGate::Copy turn(gate);
    sqlite3_backup_finish(backup);
  };
  std::int64_t synced = 0;
  for (;;) {
    int rc = SQLITE_OK;
    std::int64_t total = 0;
    std::int64_t done = 0;
    {
      CommitGate::Copy turn(gate);
      rc = sqlite3_backup_step(backup, Store::kCopyTurnPages);
      total = sqlite3_backup_pagecount(backup) * page_octets;
      done = total - sqlite3_backup_remaining(backup) * page_octets;
    }
    if (rc != SQLITE_OK && rc != SQLITE_DONE) return SqliteStatus(file_, rc);
    if (rc == SQLITE_DONE) return SyncOut(fd, file_);
    const bool go_on = progress(
        {.phase = WorkProgress::Phase::kCopying, .done_octets = done, .total_octets = total});
    if (!go_on) return absl::CancelledError();
    if (done < synced) synced = 0;  // a transaction was undone, and it began anew
    if (done - synced < kUnsyncedOctets) continue;
    if (absl::Status s = SyncOut(fd, file_); !s.ok()) return s;
    synced = done;
  }
}

absl::StatusOr<std::unique_ptr<Backup>> DatabaseCopy::Release() {
  absl::StatusOr<std::int64_t> version = connection_->AskNumber("PRAGMA user_version");
  if (!version.ok()) return OfTheCopy(version.status());
  connection_.reset();
  const int fd = open(file_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileStatus(errno, file_);
  const off_t octets = lseek(fd, 0, SEEK_END);
  auto backup = std::make_unique<Backup>(fd, octets, static_cast<int>(*version));
  if (absl::Status s = RemoveDatabase(file_); !s.ok()) return s;
  return backup;
}

DatabaseCopy::~DatabaseCopy() {
  connection_.reset();
  RemoveDatabase(file_).IgnoreError();
}

Backup::~Backup() { close(fd_); }

absl::StatusOr<std::string> Backup::Read(std::int64_t offset, std::size_t max_octets) const {
  std::string octets(max_octets, '\0');
  ssize_t got = 0;
  do {
    got = pread(fd_, octets.data(), octets.size(), offset);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return FileStatus(errno, "the copy");
  octets.resize(static_cast<std::size_t>(got));
  return octets;
}

}  // namespace bounced
