// Lets others go first.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

namespace bounced {

// Lowers the priority of the thread that calls, for good: commits, and those who wait for them,
// come first. Not for one that commits wait for. Linux has a priority for each thread; where it may
// not be changed, all threads are equal.
inline void StandBack() {
  constexpr int kNiceness = 10;
  const auto self = static_cast<id_t>(::gettid());
  ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + kNiceness);
}

}  // namespace bounced
