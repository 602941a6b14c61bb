#include "storage/sqlite/migrations.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/mutex.h"
#include "storage/sqlite/statement.h"
#include "storage/sqlite/status.h"

namespace bounced {
namespace {

// Each table and index of `connection`, as it was made.
absl::StatusOr<std::set<std::string>> SchemaOf(Connection& connection) {
  absl::StatusOr<Statement> statement = Statement::Prepare(
      connection.db(), "SELECT type || ' ' || name || ': ' || ifnull(sql, '') FROM sqlite_master");
  if (!statement.ok()) return statement.status();
  std::set<std::string> schema;
  Query query = statement->Start();
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) return schema;
    schema.emplace(query.Text(0));
  }
}

// That of a fresh database of this version. Each is made once in a process, which takes longer than
// all else in opening a small database.
absl::StatusOr<std::set<std::string>> SchemaOfVersion(std::int64_t version) {
  static Mutex mutex;
  static std::map<std::int64_t, std::set<std::string>> made;
  MutexLock lock(mutex);
  if (const auto found = made.find(version); found != made.end()) return found->second;
  absl::StatusOr<Connection> pattern = Connection::Open(":memory:", "", Access::kCreate);
  if (!pattern.ok()) return pattern.status();
  for (const Migration& migration : Migrations()) {
    if (migration.number > version) break;
    absl::Status status = pattern->Execute(migration.sql);
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::set<std::string>> schema = SchemaOf(*pattern);
  if (schema.ok()) made.emplace(version, *schema);
  return schema;
}

}  // namespace

absl::Status CheckSchema(Connection& connection) {
  absl::StatusOr<std::int64_t> version = connection.AskNumber("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*version > Migrations().back().number) return absl::OkStatus();
  absl::StatusOr<std::set<std::string>> want = SchemaOfVersion(*version);
  absl::StatusOr<std::set<std::string>> have = SchemaOf(connection);
  if (!want.ok()) return want.status();
  if (!have.ok()) return have.status();
  // What else is there, as statistics that a person had made, does no harm.
  bool whole =
      *version >= 1 && std::includes(have->begin(), have->end(), want->begin(), want->end());
  if (whole) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(sqlite3_db_filename(connection.db(), "main"),
                   ": is damaged (its tables are not those of "
                   "version ",
                   *version, "); it was left as it is: ", std::string(kWhatToDoWithDamage)));
}

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
  // An index is sorted before it is written, and may be larger than memory.
  absl::Status status = connection.Execute("PRAGMA temp_store = FILE; BEGIN IMMEDIATE");
  for (const Migration& migration : Migrations()) {
    if (status.ok() && migration.number > *has) status = connection.Execute(migration.sql);
  }
  if (status.ok()) status = connection.Execute(absl::StrCat("PRAGMA user_version = ", newest));
  if (status.ok()) return connection.Execute("COMMIT; PRAGMA temp_store = MEMORY");
  if (sqlite3_get_autocommit(connection.db()) == 0) connection.Execute("ROLLBACK").IgnoreError();
  return status;
}

}  // namespace bounced
