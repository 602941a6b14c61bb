// The index in memory, from the rows.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/sqlite/connection.h"
#include "storage/suppression_index.h"
#include "storage/wide_index.h"

namespace bounced {

// Puts all that suppresses or makes risky by `now` into `index`, which is empty and which nobody
// reads yet; also what reaches further than one address, for to tell it apart would cost each row.
// Of many rows several threads read a share each, on connections of their own.
absl::Status ReadIndex(const std::string& file, const std::string& vfs, SuppressionIndex& index,
                       absl::Time now);

// Puts what reaches further than one address into `wide_index`, and takes it out of `index`, which
// ReadIndex() has filled and which nobody reads yet: there the writer would never change it.
absl::Status ReadWideIndex(Connection& connection, SuppressionIndex& index, WideIndex& wide_index,
                           absl::Time now);

}  // namespace bounced
