#include "storage/sqlite/former.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "storage/sqlite/messages.h"
#include "storage/sqlite/record_blob.h"

namespace bounced {
namespace {

// The columns of kReadingFields, from the column `at` on.
Event FormerEventOf(const Query& row, int at) {
  Event event;
  event.kind = row.Number<Kind>(at);
  event.reason = ReasonFromNumber(row.Number<int>(at + 1)).value_or(Reason::kUnclassified);
  event.bounce_class = row.Number<BounceClass>(at + 2);
  event.fault = row.Number<Fault>(at + 3);
  event.persistence = row.Number<Persistence>(at + 4);
  event.stage = row.Number<Stage>(at + 5);
  event.reply_code = row.Number<int>(at + 6);
  event.counts = row.Integer(at + 7) != 0;
  event.text_bears_out = row.Integer(at + 8) != 0;
  event.confidence = row.Number<int>(at + 9);
  event.effect = row.Number<Effect>(at + 10);
  event.policy_rule = row.Number<PolicyRule>(at + 11);
  event.enhanced_status = row.Text(at + 12);
  event.rule = row.Text(at + 13);
  event.matched_text = row.Text(at + 14);
  return event;
}

std::optional<Blob> AsColumn(const std::string& record) {
  return record.empty() ? std::nullopt : std::optional<Blob>(Blob{record});
}

}  // namespace

Reclassification ReclassificationOf(const Query& row) {
  return {.id = row.Integer(0),
          .tenant = std::string(row.Text(1)),
          .selection = std::string(row.Octets(2)),
          .author = std::string(row.Text(3)),
          .cause = std::string(row.Text(4)),
          .next = row.Integer(5),
          .batch = row.Integer(6),
          .is_done = row.Integer(7) != 0};
}

absl::Status FormerTable::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(keep_event_,
          absl::StrCat("INSERT INTO former_event (change, event_id, ", Absl(kReadingFields),
                       ") SELECT ?1, id, ", Absl(kReadingFields), " FROM event WHERE id = ?2"));
  prepare(keep_record_,
          "INSERT INTO former_record (change, risky_until, record, next_record)"
          " VALUES (?, ?, ?, ?)");
  prepare(events_, absl::StrCat("SELECT event_id, ", Absl(kReadingFields),
                                " FROM former_event WHERE change = ? ORDER BY id"));
  prepare(record_, "SELECT risky_until, record, next_record FROM former_record WHERE change = ?");
  prepare(begin_,
          "INSERT INTO reclassification (tenant, selection, author, cause) VALUES (?, ?, ?, ?)"
          " RETURNING id");
  prepare(find_, kFindReclassificationSql);
  prepare(note_step_,
          "UPDATE reclassification SET next = ?2, batch = ?3, is_done = ?4 WHERE id = ?1");
  return prepare.status();
}

absl::Status FormerTable::KeepEvent(std::int64_t change, std::int64_t event_id) {
  return keep_event_->Run(change, event_id);
}

absl::Status FormerTable::KeepRecord(std::int64_t change, const FormerRecord& former) {
  const std::string record = EncodeRecord(former.record);
  const std::string next_record = EncodeRecord(former.next_record);
  return keep_record_->Run(change, former.risky_until, AsColumn(record), AsColumn(next_record));
}

absl::StatusOr<std::vector<Event>> FormerTable::EventsOf(std::int64_t change) {
  std::vector<Event> events;
  Query query = events_->Start(change);
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) return events;
    events.push_back(FormerEventOf(query, 1));
    events.back().id = query.Integer(0);
  }
}

absl::StatusOr<std::optional<FormerRecord>> FormerTable::RecordOf(std::int64_t change) {
  Query query = record_->Start(change);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (!*there) return std::nullopt;
  std::optional<AddressRecord> record = DecodeRecord(query.Octets(1));
  std::optional<AddressRecord> next = DecodeRecord(query.Octets(2));
  if (!record || !next) {
    return absl::DataLossError("a former record of an address cannot be read; restore a backup");
  }
  return FormerRecord{.risky_until = query.Number<Day>(0),
                      .record = *std::move(record),
                      .next_record = *std::move(next)};
}

absl::StatusOr<std::int64_t> FormerTable::Begin(const Reclassification& run) {
  return begin_->RunForNumber(std::string_view(run.tenant), Blob{run.selection},
                              std::string_view(run.author), std::string_view(run.cause));
}

absl::StatusOr<std::optional<Reclassification>> FormerTable::Find(std::int64_t id) {
  Query query = find_->Start(id);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (!*there) return std::nullopt;
  return ReclassificationOf(query);
}

absl::Status FormerTable::NoteStep(const Reclassification& run) {
  return note_step_->Run(run.id, run.next, run.batch, run.is_done);
}

}  // namespace bounced
