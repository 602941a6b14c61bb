#include "storage/sqlite/database.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "storage/sqlite/gathering_vfs.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/page_rows.h"
#include "storage/sqlite/statement.h"
#include "storage/sqlite/status.h"

namespace bounced {
namespace {

// Of SQLite's database header ("The Database File Format", 1.3).
constexpr std::size_t kHeaderOctets = 100;
constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr std::size_t kSchemaFormatOffset = 44;
constexpr std::uint32_t kNewestSchemaFormat = 4;
constexpr std::size_t kApplicationIdOffset = 68;

// The size of a file; none when it is not there.
absl::StatusOr<std::optional<std::int64_t>> SizeOf(const std::string& file) {
  struct stat status;
  if (stat(file.c_str(), &status) == 0) return status.st_size;
  if (errno == ENOENT) return std::nullopt;
  return FileStatus(errno, file);
}

// Hashes in rows and in memory are made under it (SuppressionIndex).
absl::Status StoreSecret(Connection& connection) {
  std::uint64_t secret = 0;
  if (getrandom(&secret, sizeof secret, 0) != sizeof secret) {
    return absl::UnavailableError("the kernel gives no random octets; try again");
  }
  absl::StatusOr<Statement> insert = Statement::Prepare(
      connection.db(), "INSERT INTO meta (name, value) VALUES ('index_secret', ?)");
  return insert.ok() ? insert->Run(secret) : insert.status();
}

// Of a WAL that an earlier process left, the disk may lack what is read: that one was killed before
// the sync, or met a sync that failed, after which the kernel takes for written what it could not
// write, and no later sync writes it. Nothing may be built on that, so all of it is written once
// more, in its place, and synced.
absl::Status SyncWal(Connection& connection) {
  // So that nobody else begins it anew meanwhile.
  if (absl::Status s = connection.Execute("BEGIN IMMEDIATE"); !s.ok()) return s;
  absl::Cleanup end = [&connection] { connection.Execute("ROLLBACK").IgnoreError(); };
  sqlite3_file* wal = nullptr;
  int rc = sqlite3_file_control(connection.db(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  if (rc != SQLITE_OK) return SqliteStatus(connection.db(), rc);
  if (wal == nullptr || wal->pMethods == nullptr) return absl::OkStatus();  // it is in none
  sqlite3_int64 size = 0;
  rc = wal->pMethods->xFileSize(wal, &size);
  std::string piece(kMaxGatheredOctets, '\0');
  for (sqlite3_int64 at = 0; at < size && rc == SQLITE_OK; at += kMaxGatheredOctets) {
    const int octets = static_cast<int>(std::min<sqlite3_int64>(size - at, kMaxGatheredOctets));
    rc = wal->pMethods->xRead(wal, piece.data(), octets, at);
    if (rc == SQLITE_OK) rc = wal->pMethods->xWrite(wal, piece.data(), octets, at);
  }
  if (rc == SQLITE_OK) rc = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  return SqliteStatus(connection.db(), rc);
}

// A whole, closed database under the name `file`.
absl::Status Create(const std::string& file, const std::string& vfs, std::int64_t cache_octets) {
  if (absl::Status s = RemoveDatabase(file); !s.ok()) return s;
  absl::StatusOr<Connection> connection = OpenNew(file, vfs);
  if (!connection.ok()) return connection.status();
  absl::Status status =
      connection->Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId));
  if (status.ok()) status = connection->SetUpForWriting(cache_octets);
  if (status.ok()) status = Migrate(*connection);
  if (status.ok()) status = StoreSecret(*connection);
  if (status.ok()) status = EmptyWal(*connection);
  if (!status.ok()) return status;
  connection->CheckpointOnClose();
  return absl::OkStatus();
}

}  // namespace

absl::Status Damaged(const std::string& file, std::string_view what) {
  return absl::DataLossError(absl::StrCat(
      file, ": ", std::string(what), "; it was left as it is: ", std::string(kWhatToDoWithDamage)));
}

absl::Status CheckHeader(const std::string& file) {
  int fd = open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return FileStatus(errno, file);
  absl::Cleanup close_it = [fd] { close(fd); };
  std::array<char, kHeaderOctets> header{};
  ssize_t octets = pread(fd, header.data(), header.size(), 0);
  if (octets < 0) return FileStatus(errno, file);
  if (octets == 0) return Damaged(file, "is empty");
  std::string_view magic(header.data(), kMagic.size());
  if (static_cast<std::size_t>(octets) < kHeaderOctets || magic != kMagic) {
    return Damaged(file, "is damaged, or not a SQLite database");
  }
  const auto number_at = [&header](std::size_t offset) {
    std::uint32_t number = 0;  // big-endian
    for (std::size_t i = 0; i < 4; ++i) {
      number = number << 8 | static_cast<std::uint8_t>(header[offset + i]);
    }
    return number;
  };
  const std::uint32_t id = number_at(kApplicationIdOffset);
  if (id == kApplicationId) {
    // SQLite calls it an error of the program.
    return number_at(kSchemaFormatOffset) <= kNewestSchemaFormat
               ? absl::OkStatus()
               : Damaged(file, "is damaged: its header has an unknown schema format");
  }
  return absl::FailedPreconditionError(absl::StrCat(
      file, ": belongs to another program (application_id ", absl::Hex(id, absl::kZeroPad8),
      ", not ", absl::Hex(kApplicationId), "); move it away, or set another data_dir"));
}

// SQLite reads a WAL up to the first frame that is not whole, and takes that for the end that the
// power cut. A transaction begins when the one before it is on the disk, so no more than one commit
// can lie behind such an end.
absl::Status CheckWal(const std::string& file) {
  absl::StatusOr<PageFile> pages = PageFile::Open(file);
  if (!pages.ok()) return pages.status();
  const int commits = pages->commits_behind_damage();
  if (commits <= 1) return absl::OkStatus();
  return Damaged(file, absl::StrCat("its write-ahead log is damaged, with ", commits,
                                    " commits behind that place"));
}

absl::Status EmptyWal(Connection& connection) {
  absl::StatusOr<std::int64_t> busy = connection.AskNumber("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy.ok()) return busy.status();
  return *busy == 0 ? absl::OkStatus() : absl::UnavailableError("the database is in use");
}

absl::Status CheckPages(Connection& connection, const std::string& file) {
  absl::StatusOr<std::string> result = connection.Ask("PRAGMA quick_check(1)");
  if (!result.ok()) return result.status();
  return *result == "ok" ? absl::OkStatus() : Damaged(file, "is damaged (" + *result + ")");
}

absl::StatusOr<Connection> OpenNew(const std::string& file, const std::string& vfs) {
  // SQLite gives its other files the same mode.
  int fd = open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return FileStatus(errno, file);
  close(fd);
  return Connection::Open(file, vfs, Access::kCreate);
}

absl::StatusOr<Connection> OpenDatabase(const DataDirectory& directory, const std::string& vfs,
                                        std::int64_t cache_octets) {
  if (absl::Status s = directory.TidyUp(); !s.ok()) return s;
  std::string file = directory.database();
  absl::StatusOr<std::optional<std::int64_t>> size = SizeOf(file);
  if (!size.ok()) return size.status();
  if (!size->has_value()) {
    std::string fresh = file + ".new";
    absl::Status status = Create(fresh, vfs, cache_octets);
    if (status.ok()) status = directory.Rename(fresh, file);
    if (!status.ok()) return status;
  }
  absl::Status status = CheckHeader(file);
  if (!status.ok()) return status;
  absl::StatusOr<std::optional<std::int64_t>> wal = SizeOf(file + "-wal");
  if (!wal.ok()) return wal.status();
  const bool has_wal = wal->value_or(0) > 0;
  // Before there is a connection: to close a file gives up its locks.
  if (has_wal) status = CheckWal(file);
  if (!status.ok()) return status;
  absl::StatusOr<Connection> connection = Connection::Open(file, vfs, Access::kWrite);
  if (!connection.ok()) return connection.status();
  if (has_wal) status = CheckPages(*connection, file);
  if (status.ok()) status = CheckSchema(*connection);
  if (status.ok() && has_wal) status = SyncWal(*connection);
  if (status.ok()) status = connection->SetUpForWriting(cache_octets);
  // A commit that the power cut may lie behind the end of the WAL. Were it still there after the
  // next cut, with what that tears before it, it would look like damage. On a full disk, or
  // while another program reads, this has to wait.
  if (status.ok() && has_wal) {
    status = EmptyWal(*connection);
    if (absl::IsResourceExhausted(status) || absl::IsUnavailable(status)) status = absl::OkStatus();
  }
  if (status.ok()) status = Migrate(*connection);
  if (!status.ok()) return status;
  return connection;
}

}  // namespace bounced
