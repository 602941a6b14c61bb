#include "storage/sqlite/connection.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "storage/sqlite/gathering_vfs.h"
#include "storage/sqlite/statement.h"

namespace bounced {
namespace {

int Flags(Access access) {
  switch (access) {
    case Access::kCreate:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Access::kWrite:
      return SQLITE_OPEN_READWRITE;
    case Access::kRead:
      break;
  }
  return SQLITE_OPEN_READONLY;
}

}  // namespace

absl::StatusOr<Connection> Connection::Open(const std::string& file, const std::string& vfs,
                                            Access access) {
  std::string used = access == Access::kRead ? "" : GatheringVfs(vfs);
  if (used.empty()) used = vfs;
  sqlite3* db = nullptr;
  int rc = sqlite3_open_v2(
      file.c_str(), &db,
      Flags(access) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
      used.empty() ? nullptr : used.c_str());
  Connection connection(db);  // SQLite gives a handle with an error, too
  if (rc != SQLITE_OK) return SqliteStatus(file, rc);
  sqlite3_busy_timeout(db, kBusyTimeoutMillis);
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // An I/O error under a memory map is a SIGBUS; cells are checked as they are read.
  absl::Status status = connection.Execute("PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON");
  if (status.ok() && access == Access::kRead) {
    status = connection.Execute("PRAGMA query_only = ON");
  }
  if (!status.ok()) return status;
  return connection;
}

absl::Status Connection::SetUpForWriting(std::int64_t cache_octets) {
  constexpr std::int64_t kLeastCacheOctets = 1 << 20;
  absl::Status status = Execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
      "PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON");
  if (!status.ok()) return status;
  const absl::StatusOr<std::int64_t> octets =
      AskNumber("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
  if (!octets.ok()) return octets.status();
  // To put the halves of a B-tree page in order SQLite lends them the number of the page at
  // 1 GiB, and while the database ends before that, each such commit walks through the whole cache
  // for pages beyond the end: the larger it is, the slower.
  if (*octets < kLockByte) cache_octets = std::min(cache_octets, kSmallCacheOctets);
  status = Execute(
      absl::StrCat("PRAGMA cache_size = -", std::max(cache_octets, kLeastCacheOctets) / 1024));
  // SQLite does not fail when it cannot do as it is told: a file system without shared memory, for
  // one, silently has no WAL.
  if (status.ok()) status = Verify("journal_mode", "wal");
  if (status.ok()) status = Verify("synchronous", "2");
  if (status.ok()) status = Verify("foreign_keys", "1");
  if (status.ok()) status = Verify("secure_delete", "1");
  return status;
}

absl::Status Connection::Verify(std::string_view pragma, std::string_view value) {
  absl::StatusOr<std::string> is = Ask(absl::StrCat("PRAGMA ", Absl(pragma)));
  if (!is.ok()) return is.status();
  if (*is == value) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(sqlite3_db_filename(db(), "main"), ": ", Absl(pragma), " is ", *is,
                   " where it must be ", Absl(value), "; put data_dir on a local file system"));
}

absl::Status Connection::Execute(const std::string& sql) {
  return SqliteStatus(db(), sqlite3_exec(db(), sql.c_str(), nullptr, nullptr, nullptr));
}

absl::StatusOr<std::string> Connection::Ask(std::string_view sql) {
  absl::StatusOr<Statement> statement = Statement::Prepare(db(), sql);
  if (!statement.ok()) return statement.status();
  Query query = statement->Start();
  absl::StatusOr<bool> row = query.Next();
  if (!row.ok()) return row.status();
  return std::string(*row ? query.Text(0) : "");
}

absl::StatusOr<std::int64_t> Connection::AskNumber(std::string_view sql) {
  absl::StatusOr<Statement> statement = Statement::Prepare(db(), sql);
  if (!statement.ok()) return statement.status();
  Query query = statement->Start();
  absl::StatusOr<bool> row = query.Next();
  if (!row.ok()) return row.status();
  return *row ? query.Integer(0) : 0;
}

void Connection::CheckpointOnClose() {
  sqlite3_db_config(db(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

}  // namespace bounced
