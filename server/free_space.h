// Whether the file system of the database has room.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "storage/mutex.h"

namespace bounced {

// Asks the file system at most once in kInterval, so that a flood of mail does not. Thread-safe.
class FreeSpace {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(1);

  // `min_free`: octets that stay free for others.
  FreeSpace(std::string directory, std::int64_t min_free, const Clock& clock);

  // RESOURCE_EXHAUSTED: fewer are free. One that cannot be asked counts as full.
  absl::Status Check();

 private:
  absl::Status Ask() const;

  const std::string directory_;
  const std::int64_t min_free_;
  const Clock& clock_;
  Mutex mutex_;
  absl::Time asked_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Status answer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bounced
