// The table `api_key`.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"
#include "storage/store.h"

namespace bounced {

// All of it, as ApiKeyOf() reads a row.
inline constexpr std::string_view kApiKeysSql =
    "SELECT id, name, tenant, roles, token_hash, create_time, author, expire_time, revoke_time,"
    " revoke_author, last_use_time FROM api_key ORDER BY number";
ApiKey ApiKeyOf(const Query& row);

// Belongs to the writing connection.
class ApiKeyTable {
 public:
  absl::Status Prepare(Connection& connection);

  // See PutApiKeys.
  absl::Status Put(const ApiKey& key);

 private:
  std::optional<Statement> put_;
};

}  // namespace bounced
