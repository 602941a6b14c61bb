// Group commit: one transaction and one sync for all that wait.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/base/live.h"
#include "server/intake/policies.h"
#include "storage/mutex.h"
#include "storage/store.h"

namespace bounced {

// What waits includes what is being committed. A piece of work larger than max_waiting_octets is
// taken when nothing else waits, so that none is refused for ever.
struct CommitterLimits {
  std::size_t max_waiting = 10'000;            // pieces of work; one more is refused
  std::size_t max_waiting_octets = 256 << 20;  // of packed evidence, of the events' texts, of lists
  std::size_t max_batch = 1'000;               // pieces of work in one commit
  // And in these, but for the first:
  std::size_t max_batch_deliveries = 10'000;
  std::size_t max_batch_rows = 5'000;  // of lists, and changes that are undone or dropped
};

// Takes work from any thread and does it in batches: a batch is what came while the last one was
// synced, so nobody waits for a timer, and a lone caller waits for nobody.
//
// A value with a Step(): a thread loops over it (Run), and a simulation can drive it instead.
// Thread-safe, but for Step() and Run(), which one thread calls.
class Committer {
 public:
  // Called once, on the thread that steps, after the work is on stable storage and in the index, or
  // with the error, after which nothing of it is there. The work holds its results. It may submit
  // more, and must not wait for it.
  using Done = absl::AnyInvocable<void(absl::Status, Work)>;

  // All of them outlive it.
  Committer(Store& store, Policies policies, const Clock& clock, Counters& counters,
            CommitterLimits limits = {});
  // Answers what waits, with UNAVAILABLE.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Calls `done` at once, on the caller's thread, with RESOURCE_EXHAUSTED when too much waits, with
  // UNAVAILABLE after Stop(), and with fatal() when that is an error. Of a failed commit it is the
  // store's error.
  void Submit(Work work, Done done);
  // The same, and waits. Not on a thread that steps or serves sessions.
  absl::Status SubmitAndWait(Work& work);

  // Whether work may come (what a server asks before it lets a message in). It refuses, like
  // Submit(), from three quarters of a limit on: the rest is for what has been let in before.
  absl::Status Ready() const;

  // For the decisions to come.
  void SetPolicies(Policies policies) { policies_.Set(std::move(policies)); }
  std::shared_ptr<const Policies> policies() const { return policies_.Get(); }

  // Commits what waits now, up to the limits of a batch; false: nothing did.
  bool Step();
  // Steps until Stop() was called and nothing waits, or fatal() is an error.
  void Run();
  // No more work is taken; what waits is still committed. May be called more than once.
  void Stop();

  // Not OK once the store has said DATA_LOSS: nothing is written any more, whatever waits is
  // answered with it, and the process should end. Whoever called Run() asks when it returns.
  absl::Status fatal() const;

 private:
  struct Waiting {
    Work work;
    Done done;
    std::size_t octets = 0;
  };

  // Why nothing is taken at all; OK: it is.
  absl::Status Closed() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Waiting> TakeBatch();
  void Commit(std::vector<Waiting> batch);
  void Answer(std::vector<Waiting> batch, const absl::Status& status);

  Store& store_;
  Live<Policies> policies_;
  const Clock& clock_;
  Counters& counters_;
  const CommitterLimits limits_;

  mutable Mutex mutex_;
  std::condition_variable work_came_;
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mutex_);
  // Of the queue and of what is being committed.
  std::size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t waiting_octets_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status fatal_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bounced
