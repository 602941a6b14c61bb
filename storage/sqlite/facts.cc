#include "storage/sqlite/facts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "storage/sqlite/addresses.h"
#include "storage/sqlite/changes.h"
#include "storage/sqlite/messages.h"
#include "storage/sqlite/suppressions.h"

namespace bounced {

absl::StatusOr<std::vector<Entry>> EntriesThatReach(std::string_view tenant,
                                                    const Address& address) {
  std::vector<Entry> entries = {{tenant, address}};
  if (!address.is_domain()) {
    absl::StatusOr<Address> domain = Address::ParseEntry(absl::StrCat("@", Absl(address.domain())));
    if (!domain.ok()) return domain.status();
    entries.push_back({tenant, *std::move(domain)});
  }
  if (tenant != kAnyTenant) {
    for (std::size_t i = 0, own = entries.size(); i < own; ++i) {
      entries.push_back({kAnyTenant, entries[i].address});
    }
  }
  return entries;
}

absl::Status FactsQuery::Prepare(Connection& connection, const SuppressionIndex& index) {
  index_ = &index;
  Preparer prepare(connection.db());
  prepare(find_, kFindAddressSql);
  prepare(suppressions_, kSuppressionsOfAddressSql);
  // Newest first, so that of too many the newest are read.
  prepare(events_, absl::StrCat("SELECT ", kEventColumns,
                                " FROM event CROSS JOIN message ON message.id = message_id"
                                " LEFT JOIN address ON address.id = address_id"
                                " WHERE event.address_id = ? ORDER BY event.id DESC LIMIT ?"));
  prepare(changes_, absl::StrCat("SELECT number, ", Absl(kChangeColumns),
                                 " FROM change WHERE address_id = ? ORDER BY number DESC LIMIT ?"));
  prepare(allowance_, "SELECT create_time, author, note FROM allowance WHERE address_id = ?");
  return prepare.status();
}

absl::StatusOr<AddressFacts> FactsQuery::Read(std::string_view tenant, const Address& address) {
  AddressFacts facts;
  absl::StatusOr<std::vector<Allowance>> allowances = AllowancesOf(tenant, address);
  if (!allowances.ok()) return allowances.status();
  facts.allowances = *std::move(allowances);
  absl::StatusOr<AddressRow> row =
      FindAddress(*find_, RowHashOf(*index_, tenant, address), tenant, address);
  if (!row.ok()) return row.status();
  if (row->id == 0) return facts;
  facts.is_forgotten = row->is_forgotten;
  facts.record = std::move(row->record);
  facts.risky_until = row->risky_until;
  absl::StatusOr<std::vector<SuppressionRow>> suppressions =
      SuppressionsOf(*suppressions_, row->id, tenant, *row->address);
  if (!suppressions.ok()) return suppressions.status();
  for (SuppressionRow& each : *suppressions) {
    facts.suppressions.push_back(std::move(each.suppression));
  }
  const auto is_full = [&facts](std::size_t rows, int most) {
    if (rows < static_cast<std::size_t>(most)) return false;
    facts.is_cut = true;
    return true;
  };
  {
    Query query = events_->Start(row->id, AddressFacts::kMaxEvents + 1);
    for (;;) {
      absl::StatusOr<bool> there = query.Next();
      if (!there.ok()) return there.status();
      if (!*there || is_full(facts.events.size(), AddressFacts::kMaxEvents)) break;
      absl::StatusOr<StoredEvent> stored = EventOf(query);
      if (!stored.ok()) return stored.status();
      facts.events.push_back(*std::move(stored));
    }
    std::reverse(facts.events.begin(), facts.events.end());
  }
  Query query = changes_->Start(row->id, AddressFacts::kMaxChanges + 1);
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there || is_full(facts.changes.size(), AddressFacts::kMaxChanges)) break;
    facts.changes.push_back(ChangeOf(query, query.Integer(0), 1, tenant, *row->address));
  }
  std::reverse(facts.changes.begin(), facts.changes.end());
  return facts;
}

absl::StatusOr<std::vector<Allowance>> FactsQuery::AllowancesOf(std::string_view tenant,
                                                                const Address& address) {
  absl::StatusOr<std::vector<Entry>> entries = EntriesThatReach(tenant, address);
  if (!entries.ok()) return entries.status();
  std::vector<Allowance> allowances;
  for (const Entry& entry : *entries) {
    absl::StatusOr<AddressRow> row = FindAddress(
        *find_, RowHashOf(*index_, entry.tenant, entry.address), entry.tenant, entry.address);
    if (!row.ok()) return row.status();
    if (row->id == 0) continue;
    Query query = allowance_->Start(row->id);
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) continue;
    allowances.push_back({.tenant = std::string(entry.tenant),
                          .address = *row->address,
                          .create_time = query.Time(0),
                          .author = std::string(query.Text(1)),
                          .note = std::string(query.Text(2))});
  }
  return allowances;
}

}  // namespace bounced
