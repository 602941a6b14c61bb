#include "storage/sqlite/addresses.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "storage/sqlite/record_blob.h"

namespace bounced {
namespace {

// The newest day that the record has a fact about.
Day NewestDay(const AddressRecord& record) {
  Day newest = std::max({record.soft_suppressed_on, record.probation_until, record.delivered_on,
                         record.released ? DayOf(*record.released) : 0});
  if (!record.hard_days.empty()) newest = std::max(newest, record.hard_days.back());
  if (!record.soft_days.empty()) newest = std::max(newest, record.soft_days.back());
  return newest;
}

}  // namespace

std::uint64_t RowHashOf(const SuppressionIndex& index, std::string_view tenant,
                        const Address& address) {
  const std::optional<std::uint64_t> hash = HashInStandIn(address.canonical());
  return hash ? *hash : index.Hash(tenant, "", address.canonical());
}

absl::StatusOr<AddressRow> FindAddress(Statement& find, std::uint64_t hash, std::string_view tenant,
                                       const Address& address) {
  AddressRow row;
  row.hash = hash;
  Query query = find.Start(hash);
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) return row;
    if (query.Text(3) != tenant) continue;
    row.is_forgotten = IsStandIn(query.Text(4));
    if (row.is_forgotten || query.Text(4) == address.canonical()) break;
  }
  if (!row.is_forgotten && query.IsNull(5) && address.spelling() == address.canonical()) {
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
  prepare(forget_, "UPDATE address SET canonical = ?2, spelling = NULL WHERE id = ?1");
  prepare(unused_,
          "SELECT risky_until, record FROM address WHERE id = ?1"
          " AND NOT EXISTS (SELECT 1 FROM suppression WHERE address_id = ?1)"
          " AND NOT EXISTS (SELECT 1 FROM event WHERE address_id = ?1)"
          " AND NOT EXISTS (SELECT 1 FROM change WHERE address_id = ?1)"
          " AND NOT EXISTS (SELECT 1 FROM allowance WHERE address_id = ?1)");
  prepare(drop_, "DELETE FROM address WHERE id = ?");
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

absl::Status AddressTable::Forget(const AddressRow& row) {
  return forget_->Run(row.id, std::string_view(StandInOf(row.hash)));
}

absl::Status AddressTable::DropIfUnused(std::int64_t id, Day day) {
  {
    Query query = unused_->Start(id);
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok() || !*there) return there.status();
    const std::optional<AddressRecord> record = DecodeRecord(query.Octets(1));
    // One that cannot be read is left to the check of the database.
    if (!record || std::max(NewestDay(*record), query.Number<Day>(0)) > day) {
      return absl::OkStatus();
    }
  }
  return drop_->Run(id);
}

}  // namespace bounced
