// Takes turns between commits, the end of a checkpoint, and a copy of the database.
#pragma once

#include <condition_variable>

#include "storage/mutex.h"

namespace bounced {

// A commit waits while a checkpoint is in, or wants to be; a checkpoint waits for the commit under
// way. With a mutex alone the thread that commits without a pause would come in again and again,
// and what is left to write back, which all then wait for, would grow meanwhile.
//
// A copy is made in many turns, on the connection that commits. Commits and copy, where both want
// in, take turns one by one, so that neither waits longer than one turn of the other.
//
// Thread-safe: one thread commits, another writes back, a third copies.
class CommitGate {
 public:
  // In for the life of the object.
  class Commit {
   public:
    explicit Commit(CommitGate& gate) : gate_(gate) {
      MutexLock lock(gate_.mutex_);
      gate_.commit_waits_ = true;
      lock.Wait(gate_.changed_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return !gate_.checkpoint_ && !gate_.copy_ && !(gate_.copy_waits_ && gate_.copy_is_next_);
      });
      gate_.commit_waits_ = false;
      gate_.commit_ = true;
      gate_.copy_is_next_ = true;
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
      lock.Wait(gate_.changed_,
                [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !gate_.commit_ && !gate_.copy_; });
    }
    ~Checkpoint() { gate_.Leave(&CommitGate::checkpoint_); }
    Checkpoint(const Checkpoint&) = delete;
    Checkpoint& operator=(const Checkpoint&) = delete;

   private:
    CommitGate& gate_;
  };

  // One turn of a copy.
  class Copy {
   public:
    explicit Copy(CommitGate& gate) : gate_(gate) {
      MutexLock lock(gate_.mutex_);
      gate_.copy_waits_ = true;
      lock.Wait(gate_.changed_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return !gate_.checkpoint_ && !gate_.commit_ &&
               !(gate_.commit_waits_ && !gate_.copy_is_next_);
      });
      gate_.copy_waits_ = false;
      gate_.copy_ = true;
      gate_.copy_is_next_ = false;
    }
    ~Copy() { gate_.Leave(&CommitGate::copy_); }
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;

   private:
    CommitGate& gate_;
  };

 private:
  void Leave(bool CommitGate::*in) {
    {
      MutexLock lock(mutex_);
      this->*in = false;
    }
    changed_.notify_all();
  }

  Mutex mutex_;
  std::condition_variable changed_;
  bool commit_ ABSL_GUARDED_BY(mutex_) = false;
  bool commit_waits_ ABSL_GUARDED_BY(mutex_) = false;
  bool checkpoint_ ABSL_GUARDED_BY(mutex_) = false;  // is in, or waits for who is in
  bool copy_ ABSL_GUARDED_BY(mutex_) = false;
  bool copy_waits_ ABSL_GUARDED_BY(mutex_) = false;
  bool copy_is_next_ ABSL_GUARDED_BY(mutex_) = false;  // of commit and copy
};

}  // namespace bounced
