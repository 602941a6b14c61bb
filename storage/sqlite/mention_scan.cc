#include "storage/sqlite/mention_scan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "parser/text.h"
#include "storage/sqlite/evidence.h"
#include "storage/sqlite/messages.h"
#include "storage/sqlite/statement.h"
#include "storage/sqlite/status.h"

namespace bounced {
namespace {

// A cursor is the number of a table and a row in it.
constexpr int kRowBits = 56;
constexpr std::int64_t kRowMask = (std::int64_t{1} << kRowBits) - 1;

const Mentions& MentionsOf(sqlite3_context* context) {
  return *static_cast<const Mentions*>(sqlite3_user_data(context));
}

std::string_view TextIn(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void Answer(sqlite3_context* context, const std::string& text) {
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

// is_mentioned(text, ...)
void IsMentioned(sqlite3_context* context, int count, sqlite3_value** values) {
  const Mentions& mentions = MentionsOf(context);
  sqlite3_result_int(context, std::any_of(values, values + count, [&](sqlite3_value* value) {
                       return mentions.In(TextIn(value));
                     }));
}

// masked(text)
void Masked(sqlite3_context* context, int, sqlite3_value** values) {
  const std::string_view text = TextIn(values[0]);
  if (MentionsOf(context).In(text)) {
    Answer(context, MentionsOf(context).Mask(text));
  } else {
    sqlite3_result_value(context, values[0]);
  }
}

// masked_path(text): a return path in which somebody is named vouches for nobody any more.
void MaskedPath(sqlite3_context* context, int, sqlite3_value** values) {
  const std::string_view text = TextIn(values[0]);
  if (MentionsOf(context).In(text)) {
    Answer(context, WithoutLocalPart(text));
  } else {
    sqlite3_result_value(context, values[0]);
  }
}

// is_mentioned_in_message(data, octets, codec). One that cannot be unpacked names nobody: whoever
// checks the database says so.
void IsMentionedInMessage(sqlite3_context* context, int, sqlite3_value** values) {
  const auto* data = static_cast<const char*>(sqlite3_value_blob(values[0]));
  const absl::StatusOr<std::string> message = Unpack(
      {data, static_cast<std::size_t>(sqlite3_value_bytes(values[0]))},
      sqlite3_value_int64(values[1]), static_cast<EvidenceCodec>(sqlite3_value_int(values[2])));
  sqlite3_result_int(context, message.ok() && MentionsOf(context).In(*message) ? 1 : 0);
}

absl::Status AddFunction(Connection& connection, const char* name, int parameters,
                         const Mentions& mentions,
                         void (*function)(sqlite3_context*, int, sqlite3_value**)) {
  const int made = sqlite3_create_function_v2(
      connection.db(), name, parameters, SQLITE_UTF8 | SQLITE_DIRECTONLY,
      const_cast<Mentions*>(&mentions), function, nullptr, nullptr, nullptr);
  return made == SQLITE_OK ? absl::OkStatus() : SqliteStatus(connection.db(), made);
}

bool IsReturnPath(std::string_view column) {
  return column.ends_with("return_path") || column == "returned_path";
}

}  // namespace

absl::StatusOr<MentionScan> MentionScan::Create(Connection& connection, const Mentions& mentions) {
  for (const absl::Status& status :
       {AddFunction(connection, "is_mentioned", -1, mentions, IsMentioned),
        AddFunction(connection, "masked", 1, mentions, Masked),
        AddFunction(connection, "masked_path", 1, mentions, MaskedPath),
        AddFunction(connection, "is_mentioned_in_message", 3, mentions, IsMentionedInMessage)}) {
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::vector<Table>> tables = TablesOf(connection);
  if (!tables.ok()) return tables.status();
  return MentionScan(connection, *std::move(tables));
}

absl::StatusOr<std::vector<MentionScan::Table>> MentionScan::TablesOf(Connection& connection) {
  absl::StatusOr<Statement> statement = Statement::Prepare(
      connection.db(),
      "SELECT list.name, info.name FROM pragma_table_list AS list,"
      " pragma_table_info(list.name) AS info"
      " WHERE list.schema = 'main' AND list.type = 'table' AND NOT list.wr"
      " AND list.name NOT LIKE 'sqlite%' AND list.name NOT IN ('address', 'meta')"
      " AND info.type = 'TEXT' ORDER BY list.name, info.cid");
  if (!statement.ok()) return statement.status();
  std::vector<Table> tables;
  Query row = statement->Start();
  for (;;) {
    absl::StatusOr<bool> there = row.Next();
    if (!there.ok()) return there.status();
    if (!*there) break;
    if (tables.empty() || tables.back().name != row.Text(0)) {
      const std::string name(row.Text(0));
      std::string is_tenants;
      if (name == "event") {
        is_tenants = "(SELECT tenant FROM message WHERE message.id = message_id) = ?3";
      } else if (name == "former_event") {
        is_tenants =
            "(SELECT tenant FROM message JOIN event ON message.id = message_id"
            " WHERE event.id = event_id) = ?3";
      } else if (name == "suppression" || name == "allowance") {
        is_tenants = "(SELECT tenant FROM address WHERE address.id = address_id) = ?3";
      }
      tables.push_back({name, {}, std::move(is_tenants)});
    }
    if (row.Text(1) == "tenant") {
      tables.back().is_tenants = "tenant = ?3";
    } else {
      tables.back().columns.emplace_back(row.Text(1));
    }
  }
  std::erase_if(tables, [](const Table& table) { return table.is_tenants.empty(); });
  tables.push_back({"evidence",
                    {},
                    "EXISTS (SELECT 1 FROM message WHERE evidence_id = evidence.id"
                    " AND tenant = ?3)"});
  return tables;
}

absl::StatusOr<Page<MentionedRow>> MentionScan::Find(std::string_view tenant, Cursor from) {
  const auto number = static_cast<std::size_t>(from >> kRowBits);
  if (from < 0 || number >= tables_.size()) {
    return absl::InvalidArgumentError("the cursor is none of this query");
  }
  const Table& table = tables_[number];
  const std::int64_t after = from & kRowMask;
  const bool is_evidence = table.columns.empty();
  const MentionedRow::What what = is_evidence               ? MentionedRow::What::kEvidence
                                  : table.name == "event"   ? MentionedRow::What::kEvent
                                  : table.name == "message" ? MentionedRow::What::kMessage
                                                            : MentionedRow::What::kOther;
  absl::StatusOr<Statement> last = Statement::Prepare(
      connection_->db(), absl::StrCat("SELECT max(rowid), count(*) FROM (SELECT rowid FROM ",
                                      table.name, " WHERE rowid > ? ORDER BY rowid LIMIT ?)"));
  if (!last.ok()) return last.status();
  absl::StatusOr<Statement> search = Statement::Prepare(
      connection_->db(),
      absl::StrCat("SELECT rowid FROM ", table.name, " WHERE rowid > ?1 AND rowid <= ?2 AND ",
                   is_evidence
                       ? "is_mentioned_in_message(data, octets, codec)"
                       : absl::StrCat("is_mentioned(", absl::StrJoin(table.columns, ", "), ")"),
                   " AND ", table.is_tenants, " ORDER BY rowid"));
  if (!search.ok()) return search.status();
  const int most = is_evidence ? Store::kMaxMessagesSearched : Store::kMaxRowsSearched;
  std::int64_t up_to = 0;
  bool more = false;
  {
    Query query = last->Start(after, most);
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    up_to = query.Integer(0);
    more = query.Integer(1) == most;
  }
  Page<MentionedRow> page;
  Query query = search->Start(after, up_to, tenant);
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) break;
    page.rows.push_back({.what = what, .table = static_cast<int>(number), .row = query.Integer(0)});
  }
  if (more) {
    page.next = static_cast<Cursor>(number) << kRowBits | up_to;
  } else if (number + 1 < tables_.size()) {
    page.next = static_cast<Cursor>(number + 1) << kRowBits;
  }
  return page;
}

absl::Status MentionScan::Mask(std::string_view tenant, std::span<const MentionedRow> mentions) {
  for (const MentionedRow& mention : mentions) {
    const auto number = static_cast<std::size_t>(mention.table);
    if (number >= tables_.size()) return absl::InvalidArgumentError("no such table");
    const Table& table = tables_[number];
    if (table.columns.empty()) {
      if (absl::Status s = RemoveEvidence(*connection_, mention.row, tenant); !s.ok()) return s;
      continue;
    }
    std::vector<std::string> sets;
    for (const std::string& column : table.columns) {
      sets.push_back(absl::StrCat(column, " = ", IsReturnPath(column) ? "masked_path(" : "masked(",
                                  column, ")"));
    }
    absl::StatusOr<Statement> mask = Statement::Prepare(
        connection_->db(), absl::StrCat("UPDATE ", table.name, " SET ", absl::StrJoin(sets, ", "),
                                        " WHERE rowid = ?"));
    if (!mask.ok()) return mask.status();
    if (absl::Status s = mask->Run(mention.row); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status RemoveEvidence(Connection& connection, std::int64_t id,
                            std::optional<std::string_view> tenant) {
  absl::StatusOr<Statement> refer =
      Statement::Prepare(connection.db(),
                         "UPDATE message SET evidence_id = NULL"
                         " WHERE evidence_id = ?1 AND (?2 IS NULL OR tenant = ?2)");
  if (!refer.ok()) return refer.status();
  if (absl::Status s = refer->Run(id, tenant); !s.ok()) return s;
  absl::StatusOr<Statement> drop = Statement::Prepare(connection.db(), kDropEvidenceSql);
  if (!drop.ok()) return drop.status();
  return drop->Run(id);
}

}  // namespace bounced
