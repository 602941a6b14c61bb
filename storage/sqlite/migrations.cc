#include "storage/sqlite/migrations.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace bounced {

absl::Status Migrate(Connection& connection) {
  absl::StatusOr<std::int64_t> has = connection.AskNumber("PRAGMA user_version");
  if (!has.ok()) return has.status();
  int newest = Migrations().back().number;
  if (*has > newest) {
    return absl::FailedPreconditionError(absl::StrCat(
        sqlite3_db_filename(connection.db(), "main"), ": has version ", *has,
        ", and this program knows versions up to ", newest,
        "; install the program that wrote it, or restore a backup from before the upgrade"));
  }
  if (*has == newest) return absl::OkStatus();
  absl::Status status = connection.Execute("BEGIN IMMEDIATE");
  for (const Migration& migration : Migrations()) {
    if (status.ok() && migration.number > *has) status = connection.Execute(migration.sql);
  }
  if (status.ok()) status = connection.Execute(absl::StrCat("PRAGMA user_version = ", newest));
  if (status.ok()) return connection.Execute("COMMIT");
  if (sqlite3_get_autocommit(connection.db()) == 0) connection.Execute("ROLLBACK").IgnoreError();
  return status;
}

}  // namespace bounced
