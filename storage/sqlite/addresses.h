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
#include "storage/stand_in.h"
#include "storage/suppression_index.h"

namespace bounced {

struct AddressRow {
  std::int64_t id = 0;  // 0: not stored yet
  std::uint64_t hash = 0;
  std::optional<Address> address;  // in the spelling in which it first came; set when it is there
  AddressRecord record;
  Day risky_until = 0;
  bool is_forgotten = false;  // `address` is a stand-in
};

// By which rows of an address are found: that of (tenant, "", canonical), also of a stand-in.
std::uint64_t RowHashOf(const SuppressionIndex& index, std::string_view tenant,
                        const Address& address);

// Of an address that is not there: a row with id 0.
inline constexpr std::string_view kFindAddressSql =
    "SELECT id, risky_until, record, tenant, canonical, spelling FROM address WHERE hash = ?";

// Runs `find`, prepared from kFindAddressSql, and compares in full, but for one that was forgotten.
// DATA_LOSS: a record that cannot be read.
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
  // Puts the stand-in in the place of its text.
  absl::Status Forget(const AddressRow& row);
  // Drops the row if nothing is known of it any more, of a day after `day` in its record either.
  absl::Status DropIfUnused(std::int64_t id, Day day);

 private:
  std::optional<Statement> find_;
  std::optional<Statement> insert_;
  std::optional<Statement> update_;
  std::optional<Statement> forget_;
  std::optional<Statement> unused_;
  std::optional<Statement> drop_;
};

}  // namespace bounced
