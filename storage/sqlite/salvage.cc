// SalvageDatabase(): a new database of what can be read of a damaged one.
//
// Neither trees nor schema of the damaged file are believed. Each page is read for itself, and its
// rows go to the one table that they fit: no two of ours have columns of the same types. What was
// saved is then made to go together again.
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "parser/address.h"
#include "parser/text.h"
#include "storage/maintenance.h"
#include "storage/sqlite/addresses.h"
#include "storage/sqlite/block_hours.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/directory.h"
#include "storage/sqlite/evidence.h"
#include "storage/sqlite/integrity.h"
#include "storage/sqlite/long_query.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/page_rows.h"
#include "storage/sqlite/record_blob.h"
#include "storage/sqlite/statement.h"
#include "storage/suppression_index.h"

namespace bounced {
namespace {

struct Column {
  std::string name;
  std::string type;
  bool may_be_null = false;
  bool is_rowid = false;
  bool has_default = false;
};

struct Table {
  std::string name;
  bool has_rowids = true;
  std::vector<Column> columns;
  std::size_t least_columns = 0;  // of a row from before the last ones were added
};

bool Fits(const Column& column, const PageValue& value) {
  if (std::holds_alternative<std::monostate>(value)) return column.may_be_null || column.is_rowid;
  if (column.is_rowid) return false;  // it is not stored twice
  if (column.type == "INTEGER") return std::holds_alternative<std::int64_t>(value);
  if (column.type == "TEXT") return std::holds_alternative<PageText>(value);
  return column.type == "BLOB" && std::holds_alternative<PageBlob>(value);
}

bool Fits(const Table& table, const PageRow& row) {
  if (table.has_rowids != row.rowid.has_value() || row.values.size() < table.least_columns ||
      row.values.size() > table.columns.size()) {
    return false;
  }
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    if (!Fits(table.columns[i], row.values[i])) return false;
  }
  return true;
}

// Those that the migrations have made in `connection`.
absl::StatusOr<std::vector<Table>> TablesOf(Connection& connection) {
  absl::StatusOr<Statement> tables = Statement::Prepare(
      connection.db(),
      "SELECT list.name, list.wr, info.name, info.type, info.\"notnull\", info.dflt_value,"
      " info.pk FROM pragma_table_list AS list, pragma_table_info(list.name) AS info"
      " WHERE list.schema = 'main' AND list.type = 'table' AND list.name NOT LIKE 'sqlite%'"
      " ORDER BY list.name, info.cid");
  if (!tables.ok()) return tables.status();
  std::vector<Table> found;
  Query query = tables->Start();
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) break;
    if (found.empty() || found.back().name != query.Text(0)) {
      found.push_back({.name = std::string(query.Text(0)),
                       .has_rowids = query.Integer(1) == 0,
                       .columns = {},
                       .least_columns = 0});
    }
    Table& table = found.back();
    Column column{.name = std::string(query.Text(2)), .type = std::string(query.Text(3))};
    column.is_rowid = table.has_rowids && query.Integer(6) == 1 && column.type == "INTEGER";
    column.may_be_null = query.Integer(4) == 0 && query.Integer(6) == 0;
    column.has_default = !query.IsNull(5);
    table.columns.push_back(std::move(column));
    const Column& last = table.columns.back();
    if (!last.has_default && !last.may_be_null) table.least_columns = table.columns.size();
  }
  return found;
}

// Puts rows into one table of the new database.
class Filler {
 public:
  Filler(Connection& connection, Table table) : connection_(connection), table_(std::move(table)) {}

  const Table& table() const { return table_; }
  std::int64_t put() const { return put_; }

  absl::Status Put(const PageRow& row) {
    sqlite3_stmt* const insert = InsertOf(row.values.size());
    if (insert == nullptr) {
      return SqliteStatus(connection_.db(), sqlite3_errcode(connection_.db()));
    }
    int index = 0;
    for (const PageValue& value : row.values) {
      const bool is_rowid = table_.columns[static_cast<std::size_t>(index)].is_rowid;
      Bind(insert, ++index, is_rowid ? PageValue(*row.rowid) : value);
    }
    const int rc = sqlite3_step(insert);
    sqlite3_reset(insert);
    if (rc == SQLITE_DONE) {
      put_ += sqlite3_changes(connection_.db());
      return absl::OkStatus();
    }
    // A value that the table does not take: the row is damaged.
    return (rc & 0xFF) == SQLITE_CONSTRAINT ? absl::OkStatus() : SqliteStatus(connection_.db(), rc);
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* stmt) const { sqlite3_finalize(stmt); }
  };

  static void Bind(sqlite3_stmt* stmt, int index, const PageValue& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      sqlite3_bind_int64(stmt, index, *number);
    } else if (const auto* text = std::get_if<PageText>(&value)) {
      sqlite3_bind_text64(stmt, index, text->octets.empty() ? "" : text->octets.data(),
                          text->octets.size(), SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<PageBlob>(&value)) {
      sqlite3_bind_blob64(stmt, index, blob->octets.empty() ? "" : blob->octets.data(),
                          blob->octets.size(), SQLITE_STATIC);
    } else {
      sqlite3_bind_null(stmt, index);
    }
  }

  sqlite3_stmt* InsertOf(std::size_t columns) {
    if (inserts_.size() <= columns) inserts_.resize(columns + 1);
    if (inserts_[columns] != nullptr) return inserts_[columns].get();
    std::string names;
    std::string places;
    for (std::size_t i = 0; i < columns; ++i) {
      absl::StrAppend(&names, i == 0 ? "" : ", ", table_.columns[i].name);
      absl::StrAppend(&places, i == 0 ? "?" : ", ?");
    }
    const std::string sql =
        absl::StrCat("INSERT OR IGNORE INTO ", table_.name, " (", names, ") VALUES (", places, ")");
    sqlite3_stmt* stmt = nullptr;
    sqlite3_prepare_v2(connection_.db(), sql.c_str(), -1, &stmt, nullptr);
    inserts_[columns].reset(stmt);
    return stmt;
  }

  Connection& connection_;
  const Table table_;
  std::vector<std::unique_ptr<sqlite3_stmt, Finalize>> inserts_;  // by the number of columns
  std::int64_t put_ = 0;
};

std::string_view TextOf(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

std::string_view BlobOf(sqlite3_value* value) {
  const auto* blob = static_cast<const char*>(sqlite3_value_blob(value));
  if (blob == nullptr) return {};
  return {blob, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

// The functions that kRepairs use. `hashes` must live as long as the connection.
void AddFunctions(sqlite3* db, const SuppressionIndex& hashes) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  auto* self = const_cast<SuppressionIndex*>(&hashes);
  sqlite3_create_function_v2(
      db, "hash_of", 3, kFlags, self,
      [](sqlite3_context* context, int, sqlite3_value** values) {
        const auto& index = *static_cast<const SuppressionIndex*>(sqlite3_user_data(context));
        const std::string_view stream = TextOf(values[1]);
        const std::string_view canonical = TextOf(values[2]);
        std::optional<std::uint64_t> hash;
        if (stream.empty()) hash = HashInStandIn(canonical);
        if (!hash) hash = index.Hash(TextOf(values[0]), stream, canonical);
        sqlite3_result_int64(context, static_cast<std::int64_t>(*hash));
      },
      nullptr, nullptr, nullptr);
  sqlite3_create_function_v2(
      db, "is_address", 2, kFlags, nullptr,
      [](sqlite3_context* context, int, sqlite3_value** values) {
        const absl::StatusOr<Address> address = Address::ParseEntry(TextOf(values[0]));
        sqlite3_result_int(context,
                           address.ok() && address->canonical() == TextOf(values[1]) ? 1 : 0);
      },
      nullptr, nullptr, nullptr);
  sqlite3_create_function_v2(
      db, "is_record", 1, kFlags, nullptr,
      [](sqlite3_context* context, int, sqlite3_value** values) {
        sqlite3_result_int(context, DecodeRecord(BlobOf(values[0])) ? 1 : 0);
      },
      nullptr, nullptr, nullptr);
  sqlite3_create_function_v2(
      db, "is_evidence", 3, kFlags, nullptr,
      [](sqlite3_context* context, int, sqlite3_value** values) {
        const bool unpacks = Unpack(BlobOf(values[0]), sqlite3_value_int64(values[1]),
                                    static_cast<EvidenceCodec>(sqlite3_value_int(values[2])))
                                 .ok();
        sqlite3_result_int(context, unpacks ? 1 : 0);
      },
      nullptr, nullptr, nullptr);
}

// Where the secret is lost, hashes are made anew under another one, and prove nothing of a row.
constexpr const char* kHashAnew[] = {
    "UPDATE address SET hash = hash_of(tenant, '', canonical)",
    ("UPDATE suppression SET hash = hash_of(tenant, stream, canonical) FROM address"
     " WHERE address.id = address_id AND canonical NOT LIKE '%@forgotten.invalid'"),
    ("UPDATE message SET return_path_hash = hash_of(tenant, '', return_path)"
     " WHERE return_path NOT LIKE '@%'"),
};

// What does not go with the rest is dropped; numbers that have gaps are given anew.
constexpr const char* kRepairs[] = {
    "DELETE FROM address WHERE NOT is_address(canonical, canonical)"
    " OR hash <> hash_of(tenant, '', canonical)",
    "UPDATE address SET spelling = NULL WHERE spelling IS NOT NULL"
    " AND NOT is_address(spelling, canonical)",
    "UPDATE address SET record = NULL WHERE record IS NOT NULL AND NOT is_record(record)",
    "DELETE FROM suppression WHERE hash IS NOT (SELECT hash_of(tenant, suppression.stream,"
    " canonical) FROM address WHERE address.id = address_id)"
    " AND NOT EXISTS (SELECT 1 FROM address WHERE address.id = address_id"
    " AND canonical LIKE '%@forgotten.invalid')",
    "DELETE FROM change WHERE address_id NOT IN (SELECT id FROM address)",
    "UPDATE change SET tenant = address.tenant FROM address WHERE address.id = address_id"
    " AND change.tenant <> address.tenant",
    // These go by the numbers of changes, and are only there for an undo.
    "DELETE FROM former_event",
    "DELETE FROM former_record",
    "CREATE TEMP TABLE renumbered AS SELECT number AS old,"
    " row_number() OVER (ORDER BY number) AS new FROM change",
    "CREATE INDEX temp.renumbered_by_old ON renumbered (old)",
    "UPDATE change SET number = -new FROM renumbered WHERE old = number",
    "UPDATE change SET number = -number",
    // What undid a change that is lost goes on from the next one that is there.
    "UPDATE change SET undoes = ifnull((SELECT min(new) FROM renumbered WHERE old >= undoes"
    " AND new < number), 0) WHERE undoes > 0",
    "CREATE TEMP TABLE renamed AS SELECT batch AS old, min(number) AS new FROM change"
    " WHERE batch > 0 GROUP BY batch",
    "CREATE INDEX temp.renamed_by_old ON renamed (old)",
    "UPDATE change SET batch = -new FROM renamed WHERE old = batch",
    "UPDATE change SET batch = -batch",
    "DELETE FROM evidence WHERE NOT is_evidence(data, octets, codec)",
    "DELETE FROM message WHERE return_path_hash <> hash_of(tenant, '', return_path)"
    " AND return_path NOT LIKE '@%'",
    "UPDATE message SET evidence_id = NULL WHERE evidence_id NOT IN (SELECT id FROM evidence)",
    "DELETE FROM event WHERE message_id NOT IN (SELECT id FROM message)",
    "UPDATE event SET address_id = NULL WHERE address_id NOT IN (SELECT id FROM address)",
    "CREATE TEMP TABLE kept AS SELECT message_id, min(id) AS first, count(*) AS count FROM event"
    " GROUP BY message_id HAVING max(id) - min(id) + 1 = count(*)",
    "CREATE INDEX temp.kept_by_message ON kept (message_id)",
    "DELETE FROM event WHERE message_id NOT IN (SELECT message_id FROM kept)",
    "DELETE FROM message WHERE id NOT IN (SELECT message_id FROM kept)",
    "UPDATE message SET first_event_id = first, events = count FROM kept"
    " WHERE message_id = message.id AND (first_event_id <> first OR events <> count)",
};

// Where the newest changes of a suppression are lost, one says what it is now.
absl::Status CompleteHistory(Connection& connection) {
  return connection.Execute(absl::StrCat(
      "INSERT INTO change (number, time, what, address_id, tenant, author, cause, stream, source,"
      " bounce_class, create_time, expire_time, event_id, reason, explanation)"
      " SELECT (SELECT ifnull(max(number), 0) FROM change) + row_number() OVER (ORDER BY id),"
      " create_time, 1, address_id, (SELECT tenant FROM address WHERE address.id = address_id),"
      " 'salvage', '', stream, source, bounce_class, create_time, expire_time, event_id, reason,"
      " explanation FROM ",
      Absl(kUnlikeHistorySql)));
}

absl::StatusOr<std::int64_t> RandomNumber() {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) {
    return absl::UnavailableError("the kernel gives no random octets; try again");
  }
  return static_cast<std::int64_t>(number >> 1);
}

absl::Status PutNumber(Connection& connection, std::string_view name, std::int64_t value) {
  absl::StatusOr<Statement> put = Statement::Prepare(
      connection.db(), "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)");
  return put.ok() ? put->Run(name, value) : put.status();
}

// Rows of any table whose parent is lost.
absl::Status DropOrphans(Connection& connection) {
  absl::StatusOr<Statement> orphans =
      Statement::Prepare(connection.db(),
                         "SELECT \"table\", rowid FROM pragma_foreign_key_check"
                         " WHERE rowid IS NOT NULL");
  if (!orphans.ok()) return orphans.status();
  std::string drop;
  {
    Query query = orphans->Start();
    for (;;) {
      absl::StatusOr<bool> there = query.Next();
      if (!there.ok()) return there.status();
      if (!*there) break;
      absl::StrAppend(&drop, "DELETE FROM ", Absl(query.Text(0)),
                      " WHERE rowid = ", query.Integer(1), ";");
    }
  }
  return connection.Execute(drop);
}

class Salvage {
 public:
  Salvage(const PageFile& pages, Connection& connection) : pages_(pages), connection_(connection) {}

  absl::StatusOr<Salvaged> Run(OnProgress progress) {
    absl::Status status =
        connection_.Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId));
    if (status.ok()) status = connection_.Execute("PRAGMA synchronous = OFF");
    if (status.ok()) status = Migrate(connection_);
    // Its own history is made below, or saved.
    if (status.ok()) status = connection_.Execute("DELETE FROM meta; BEGIN");
    if (status.ok()) status = Fill(progress);
    if (status.ok())
      status = RunLong(
          connection_, [this] { return Repair(); }, progress);
    if (!status.ok()) return status;
    return std::move(salvaged_);
  }

 private:
  absl::Status Fill(OnProgress progress) {
    absl::StatusOr<std::vector<Table>> tables = TablesOf(connection_);
    if (!tables.ok()) return tables.status();
    for (Table& table : *tables) {
      // Those are made anew of what is saved.
      if (table.name == "block_hours") continue;
      fillers_.emplace_back(connection_, std::move(table));
    }
    absl::Status failed;
    // Pages whose use is known, or that could not be read; from 1.
    std::vector<bool> known(static_cast<std::size_t>(pages_.pages()) + 1);
    const auto know = [&known](std::int64_t page) {
      if (page >= 1 && page < std::ssize(known)) known[static_cast<std::size_t>(page)] = true;
    };
    for (const std::int64_t page : pages_.EmptyPages()) know(page);
    for (std::int64_t page = 1; page <= pages_.pages() && failed.ok(); ++page) {
      absl::StatusOr<PageReading> reading = pages_.ForEachRow(page, [&](const PageRow& row) {
        if (failed.ok()) failed = Put(row);
      });
      if (reading.ok()) {
        salvaged_.broken_rows += reading->broken_rows;
        if (reading->is_of_tree) know(page);
        for (const std::int64_t overflow : reading->overflow) know(overflow);
      } else {
        ++salvaged_.unread_pages;
        know(page);
      }
      const bool go_on = progress({.phase = WorkProgress::Phase::kCopying,
                                   .done_octets = page * pages_.page_octets(),
                                   .total_octets = pages_.pages() * pages_.page_octets()});
      if (!go_on) return absl::CancelledError();
    }
    salvaged_.unknown_pages = std::count(known.begin() + 1, known.end(), false);
    return failed;
  }

  absl::Status Put(const PageRow& row) {
    Filler* fitting = nullptr;
    for (Filler& filler : fillers_) {
      if (!Fits(filler.table(), row)) continue;
      if (fitting != nullptr) return absl::OkStatus();  // nobody can say whose it is
      fitting = &filler;
    }
    return fitting == nullptr ? absl::OkStatus() : fitting->Put(row);
  }

  absl::Status Repair() {
    absl::StatusOr<std::int64_t> there =
        connection_.AskNumber("SELECT count(*) FROM meta WHERE name = 'index_secret'");
    if (!there.ok()) return there.status();
    salvaged_.has_secret = *there == 1;
    absl::StatusOr<std::int64_t> secret =
        salvaged_.has_secret
            ? connection_.AskNumber("SELECT value FROM meta WHERE name = 'index_secret'")
            : RandomNumber();
    if (!secret.ok()) return secret.status();
    hashes_ = std::make_unique<SuppressionIndex>(static_cast<std::uint64_t>(*secret));
    AddFunctions(connection_.db(), *hashes_);
    absl::Status status = PutNumber(connection_, "index_secret", *secret);
    if (!salvaged_.has_secret) {
      for (const char* sql : kHashAnew) {
        if (status.ok()) status = connection_.Execute(sql);
      }
    }
    for (const char* sql : kRepairs) {
      if (status.ok()) status = connection_.Execute(sql);
    }
    if (status.ok()) status = DropOrphans(connection_);
    // Before rows are made that stood nowhere.
    if (status.ok()) status = CountRows();
    if (status.ok()) status = CompleteHistory(connection_);
    if (status.ok()) status = connection_.Execute(kFillBlockHoursSql);
    // Another history, whose tokens have nothing to do with what was given out before.
    for (const char* name : {"history", "token_secret"}) {
      absl::StatusOr<std::int64_t> value = RandomNumber();
      if (!value.ok()) return value.status();
      if (status.ok()) status = PutNumber(connection_, name, *value);
    }
    if (status.ok()) status = PutNumber(connection_, "changes_dropped_up_to", 0);
    if (status.ok()) status = KeepIdsOfEvents();
    if (status.ok()) status = connection_.Execute("COMMIT");
    fillers_.clear();
    if (status.ok()) status = CheckAll(connection_, {.full = true}, salvaged_.findings);
    return status;
  }

  // Of those that were found, how many are left.
  absl::Status CountRows() {
    for (const Filler& filler : fillers_) {
      if (filler.table().name == "meta") continue;
      absl::StatusOr<std::int64_t> saved =
          connection_.AskNumber(absl::StrCat("SELECT count(*) FROM ", filler.table().name));
      if (!saved.ok()) return saved.status();
      salvaged_.tables.push_back(
          {.name = filler.table().name, .saved = *saved, .dropped = filler.put() - *saved});
    }
    return absl::OkStatus();
  }

  // Suppressions name events that may be lost.
  absl::Status KeepIdsOfEvents() {
    absl::StatusOr<std::int64_t> named = connection_.AskNumber(
        "SELECT max(ifnull((SELECT max(event_id) FROM suppression), 0),"
        " ifnull((SELECT max(event_id) FROM change), 0),"
        " ifnull((SELECT value FROM meta WHERE name = 'events_dropped_up_to'), 0))");
    if (!named.ok()) return named.status();
    return PutNumber(connection_, "events_dropped_up_to", *named);
  }

  const PageFile& pages_;
  Connection& connection_;
  std::deque<Filler> fillers_;
  std::unique_ptr<SuppressionIndex> hashes_;
  Salvaged salvaged_;
};

absl::Status SyncFile(const std::string& file) {
  const int fd = open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return FileStatus(errno, file);
  absl::Cleanup close_it = [fd] { close(fd); };
  return fsync(fd) == 0 ? absl::OkStatus() : FileStatus(errno, file);
}

}  // namespace

absl::StatusOr<Salvaged> SalvageDatabase(const std::string& directory_path, const std::string& out,
                                         OnProgress progress) {
  absl::StatusOr<DataDirectory> directory = DataDirectory::Hold(directory_path);
  if (!directory.ok()) return directory.status();
  const std::string file = directory->database();
  if (access(file.c_str(), F_OK) != 0) {
    return absl::NotFoundError(absl::StrCat(file, ": is not there; set data_dir"));
  }
  if (access(out.c_str(), F_OK) == 0) {
    return absl::InvalidArgumentError(absl::StrCat(out, ": is there already; name a new file"));
  }
  absl::StatusOr<PageFile> pages = PageFile::Open(file);
  if (!pages.ok()) return pages.status();
  absl::StatusOr<Salvaged> salvaged = absl::CancelledError();
  {
    absl::StatusOr<Connection> connection = OpenNew(out, "");
    if (!connection.ok()) return connection.status();
    salvaged = Salvage(*pages, *connection).Run(progress);
  }
  absl::Status status = salvaged.ok() ? SyncFile(out) : salvaged.status();
  if (status.ok()) return salvaged;
  RemoveDatabase(out).IgnoreError();
  return status;
}

}  // namespace bounced
