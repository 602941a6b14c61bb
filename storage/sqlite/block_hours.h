// The table `block_hours`: from which hour to which the rows of a block of ids are.
//
// Events by their ids and changes by their numbers ascend with time but for old mail that is taken
// in, and for clocks that are put back; and tens of millions of them are there. A list of a time
// passes over each block whose hours lie elsewhere. A block that has no row may have anything, and
// hours may be wider than what is left of their block: both cost time alone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"

namespace bounced {

// Ids that follow one another and have one row. In SQL it is written out.
inline constexpr std::int64_t kBlockIds = 4'096;

enum class Blocks : std::uint8_t { kEvents = 1, kChanges = 2 };

// Fills the table from all that is there, on top of what it has.
inline constexpr const char kFillBlockHoursSql[] =
    "INSERT INTO block_hours (what, block, first_hour, last_hour)"
    " SELECT 1, event.id / 4096, max(receive_time, 0) / 3600000000,"
    " max(receive_time, 0) / 3600000000"
    " FROM message CROSS JOIN event ON message_id = message.id WHERE true"
    " ON CONFLICT DO UPDATE SET first_hour = min(first_hour, excluded.first_hour),"
    " last_hour = max(last_hour, excluded.last_hour)"
    " WHERE excluded.first_hour < first_hour OR excluded.last_hour > last_hour;"
    "INSERT INTO block_hours (what, block, first_hour, last_hour)"
    " SELECT 2, number / 4096, max(time, 0) / 3600000000, max(time, 0) / 3600000000"
    " FROM change WHERE true"
    " ON CONFLICT DO UPDATE SET first_hour = min(first_hour, excluded.first_hour),"
    " last_hour = max(last_hour, excluded.last_hour)"
    " WHERE excluded.first_hour < first_hour OR excluded.last_hour > last_hour;";

// How the writer keeps it. Belongs to the writing connection.
class BlockHours {
 public:
  absl::Status Prepare(Connection& connection);

  // `count` rows of ids from `first_id` on, which are the highest, are of `time`. Writes where a
  // block is new, or its hours become wider.
  absl::Status Note(Blocks what, std::int64_t first_id, std::int64_t count, absl::Time time);
  // Drops what lies before the oldest row that is left.
  absl::Status DropUnused(Blocks what);
  // What was written since the last commit is not there.
  void RollBack() { newest_ = {}; }

 private:
  // Of the block that was noted last, what the table says.
  struct Newest {
    std::int64_t block = -1;
    std::int64_t first_hour = 0;
    std::int64_t last_hour = 0;
  };

  std::array<std::optional<Statement>, 2> widen_;        // by Blocks
  std::array<std::optional<Statement>, 2> drop_unused_;  // by Blocks
  std::array<Newest, 2> newest_;
};

struct TimeRange {
  absl::Time from = absl::InfinitePast();  // inclusive
  absl::Time before = absl::InfiniteFuture();
};

// How a reader uses it. Belongs to a reading connection.
class BlocksOfTime {
 public:
  // `connection` must live as long.
  absl::Status Prepare(Connection& connection);

  // Calls `read` with ranges of ids, from `least` up to below `below`, neither below 0, the
  // newest range first: together they have all rows of `times` that there are. Ends when one
  // returns false. All is read in one transaction, which must not have begun.
  absl::Status ForEach(
      Blocks what, const TimeRange& times, std::int64_t least, std::int64_t below,
      absl::FunctionRef<absl::StatusOr<bool>(std::int64_t least, std::int64_t below)> read);

 private:
  Connection* connection_ = nullptr;
  std::optional<Statement> blocks_;
};

}  // namespace bounced
