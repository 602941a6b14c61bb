// All that is stored of one address, on any connection.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"
#include "storage/store.h"
#include "storage/suppression_index.h"

namespace bounced {

// The address entries that reach an address, itself first: its domain, and both of all tenants.
struct Entry {
  std::string_view tenant;
  Address address;
};
absl::StatusOr<std::vector<Entry>> EntriesThatReach(std::string_view tenant,
                                                    const Address& address);

// Belongs to one connection.
class FactsQuery {
 public:
  // `index` gives the hashes, and outlives it.
  absl::Status Prepare(Connection& connection, const SuppressionIndex& index);

  // Of an address that is not there: nothing but what reaches it.
  absl::StatusOr<AddressFacts> Read(std::string_view tenant, const Address& address);
  // The allowances that reach an address.
  absl::StatusOr<std::vector<Allowance>> AllowancesOf(std::string_view tenant,
                                                      const Address& address);

 private:
  const SuppressionIndex* index_ = nullptr;
  std::optional<Statement> find_;
  std::optional<Statement> suppressions_;
  std::optional<Statement> events_;
  std::optional<Statement> changes_;
  std::optional<Statement> allowance_;
};

}  // namespace bounced
