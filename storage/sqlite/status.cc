#include "storage/sqlite/status.h"

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {
namespace {

absl::StatusCode CodeOf(int rc) {
  switch (rc) {
    case SQLITE_IOERR_SHMSIZE:  // the index of the WAL grows by a write of its own
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR_NOMEM:
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_BLOCKED:
      return absl::StatusCode::kUnavailable;
    default:
      break;
  }
  switch (rc & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return absl::StatusCode::kOk;
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::StatusCode::kUnavailable;
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

std::string_view WhatToDo(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kResourceExhausted:
      return "nothing was stored; free space on its disk and try again";
    case absl::StatusCode::kUnavailable:
      return "try again; if it stays, see which program holds the file, whether the daemon's user "
             "may write it and its folder, and the limits on memory and open files";
    case absl::StatusCode::kDataLoss:
      return "nothing more is written; see the kernel's log for the disk, then restart: of a "
             "damaged "
             "file, restore a backup (bounced --restore FILE), or save what can be (bounced "
             "--salvage FILE)";
    default:
      return "this is a fault of the program; report it";
  }
}

}  // namespace

absl::Status SqliteStatus(std::string_view file, int rc) {
  absl::StatusCode code = CodeOf(rc);
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  return absl::Status(code, absl::StrCat(Absl(file), ": ", sqlite3_errstr(rc), " (SQLite ", rc,
                                         "): ", Absl(WhatToDo(code))));
}

absl::Status SqliteStatus(sqlite3* db, int rc) {
  const char* file = sqlite3_db_filename(db, "main");
  absl::Status status = SqliteStatus(file == nullptr ? "database" : file, rc);
  // What SQLite says of a fault of ours names tables and columns, never values.
  if (absl::IsInternal(status)) {
    return absl::InternalError(absl::StrCat(status.message(), ": ", sqlite3_errmsg(db)));
  }
  return status;
}

absl::Status FailureLatch::Note(absl::Status status) {
  if (absl::IsDataLoss(status)) {
    MutexLock lock(mutex_);
    if (failure_.ok()) failure_ = status;
  }
  return status;
}

absl::Status FailureLatch::status() const {
  MutexLock lock(mutex_);
  return failure_;
}

}  // namespace bounced
