#include "storage/sqlite/forgotten.h"

#include <string>
#include <utility>

#include "storage/sqlite/mention_scan.h"

namespace bounced {
namespace {

void AddWithoutLocalPart(sqlite3* db) {
  sqlite3_create_function_v2(
      db, "without_local_part", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, nullptr,
      [](sqlite3_context* context, int, sqlite3_value** values) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
        const std::string rest = WithoutLocalPart(text == nullptr ? "" : text);
        sqlite3_result_text64(context, rest.data(), rest.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      },
      nullptr, nullptr, nullptr);
}

}  // namespace

Message WithoutNames(Message message, const Mentions& mentions) {
  for (std::string* path :
       {&message.return_path, &message.returned_path, &message.original_return_path}) {
    *path = WithoutLocalPart(*path);
  }
  message.envelope_id.clear();
  message.message_reference.clear();
  for (std::string* text : {&message.reverse_path, &message.client_helo, &message.login,
                            &message.reporting_mta, &message.authentication}) {
    *text = mentions.Mask(*text);
  }
  return message;
}

Event WithoutNames(Event event, const Mentions& mentions, bool is_own) {
  for (std::string* text : {&event.final_recipient, &event.original_recipient, &event.forwarded_to,
                            &event.matched_text, &event.diagnostic}) {
    *text = is_own ? "" : mentions.Mask(*text);
  }
  for (std::string* text : {&event.remote_mta, &event.provenance, &event.rule}) {
    *text = mentions.Mask(*text);
  }
  return event;
}

absl::Status ForgottenTable::Prepare(Connection& connection) {
  connection_ = &connection;
  AddWithoutLocalPart(connection.db());
  Preparer prepare(connection.db());
  prepare(put_,
          "INSERT INTO forgotten (hash, secret, time) VALUES (?, ?, ?)"
          " ON CONFLICT (hash, secret) DO UPDATE SET time = max(time, excluded.time)");
  prepare(events_,
          "SELECT event.id, message_id, evidence_id, (final_recipient || original_recipient"
          " || forwarded_to || matched_text || diagnostic) <> '' FROM event"
          " CROSS JOIN message ON message.id = message_id"
          " WHERE address_id = ? AND event.id > ? ORDER BY event.id LIMIT ?");
  prepare(wipe_event_,
          "UPDATE event SET final_recipient = '', original_recipient = '', forwarded_to = '',"
          " matched_text = '', diagnostic = '' WHERE id = ?");
  prepare(wipe_former_event_, "UPDATE former_event SET matched_text = '' WHERE event_id = ?");
  prepare(wipe_message_,
          "UPDATE message SET return_path = without_local_part(return_path),"
          " returned_path = without_local_part(returned_path),"
          " original_return_path = without_local_part(original_return_path),"
          " envelope_id = '', message_reference = '' WHERE id = ?");
  if (!prepare.status().ok()) return prepare.status();
  absl::StatusOr<std::int64_t> secret =
      connection.AskNumber("SELECT value FROM meta WHERE name = 'index_secret'");
  if (!secret.ok()) return secret.status();
  secret_ = *secret;
  absl::StatusOr<std::int64_t> any =
      connection.AskNumber("SELECT EXISTS (SELECT 1 FROM forgotten)");
  if (!any.ok()) return any.status();
  any_ = *any != 0;
  return absl::OkStatus();
}

// A transaction that fails may leave `any_` set, which costs look-ups and no more.
absl::Status ForgottenTable::Put(std::uint64_t hash, std::int64_t secret, absl::Time time) {
  any_ = true;
  return put_->Run(hash, secret, time);
}

absl::StatusOr<ForgottenTable::Wiped> ForgottenTable::WipeEvents(std::string_view tenant,
                                                                 std::int64_t address_id,
                                                                 std::int64_t from, int most,
                                                                 bool dry_run) {
  Wiped wiped;
  {
    Query query = events_->Start(address_id, from, most);
    for (;;) {
      absl::StatusOr<bool> there = query.Next();
      if (!there.ok()) return there.status();
      if (!*there) break;
      wiped.events.push_back(query.Integer(0));
      wiped.messages.insert(query.Integer(1));
      if (!query.IsNull(2)) wiped.evidence.insert(query.Integer(2));
      if (query.Integer(3) != 0) ++wiped.with_texts;
    }
  }
  if (wiped.events.size() == static_cast<std::size_t>(most)) wiped.next = wiped.events.back();
  if (dry_run) return wiped;
  absl::Status status;
  for (const std::int64_t id : wiped.events) {
    if (status.ok()) status = wipe_event_->Run(id);
    if (status.ok()) status = wipe_former_event_->Run(id);
  }
  for (const std::int64_t id : wiped.messages) {
    if (status.ok()) status = wipe_message_->Run(id);
  }
  for (const std::int64_t id : wiped.evidence) {
    if (status.ok()) status = RemoveEvidence(*connection_, id, tenant);
  }
  if (!status.ok()) return status;
  return wiped;
}

}  // namespace bounced
