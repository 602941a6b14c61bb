#include "storage/sqlite/changes.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "storage/sqlite/addresses.h"
#include "storage/sqlite/suppressions.h"
#include "storage/store.h"

namespace bounced {
namespace {

constexpr int kWas = 6;  // of kChangeColumns
constexpr int kIs = 13;

}  // namespace

Change ChangeOf(const Query& row, std::int64_t number, int first, std::string_view tenant,
                Address address) {
  Change change{.number = number,
                .time = row.Time(first),
                .what = row.Number<Change::What>(first + 1),
                .author = std::string(row.Text(first + 2)),
                .cause = std::string(row.Text(first + 3)),
                .suppression = SuppressionOf(row, first + kIs, tenant, std::move(address)),
                .before = std::nullopt,
                .batch = row.Integer(first + 4),
                .undoes = row.Integer(first + 5)};
  const int was = first + kWas;
  if (row.IsNull(was)) return change;
  change.before = change.suppression;
  change.before->bounce_class = row.Number<BounceClass>(was);
  change.before->create_time = row.Time(was + 1);
  change.before->expire_time = row.Time(was + 2);
  change.before->event_id = row.Integer(was + 3);
  change.before->reason = row.Text(was + 4);
  change.before->explanation = row.Text(was + 5);
  change.before->incident_id = row.Integer(was + 6);
  return change;
}

Thing ThingOf(Change::What what) {
  switch (what) {
    case Change::What::kAllowed:
    case Change::What::kDisallowed:
      return Thing::kAllowance;
    case Change::What::kReclassified:
      return Thing::kKnowledge;
    case Change::What::kForgotten:
      return Thing::kText;
    case Change::What::kCreated:
    case Change::What::kReplaced:
    case Change::What::kRemoved:
      break;
  }
  return Thing::kSuppression;
}

std::string ThingSql(std::string_view prefix) {
  return absl::StrCat("CASE WHEN ", Absl(prefix), "what IN (4, 5) THEN 1 WHEN ", Absl(prefix),
                      "what = 6 THEN 2 WHEN ", Absl(prefix), "what = 7 THEN 3 ELSE 0 END");
}

bool Selects(const ChangeFilter& filter, const Change& change) {
  return (!filter.address || change.suppression.address == *filter.address) &&
         (filter.author.empty() || change.author == filter.author) &&
         (filter.cause.empty() || change.cause == filter.cause) &&
         (filter.number == 0 || change.number == filter.number) &&
         (filter.batch == 0 || change.batch == filter.batch) && change.time >= filter.from &&
         change.time < filter.before && change.number <= filter.up_to;
}

absl::Status ChangeTable::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(append_,
          absl::StrCat("INSERT INTO change (number, address_id, tenant, time, what, author, cause,"
                       " batch, undoes, ",
                       Absl(kSuppressionColumns),
                       ", was_bounce_class, was_create_time, was_expire_time, was_event_id,"
                       " was_reason, was_explanation, was_incident_id) VALUES"
                       " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                       " ?)"));
  prepare(find_, absl::StrCat("SELECT address_id, address.tenant, canonical, spelling, ",
                              Absl(kChangeColumns),
                              " FROM change CROSS JOIN address ON address.id = address_id"
                              " WHERE number = ?"));
  prepare(newest_below_,
          absl::StrCat("SELECT number, ", Absl(kChangeColumns),
                       " FROM change WHERE address_id = ? AND number < ? AND stream = ?"
                       " AND source = ? AND ",
                       ThingSql(""), " = ? ORDER BY number DESC LIMIT 1"));
  prepare(drop_, "DELETE FROM change WHERE number = ? RETURNING address_id");
  prepare(note_dropped_,
          "UPDATE meta SET value = max(value, ?) WHERE name = 'changes_dropped_up_to'");
  return prepare.status();
}

absl::Status ChangeTable::Append(const ChangeRow& change) {
  const Suppression& s = change.suppression;
  auto append = [&](const auto&... was) {
    return append_->Run(change.number, change.address_id, std::string_view(s.tenant), change.time,
                        change.what, change.author, change.cause, change.batch, change.undoes,
                        std::string_view(s.stream), s.source, s.bounce_class, s.create_time,
                        s.expire_time, s.event_id, std::string_view(s.reason),
                        std::string_view(s.explanation), s.incident_id, was...);
  };
  if (change.before == nullptr) {
    return append(std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
                  std::nullopt, std::nullopt);
  }
  const Suppression& was = *change.before;
  return append(was.bounce_class, was.create_time, was.expire_time, was.event_id,
                std::string_view(was.reason), std::string_view(was.explanation), was.incident_id);
}

absl::StatusOr<std::optional<StoredChange>> ChangeTable::Find(std::int64_t number) {
  Query query = find_->Start(number);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (!*there) return std::nullopt;
  absl::StatusOr<Address> address = AddressOf(query, 2, 3);
  if (!address.ok()) return address.status();
  return StoredChange{.change = ChangeOf(query, number, 4, query.Text(1), *std::move(address)),
                      .address_id = query.Integer(0)};
}

absl::StatusOr<std::optional<Change>> ChangeTable::NewestBelow(std::int64_t number,
                                                               std::int64_t address_id,
                                                               const Suppression& entry,
                                                               Thing thing) {
  Query query =
      newest_below_->Start(address_id, number, std::string_view(entry.stream), entry.source, thing);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (!*there) return std::nullopt;
  return ChangeOf(query, query.Integer(0), 1, entry.tenant, entry.address);
}

absl::StatusOr<std::optional<std::int64_t>> ChangeTable::Drop(std::int64_t number) {
  Query query = drop_->Start(number);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (!*there) return std::nullopt;
  return query.Integer(0);
}

absl::Status ChangeTable::NoteDropped(std::int64_t number) { return note_dropped_->Run(number); }

}  // namespace bounced
