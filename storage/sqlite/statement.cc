#include "storage/sqlite/statement.h"

#include <utility>

namespace bounced {

std::optional<std::int64_t> ToColumn(absl::Time time) {
  if (time == absl::InfiniteFuture()) return std::nullopt;
  return absl::ToUnixMicros(time);
}

absl::Time FromColumn(std::optional<std::int64_t> microseconds) {
  return microseconds ? absl::FromUnixMicros(*microseconds) : absl::InfiniteFuture();
}

absl::StatusOr<bool> Query::Next() {
  if (rc_ == SQLITE_OK || rc_ == SQLITE_ROW) rc_ = sqlite3_step(stmt_);
  if (rc_ == SQLITE_ROW) return true;
  if (rc_ == SQLITE_DONE) return false;
  return SqliteStatus(sqlite3_db_handle(stmt_), rc_);
}

std::string_view Query::Text(int column) const {
  // The pointer first: asking for the length before it may convert the value.
  const unsigned char* text = sqlite3_column_text(stmt_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column))};
}

std::string_view Query::Octets(int column) const {
  const void* octets = sqlite3_column_blob(stmt_, column);
  if (octets == nullptr) return {};
  return {static_cast<const char*>(octets),
          static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column))};
}

absl::StatusOr<Statement> Statement::Prepare(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* stmt = nullptr;
  int rc = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                              SQLITE_PREPARE_PERSISTENT, &stmt, nullptr);
  if (rc != SQLITE_OK) return SqliteStatus(db, rc);
  return Statement(stmt);
}

// SQLITE_STATIC: a Query does not outlive the values, and the next one binds anew. An empty view
// may have no address, which SQLite would take for NULL.
int Statement::Bind(int index, std::string_view text) {
  return sqlite3_bind_text64(stmt_.get(), index, text.empty() ? "" : text.data(), text.size(),
                             SQLITE_STATIC, SQLITE_UTF8);
}

int Statement::Bind(int index, Blob blob) {
  return sqlite3_bind_blob64(stmt_.get(), index, blob.octets.empty() ? "" : blob.octets.data(),
                             blob.octets.size(), SQLITE_STATIC);
}

void Preparer::operator()(std::optional<Statement>& statement, std::string_view sql) {
  if (!status_.ok()) return;
  absl::StatusOr<Statement> prepared = Statement::Prepare(db_, sql);
  if (prepared.ok()) {
    statement.emplace(*std::move(prepared));
  } else {
    status_ = prepared.status();
  }
}

}  // namespace bounced
