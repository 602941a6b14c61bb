#include "tests/e2e/harness/database.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <vector>

#include "absl/strings/ascii.h"
#include "gtest/gtest.h"
#include "sqlite3.h"
#include "storage/maintenance.h"
#include "tests/e2e/harness/files.h"

namespace bounced::e2e {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostShown = 3;  // of rows that differ

struct Closer {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Closer>;

Database OpenFile(const std::string& directory, int flags) {
  sqlite3* db = nullptr;
  const int opened = sqlite3_open_v2((directory + "/bounced.db").c_str(), &db, flags, nullptr);
  Database database(db);
  if (opened != SQLITE_OK) throw std::runtime_error("cannot open the database of " + directory);
  sqlite3_busy_timeout(db, 5'000);
  return database;
}

std::string Text(sqlite3_stmt* row, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  if (text == nullptr) return "";
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

template <typename Each>
void ForEachRow(sqlite3* db, const std::string& sql, Each each) {
  sqlite3_stmt* prepared = nullptr;
  const int rc = sqlite3_prepare_v2(db, sql.c_str(), -1, &prepared, nullptr);
  const std::unique_ptr<sqlite3_stmt, Closer> statement(prepared);
  int step = rc;
  if (rc == SQLITE_OK) {
    while ((step = sqlite3_step(prepared)) == SQLITE_ROW) each(prepared);
  }
  if (step != SQLITE_DONE) throw std::runtime_error(sql + ": " + sqlite3_errmsg(db));
}

std::int64_t FirstNumber(sqlite3* db, const std::string& sql) {
  std::int64_t number = 0;
  ForEachRow(db, sql, [&number](sqlite3_stmt* row) { number = sqlite3_column_int64(row, 0); });
  return number;
}

}  // namespace

void CopyDatabase(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  fs::create_directory(to);
  fs::permissions(to, fs::perms::owner_all);
  for (const char* name : {"/bounced.db", "/bounced.db-wal"}) {
    if (fs::exists(from + name)) fs::copy_file(from + name, to + name);
  }
}

void ExpectWhole(const std::string& directory) {
  const absl::StatusOr<Findings> findings =
      CheckDatabase(directory, {.full = true}, [](const WorkProgress&) { return true; });
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_EQ(findings->count, 0) << findings->shown.front();
}

Rows ReadRows(const std::string& directory, const Looks& looks) {
  const Database database = OpenFile(directory, SQLITE_OPEN_READWRITE);
  std::vector<std::string> tables;
  ForEachRow(database.get(), "SELECT name FROM sqlite_master WHERE type = 'table'",
             [&tables](sqlite3_stmt* row) { tables.push_back(Text(row, 0)); });
  Rows rows;
  for (const std::string& table : tables) {
    std::string sql = "SELECT '" + table + "'";
    bool any = false;
    ForEachRow(database.get(), "SELECT name FROM pragma_table_info('" + table + "')",
               [&](sqlite3_stmt* row) {
                 const std::string column = Text(row, 0);
                 if (!looks(table, column)) return;
                 any = true;
                 sql += " || ' " + column + "=' || quote(" + column + ")";
               });
    if (!any) continue;
    ForEachRow(database.get(), sql + " FROM " + table,
               [&rows](sqlite3_stmt* row) { rows.insert(Text(row, 0)); });
  }
  return rows;
}

std::string Difference(const Rows& is, const Rows& want) {
  std::string text;
  const auto add = [&text](const Rows& a, const Rows& b, const char* words) {
    std::vector<std::string> only;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only));
    if (only.empty()) return;
    text += std::to_string(only.size()) + words;
    for (std::size_t i = 0; i < std::min(kMostShown, only.size()); ++i)
      text += "  " + only[i] + '\n';
  };
  add(is, want, " that may not be there:\n");
  add(want, is, " that are not there:\n");
  return text;
}

void Execute(const std::string& directory, const std::string& sql) {
  const Database database = OpenFile(directory, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (sqlite3_exec(database.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(database.get()));
  }
}

std::int64_t AskNumber(const std::string& directory, const std::string& sql) {
  return FirstNumber(OpenFile(directory, SQLITE_OPEN_READWRITE).get(), sql);
}

std::set<std::string> AskTexts(const std::string& directory, const std::string& sql) {
  const Database database = OpenFile(directory, SQLITE_OPEN_READWRITE);
  std::set<std::string> texts;
  ForEachRow(database.get(), sql, [&texts](sqlite3_stmt* row) { texts.insert(Text(row, 0)); });
  return texts;
}

std::int64_t AskNumberOfLive(const std::string& directory, const std::string& sql) {
  return FirstNumber(OpenFile(directory, SQLITE_OPEN_READONLY).get(), sql);
}

std::string RawOctets(const std::string& directory) {
  std::string raw;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    raw += ReadFile(directory + "/bounced.db" + suffix);
  }
  absl::AsciiStrToLower(&raw);
  return raw;
}

}  // namespace bounced::e2e
