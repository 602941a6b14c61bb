// The table `policy_document`.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"
#include "storage/store.h"

namespace bounced {

// In the order in which PolicyDocumentOf() reads them; of a revision without its document that is
// empty.
inline constexpr std::string_view kPolicyRevisionColumns = "revision, time, author, cause, ''";
inline constexpr std::string_view kPolicyDocumentColumns =
    "revision, time, author, cause, document";
PolicyDocument PolicyDocumentOf(const Query& row);

// Belongs to the writing connection.
class PolicyDocumentTable {
 public:
  absl::Status Prepare(Connection& connection);

  // See PutPolicies.
  absl::Status Put(PutPolicies& work, absl::Time now);

 private:
  std::optional<Statement> insert_;
  std::optional<Statement> drop_;
};

}  // namespace bounced
