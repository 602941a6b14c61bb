#include "storage/sqlite/allowances.h"

#include <string>
#include <utility>

#include "storage/sqlite/addresses.h"

namespace bounced {

absl::StatusOr<Allowance> AllowanceOf(const Query& row) {
  absl::StatusOr<Address> address = AddressOf(row, 2, 3);
  if (!address.ok()) return address.status();
  return Allowance{.tenant = std::string(row.Text(1)),
                   .address = *std::move(address),
                   .create_time = row.Time(4),
                   .author = std::string(row.Text(5)),
                   .note = std::string(row.Text(6))};
}

absl::Status AllowanceTable::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(insert_,
          "INSERT INTO allowance (address_id, create_time, author, note) VALUES (?, ?, ?, ?)"
          " ON CONFLICT DO NOTHING RETURNING 1");
  prepare(remove_, "DELETE FROM allowance WHERE address_id = ? RETURNING note");
  return prepare.status();
}

absl::StatusOr<bool> AllowanceTable::Insert(std::int64_t address_id, const Allowance& allowance) {
  Query query =
      insert_->Start(address_id, allowance.create_time, std::string_view(allowance.author),
                     std::string_view(allowance.note));
  return query.Next();
}

absl::StatusOr<std::optional<std::string>> AllowanceTable::Remove(std::int64_t address_id) {
  Query query = remove_->Start(address_id);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (!*there) return std::nullopt;
  return std::string(query.Text(0));
}

}  // namespace bounced
