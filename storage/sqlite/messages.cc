#include "storage/sqlite/messages.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "storage/sqlite/addresses.h"
#include "storage/sqlite/evidence.h"

namespace bounced {
namespace {

Blob Octets(const std::array<std::uint8_t, 16>& digest) {
  return {{reinterpret_cast<const char*>(digest.data()), digest.size()}};
}

// Reads the columns of a row one after the other.
class Columns {
 public:
  explicit Columns(const Query& row) : row_(row) {}
  std::int64_t Integer() { return row_.Integer(next_++); }
  int Small() { return static_cast<int>(Integer()); }
  bool Flag() { return Integer() != 0; }
  template <typename Enum>
  Enum Number() {
    return row_.Number<Enum>(next_++);
  }
  absl::Time Time() { return row_.Time(next_++); }
  std::string Text() { return std::string(row_.Text(next_++)); }
  std::string_view Octets() { return row_.Octets(next_++); }
  bool IsNull() const { return row_.IsNull(next_); }
  int next() const { return next_; }

 private:
  const Query& row_;
  int next_ = 0;
};

// A statement with a place for each of `columns`, which are parted by commas.
std::string InsertInto(std::string_view table, std::string_view columns) {
  std::string places = "?";
  for (const char c : columns) {
    if (c == ',') places += ", ?";
  }
  return absl::StrCat("INSERT INTO ", Absl(table), " (", Absl(columns), ") VALUES (", places, ")");
}

// One from before events had a trust of their own has 0, which EventOf() fills in.
Event ReadEvent(Columns& columns) {
  Event event;
  event.id = columns.Integer();
  event.message_id = columns.Integer();
  event.trust = columns.Number<Trust>();
  event.kind = columns.Number<Kind>();
  // A reason that only another version knows has no row in the taxonomy, where all look it up.
  event.reason = ReasonFromNumber(columns.Small()).value_or(Reason::kUnclassified);
  event.bounce_class = columns.Number<BounceClass>();
  event.fault = columns.Number<Fault>();
  event.persistence = columns.Number<Persistence>();
  event.stage = columns.Number<Stage>();
  event.reply_code = columns.Small();
  event.counts = columns.Flag();
  event.text_bears_out = columns.Flag();
  event.confidence = columns.Small();
  event.effect = columns.Number<Effect>();
  event.policy_rule = columns.Number<PolicyRule>();
  event.enhanced_status = columns.Text();
  event.rule = columns.Text();
  event.final_recipient = columns.Text();
  event.original_recipient = columns.Text();
  event.forwarded_to = columns.Text();
  event.diagnostic_type = columns.Text();
  event.remote_mta = columns.Text();
  event.provenance = columns.Text();
  event.matched_text = columns.Text();
  event.diagnostic = columns.Text();
  return event;
}

Message ReadMessage(Columns& columns) {
  Message message;
  message.receive_time = columns.Time();
  message.day = columns.Number<Day>();
  message.trust = columns.Number<Trust>();
  std::string_view digest = columns.Octets();
  std::copy_n(digest.begin(), std::min(digest.size(), message.digest.size()),
              message.digest.begin());
  message.tenant = columns.Text();
  message.stream = columns.Text();
  message.return_path = columns.Text();
  message.reverse_path = columns.Text();
  message.client_address = columns.Text();
  message.client_helo = columns.Text();
  message.reporting_mta = columns.Text();
  message.report_form = columns.Text();
  message.envelope_id = columns.Text();
  message.return_path_key = columns.Text();
  message.message_reference = columns.Text();
  message.tls_version = columns.Text();
  message.login = columns.Text();
  message.returned_path = columns.Text();
  message.authentication = columns.Text();
  message.original_return_path = columns.Text();
  return message;
}

}  // namespace

Day IssueDayOf(const Message& message) {
  const bool is_signed = !message.return_path_key.empty() && message.returned_path.empty();
  return is_signed ? message.day : 0;
}

absl::Status MessageTable::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(find_, absl::StrCat("SELECT id, first_event_id, events FROM message WHERE ",
                              Absl(kIssueDaySql), " = ? AND return_path_hash = ? AND digest = ?"));
  prepare(count_, absl::StrCat("SELECT count(*) FROM (SELECT 1 FROM message WHERE ",
                               Absl(kIssueDaySql), " = ? AND return_path_hash = ? LIMIT ?)"));
  prepare(insert_,
          InsertInto("message",
                     "id, first_event_id, events, evidence_id, octets, receive_time, day, trust,"
                     " return_path_hash, digest, tenant, stream, return_path, reverse_path,"
                     " client_address, client_helo, reporting_mta, report_form, envelope_id,"
                     " return_path_key, message_reference, tls_version, login, returned_path,"
                     " authentication, original_return_path"));
  prepare(insert_evidence_,
          "INSERT INTO evidence (id, octets, codec, dictionary, data) VALUES (?, ?, ?, 0, ?)");
  prepare(insert_event_,
          InsertInto("event", "id, message_id, address_id, trust, " BOUNCED_EVENT_FIELDS));
  prepare(update_event_, absl::StrCat("UPDATE event SET (", Absl(kReadingFields),
                                      ") = (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
                                      " ?14, ?15, ?16) WHERE id = ?1"));
  prepare(find_dropped_,
          "SELECT first_event_id + events - 1, evidence_id FROM message WHERE id = ?");
  prepare(drop_events_, "DELETE FROM event WHERE message_id = ? RETURNING address_id");
  prepare(drop_, "DELETE FROM message WHERE id = ?");
  prepare(drop_evidence_, kDropEvidenceSql);
  prepare(note_dropped_,
          "UPDATE meta SET value = max(value, ?) WHERE name = 'events_dropped_up_to'");
  return prepare.status();
}

absl::StatusOr<MessageRow> MessageTable::Find(std::uint64_t return_path_hash,
                                              const Message& message) {
  MessageRow row;
  row.return_path_hash = return_path_hash;
  Query query = find_->Start(IssueDayOf(message), return_path_hash, Octets(message.digest));
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  if (*there) {
    row.id = query.Integer(0);
    row.first_event_id = query.Integer(1);
    row.events = query.Integer(2);
  }
  return row;
}

absl::StatusOr<std::int64_t> MessageTable::CountAt(std::uint64_t return_path_hash,
                                                   const Message& message, std::int64_t most) {
  Query query = count_->Start(IssueDayOf(message), return_path_hash, most);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  return query.Integer(0);
}

absl::Status MessageTable::Insert(const MessageRow& row, const Message& m) {
  return insert_->Run(row.id, row.first_event_id, row.events, row.evidence_id, row.octets,
                      m.receive_time, m.day, m.trust, row.return_path_hash, Octets(m.digest),
                      std::string_view(m.tenant), std::string_view(m.stream),
                      std::string_view(m.return_path), std::string_view(m.reverse_path),
                      std::string_view(m.client_address), std::string_view(m.client_helo),
                      std::string_view(m.reporting_mta), std::string_view(m.report_form),
                      std::string_view(m.envelope_id), std::string_view(m.return_path_key),
                      std::string_view(m.message_reference), std::string_view(m.tls_version),
                      std::string_view(m.login), std::string_view(m.returned_path),
                      std::string_view(m.authentication), std::string_view(m.original_return_path));
}

absl::Status MessageTable::InsertEvidence(std::int64_t id, const Evidence& evidence) {
  return insert_evidence_->Run(id, evidence.octets(), EvidenceCodec::kZstd,
                               Blob{evidence.packed()});
}

absl::Status MessageTable::InsertEvent(const Event& e, std::optional<std::int64_t> address_id) {
  return insert_event_->Run(
      e.id, e.message_id, address_id, e.trust, e.kind, e.reason, e.bounce_class, e.fault,
      e.persistence, e.stage, e.reply_code, e.counts, e.text_bears_out, e.confidence, e.effect,
      e.policy_rule, std::string_view(e.enhanced_status), std::string_view(e.rule),
      std::string_view(e.final_recipient), std::string_view(e.original_recipient),
      std::string_view(e.forwarded_to), std::string_view(e.diagnostic_type),
      std::string_view(e.remote_mta), std::string_view(e.provenance),
      std::string_view(e.matched_text), std::string_view(e.diagnostic));
}

absl::Status MessageTable::UpdateEvent(const Event& e) {
  return update_event_->Run(e.id, e.kind, e.reason, e.bounce_class, e.fault, e.persistence, e.stage,
                            e.reply_code, e.counts, e.text_bears_out, e.confidence, e.effect,
                            e.policy_rule, std::string_view(e.enhanced_status),
                            std::string_view(e.rule), std::string_view(e.matched_text));
}

absl::Status MessageTable::Drop(std::int64_t id, std::set<std::int64_t>& addresses) {
  std::int64_t last_event_id = 0;
  std::optional<std::int64_t> evidence_id;
  {
    Query message = find_dropped_->Start(id);
    absl::StatusOr<bool> there = message.Next();
    if (!there.ok() || !*there) return there.status();
    last_event_id = message.Integer(0);
    evidence_id = message.MaybeInteger(1);
  }
  {
    Query event = drop_events_->Start(id);
    for (;;) {
      absl::StatusOr<bool> there = event.Next();
      if (!there.ok()) return there.status();
      if (!*there) break;
      if (!event.IsNull(0)) addresses.insert(event.Integer(0));
    }
  }
  absl::Status status = drop_->Run(id);
  if (status.ok() && evidence_id) status = drop_evidence_->Run(*evidence_id);
  if (status.ok()) status = note_dropped_->Run(last_event_id);
  return status;
}

absl::StatusOr<StoredEvent> EventOf(const Query& row) {
  Columns columns(row);
  StoredEvent stored;
  stored.event = ReadEvent(columns);
  stored.place = columns.Integer();
  stored.has_evidence = !columns.IsNull();
  static_cast<void>(columns.Integer());
  stored.message_octets = columns.Integer();
  stored.message = ReadMessage(columns);
  if (stored.event.trust == Trust{}) stored.event.trust = stored.message.trust;
  if (!columns.IsNull()) {
    absl::StatusOr<Address> address = AddressOf(row, columns.next(), columns.next() + 1);
    if (!address.ok()) return address.status();
    stored.event.address = *std::move(address);
  }
  return stored;
}

}  // namespace bounced
