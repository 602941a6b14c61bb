// One SQL statement, and the rows that it gives.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sqlite3.h"
#include "storage/sqlite/status.h"

namespace bounced {

// Octets that are bound or read as a BLOB; of whoever made it.
struct Blob {
  std::string_view octets;
};

// A point in time as a column keeps it: microseconds since 1970. NULL is the infinite future.
std::optional<std::int64_t> ToColumn(absl::Time time);
absl::Time FromColumn(std::optional<std::int64_t> microseconds);

// The rows of a statement that runs. Resets it when it goes, so a Query never outlives its
// Statement and a Statement has one Query at a time.
class Query {
 public:
  explicit Query(sqlite3_stmt* stmt, int rc) : stmt_(stmt), rc_(rc) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() { sqlite3_reset(stmt_); }

  // Whether there is a row (the next one); false at the end.
  absl::StatusOr<bool> Next();

  // Columns of the row, from 0. Texts and blobs are good until the next Next().
  std::int64_t Integer(int column) const { return sqlite3_column_int64(stmt_, column); }
  template <typename Enum>
  Enum Number(int column) const {
    return static_cast<Enum>(sqlite3_column_int64(stmt_, column));
  }
  bool IsNull(int column) const { return sqlite3_column_type(stmt_, column) == SQLITE_NULL; }
  std::optional<std::int64_t> MaybeInteger(int column) const {
    return IsNull(column) ? std::nullopt : std::optional<std::int64_t>(Integer(column));
  }
  absl::Time Time(int column) const { return FromColumn(MaybeInteger(column)); }
  std::string_view Text(int column) const;
  std::string_view Octets(int column) const;

 private:
  sqlite3_stmt* stmt_;
  int rc_;
};

// One SQL statement, prepared once for the life of its connection and run many times. Used by one
// thread at a time, as its connection is.
class Statement {
 public:
  static absl::StatusOr<Statement> Prepare(sqlite3* db, std::string_view sql);

  // Binds `values` from the left, runs to the end, and resets whatever happens.
  template <typename... Values>
  absl::Status Run(const Values&... values) {
    Query query = Start(values...);
    return query.Next().status();
  }

  // The same of a statement that gives one number, as INSERT ... RETURNING does.
  template <typename... Values>
  absl::StatusOr<std::int64_t> RunForNumber(const Values&... values) {
    Query query = Start(values...);
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    const std::int64_t number = query.Integer(0);
    // It is done when there is no further row.
    there = query.Next();
    if (!there.ok()) return there.status();
    return number;
  }

  // Binds `values` from the left, which must live as long as the Query.
  template <typename... Values>
  Query Start(const Values&... values) {
    int index = 0;
    int rc = SQLITE_OK;
    static_cast<void>((... && ((rc = Bind(++index, values)) == SQLITE_OK)));
    return Query(stmt_.get(), rc);
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* stmt) const { sqlite3_finalize(stmt); }
  };
  explicit Statement(sqlite3_stmt* stmt) : stmt_(stmt) {}

  int Bind(int index, std::int64_t value) { return sqlite3_bind_int64(stmt_.get(), index, value); }
  int Bind(int index, int value) { return sqlite3_bind_int64(stmt_.get(), index, value); }
  int Bind(int index, bool value) { return sqlite3_bind_int64(stmt_.get(), index, value); }
  // Of a hash the bits count, not the sign.
  int Bind(int index, std::uint64_t value) {
    return sqlite3_bind_int64(stmt_.get(), index, static_cast<std::int64_t>(value));
  }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  int Bind(int index, Enum value) {
    return sqlite3_bind_int64(stmt_.get(), index, static_cast<std::int64_t>(value));
  }
  int Bind(int index, std::string_view text);
  int Bind(int index, Blob blob);
  int Bind(int index, std::nullopt_t) { return sqlite3_bind_null(stmt_.get(), index); }
  template <typename Value>
  int Bind(int index, const std::optional<Value>& value) {
    return value ? Bind(index, *value) : sqlite3_bind_null(stmt_.get(), index);
  }
  int Bind(int index, absl::Time time) { return Bind(index, ToColumn(time)); }

  std::unique_ptr<sqlite3_stmt, Finalize> stmt_;
};

// Prepares statements one after the other and keeps the first failure, so that a class with many of
// them needs one check.
class Preparer {
 public:
  explicit Preparer(sqlite3* db) : db_(db) {}
  void operator()(std::optional<Statement>& statement, std::string_view sql);
  const absl::Status& status() const { return status_; }

 private:
  sqlite3* db_;
  absl::Status status_;
};

}  // namespace bounced
