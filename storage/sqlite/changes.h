// The table `change`: its rows, and how the writer uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "parser/address.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"

namespace bounced {

// The columns of a change but for its number, tenant and address, in the order in which ChangeOf()
// reads them, from the column `first` on.
inline constexpr std::string_view kChangeColumns =
    "time, what, author, cause, batch, undoes, was_bounce_class, was_create_time, was_expire_time,"
    " was_event_id, was_reason, was_explanation, was_incident_id, stream, source, bounce_class,"
    " create_time, expire_time, event_id, reason, explanation, incident_id";
Change ChangeOf(const Query& row, std::int64_t number, int first, std::string_view tenant,
                Address address);

// What a change is of: an allowance, what is known of the address and its text are things of their
// own beside its suppressions.
enum class Thing : std::uint8_t { kSuppression = 0, kAllowance = 1, kKnowledge = 2, kText = 3 };
Thing ThingOf(Change::What what);
// The same of a row of `change`, which `prefix` names ("old.").
std::string ThingSql(std::string_view prefix);

// The number up to which some changes have been dropped.
inline constexpr std::string_view kDroppedUpToSql =
    "SELECT value FROM meta WHERE name = 'changes_dropped_up_to'";

// A row of `change`. Of whoever made it: millions are written in a row, and nothing is copied.
struct ChangeRow {
  std::int64_t number;
  absl::Time time;
  Change::What what;
  std::int64_t address_id;
  std::string_view author;
  std::string_view cause;
  std::int64_t batch;
  std::int64_t undoes;
  const Suppression& suppression;
  const Suppression* before;  // null: it replaced nothing
};

// A change as it is read, with the row of its address.
struct StoredChange {
  Change change;
  std::int64_t address_id = 0;
};

// Belongs to the writing connection.
class ChangeTable {
 public:
  absl::Status Prepare(Connection& connection);

  absl::Status Append(const ChangeRow& change);
  // None: it is not there.
  absl::StatusOr<std::optional<StoredChange>> Find(std::int64_t number);
  // The newest change of the thing of this address, with the tenant, stream and source of `entry`,
  // among those below `number`; with the address of `entry`. None: there is none.
  absl::StatusOr<std::optional<Change>> NewestBelow(std::int64_t number, std::int64_t address_id,
                                                    const Suppression& entry, Thing thing);
  // The row of the address that it was about; none: it was not there.
  absl::StatusOr<std::optional<std::int64_t>> Drop(std::int64_t number);
  // Some up to `number` have been dropped.
  absl::Status NoteDropped(std::int64_t number);

 private:
  std::optional<Statement> append_;
  std::optional<Statement> find_;
  std::optional<Statement> newest_below_;
  std::optional<Statement> drop_;
  std::optional<Statement> note_dropped_;
};

}  // namespace bounced
