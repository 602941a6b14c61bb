// A store with millions of rows, filled far faster than by its commits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "sqlite3.h"

namespace bounced::bench {

// Ends the program with `what` unless it is `done`.
void Must(bool done, std::string_view what);
void Execute(sqlite3* db, const std::string& sql);

// Makes a store in `directory` and takes rows in any tables; the trees beside them are made at the
// end, which is when it is whole.
class StoreFilling {
 public:
  explicit StoreFilling(const std::string& directory);
  sqlite3* db() const { return db_; }
  void Finish();

 private:
  sqlite3* db_ = nullptr;
  std::vector<std::string> trees_;
};

// Addresses of the tenant `default` that are suppressed for good; `next` gives the canonical form
// of each, until it gives none. Gives how many there were.
std::int64_t FillSuppressions(const std::string& directory,
                              absl::FunctionRef<std::optional<std::string_view>()> next);

}  // namespace bounced::bench
