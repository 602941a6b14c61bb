// The numbered steps from an empty file to the tables of this program (storage/migrations/).
//
// One that has been released is never changed. All that are due run in one transaction, with
// foreign keys on. What they leave is compared with the schema of a fresh database, text by text: a
// column is added by ALTER TABLE with a default, and a table that must look otherwise is made anew
// and filled. Tables are STRICT.
#pragma once

#include <span>

#include "absl/status/status.h"
#include "storage/sqlite/connection.h"

namespace bounced {

// "bncd": what the header of our databases says (`application_id`).
inline constexpr int kApplicationId = 0x626E6364;

struct Migration {
  int number;        // from 1, without gaps; `user_version` once it has been applied
  const char* name;  // of its file, without ".sql"
  const char* sql;
};

// In order of their numbers.
std::span<const Migration> Migrations();

// Whether the tables are those that the migrations up to its version make: a damaged page of the
// schema may well read as another one. A newer version is left to Migrate(). DATA_LOSS: they are
// not, or it has no version.
absl::Status CheckSchema(Connection& connection);

// Brings the database up to date, in one transaction. FAILED_PRECONDITION: it has had migrations
// that this program does not know.
absl::Status Migrate(Connection& connection);

}  // namespace bounced
