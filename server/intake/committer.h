// Group commit: one transaction and one sync for all that wait.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/intake/policy.h"
#include "storage/mutex.h"
#include "storage/store.h"

namespace bounced {

struct CommitterLimits {
  std::size_t max_waiting = 10'000;            // pieces of work; one more is refused
  std::size_t max_waiting_octets = 256 << 20;  // of packed evidence among them
  std::size_t max_batch = 1'000;               // pieces of work in one commit
};

// Takes work from any thread and does it in batches: a batch is what came while the last one was
// synced, so nobody waits for a timer, and a lone caller waits for nobody.
//
// A value with a Step(): a thread loops over it (Run), and a simulation can drive it instead.
class Committer {
 public:
  // Called once, on the thread that steps, after the work is on stable storage and in the index, or
  // with the error, after which nothing of it is there. The work holds its results.
  using Done = absl::AnyInvocable<void(absl::Status, Work)>;

  Committer(Store& store, const Policy& policy, const Clock& clock, Counters& counters,
            CommitterLimits limits = {});

  // Thread-safe. Calls `done` at once with RESOURCE_EXHAUSTED when too much waits, and with
  // UNAVAILABLE after Stop().
  void Submit(Work work, Done done);
  // The same, and waits. Not on a thread that steps or serves sessions.
  absl::Status SubmitAndWait(Work& work);

  // Whether work may come (what a server asks before it lets a message in).
  absl::Status Ready() const;

  // Commits what waits now; false: nothing did.
  bool Step();
  // Steps until Stop() was called and nothing waits.
  void Run();
  void Stop();

 private:
  struct Waiting;
  // ... see committer.cc
};

}  // namespace bounced
