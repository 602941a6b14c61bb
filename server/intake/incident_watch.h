// Has incidents of refusals and of rates opened and closed, and says so.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/base/jump_watch.h"
#include "server/base/live.h"
#include "server/base/log.h"
#include "server/intake/committer.h"
#include "server/intake/incident_policy.h"
#include "storage/mutex.h"

namespace bounced {

// Looks through what was counted, by work of the committer's, and logs what has changed: a line
// each, without an address, a sender, or a domain that no table of ours names. What was counted has
// the time of day: that it jumped is logged, too.
//
// A value with a Step(), as the committer is. Step() and Run() are called by one thread.
class IncidentWatch {
 public:
  static constexpr absl::Duration kInterval = absl::Minutes(1);

  // All of them outlive it.
  IncidentWatch(Committer& committer, const IncidentPolicy& policy, const Clock& clock,
                const Log& log, Counters& counters)
      : committer_(committer),
        policy_(policy),
        clock_(clock),
        log_(log),
        counters_(counters),
        jumps_(clock) {}
  // Stops, if that was not done.
  ~IncidentWatch() { Stop(); }
  IncidentWatch(const IncidentWatch&) = delete;
  IncidentWatch& operator=(const IncidentWatch&) = delete;

  // Errors are the committer's: nothing was done, and the next step does it.
  absl::Status Step();

  // From the next step on. Thread-safe.
  void SetPolicy(const IncidentPolicy& policy) { policy_.Set(policy); }

  // Steps at each interval, on a thread of its own.
  void Start();
  // Ends the thread; the committer must still run, or be stopped.
  void Stop();

 private:
  void Run();
  void LookAtTheClock();
  void Tell(const TendIncidents& done);

  Committer& committer_;
  Live<IncidentPolicy> policy_;
  const Clock& clock_;
  const Log& log_;
  Counters& counters_;
  JumpWatch jumps_;
  std::int64_t told_uncounted_ = 0;

  Mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace bounced
