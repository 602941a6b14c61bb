// How long messages, events and the history of suppressions are kept.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/jump_watch.h"
#include "server/intake/committer.h"
#include "storage/mutex.h"
#include "storage/store.h"

namespace bounced {

// For how many days, at least.
struct KeepDays {
  int evidence = 90;  // messages
  int events = 400;   // with their messages
  int changes = 400;
};

// Drops what has had its time, in small steps through the committer: one step is one piece of work
// among others, so that it holds none up for long. What Store::ListOld() keeps stays.
//
// A value with a Step(), as the committer is. Step() and Run() are called by one thread.
class Retention {
 public:
  // Looked at, and dropped, at once. Evidence is what fills the disk: to overwrite it takes as long
  // as it took to write.
  static constexpr int kStepChanges = 500;
  static constexpr int kStepMessages = 200;
  static constexpr int kStepEvidence = 50;
  static constexpr absl::Duration kInterval = absl::Hours(1);
  // Of which one looks at changes: those that stay lie among those that go, so all old ones are
  // read, which takes long where there are millions.
  static constexpr int kTurnsOfChanges = 24;
  // For so long after the time of day has jumped nothing is dropped: by a wrong time all is old.
  // By then somebody should have seen the log's clock.jumped.
  static constexpr absl::Duration kRestAfterJump = absl::Hours(6);

  // All of them outlive it.
  Retention(const Store& store, Committer& committer, const Clock& clock, KeepDays keep)
      : store_(store), committer_(committer), clock_(clock), keep_(keep), jumps_(clock) {}
  // Stops, if that was not done.
  ~Retention() { Stop(); }
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  // Goes on where the last step ended; false if the turn is over, or for want of a time of day that
  // can be relied on. After that, and after an error, those of the store and the committer, it
  // begins the kind of thing anew.
  absl::StatusOr<bool> Step();

  // Takes all steps of a turn, at once and then at each interval, on a thread of its own.
  void Start();
  // Ends the thread; the committer must still run, or be stopped.
  void Stop();

 private:
  void Run();
  bool stopped() const;

  const Store& store_;
  Committer& committer_;
  const Clock& clock_;
  const KeepDays keep_;
  JumpWatch jumps_;
  absl::Time rests_until_ = absl::InfinitePast();  // of the steady clock
  int turn_ = 0;
  std::size_t kind_ = 0;
  Cursor next_ = 0;

  mutable Mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace bounced
