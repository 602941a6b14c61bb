// How long the history of suppressions is kept.
#pragma once

#include <condition_variable>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/intake/committer.h"
#include "storage/mutex.h"
#include "storage/store.h"

namespace bounced {

// Drops changes that have had their time, in small steps through the committer: one step is one
// piece of work among others, so that it holds none up for long. What Store::ListOldChanges() keeps
// stays.
//
// A value with a Step(), as the committer is. Step() and Run() are called by one thread.
class ChangeRetention {
 public:
  static constexpr int kStepChanges = 500;  // looked at, and dropped, at once
  static constexpr absl::Duration kInterval = absl::Hours(1);

  // All of them outlive it. `days`: how long a change is kept at least.
  ChangeRetention(const Store& store, Committer& committer, const Clock& clock, int days)
      : store_(store), committer_(committer), clock_(clock), days_(days) {}
  // Stops, if that was not done.
  ~ChangeRetention() { Stop(); }
  ChangeRetention(const ChangeRetention&) = delete;
  ChangeRetention& operator=(const ChangeRetention&) = delete;

  // Goes on where the last step ended; whether there may be more to do now. After an error, those
  // of the store and the committer, it begins anew.
  absl::StatusOr<bool> Step();

  // Takes all steps, at once and then at each interval, on a thread of its own.
  void Start();
  // Ends the thread; the committer must still run, or be stopped.
  void Stop();

 private:
  void Run();
  bool stopped() const;

  const Store& store_;
  Committer& committer_;
  const Clock& clock_;
  const int days_;
  Cursor next_ = 0;

  mutable Mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace bounced
