#include "storage/sqlite/block_hours.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace bounced {
namespace {

std::size_t PlaceOf(Blocks what) { return what == Blocks::kEvents ? 0 : 1; }

// Times before 1970 count as of its first hour.
std::int64_t HourOf(absl::Time time) {
  return std::max<std::int64_t>(absl::ToUnixSeconds(time) / 3'600, 0);
}

absl::Time StartOfHour(std::int64_t hour) {
  return hour <= 0 ? absl::InfinitePast() : absl::UnixEpoch() + absl::Hours(hour);
}

absl::Time EndOfHour(std::int64_t hour) {
  return absl::UnixEpoch() + absl::Hours(hour) + absl::Hours(1);
}

// Of a block (?1) and an hour (?2) of rows from an id (?3) on. One that has no row, and rows before
// that id, gets none: of what hours those are nobody has noted.
std::string WidenSql(const char* what, const char* table, const char* id) {
  return absl::StrCat("INSERT INTO block_hours (what, block, first_hour, last_hour) SELECT ", what,
                      ", ?1, ?2, ?2 WHERE EXISTS (SELECT 1 FROM block_hours WHERE what = ", what,
                      " AND block = ?1) OR NOT EXISTS (SELECT 1 FROM ", table, " WHERE ", id,
                      " >= ?1 * 4096 AND ", id, " < ?3)",
                      " ON CONFLICT DO UPDATE SET first_hour = min(first_hour, ?2),"
                      " last_hour = max(last_hour, ?2) RETURNING first_hour, last_hour");
}

}  // namespace

absl::Status BlockHours::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(widen_[PlaceOf(Blocks::kEvents)], WidenSql("1", "event", "id"));
  prepare(widen_[PlaceOf(Blocks::kChanges)], WidenSql("2", "change", "number"));
  prepare(drop_unused_[PlaceOf(Blocks::kEvents)],
          "DELETE FROM block_hours WHERE what = 1"
          " AND block < (SELECT min(id) / 4096 FROM event)");
  prepare(drop_unused_[PlaceOf(Blocks::kChanges)],
          "DELETE FROM block_hours WHERE what = 2"
          " AND block < (SELECT min(number) / 4096 FROM change)");
  return prepare.status();
}

absl::Status BlockHours::Note(Blocks what, std::int64_t first_id, std::int64_t count,
                              absl::Time time) {
  const std::int64_t hour = HourOf(time);
  Newest& newest = newest_[PlaceOf(what)];
  const std::int64_t last_block = (first_id + count - 1) / kBlockIds;
  for (std::int64_t block = first_id / kBlockIds; block <= last_block; ++block) {
    const bool is_noted =
        block == newest.block && hour >= newest.first_hour && hour <= newest.last_hour;
    if (is_noted) continue;
    Query row = widen_[PlaceOf(what)]->Start(block, hour, first_id);
    absl::StatusOr<bool> there = row.Next();
    if (!there.ok()) return there.status();
    if (!*there) continue;
    newest = {.block = block, .first_hour = row.Integer(0), .last_hour = row.Integer(1)};
    // It is done when there is no further row.
    there = row.Next();
    if (!there.ok()) return there.status();
  }
  return absl::OkStatus();
}

absl::Status BlockHours::DropUnused(Blocks what) { return drop_unused_[PlaceOf(what)]->Run(); }

absl::Status BlocksOfTime::Prepare(Connection& connection) {
  connection_ = &connection;
  Preparer prepare(connection.db());
  prepare(blocks_,
          "SELECT block, first_hour, last_hour FROM block_hours"
          " WHERE what = ? AND block >= ? AND block <= ? ORDER BY block DESC");
  return prepare.status();
}

absl::Status BlocksOfTime::ForEach(
    Blocks what, const TimeRange& times, std::int64_t least, std::int64_t below,
    absl::FunctionRef<absl::StatusOr<bool>(std::int64_t least, std::int64_t below)> read) {
  const bool is_any_time =
      times.from == absl::InfinitePast() && times.before == absl::InfiniteFuture();
  if (is_any_time) return read(least, below).status();
  absl::Status status = connection_->Execute("BEGIN");
  if (!status.ok()) return status;
  absl::Cleanup end = [this] { connection_->Execute("ROLLBACK").IgnoreError(); };
  Query row = blocks_->Start(what, least / kBlockIds, (below - 1) / kBlockIds);
  for (;;) {
    absl::StatusOr<bool> there = row.Next();
    if (!there.ok()) return there.status();
    if (!*there) break;
    const std::int64_t first = row.Integer(0) * kBlockIds;
    const std::int64_t behind = below - first <= kBlockIds ? below : first + kBlockIds;
    absl::StatusOr<bool> more = true;
    // What lies between it and the one before has no row.
    if (behind < below) more = read(behind, below);
    const bool may_have =
        StartOfHour(row.Integer(1)) < times.before && EndOfHour(row.Integer(2)) > times.from;
    if (more.ok() && *more && may_have) more = read(std::max(first, least), behind);
    if (!more.ok() || !*more) return more.status();
    below = first;
  }
  return below > least ? read(least, below).status() : absl::OkStatus();
}

}  // namespace bounced
