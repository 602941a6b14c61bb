#include "storage/sqlite/incidents.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "parser/text.h"
#include "storage/store.h"

namespace bounced {
namespace {

BurstKey KeyOf(const Incident& incident) {
  return {incident.tenant, incident.domain, incident.text_hash};
}

// Samples are presentable, and have no line ends.
std::string LinesOf(const std::vector<std::string>& samples) {
  return absl::StrJoin(samples, "\n");
}

}  // namespace

bool Selects(const IncidentFilter& filter, const Incident& incident) {
  const absl::Time end = incident.state == Incident::State::kOpen
                             ? absl::InfiniteFuture()
                             : incident.resolve_time.value_or(incident.last_time);
  return incident.tenant == filter.tenant && (!filter.state || incident.state == *filter.state) &&
         (!filter.kind || incident.kind == *filter.kind) &&
         (filter.provider.empty() || incident.provider == filter.provider) &&
         end >= filter.active_from && incident.first_time < filter.active_before;
}

Incident IncidentOf(const Query& row) {
  Incident incident;
  incident.id = row.Integer(0);
  incident.kind = row.Number<Incident::Kind>(1);
  incident.state = row.Number<Incident::State>(2);
  incident.tenant = row.Text(3);
  incident.domain = row.Text(4);
  incident.text_hash = static_cast<std::uint64_t>(row.Integer(5));
  incident.reason = ReasonFromNumber(row.Number<int>(6)).value_or(Reason::kUnclassified);
  incident.sample = row.Text(7);
  incident.first_time = row.Time(8);
  incident.last_time = row.Time(9);
  incident.count = row.Integer(10);
  if (!row.IsNull(11)) incident.resolve_time = row.Time(11);
  incident.author = row.Text(12);
  incident.cause = row.Text(13);
  incident.severity = row.Number<Incident::Severity>(14);
  incident.provider = row.Text(15);
  incident.sender = row.Text(16);
  incident.stream = row.Text(17);
  incident.code = row.Text(18);
  incident.more_samples = absl::StrSplit(Absl(row.Text(19)), '\n', absl::SkipEmpty());
  incident.window_count = row.Integer(20);
  incident.window_total = row.Integer(21);
  incident.window = absl::Seconds(row.Integer(22));
  incident.deliveries_known = row.Integer(23) != 0;
  incident.unverified = row.Integer(24);
  if (!row.IsNull(25)) incident.below_since = row.Time(25);
  if (!row.IsNull(26)) incident.acknowledge_time = row.Time(26);
  return incident;
}

absl::Status IncidentTable::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(insert_, absl::StrCat("INSERT INTO incident (", Absl(kIncidentColumns),
                                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '', '', ?, ?, ?,"
                                " ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)"));
  prepare(count_, "UPDATE incident SET count = count + 1, last_time = ?2 WHERE id = ?1");
  prepare(find_, absl::StrCat("SELECT ", Absl(kIncidentColumns),
                              " FROM incident WHERE id = ? AND tenant = ?"));
  prepare(resolve_,
          "UPDATE incident SET state = ?2, resolve_time = ?3, author = ?4, cause = ?5"
          " WHERE id = ?1");
  prepare(update_,
          "UPDATE incident SET state = ?2, resolve_time = ?3, author = ?4, cause = ?5,"
          " sample = ?6, last_time = ?7, count = ?8, severity = ?9, code = ?10, more_samples = ?11,"
          " window_count = ?12, window_total = ?13, window_length = ?14, deliveries_known = ?15,"
          " unverified = ?16, below_since = ?17, acknowledge_time = ?18 WHERE id = ?1");
  prepare(drop_closed_, "DELETE FROM incident WHERE id <= ?1 - ?2 AND state <> 1");
  if (!prepare.status().ok()) return prepare.status();
  absl::StatusOr<std::int64_t> newest = connection.AskNumber("SELECT max(id) FROM incident");
  if (!newest.ok()) return newest.status();
  next_ = *newest + 1;
  absl::StatusOr<Statement> open = Statement::Prepare(
      connection.db(), absl::StrCat("SELECT ", Absl(kIncidentColumns),
                                    " FROM incident WHERE state = 1 AND kind = 1"));
  if (!open.ok()) return open.status();
  Query row = open->Start();
  for (;;) {
    absl::StatusOr<bool> there = row.Next();
    if (!there.ok() || !*there) return there.status();
    const Incident incident = IncidentOf(row);
    open_[KeyOf(incident)] = incident.id;
  }
}

std::int64_t IncidentTable::FindOpen(const BurstKey& key) const {
  const auto found = open_.find(key);
  return found == open_.end() ? 0 : found->second;
}

absl::StatusOr<std::int64_t> IncidentTable::Insert(const Incident& incident) {
  const std::int64_t id = next_++;
  absl::Status status = insert_->Run(
      id, incident.kind, incident.state, std::string_view(incident.tenant),
      std::string_view(incident.domain), incident.text_hash, incident.reason,
      std::string_view(incident.sample), incident.first_time, incident.last_time, incident.count,
      incident.severity, std::string_view(incident.provider), std::string_view(incident.sender),
      std::string_view(incident.stream), std::string_view(incident.code),
      std::string_view(LinesOf(incident.more_samples)), incident.window_count,
      incident.window_total, absl::ToInt64Seconds(incident.window), incident.deliveries_known,
      incident.unverified);
  if (status.ok()) status = drop_closed_->Run(id, kMaxClosed);
  if (!status.ok()) return status;
  if (incident.kind == Incident::Kind::kQuarantine) open_[KeyOf(incident)] = id;
  return id;
}

absl::Status IncidentTable::Count(std::int64_t id, absl::Time now) { return count_->Run(id, now); }

absl::StatusOr<std::optional<Incident>> IncidentTable::Find(std::string_view tenant,
                                                            std::int64_t id) {
  Query row = find_->Start(id, tenant);
  absl::StatusOr<bool> there = row.Next();
  if (!there.ok()) return there.status();
  if (!*there) return std::nullopt;
  return IncidentOf(row);
}

absl::Status IncidentTable::Resolve(const Incident& incident) {
  open_.erase(KeyOf(incident));
  return resolve_->Run(incident.id, incident.state, *incident.resolve_time,
                       std::string_view(incident.author), std::string_view(incident.cause));
}

absl::Status IncidentTable::Update(const Incident& incident) {
  return update_->Run(
      incident.id, incident.state, incident.resolve_time, std::string_view(incident.author),
      std::string_view(incident.cause), std::string_view(incident.sample), incident.last_time,
      incident.count, incident.severity, std::string_view(incident.code),
      std::string_view(LinesOf(incident.more_samples)), incident.window_count,
      incident.window_total, absl::ToInt64Seconds(incident.window), incident.deliveries_known,
      incident.unverified, incident.below_since, incident.acknowledge_time);
}

}  // namespace bounced
