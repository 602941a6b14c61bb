#include "storage/sqlite/addresses.h"

#include "absl/strings/str_cat.h"
#include "storage/sqlite/record_blob.h"

namespace bounced {

absl::StatusOr<AddressRow> FindAddress(Statement& find, std::uint64_t hash, std::string_view tenant,
                                       const Address& address) {
  AddressRow row;
  row.hash = hash;
  Query query = find.Start(hash);
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) return row;
    if (query.Text(4) == address.canonical() && query.Text(3) == tenant) break;
  }
  if (query.IsNull(5) && address.spelling() == address.canonical()) {
    row.address = address;
  } else {
    absl::StatusOr<Address> stored = AddressOf(query, 4, 5);
    if (!stored.ok()) return stored.status();
    row.address = *std::move(stored);
  }
  row.id = query.Integer(0);
  row.risky_until = query.Number<Day>(1);
  std::optional<AddressRecord> record = DecodeRecord(query.Octets(2));
  if (!record) {
    return absl::DataLossError(absl::StrCat("the record of address ", row.id,
                                            " cannot be read; restore a backup, or clear it"));
  }
  row.record = *std::move(record);
  return row;
}

absl::StatusOr<Address> AddressOf(const Query& row, int canonical, int spelling) {
  std::string_view identity = row.Text(canonical);
  if (!row.IsNull(spelling)) {
    absl::StatusOr<Address> address = Address::ParseEntry(row.Text(spelling));
    if (address.ok() && address->canonical() == identity) return address;
  }
  absl::StatusOr<Address> address = Address::ParseEntry(identity);
  if (address.ok()) return address;
  return absl::DataLossError("an address in the database is none; restore a backup");
}

absl::Status AddressTable::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(find_, kFindAddressSql);
  prepare(insert_,
          "INSERT INTO address (id, hash, risky_until, tenant, canonical, spelling, record)"
          " VALUES (?, ?, ?, ?, ?, ?, ?)");
  prepare(update_, "UPDATE address SET risky_until = ?2, record = ?3 WHERE id = ?1");
  return prepare.status();
}

absl::Status AddressTable::Insert(const AddressRow& row, std::string_view tenant,
                                  const Address& address) {
  std::string record = EncodeRecord(row.record);
  return insert_->Run(row.id, row.hash, row.risky_until, tenant,
                      std::string_view(address.canonical()),
                      address.spelling() == address.canonical()
                          ? std::nullopt
                          : std::optional<std::string_view>(address.spelling()),
                      record.empty() ? std::nullopt : std::optional<Blob>(Blob{record}));
}

absl::Status AddressTable::Update(const AddressRow& row) {
  std::string record = EncodeRecord(row.record);
  return update_->Run(row.id, row.risky_until,
                      record.empty() ? std::nullopt : std::optional<Blob>(Blob{record}));
}

}  // namespace bounced
