#include "storage/sqlite/long_query.h"

#include <chrono>
#include <condition_variable>
#include <thread>

#include "storage/mutex.h"
#include "storage/sqlite/stand_back.h"

namespace bounced {
namespace {

constexpr std::chrono::milliseconds kBeat{500};

}  // namespace

absl::Status RunLong(Connection& connection, absl::FunctionRef<absl::Status()> work,
                     OnProgress progress) {
  if (!progress({.phase = WorkProgress::Phase::kChecking})) return absl::CancelledError();
  Mutex mutex;
  std::condition_variable changed;
  bool done = false;
  absl::Status status;
  std::thread thread([&] {
    StandBack();
    absl::Status result = work();
    const MutexLock lock(mutex);
    status = std::move(result);
    done = true;
    changed.notify_one();
  });
  bool cancelled = false;
  for (;;) {
    {
      MutexLock lock(mutex);
      if (lock.WaitFor(changed, kBeat, [&done] { return done; })) break;
    }
    cancelled = cancelled || !progress({.phase = WorkProgress::Phase::kChecking});
    // Again and again: it ends only the statement under way.
    if (cancelled) sqlite3_interrupt(connection.db());
  }
  thread.join();
  return cancelled ? absl::CancelledError() : status;
}

}  // namespace bounced
