#include "server/free_space.h"

#include <sys/statvfs.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace bounced {

FreeSpace::FreeSpace(std::string directory, std::int64_t min_free, const Clock& clock)
    : directory_(std::move(directory)), min_free_(min_free), clock_(clock) {}

absl::Status FreeSpace::Check() {
  absl::Time now = clock_.Steady();
  MutexLock lock(mutex_);
  if (now - asked_ >= kInterval) {
    answer_ = Ask();
    asked_ = now;
  }
  return answer_;
}

absl::Status FreeSpace::Ask() const {
  struct statvfs info {};
  if (::statvfs(directory_.c_str(), &info) != 0) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot ask the file system of ", directory_));
  }
  // In doubles: blocks times their size may exceed 64 bits.
  double free = static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize);
  if (free >= static_cast<double>(min_free_)) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("fewer than store.min_free = ", min_free_, " octets are free in ", directory_));
}

}  // namespace bounced
