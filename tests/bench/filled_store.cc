#include "filled_store.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/block_hours.h"
#include "storage/store.h"

namespace bounced::bench {

void Must(bool done, std::string_view what) {
  if (done) return;
  std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

void Execute(sqlite3* db, const std::string& sql) {
  char* error = nullptr;
  const int rc = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error);
  Must(rc == SQLITE_OK, error == nullptr ? "SQL" : error);
}

StoreFilling::StoreFilling(const std::string& directory) {
  {
    const auto made = OpenSqliteStore({.directory = directory}, absl::UnixEpoch());
    Must(made.ok(), made.status().ToString());
  }
  Must(sqlite3_open((directory + "/bounced.db").c_str(), &db_) == SQLITE_OK, "open");
  Execute(db_,
          "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000;"
          "PRAGMA foreign_keys = OFF");
  std::string drop;
  auto note = [](void* to, int, char** values, char**) {
    auto& [sql, names] = *static_cast<std::pair<std::vector<std::string>&, std::string&>*>(to);
    sql.emplace_back(values[0]);
    absl::StrAppend(&names, "DROP INDEX ", values[1], ";");
    return 0;
  };
  std::pair<std::vector<std::string>&, std::string&> to(trees_, drop);
  sqlite3_exec(db_, "SELECT sql, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
               note, &to, nullptr);
  Execute(db_, drop);
  Execute(db_, "BEGIN");
}

void StoreFilling::Finish() {
  for (const std::string& tree : trees_) Execute(db_, tree);
  Execute(db_, kFillBlockHoursSql);
  Execute(db_, "COMMIT");
  Execute(db_, "PRAGMA journal_mode = WAL");
  sqlite3_close(db_);
}

std::int64_t FillSuppressions(const std::string& directory,
                              absl::FunctionRef<std::optional<std::string_view>()> next) {
  StoreFilling filling(directory);
  const auto prepare = [&](const char* sql) {
    sqlite3_stmt* statement = nullptr;
    Must(sqlite3_prepare_v2(filling.db(), sql, -1, &statement, nullptr) == SQLITE_OK, sql);
    return statement;
  };
  sqlite3_stmt* const secret = prepare("SELECT value FROM meta WHERE name = 'index_secret'");
  Must(sqlite3_step(secret) == SQLITE_ROW, "no secret");
  const SuppressionIndex index(static_cast<std::uint64_t>(sqlite3_column_int64(secret, 0)));
  sqlite3_finalize(secret);

  sqlite3_stmt* const address = prepare(
      "INSERT INTO address (id, hash, risky_until, tenant, canonical) VALUES (?1, ?2, 0, 'default',"
      " ?3)");
  sqlite3_stmt* const suppression = prepare(
      "INSERT INTO suppression (id, hash, expire_time, address_id, stream, source, bounce_class,"
      " create_time, event_id, reason, explanation) VALUES (?1, ?2, NULL, ?1, '', 5, 0,"
      " 1780000000000000 + ?1, 0, 'imported', 'Taken over from the list of the former provider.')");
  std::int64_t count = 0;
  while (const std::optional<std::string_view> canonical = next()) {
    ++count;
    const auto hash = static_cast<std::int64_t>(index.Hash("default", "", *canonical));
    for (sqlite3_stmt* statement : {address, suppression}) {
      sqlite3_bind_int64(statement, 1, count);
      sqlite3_bind_int64(statement, 2, hash);
    }
    sqlite3_bind_text(address, 3, canonical->data(), static_cast<int>(canonical->size()),
                      SQLITE_STATIC);
    for (sqlite3_stmt* statement : {address, suppression}) {
      Must(sqlite3_step(statement) == SQLITE_DONE, sqlite3_errmsg(filling.db()));
      sqlite3_reset(statement);
    }
  }
  sqlite3_finalize(address);
  sqlite3_finalize(suppression);
  filling.Finish();
  return count;
}

}  // namespace bounced::bench
