// Queries that take minutes, and may be called off.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "storage/maintenance.h"
#include "storage/sqlite/connection.h"

namespace bounced {

// Does `work`, which uses `connection`, in a thread of its own that stands back, and tells
// `progress` of the phase kChecking twice a second. CANCELLED: it said so, and `work` was broken
// off; else what `work` returned.
absl::Status RunLong(Connection& connection, absl::FunctionRef<absl::Status()> work,
                     OnProgress progress);

}  // namespace bounced
