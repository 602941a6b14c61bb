// Whether a database is whole: its pages, and that its rows go together.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/maintenance.h"
#include "storage/sqlite/connection.h"
#include "storage/suppression_index.h"
#include "storage/wide_index.h"

namespace bounced {

// The suppressions of which the last change in the history says another thing, or that have none,
// as a table.
inline constexpr std::string_view kUnlikeHistorySql =
    "(SELECT suppression.* FROM suppression LEFT JOIN change ON number ="
    " (SELECT max(number) FROM change AS c WHERE c.address_id = suppression.address_id"
    " AND c.stream = suppression.stream AND c.source = suppression.source AND c.what <= 3)"
    " WHERE number IS NULL OR what = 3 OR change.bounce_class <> suppression.bounce_class"
    " OR change.create_time <> suppression.create_time"
    " OR change.expire_time IS NOT suppression.expire_time"
    " OR change.event_id <> suppression.event_id OR change.reason <> suppression.reason"
    " OR change.explanation <> suppression.explanation"
    " OR change.incident_id <> suppression.incident_id)";

// Adds to `findings` what is wrong with the database, see CheckDatabase(). Rows are looked at only
// where the pages are whole. What cannot be read is a finding; an error is of another kind, as no
// memory, or that the connection was interrupted.
absl::Status CheckAll(Connection& connection, const CheckOptions& options, Findings& findings);

// Calls `differs` with the id of each address of which the memory (`wide_index` where it concerns
// that, else `index`) says another thing by `now` than the suppressions of `connection`.
absl::Status CompareIndex(Connection& connection, const SuppressionIndex& index,
                          const WideIndex& wide_index, absl::Time now,
                          absl::FunctionRef<void(std::int64_t)> differs);

// Whether so it is with the one address; false, too, when there is none.
absl::StatusOr<bool> IndexDiffers(Connection& connection, const SuppressionIndex& index,
                                  const WideIndex& wide_index, absl::Time now,
                                  std::int64_t address_id);

}  // namespace bounced
