// Threads for what would hold up gRPC's own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "storage/mutex.h"

namespace bounced::api {

// Reads pages and messages from the store and parses, so that a check never waits behind a list:
// gRPC serves all calls with two threads on a small machine. Thread-safe.
class Workers {
 public:
  using Job = absl::AnyInvocable<void()>;

  Workers(int threads, std::size_t max_waiting);
  // Does what waits, then ends.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False, and `job` is not run: `max_waiting` jobs wait already.
  [[nodiscard]] bool Submit(Job job);

 private:
  void Run();

  const std::size_t max_waiting_;
  Mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

// A share of the workers, for calls of one kind that may be many at once: the rest waits here,
// first come first served, so that calls of other kinds find room. Thread-safe.
class WorkerShare {
 public:
  // With the workers are `most` of its jobs at once. Outlives the threads of `workers`, which may
  // be made later.
  WorkerShare(Workers& workers, std::size_t most) : workers_(workers), most_(most) {}
  WorkerShare(const WorkerShare&) = delete;
  WorkerShare& operator=(const WorkerShare&) = delete;

  // Takes any number of them: whoever calls has a bound. Where the workers have no room, it waits
  // for the next Submit() or HandOver(), or for the end of another job of the share.
  void Submit(Workers::Job job);
  // Hands over what waits, as far as there is room.
  void HandOver();

 private:
  void RunNext();

  Workers& workers_;
  const std::size_t most_;
  Mutex mutex_;
  std::deque<Workers::Job> waiting_ ABSL_GUARDED_BY(mutex_);
  std::size_t handed_over_ ABSL_GUARDED_BY(mutex_) = 0;  // turns that the workers have not begun
  std::size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
};

// How many octets of whole messages all calls together may hold. Thread-safe.
class OctetBudget {
 public:
  explicit OctetBudget(std::size_t octets) : left_(octets) {}

  // A share of it, which goes back when this is destroyed. Belongs to one call.
  class Share {
   public:
    explicit Share(OctetBudget& budget) : budget_(budget) {}
    ~Share() { budget_.left_.fetch_add(taken_, std::memory_order_relaxed); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // False, and nothing is taken: so much is not left.
    [[nodiscard]] bool Take(std::size_t octets) {
      std::size_t left = budget_.left_.load(std::memory_order_relaxed);
      do {
        if (left < octets) return false;
      } while (
          !budget_.left_.compare_exchange_weak(left, left - octets, std::memory_order_relaxed));
      taken_ += octets;
      return true;
    }

   private:
    OctetBudget& budget_;
    std::size_t taken_ = 0;
  };

 private:
  std::atomic<std::size_t> left_;
};

}  // namespace bounced::api
