#include "storage/sqlite/suppressions.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "storage/sqlite/addresses.h"

namespace bounced {

Suppression AsStored(Suppression suppression) {
  suppression.create_time = FromColumn(ToColumn(suppression.create_time));
  suppression.expire_time = FromColumn(ToColumn(suppression.expire_time));
  return suppression;
}

Suppression SuppressionOf(const Query& row, int first, std::string_view tenant, Address address) {
  return {.tenant = std::string(tenant),
          .stream = std::string(row.Text(first)),
          .address = std::move(address),
          .source = row.Number<Source>(first + 1),
          .reason = std::string(row.Text(first + 6)),
          .bounce_class = row.Number<BounceClass>(first + 2),
          .create_time = row.Time(first + 3),
          .expire_time = row.Time(first + 4),
          .event_id = row.Integer(first + 5),
          .explanation = std::string(row.Text(first + 7)),
          .incident_id = row.Integer(first + 8)};
}

absl::StatusOr<std::vector<SuppressionRow>> SuppressionsOf(Statement& of_address,
                                                           std::int64_t address_id,
                                                           std::string_view tenant,
                                                           const Address& address) {
  std::vector<SuppressionRow> rows;
  Query query = of_address.Start(address_id);
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) return rows;
    rows.push_back({.id = query.Integer(0),
                    .hash = static_cast<std::uint64_t>(query.Integer(10)),
                    .suppression = SuppressionOf(query, 1, tenant, address)});
    rows.back().suppression.address_id = address_id;
  }
}

absl::Status SuppressionTable::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(of_address_, kSuppressionsOfAddressSql);
  prepare(insert_,
          absl::StrCat("INSERT INTO suppression (id, hash, address_id, ", Absl(kSuppressionColumns),
                       ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  prepare(update_,
          "UPDATE suppression SET bounce_class = ?2, create_time = ?3, expire_time = ?4,"
          " event_id = ?5, reason = ?6, explanation = ?7, incident_id = ?8 WHERE id = ?1");
  prepare(remove_, "DELETE FROM suppression WHERE id = ?");
  prepare(held_,
          "SELECT canonical, spelling FROM suppression"
          " CROSS JOIN address ON address.id = address_id"
          " WHERE incident_id = ? AND incident_id > 0");
  return prepare.status();
}

absl::Status SuppressionTable::Insert(const SuppressionRow& row, std::int64_t address_id) {
  const Suppression& s = row.suppression;
  return insert_->Run(row.id, row.hash, address_id, std::string_view(s.stream), s.source,
                      s.bounce_class, s.create_time, s.expire_time, s.event_id,
                      std::string_view(s.reason), std::string_view(s.explanation), s.incident_id);
}

absl::Status SuppressionTable::Update(const SuppressionRow& row) {
  const Suppression& s = row.suppression;
  return update_->Run(row.id, s.bounce_class, s.create_time, s.expire_time, s.event_id,
                      std::string_view(s.reason), std::string_view(s.explanation), s.incident_id);
}

absl::Status SuppressionTable::Remove(std::int64_t id) { return remove_->Run(id); }

absl::StatusOr<std::vector<Address>> SuppressionTable::HeldBy(std::int64_t incident_id) {
  std::vector<Address> addresses;
  Query row = held_->Start(incident_id);
  for (;;) {
    absl::StatusOr<bool> there = row.Next();
    if (!there.ok()) return there.status();
    if (!*there) return addresses;
    absl::StatusOr<Address> address = AddressOf(row, 0, 1);
    if (!address.ok()) return address.status();
    addresses.push_back(*std::move(address));
  }
}

}  // namespace bounced
