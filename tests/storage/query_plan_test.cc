// What is asked while the daemon serves must not read all of a table that grows with the mail.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fixture.h"
#include "storage/store.h"

namespace bounced {
namespace {

const std::set<std::string> kGrowing = {"address",   "change",  "event",      "evidence",
                                        "forgotten", "message", "suppression"};

std::vector<std::vector<std::string>> Rows(sqlite3* db, const std::string& sql) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [](void* to, int columns, char** values, char**) {
    std::vector<std::string> row;
    for (int i = 0; i < columns; ++i) row.emplace_back(values[i] == nullptr ? "" : values[i]);
    static_cast<std::vector<std::vector<std::string>>*>(to)->push_back(row);
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), add, &rows, nullptr), SQLITE_OK)
      << sql << ": " << sqlite3_errmsg(db);
  return rows;
}

// The tables of which the program of `sql` walks from one row to the next without a bound: SQLite
// marks such steps, so as to count them (SQLITE_STMTSTATUS_FULLSCAN_STEP).
std::set<std::string> TablesReadWhole(sqlite3* db, const std::string& sql) {
  std::map<std::string, std::string> table_of_page;
  for (const auto& row : Rows(db, "SELECT rootpage, tbl_name FROM sqlite_master")) {
    table_of_page[row[0]] = row[1];
  }
  std::set<std::string> tables;
  std::map<std::string, std::string> table_of_cursor;
  std::string before;
  for (const auto& row : Rows(db, absl::StrCat("EXPLAIN ", sql))) {
    const std::string& operation = row[1];
    const std::string& cursor = row[2];
    if (operation == "OpenRead" || operation == "OpenWrite") {
      table_of_cursor[cursor] = table_of_page[row[3]];
    }
    // Of a least or greatest value the step is never taken: a jump stands before it.
    const bool is_step = (operation == "Next" || operation == "Prev") && before != "Goto";
    const bool is_unbounded = row[6] == absl::StrCat(SQLITE_STMTSTATUS_FULLSCAN_STEP);
    if (is_step && is_unbounded) tables.insert(table_of_cursor[cursor]);
    before = operation;
  }
  return tables;
}

std::mutex mutex;
std::vector<sqlite3*>* opened = nullptr;  // that are not closed

int NoteConnection(sqlite3* db, char**, const void*) {
  const auto drop = [](unsigned, void*, void* closed, void*) {
    const std::scoped_lock lock(mutex);
    if (opened != nullptr) std::erase(*opened, closed);
    return 0;
  };
  const std::scoped_lock lock(mutex);
  if (opened != nullptr) opened->push_back(db);
  return sqlite3_trace_v2(db, SQLITE_TRACE_CLOSE, drop, nullptr);
}

class QueryPlanTest : public testing::Test {
 protected:
  QueryPlanTest() {
    sqlite3_auto_extension(Note());
    opened = &connections_;
  }
  ~QueryPlanTest() override {
    sqlite3_cancel_auto_extension(Note());
    opened = nullptr;
  }

  // SQLite takes any function there, and calls it as what it is.
  static void (*Note())() { return reinterpret_cast<void (*)()>(&NoteConnection); }

  std::vector<sqlite3*> connections_;
};

TEST_F(QueryPlanTest, StatementsThatStandReadNoGrowingTableWhole) {
  TemporaryDirectory directory;
  const std::unique_ptr<Store> store = Open(directory.path());
  Put(*store, {Bounce("joe@example.com", 1)});
  // Makes a reader.
  ASSERT_TRUE(store->FindStanding("t", ParseAddress("joe@example.com")).ok());
  std::set<std::string> seen;
  for (sqlite3* db : connections_) {
    // Those that the connection has by now; each question makes one more, and ends it.
    std::vector<std::string> statements;
    for (sqlite3_stmt* statement = sqlite3_next_stmt(db, nullptr); statement != nullptr;
         statement = sqlite3_next_stmt(db, statement)) {
      statements.emplace_back(sqlite3_sql(statement));
    }
    for (const std::string& sql : statements) {
      seen.insert(sql);
      for (const std::string& table : TablesReadWhole(db, sql)) {
        EXPECT_FALSE(kGrowing.contains(table)) << table << " is read whole by: " << sql;
      }
    }
  }
  EXPECT_GT(seen.size(), 80U);
}

TEST_F(QueryPlanTest, AWalkThroughATableIsSeen) {
  TemporaryDirectory directory;
  const std::unique_ptr<Store> store = Open(directory.path());
  ASSERT_FALSE(connections_.empty());
  const std::pair<const char*, std::set<std::string>> kCases[] = {
      {"SELECT max(evidence_id) FROM message", {"message"}},
      {"SELECT max(evidence_id) FROM message WHERE evidence_id IS NOT NULL", {}},
      {"SELECT max(id) FROM message", {}},
      {"SELECT id FROM event WHERE id < 7 ORDER BY id DESC", {}},
      {"SELECT id FROM event WHERE kind = 7", {"event"}},
      {"DELETE FROM change WHERE author = 'ann'", {"change"}},
  };
  for (const auto& [sql, tables] : kCases) {
    EXPECT_EQ(TablesReadWhole(connections_.front(), sql), tables) << sql;
  }
}

}  // namespace
}  // namespace bounced
