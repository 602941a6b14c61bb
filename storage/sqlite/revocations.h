// The table `revocation`.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"
#include "storage/store.h"

namespace bounced {

// All of it, as RevocationOf() reads a row.
inline constexpr std::string_view kRevocationsSql =
    "SELECT domain, key_id, time, author FROM revocation ORDER BY domain, key_id";
Revocation RevocationOf(const Query& row);

// Belongs to the writing connection.
class RevocationTable {
 public:
  absl::Status Prepare(Connection& connection);

  // The one that stands, or that is made `now`.
  absl::StatusOr<Revocation> Revoke(const RevokeKey& work, absl::Time now);

 private:
  std::optional<Statement> insert_;
  std::optional<Statement> find_;
};

}  // namespace bounced
