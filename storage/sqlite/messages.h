// The tables `message`, `evidence` and `event`, as the writer uses them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"
#include "storage/store.h"

namespace bounced {

// A message that is stored, and the ids of its events, which follow one another.
struct MessageRow {
  std::int64_t id = 0;  // 0: not stored
  std::int64_t first_event_id = 0;
  std::int64_t events = 0;
  std::optional<std::int64_t> evidence_id = std::nullopt;  // none: the message was not kept
  std::int64_t octets = 0;
  std::uint64_t return_path_hash = 0;
};

// What the index message_once has before the hash of the return path: its day of issue where it is
// under our MAC, which the same return path always has; else 0. The two are one.
Day IssueDayOf(const Message& message);
inline constexpr std::string_view kIssueDaySql =
    "CASE WHEN return_path_key <> '' AND returned_path = '' THEN day ELSE 0 END";

// Drops what is kept of a message (?1) when no message refers to it any more.
inline constexpr std::string_view kDropEvidenceSql =
    "DELETE FROM evidence WHERE id = ?1"
    " AND NOT EXISTS (SELECT 1 FROM message WHERE evidence_id = ?1)";

// Belongs to the writing connection.
class MessageTable {
 public:
  absl::Status Prepare(Connection& connection);

  // The message of this digest; id 0: none.
  absl::StatusOr<MessageRow> Find(std::uint64_t return_path_hash, const Message& message);
  // How many messages came to the return path of `message`; counts no further than `most`.
  absl::StatusOr<std::int64_t> CountAt(std::uint64_t return_path_hash, const Message& message,
                                       std::int64_t most);
  absl::Status Insert(const MessageRow& row, const Message& message);
  absl::Status InsertEvidence(std::int64_t id, const Evidence& evidence);
  // `address_id`: none for an event without address.
  absl::Status InsertEvent(const Event& event, std::optional<std::int64_t> address_id);
  // What the event is taken for, and what it did: the fields of kReadingFields.
  absl::Status UpdateEvent(const Event& event);
  // Drops the message with its events, and its evidence unless another rests on it. Adds the rows
  // of the events' addresses to `addresses`.
  absl::Status Drop(std::int64_t id, std::set<std::int64_t>& addresses);

 private:
  std::optional<Statement> find_;
  std::optional<Statement> count_;
  std::optional<Statement> insert_;
  std::optional<Statement> insert_evidence_;
  std::optional<Statement> insert_event_;
  std::optional<Statement> update_event_;
  std::optional<Statement> find_dropped_;
  std::optional<Statement> drop_events_;
  std::optional<Statement> drop_;
  std::optional<Statement> drop_evidence_;
  std::optional<Statement> note_dropped_;
};

// What an event alone has, in the order in which messages.cc binds and reads it. A new field
// stands here, in InsertEvent() and in ReadEvent().
#define BOUNCED_EVENT_FIELDS                                                                      \
  "kind, reason, bounce_class, fault, persistence, stage, reply_code, counts, text_bears_out,"    \
  " confidence, effect, policy_rule, enhanced_status, rule, final_recipient, original_recipient," \
  " forwarded_to, diagnostic_type, remote_mta, provenance, matched_text, diagnostic"

// Those of them that another reading of the same message may change, as UpdateEvent() binds them.
inline constexpr std::string_view kReadingFields =
    "kind, reason, bounce_class, fault, persistence, stage, reply_code, counts, text_bears_out,"
    " confidence, effect, policy_rule, enhanced_status, rule, matched_text";

// The columns of an event and its message in one row, as EventOf() reads them, from
// `event JOIN message LEFT JOIN address`.
inline constexpr const char kEventColumns[] =
    "event.id, message_id, event.trust, " BOUNCED_EVENT_FIELDS
    ", event.id - first_event_id, evidence_id, octets, receive_time, day, message.trust, digest, "
    "message.tenant, "
    "message.stream,"
    " return_path, reverse_path, client_address, client_helo, reporting_mta, report_form,"
    " envelope_id, return_path_key, message_reference, tls_version, login, returned_path,"
    " authentication, original_return_path,"
    " address.canonical, address.spelling";
absl::StatusOr<StoredEvent> EventOf(const Query& row);

}  // namespace bounced
