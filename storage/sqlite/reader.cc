#include "storage/sqlite/reader.h"

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "storage/sqlite/addresses.h"
#include "storage/sqlite/allowances.h"
#include "storage/sqlite/api_keys.h"
#include "storage/sqlite/former.h"
#include "storage/sqlite/incidents.h"
#include "storage/sqlite/mention_scan.h"
#include "storage/sqlite/messages.h"
#include "storage/sqlite/paging.h"
#include "storage/sqlite/policy_documents.h"
#include "storage/sqlite/record_blob.h"
#include "storage/sqlite/revocations.h"
#include "storage/sqlite/suppressions.h"

namespace bounced {
namespace {

// Columns of a suppression with its address, before those that SuppressionOf() reads.
constexpr int kTenant = 1;
constexpr int kCanonical = 2;
constexpr int kSpelling = 3;
constexpr int kRecord = 4;
constexpr int kAddressId = 5;
constexpr int kFirst = 6;
std::string ListedColumns() {
  return absl::StrCat("suppression.id, tenant, canonical, spelling, record, address_id, ",
                      Absl(kSuppressionColumns));
}

absl::StatusOr<Suppression> ListedOf(const Query& row) {
  absl::StatusOr<Address> address = AddressOf(row, kCanonical, kSpelling);
  if (!address.ok()) return address.status();
  Suppression suppression = SuppressionOf(row, kFirst, row.Text(kTenant), *std::move(address));
  suppression.address_id = row.Integer(kAddressId);
  return suppression;
}

// Of the pages of one reader: the inner ones of the trees that a check goes down, with tens of
// millions of rows.
constexpr std::int64_t kCacheOctets = 8 << 20;

absl::StatusOr<std::optional<Suppression>> Select(const SuppressionFilter& filter,
                                                  const Query& row) {
  std::string_view canonical = row.Text(kCanonical);
  if (row.Text(kTenant) != filter.tenant) return std::nullopt;
  if (!canonical.starts_with(filter.address_prefix)) return std::nullopt;
  if (!filter.domain.empty() && canonical.substr(canonical.rfind('@') + 1) != filter.domain) {
    return std::nullopt;
  }
  if (filter.stream && row.Text(kFirst) != *filter.stream) return std::nullopt;
  if (filter.source && row.Number<Source>(kFirst + 1) != *filter.source) return std::nullopt;
  absl::Time created = row.Time(kFirst + 3);
  if (created < filter.created_from || created >= filter.created_before) return std::nullopt;
  if (row.Time(kFirst + 4) <= filter.in_force_at) return std::nullopt;
  const std::int64_t incident_id = row.Integer(kFirst + 8);
  if (filter.in_force_at != absl::InfinitePast() && incident_id != 0) return std::nullopt;
  if (filter.incident_id != 0 && incident_id != filter.incident_id) return std::nullopt;
  if (!filter.reason.empty() && row.Text(kFirst + 6) != filter.reason) return std::nullopt;
  return ListedOf(row);
}

absl::StatusOr<std::optional<StoredEvent>> Select(const EventFilter& filter, const Query& row) {
  absl::StatusOr<StoredEvent> stored = EventOf(row);
  if (!stored.ok()) return stored.status();
  const absl::Time received = stored->message.receive_time;
  bool wanted = stored->message.tenant == filter.tenant &&
                (!filter.address || stored->event.address == filter.address) &&
                (!filter.kind || stored->event.kind == *filter.kind) &&
                (!filter.reason || stored->event.reason == *filter.reason) &&
                received >= filter.received_from && received < filter.received_before;
  if (!wanted) return std::nullopt;
  return *std::move(stored);
}

absl::Status NoSuchEvent() { return absl::NotFoundError("no such event"); }

}  // namespace

absl::StatusOr<std::unique_ptr<Reader>> Reader::Open(const std::string& file,
                                                     const std::string& vfs,
                                                     const SuppressionIndex& index,
                                                     const WideIndex& wide_index) {
  absl::StatusOr<Connection> connection = Connection::Open(file, vfs, Access::kRead);
  if (!connection.ok()) return connection.status();
  absl::Status cache =
      connection->Execute(absl::StrCat("PRAGMA cache_size = -", kCacheOctets / 1024));
  if (!cache.ok()) return cache;
  std::unique_ptr<Reader> reader(new Reader(*std::move(connection), index, wide_index));
  absl::Status status = reader->Prepare();
  if (!status.ok()) return status;
  return reader;
}

absl::Status Reader::Prepare() {
  Preparer prepare(connection_.db());
  prepare(find_address_, kFindAddressSql);
  prepare(suppressions_of_hash_,
          absl::StrCat("SELECT ", ListedColumns(),
                       " FROM address CROSS JOIN suppression ON address_id = address.id"
                       " WHERE address.hash = ?"));
  prepare(suppressions_of_address_, kSuppressionsOfAddressSql);
  prepare(suppressions_,
          absl::StrCat("SELECT ", ListedColumns(),
                       " FROM suppression CROSS JOIN address ON address.id = address_id"
                       " WHERE suppression.id < ? ORDER BY suppression.id DESC"));
  // CROSS: the order of the tables is the order of the loops, so rows come as ids do.
  constexpr char kJoin[] =
      " FROM event CROSS JOIN message ON message.id = message_id"
      " LEFT JOIN address ON address.id = address_id";
  prepare(events_, absl::StrCat("SELECT ", kEventColumns, kJoin,
                                " WHERE event.id < ? AND event.id >= ? ORDER BY event.id DESC"));
  prepare(events_of_address_,
          absl::StrCat("SELECT ", kEventColumns, kJoin,
                       " WHERE event.address_id = ? AND event.id < ? ORDER BY event.id DESC"));
  // Of a message that is not there both bounds are NULL, and nothing is found.
  prepare(events_of_message_,
          absl::StrCat("SELECT ", kEventColumns, kJoin,
                       " WHERE event.id >= (SELECT first_event_id FROM message WHERE id = ?1)"
                       " AND event.id < min(?2,"
                       " (SELECT first_event_id + events FROM message WHERE id = ?1))"
                       " ORDER BY event.id DESC"));
  prepare(event_, absl::StrCat("SELECT ", kEventColumns, kJoin, " WHERE event.id = ?"));
  prepare(evidence_,
          "SELECT message.tenant, evidence.octets, codec, data FROM event"
          " CROSS JOIN message ON message.id = message_id"
          " CROSS JOIN evidence ON evidence.id = evidence_id WHERE event.id = ?");
  // The event that made the suppression (`own`), and those that were counted up to it.
  prepare(rests_on_,
          absl::StrCat("SELECT 1 FROM event AS own"
                       " CROSS JOIN event INDEXED BY event_counted"
                       " ON event.address_id = own.address_id AND event.id <= own.id"
                       " AND event.effect IN (2, 3)"
                       " CROSS JOIN message ON message.id = event.message_id"
                       " WHERE own.id = ?1 AND (event.id = own.id OR (own.policy_rule <> ",
                       static_cast<int>(PolicyRule::kHardCertain),
                       " AND event.bounce_class = own.bounce_class AND message.day >= ?2))"
                       " AND return_path_key = ?3"
                       " AND substr(iif(returned_path = '', return_path, returned_path),"
                       " -length(?4)) = ?4 LIMIT 1"));
  // The ids stand in the index message_once.
  prepare(uses_, absl::StrCat("SELECT uses, first, receive_time FROM"
                              " (SELECT count(*) AS uses, min(id) AS first FROM"
                              " (SELECT id FROM message WHERE ",
                              Absl(kIssueDaySql),
                              " = ? AND return_path_hash = ? LIMIT ?))"
                              " LEFT JOIN message ON message.id = first"));
  prepare(revocations_, kRevocationsSql);
  prepare(allowances_, kAllowancesSql);
  prepare(incidents_, absl::StrCat("SELECT ", Absl(kIncidentColumns),
                                   " FROM incident WHERE id < ? ORDER BY id DESC"));
  prepare(api_keys_, kApiKeysSql);
  prepare(policies_, absl::StrCat("SELECT ", Absl(kPolicyDocumentColumns),
                                  " FROM policy_document WHERE revision = ?1 OR ?1 = 0"
                                  " ORDER BY revision DESC LIMIT 1"));
  prepare(policy_revisions_, absl::StrCat("SELECT ", Absl(kPolicyRevisionColumns),
                                          " FROM policy_document WHERE revision < ?"
                                          " ORDER BY revision DESC"));
  prepare(incident_,
          absl::StrCat("SELECT ", Absl(kIncidentColumns), " FROM incident WHERE id = ?"));
  prepare(addresses_,
          "SELECT id, tenant, canonical, spelling FROM address WHERE id < ? ORDER BY id DESC");
  prepare(reclassification_, kFindReclassificationSql);
  if (!prepare.status().ok()) return prepare.status();
  absl::Status status = facts_.Prepare(connection_, index_);
  if (status.ok()) status = blocks_.Prepare(connection_);
  return status.ok() ? PrepareChanges() : status;
}

absl::StatusOr<std::vector<Suppression>> Reader::FindSuppressions(std::string_view tenant,
                                                                  const Address& address) {
  std::vector<Suppression> suppressions;
  absl::Status status = AddSuppressions(tenant, address, suppressions);
  if (!status.ok()) return status;
  return suppressions;
}

absl::StatusOr<StandingOfAddress> Reader::FindStanding(std::string_view tenant,
                                                       const Address& address) {
  StandingOfAddress standing;
  absl::Status status = AddSuppressions(tenant, address, standing.suppressions);
  if (status.ok()) status = Widen(tenant, address, standing);
  if (!status.ok()) return status;
  return standing;
}

absl::StatusOr<Page<Incident>> Reader::ListIncidents(const IncidentFilter& filter, int page_size,
                                                     Cursor from) {
  absl::Status status = CheckPaging(page_size, from);
  if (!status.ok()) return status;
  Query query = incidents_->Start(from == 0 ? kNewest : from);
  return ReadPage<Incident>(query, page_size,
                            [&](const Query& row) -> absl::StatusOr<std::optional<Incident>> {
                              Incident incident = IncidentOf(row);
                              if (!Selects(filter, incident)) return std::nullopt;
                              return incident;
                            });
}

absl::Status Reader::AddSuppressions(std::string_view tenant, const Address& entry,
                                     std::vector<Suppression>& suppressions) {
  Query query = suppressions_of_hash_->Start(RowHashOf(index_, tenant, entry));
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) return absl::OkStatus();
    const std::string_view canonical = query.Text(kCanonical);
    if (query.Text(kTenant) != tenant) continue;
    if (canonical != entry.canonical() && !IsStandIn(canonical)) continue;
    absl::StatusOr<Suppression> suppression = ListedOf(query);
    if (!suppression.ok()) return suppression.status();
    suppressions.push_back(*std::move(suppression));
  }
}

absl::Status Reader::Widen(std::string_view tenant, const Address& address,
                           StandingOfAddress& standing) {
  if (wide_index_.empty()) return absl::OkStatus();
  if (IsStandIn(address.canonical())) {
    // The index goes by texts.
    absl::StatusOr<std::vector<Allowance>> allowances = facts_.AllowancesOf(tenant, address);
    if (!allowances.ok()) return allowances.status();
    standing.allowed = !allowances->empty();
  } else {
    standing.allowed = wide_index_.IsAllowed(tenant, address.canonical());
  }
  if (address.is_domain()) return absl::OkStatus();
  absl::StatusOr<Address> domain = Address::ParseEntry(absl::StrCat("@", Absl(address.domain())));
  if (!domain.ok()) return domain.status();
  absl::Status status = AddSuppressions(tenant, *domain, standing.suppressions);
  if (!status.ok() || tenant == kAnyTenant) return status;
  status = AddSuppressions(kAnyTenant, address, standing.suppressions);
  if (status.ok()) status = AddSuppressions(kAnyTenant, *domain, standing.suppressions);
  return status;
}

absl::StatusOr<Page<Allowance>> Reader::ListAllowances(std::string_view tenant, int page_size,
                                                       Cursor from) {
  absl::Status status = CheckPaging(page_size, from);
  if (!status.ok()) return status;
  Query query = allowances_->Start(from == 0 ? kNewest : from);
  return ReadPage<Allowance>(query, page_size,
                             [&](const Query& row) -> absl::StatusOr<std::optional<Allowance>> {
                               if (row.Text(1) != tenant) return std::nullopt;
                               absl::StatusOr<Allowance> allowance = AllowanceOf(row);
                               if (!allowance.ok()) return allowance.status();
                               return *std::move(allowance);
                             });
}

absl::StatusOr<Page<Suppression>> Reader::ListSuppressions(const SuppressionFilter& filter,
                                                           int page_size, Cursor from) {
  absl::Status status = CheckPaging(page_size, from);
  if (!status.ok()) return status;
  Query query = suppressions_->Start(from == 0 ? kNewest : from);
  return ReadPage<Suppression>(
      query, page_size, [&](const Query& row) -> absl::StatusOr<std::optional<Suppression>> {
        absl::StatusOr<std::optional<Suppression>> selected = Select(filter, row);
        if (filter.return_path_key.empty() || !selected.ok() || !*selected) return selected;
        absl::StatusOr<bool> rests = RestsOnKey(filter, row);
        if (!rests.ok()) return rests.status();
        if (!*rests) return std::nullopt;
        return selected;
      });
}

absl::StatusOr<bool> Reader::RestsOnKey(const SuppressionFilter& filter, const Query& row) {
  std::optional<AddressRecord> record = DecodeRecord(row.Octets(kRecord));
  if (!record)
    return absl::DataLossError("the record of an address cannot be read; restore a backup");
  const Day released = DayOf(record->released.value_or(absl::InfinitePast()));
  const std::string ending = absl::StrCat("@", filter.return_path_domain);
  const std::int64_t event_id = row.Integer(kFirst + 5);
  Query query = rests_on_->Start(event_id, released, std::string_view(filter.return_path_key),
                                 std::string_view(ending));
  return query.Next();
}

absl::StatusOr<Page<StoredEvent>> Reader::ListEvents(const EventFilter& filter, int page_size,
                                                     Cursor from) {
  absl::Status status = CheckPaging(page_size, from);
  if (!status.ok()) return status;
  if (from == 0) from = kNewest;
  auto select = [&](const Query& row) { return Select(filter, row); };
  if (filter.message_id != 0) {
    Query query = events_of_message_->Start(filter.message_id, from);
    return ReadPage<StoredEvent>(query, page_size, select);
  }
  if (!filter.address) {
    PageFilling<StoredEvent, decltype(select)> page(page_size, select);
    status = blocks_.ForEach(Blocks::kEvents, {filter.received_from, filter.received_before}, 0,
                             from, [&](std::int64_t least, std::int64_t below) {
                               Query query = events_->Start(below, least);
                               return page.Take(query);
                             });
    if (!status.ok()) return status;
    return page.Release();
  }
  absl::StatusOr<AddressRow> row =
      FindAddress(*find_address_, RowHashOf(index_, filter.tenant, *filter.address), filter.tenant,
                  *filter.address);
  if (!row.ok()) return row.status();
  if (row->id == 0) return Page<StoredEvent>{};
  // They are its own by their row; their text may be forgotten.
  EventFilter of_row = filter;
  of_row.address = std::nullopt;
  Query query = events_of_address_->Start(row->id, from);
  return ReadPage<StoredEvent>(query, page_size,
                               [&](const Query& event) { return Select(of_row, event); });
}

absl::StatusOr<StoredEvent> Reader::GetEvent(std::string_view tenant, std::int64_t id) {
  Query query = event_->Start(id);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (!*there) return NoSuchEvent();
  absl::StatusOr<StoredEvent> stored = EventOf(query);
  if (stored.ok() && stored->message.tenant != tenant) return NoSuchEvent();
  return stored;
}

absl::StatusOr<PackedEvidence> Reader::GetEvidence(std::string_view tenant, std::int64_t event_id) {
  Query query = evidence_->Start(event_id);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (!*there || query.Text(0) != tenant) {
    return absl::NotFoundError("no such event, or its message was not kept, or it rests on none");
  }
  return PackedEvidence{.octets = std::string(query.Octets(3)),
                        .unpacked_octets = query.Integer(1),
                        .codec = query.Number<EvidenceCodec>(2)};
}

absl::StatusOr<AddressDossier> Reader::GetDossier(std::string_view tenant, const Address& address,
                                                  int max_events, int max_changes) {
  // One transaction, so that no commit comes between its parts.
  absl::Status status = connection_.Execute("BEGIN");
  if (!status.ok()) return status;
  absl::Cleanup end = [this] { connection_.Execute("ROLLBACK").IgnoreError(); };
  return ReadDossier(tenant, address, max_events, max_changes);
}

absl::StatusOr<AddressDossier> Reader::ReadDossier(std::string_view tenant, const Address& address,
                                                   int max_events, int max_changes) {
  AddressDossier dossier;
  absl::StatusOr<AddressRow> row =
      FindAddress(*find_address_, RowHashOf(index_, tenant, address), tenant, address);
  if (!row.ok()) return row.status();
  dossier.address = row->address;
  dossier.forgotten = row->is_forgotten;
  absl::Status status = Widen(tenant, address, dossier.standing);
  if (status.ok() && row->id != 0) {
    status = ReadOwn(tenant, *std::move(row), max_events, max_changes, dossier);
  }
  if (status.ok()) status = ReadAround(tenant, address, max_changes, dossier);
  if (!status.ok()) return status;
  return dossier;
}

absl::Status Reader::ReadOwn(std::string_view tenant, AddressRow row, int max_events,
                             int max_changes, AddressDossier& dossier) {
  dossier.record = std::move(row.record);
  dossier.risky_until = row.risky_until;
  absl::StatusOr<std::vector<SuppressionRow>> suppressions =
      SuppressionsOf(*suppressions_of_address_, row.id, tenant, *row.address);
  if (!suppressions.ok()) return suppressions.status();
  for (SuppressionRow& suppression : *suppressions) {
    const std::int64_t event_id = suppression.suppression.event_id;
    if (event_id != 0) {
      Query query = event_->Start(event_id);
      absl::StatusOr<bool> there = query.Next();
      if (!there.ok()) return there.status();
      if (!*there) dossier.lost_events.push_back(event_id);
    }
    dossier.standing.suppressions.push_back(std::move(suppression.suppression));
  }
  if (max_events > 0) {
    Query query = events_of_address_->Start(row.id, kNewest);
    absl::StatusOr<Page<StoredEvent>> events = ReadPage<StoredEvent>(
        query, max_events, [](const Query& event) -> absl::StatusOr<std::optional<StoredEvent>> {
          absl::StatusOr<StoredEvent> stored = EventOf(event);
          if (!stored.ok()) return stored.status();
          return *std::move(stored);
        });
    if (!events.ok()) return events.status();
    dossier.events = std::move(events->rows);
    absl::Status status = CountUses(tenant, dossier.events);
    if (!status.ok()) return status;
  }
  if (max_changes > 0) {
    absl::StatusOr<std::vector<Change>> changes =
        ReadChanges(row.id, tenant, *row.address, max_changes);
    if (!changes.ok()) return changes.status();
    dossier.changes = *std::move(changes);
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadAround(std::string_view tenant, const Address& address, int max_changes,
                                AddressDossier& dossier) {
  absl::StatusOr<std::vector<Allowance>> allowances = facts_.AllowancesOf(tenant, address);
  if (!allowances.ok()) return allowances.status();
  dossier.allowances = *std::move(allowances);
  for (const Suppression& suppression : dossier.standing.suppressions) {
    if (suppression.incident_id == 0) continue;
    Query query = incident_->Start(suppression.incident_id);
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (*there) dossier.incidents.push_back(IncidentOf(query));
  }
  absl::StatusOr<std::vector<Entry>> entries = EntriesThatReach(tenant, address);
  if (!entries.ok()) return entries.status();
  std::vector<Change>& all = dossier.changes;
  for (std::size_t i = 1; i < entries->size() && max_changes > 0; ++i) {
    const Entry& entry = (*entries)[i];
    absl::StatusOr<AddressRow> row =
        FindAddress(*find_address_, RowHashOf(index_, entry.tenant, entry.address), entry.tenant,
                    entry.address);
    if (!row.ok()) return row.status();
    if (row->id == 0) continue;
    absl::StatusOr<std::vector<Change>> changes =
        ReadChanges(row->id, entry.tenant, *row->address, max_changes);
    if (!changes.ok()) return changes.status();
    all.insert(all.end(), changes->begin(), changes->end());
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Change& a, const Change& b) { return a.number > b.number; });
  if (all.size() > static_cast<std::size_t>(max_changes)) {
    all.erase(all.begin() + max_changes, all.end());
  }
  return absl::OkStatus();
}

absl::StatusOr<Page<ListedAddress>> Reader::ListAddresses(std::string_view tenant,
                                                          std::string_view domain, int page_size,
                                                          Cursor from) {
  absl::Status status = CheckPaging(page_size, from);
  if (!status.ok()) return status;
  Query query = addresses_->Start(from == 0 ? kNewest : from);
  return ReadPage<ListedAddress>(
      query, page_size, [&](const Query& row) -> absl::StatusOr<std::optional<ListedAddress>> {
        const std::string_view canonical = row.Text(2);
        if (row.Text(1) != tenant || canonical.starts_with('@')) return std::nullopt;
        if (!domain.empty() && canonical.substr(canonical.rfind('@') + 1) != domain) {
          return std::nullopt;
        }
        absl::StatusOr<Address> address = AddressOf(row, 2, 3);
        if (!address.ok()) return address.status();
        return ListedAddress{.place = row.Integer(0), .address = *std::move(address)};
      });
}

absl::StatusOr<AddressFacts> Reader::GetFacts(std::string_view tenant, const Address& address) {
  // One transaction, so that no commit comes between its parts.
  absl::Status status = connection_.Execute("BEGIN");
  if (!status.ok()) return status;
  absl::Cleanup end = [this] { connection_.Execute("ROLLBACK").IgnoreError(); };
  return facts_.Read(tenant, address);
}

absl::StatusOr<Reclassification> Reader::GetReclassification(std::string_view tenant,
                                                             std::int64_t id) {
  Query query = reclassification_->Start(id);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (*there) {
    Reclassification run = ReclassificationOf(query);
    if (run.tenant == tenant) return run;
  }
  return absl::NotFoundError("no such run of this tenant");
}

absl::Status Reader::CountUses(std::string_view tenant, std::vector<StoredEvent>& events) {
  absl::flat_hash_map<std::uint64_t, ReturnPathUse> known;
  for (StoredEvent& stored : events) {
    // One whose recipient was forgotten has no local part any more.
    const bool counts =
        stored.message.trust == Trust::kSigned && !stored.message.return_path.starts_with('@');
    if (!counts) continue;
    const std::uint64_t hash = index_.Hash(tenant, "", stored.message.return_path);
    const auto [use, is_new] = known.try_emplace(hash);
    if (is_new) {
      Query query = uses_->Start(IssueDayOf(stored.message), hash, Store::kMaxUsesCounted + 1);
      absl::StatusOr<bool> there = query.Next();
      if (!there.ok()) return there.status();
      use->second.messages = query.Number<int>(0);
      if (use->second.messages > Store::kMaxUsesCounted) {
        use->second.messages = Store::kMaxUsesCounted;
      } else {
        use->second.first_message_id = query.Integer(1);
        use->second.first_receive_time = query.Time(2);
      }
    }
    stored.return_path_use = use->second;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Revocation>> Reader::ListRevocations() {
  std::vector<Revocation> revocations;
  Query query = revocations_->Start();
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) return revocations;
    revocations.push_back(RevocationOf(query));
  }
}

absl::StatusOr<std::vector<ApiKey>> Reader::ListApiKeys() {
  std::vector<ApiKey> keys;
  Query query = api_keys_->Start();
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) return keys;
    keys.push_back(ApiKeyOf(query));
  }
}

absl::StatusOr<PolicyDocument> Reader::GetPolicies(std::int64_t revision) {
  Query query = policies_->Start(revision);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (*there) return PolicyDocumentOf(query);
  if (revision == 0) return PolicyDocument{};
  return absl::NotFoundError(absl::StrCat("revision ", revision, " is not there"));
}

absl::StatusOr<Page<PolicyDocument>> Reader::ListPolicies(int page_size, Cursor from) {
  if (absl::Status s = CheckPaging(page_size, from); !s.ok()) return s;
  Query query = policy_revisions_->Start(from == 0 ? kNewest : from);
  return ReadPage<PolicyDocument>(
      query, page_size, [](const Query& row) -> absl::StatusOr<std::optional<PolicyDocument>> {
        return PolicyDocumentOf(row);
      });
}

absl::StatusOr<Page<MentionedRow>> Reader::FindMentions(std::string_view tenant,
                                                        std::span<const std::string> spellings,
                                                        Cursor from) {
  const Mentions mentions(spellings);
  absl::StatusOr<MentionScan> scan = MentionScan::Create(connection_, mentions);
  return scan.ok() ? scan->Find(tenant, from) : scan.status();
}

}  // namespace bounced
