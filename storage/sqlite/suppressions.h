// The table `suppression`, as the writer uses it, and its rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "parser/address.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"

namespace bounced {

struct SuppressionRow {
  std::int64_t id = 0;
  std::uint64_t hash = 0;  // of (tenant, stream, address)
  Suppression suppression;
};

// As columns keep it: times in whole microseconds, so that what is in memory and what is read back
// are the same.
Suppression AsStored(Suppression suppression);

// The columns of a suppression but for its address, in the order in which SuppressionOf() reads
// them, from the column `first` on.
inline constexpr std::string_view kSuppressionColumns =
    "stream, source, bounce_class, create_time, expire_time, event_id, reason, explanation,"
    " incident_id";
Suppression SuppressionOf(const Query& row, int first, std::string_view tenant, Address address);

inline constexpr std::string_view kSuppressionsOfAddressSql =
    "SELECT id, stream, source, bounce_class, create_time, expire_time, event_id, reason,"
    " explanation, incident_id, hash FROM suppression WHERE address_id = ?";

// Runs `of_address`, prepared from kSuppressionsOfAddressSql: all streams and sources.
absl::StatusOr<std::vector<SuppressionRow>> SuppressionsOf(Statement& of_address,
                                                           std::int64_t address_id,
                                                           std::string_view tenant,
                                                           const Address& address);

// Belongs to the writing connection.
class SuppressionTable {
 public:
  absl::Status Prepare(Connection& connection);

  absl::StatusOr<std::vector<SuppressionRow>> Of(std::int64_t address_id, std::string_view tenant,
                                                 const Address& address) {
    return SuppressionsOf(*of_address_, address_id, tenant, address);
  }
  absl::Status Insert(const SuppressionRow& row, std::int64_t address_id);
  absl::Status Update(const SuppressionRow& row);
  absl::Status Remove(std::int64_t id);
  // The addresses of those that an incident holds.
  absl::StatusOr<std::vector<Address>> HeldBy(std::int64_t incident_id);

 private:
  std::optional<Statement> of_address_;
  std::optional<Statement> insert_;
  std::optional<Statement> update_;
  std::optional<Statement> remove_;
  std::optional<Statement> held_;
};

}  // namespace bounced
