// Takes turns between commits and the end of a checkpoint.
#pragma once

#include <condition_variable>

#include "storage/mutex.h"

namespace bounced {

// A commit waits while a checkpoint is in, or wants to be; a checkpoint waits for the commit under
// way. With a mutex alone the thread that commits without a pause would come in again and again,
// and what is left to write back, which all then wait for, would grow meanwhile.
//
// Thread-safe: one thread commits, another writes back.
class CommitGate {
 public:
  // In for the life of the object.
  class Commit {
   public:
    explicit Commit(CommitGate& gate) : gate_(gate) {
      MutexLock lock(gate_.mutex_);
      lock.Wait(gate_.changed_,
                [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !gate_.checkpoint_; });
      gate_.commit_ = true;
    }
    ~Commit() { gate_.Leave(&CommitGate::commit_); }
    Commit(const Commit&) = delete;
    Commit& operator=(const Commit&) = delete;

   private:
    CommitGate& gate_;
  };

  class Checkpoint {
   public:
    explicit Checkpoint(CommitGate& gate) : gate_(gate) {
      MutexLock lock(gate_.mutex_);
      gate_.checkpoint_ = true;
      lock.Wait(gate_.changed_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !gate_.commit_; });
    }
    ~Checkpoint() { gate_.Leave(&CommitGate::checkpoint_); }
    Checkpoint(const Checkpoint&) = delete;
    Checkpoint& operator=(const Checkpoint&) = delete;

   private:
    CommitGate& gate_;
  };

 private:
  void Leave(bool CommitGate::*in) {
    {
      MutexLock lock(mutex_);
      this->*in = false;
    }
    changed_.notify_one();
  }

  Mutex mutex_;
  std::condition_variable changed_;
  bool commit_ ABSL_GUARDED_BY(mutex_) = false;
  bool checkpoint_ ABSL_GUARDED_BY(mutex_) = false;  // is in, or waits for the commit under way
};

}  // namespace bounced
