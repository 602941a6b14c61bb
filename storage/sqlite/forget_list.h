// The list of what was forgotten, over a restore.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/sqlite/connection.h"

namespace bounced {

// A row of `forgotten`.
struct ForgetListEntry {
  std::uint64_t hash = 0;
  std::int64_t secret = 0;
  absl::Time time = absl::UnixEpoch();
};

// Empty where the database is from before there was one.
absl::StatusOr<std::vector<ForgetListEntry>> ReadForgetList(Connection& connection);

// Forgets in a database what others have forgotten since, as ForgetAddress and MaskMentions do, and
// adds them to its list; how many addresses it had. Brings it up to date first, if there are any.
absl::StatusOr<std::int64_t> ReplayForgetList(Connection& connection,
                                              const std::vector<ForgetListEntry>& list,
                                              absl::Time now);

}  // namespace bounced
