// The table `allowance`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"

namespace bounced {

// Columns id, tenant, canonical, spelling, create_time, author, note; newest address first.
inline constexpr std::string_view kAllowancesSql =
    "SELECT address_id, tenant, canonical, spelling, allowance.create_time, author, note"
    " FROM allowance CROSS JOIN address ON address.id = address_id"
    " WHERE address_id < ? ORDER BY address_id DESC";
absl::StatusOr<Allowance> AllowanceOf(const Query& row);

// Belongs to the writing connection.
class AllowanceTable {
 public:
  absl::Status Prepare(Connection& connection);

  // False: it stood already, and stays as it is.
  absl::StatusOr<bool> Insert(std::int64_t address_id, const Allowance& allowance);
  // The note of the one that stood; none: none did.
  absl::StatusOr<std::optional<std::string>> Remove(std::int64_t address_id);

 private:
  std::optional<Statement> insert_;
  std::optional<Statement> remove_;
};

}  // namespace bounced
