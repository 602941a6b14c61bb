#include "storage/sqlite/index_reader.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/sqlite/statement.h"
#include "storage/sqlite/status.h"

namespace bounced {
namespace {

// A thread more for each so many rows, if there are cores for it.
constexpr std::int64_t kRowsPerThread = 100'000;
constexpr unsigned kMaxThreads = 4;

// Reads rows of `suppression` whose ids follow each other.
class SuppressionReader {
 public:
  SuppressionReader(SuppressionIndex& index, absl::Time now)
      : loader_(index), now_(absl::ToUnixMicros(now)) {}

  // Ids from `first` to `last`. A small cache is the fastest: of no page anything is asked for
  // again.
  absl::Status Read(const std::string& file, const std::string& vfs, std::int64_t first,
                    std::int64_t last) {
    absl::StatusOr<Connection> connection = Connection::Open(file, vfs, Access::kRead);
    if (!connection.ok()) return connection.status();
    // An aggregate function sees the rows where SQLite has them. To be handed each of them, and its
    // columns, takes longer than all that the index does with it.
    const int made =
        sqlite3_create_function_v2(connection->db(), "read_suppression", 3, SQLITE_UTF8, this,
                                   nullptr, &SuppressionReader::Step, &Finish, nullptr);
    if (made != SQLITE_OK) return SqliteStatus(connection->db(), made);
    absl::StatusOr<Statement> read = Statement::Prepare(
        connection->db(),
        "SELECT read_suppression(hash, expire_time, incident_id) FROM suppression"
        " WHERE id BETWEEN ? AND ?");
    return read.ok() ? read->Run(first, last) : read.status();
  }

  SuppressionIndex::Loader& loader() { return loader_; }

 private:
  // (hash, expire_time, incident_id)
  static void Step(sqlite3_context* context, int, sqlite3_value** values) {
    auto* self = static_cast<SuppressionReader*>(sqlite3_user_data(context));
    std::uint16_t until = IndexEntry::kForever;
    if (sqlite3_value_type(values[1]) != SQLITE_NULL) {
      const std::int64_t expire_time = sqlite3_value_int64(values[1]);
      if (expire_time <= self->now_) return;
      until = IndexEntry::FirstDayWithout(FromColumn(expire_time));
    }
    // What an incident holds is not in force.
    const IndexEntry entry = sqlite3_value_int64(values[2]) == 0
                                 ? IndexEntry{.suppressed_until = until}
                                 : IndexEntry{.risky_until = until};
    try {
      self->loader_.Add(static_cast<std::uint64_t>(sqlite3_value_int64(values[0])), entry);
    } catch (const std::bad_alloc&) {
      sqlite3_result_error_nomem(context);
    }
  }
  static void Finish(sqlite3_context* context) { sqlite3_result_null(context); }

  SuppressionIndex::Loader loader_;
  const std::int64_t now_;  // as columns have it
};

absl::Status ReadRisky(Connection& connection, SuppressionIndex::Loader& loader, absl::Time now) {
  absl::StatusOr<Statement> risky = Statement::Prepare(
      connection.db(),
      "SELECT hash, risky_until FROM address WHERE risky_until > 0 AND risky_until > ?");
  if (!risky.ok()) return risky.status();
  Query query = risky->Start(DayOf(now));
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok() || !*there) return there.status();
    loader.Add(static_cast<std::uint64_t>(query.Integer(0)),
               {.risky_until = IndexEntry::FirstDayWithout(query.Number<Day>(1))});
  }
}

}  // namespace

absl::Status ReadIndex(const std::string& file, const std::string& vfs, SuppressionIndex& index,
                       absl::Time now) {
  absl::StatusOr<Connection> connection = Connection::Open(file, vfs, Access::kRead);
  if (!connection.ok()) return connection.status();
  absl::StatusOr<std::int64_t> last =
      connection->AskNumber("SELECT coalesce(max(id), 0) FROM suppression");
  if (!last.ok()) return last.status();
  const std::int64_t cores = std::clamp(std::thread::hardware_concurrency(), 1u, kMaxThreads);
  const std::int64_t shares = std::clamp<std::int64_t>(*last / kRowsPerThread, 1, cores);

  std::deque<SuppressionReader> readers;
  std::vector<absl::Status> statuses(static_cast<std::size_t>(shares));
  std::vector<std::thread> threads;
  for (std::int64_t share = 0; share < shares; ++share) {
    SuppressionReader& reader = readers.emplace_back(index, now);
    absl::Status& status = statuses[static_cast<std::size_t>(share)];
    const auto read = [&, begin = *last / shares * share,
                       end = share + 1 == shares ? *last : *last / shares * (share + 1)] {
      status = reader.Read(file, vfs, begin + 1, end);
    };
    if (share + 1 < shares) {
      threads.emplace_back(read);
    } else {
      read();
    }
  }
  for (std::thread& thread : threads) thread.join();
  absl::Status status;
  for (const absl::Status& each : statuses) status.Update(each);
  if (status.ok()) status = ReadRisky(*connection, readers.front().loader(), now);
  if (!status.ok()) return status;
  for (std::size_t i = 1; i < readers.size(); ++i) {
    readers.front().loader().Take(std::move(readers[i].loader()));
  }
  readers.front().loader().Finish();
  return absl::OkStatus();
}

absl::Status ReadWideIndex(Connection& connection, SuppressionIndex& index, WideIndex& wide_index,
                           absl::Time now) {
  absl::StatusOr<Statement> suppressions =
      Statement::Prepare(connection.db(),
                         "SELECT suppression.hash, expire_time FROM address INDEXED BY address_wide"
                         " CROSS JOIN suppression ON address_id = address.id"
                         " WHERE (tenant = '*' OR substr(canonical, 1, 1) = '@')"
                         " AND (expire_time IS NULL OR expire_time > ?)");
  absl::StatusOr<Statement> allowances = Statement::Prepare(
      connection.db(), "SELECT hash FROM allowance CROSS JOIN address ON address.id = address_id");
  if (!suppressions.ok()) return suppressions.status();
  if (!allowances.ok()) return allowances.status();
  absl::flat_hash_map<std::uint64_t, IndexEntry> entries;
  Query row = suppressions->Start(absl::ToUnixMicros(now));
  for (;;) {
    absl::StatusOr<bool> there = row.Next();
    if (!there.ok()) return there.status();
    if (!*there) break;
    IndexEntry& entry = entries[static_cast<std::uint64_t>(row.Integer(0))];
    entry.suppressed_until =
        std::max(entry.suppressed_until, IndexEntry::FirstDayWithout(row.Time(1)));
  }
  for (const auto& [hash, entry] : entries) {
    index.Publish(hash, {});
    wide_index.Publish(hash, entry);
  }
  Query allowed = allowances->Start();
  for (;;) {
    absl::StatusOr<bool> there = allowed.Next();
    if (!there.ok() || !*there) return there.status();
    wide_index.PublishAllowance(static_cast<std::uint64_t>(allowed.Integer(0)), true);
  }
}

}  // namespace bounced
