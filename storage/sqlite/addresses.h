// The table `address`, as the writer uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "parser/address.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"

namespace bounced {

struct AddressRow {
  std::int64_t id = 0;  // 0: not stored yet
  std::uint64_t hash = 0;
  std::optional<Address> address;  // in the spelling in which it first came; set when it is there
  AddressRecord record;
  Day risky_until = 0;
};

// Of an address that is not there: a row with id 0.
inline constexpr std::string_view kFindAddressSql =
    "SELECT id, risky_until, record, tenant, canonical, spelling FROM address WHERE hash = ?";

// Runs `find`, prepared from kFindAddressSql, and compares in full. DATA_LOSS: a record that cannot
// be read.
absl::StatusOr<AddressRow> FindAddress(Statement& find, std::uint64_t hash, std::string_view tenant,
                                       const Address& address);

// The value of a row: from its columns `canonical` and `spelling`. DATA_LOSS: they are no address.
absl::StatusOr<Address> AddressOf(const Query& row, int canonical, int spelling);

// Belongs to the writing connection.
class AddressTable {
 public:
  absl::Status Prepare(Connection& connection);

  absl::StatusOr<AddressRow> Find(std::uint64_t hash, std::string_view tenant,
                                  const Address& address) {
    return FindAddress(*find_, hash, tenant, address);
  }
  absl::Status Insert(const AddressRow& row, std::string_view tenant, const Address& address);
  absl::Status Update(const AddressRow& row);

 private:
  std::optional<Statement> find_;
  std::optional<Statement> insert_;
  std::optional<Statement> update_;
};

}  // namespace bounced
