// The tables `former_event`, `former_record` and `reclassification`: what was until an address was
// reclassified, and the runs that do it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/address_facts.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"

namespace bounced {

// The columns of a run, as ReclassificationOf() reads them.
inline constexpr std::string_view kFindReclassificationSql =
    "SELECT id, tenant, selection, author, cause, next, batch, is_done FROM reclassification"
    " WHERE id = ?";
Reclassification ReclassificationOf(const Query& row);

// What was counted of an address, and what took its place.
struct FormerRecord {
  Day risky_until = 0;
  AddressRecord record;
  AddressRecord next_record;
};

// Belongs to the writing connection.
class FormerTable {
 public:
  absl::Status Prepare(Connection& connection);

  // Keeps the event as it stands. `change`: the number of the change that tells of it.
  absl::Status KeepEvent(std::int64_t change, std::int64_t event_id);
  absl::Status KeepRecord(std::int64_t change, const FormerRecord& former);
  // The events that are still there; only their ids and what another reading may change are set.
  absl::StatusOr<std::vector<Event>> EventsOf(std::int64_t change);
  // None: there is nothing of that number. DATA_LOSS: a record cannot be read.
  absl::StatusOr<std::optional<FormerRecord>> RecordOf(std::int64_t change);

  // Gives it its id.
  absl::StatusOr<std::int64_t> Begin(const Reclassification& run);
  absl::StatusOr<std::optional<Reclassification>> Find(std::int64_t id);
  absl::Status NoteStep(const Reclassification& run);

 private:
  std::optional<Statement> keep_event_;
  std::optional<Statement> keep_record_;
  std::optional<Statement> events_;
  std::optional<Statement> record_;
  std::optional<Statement> begin_;
  std::optional<Statement> find_;
  std::optional<Statement> note_step_;
};

}  // namespace bounced
