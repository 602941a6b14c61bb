// News of what commits have changed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <span>
#include <string>

#include "storage/mutex.h"

namespace bounced {

// Tells whoever listens, after each commit, whose suppressions have changed. It keeps no changes:
// they are read from the store. Thread-safe.
class ChangeFeed {
 public:
  struct News {
    std::string tenant;
    std::int64_t changes = 0;  // of this commit
  };
  // Called on the thread that commits, so it must be short, and may not listen or cease to.
  using Listener = std::function<void(std::span<const News>)>;

  // Once it has been destroyed the listener is not called any more.
  class Subscription {
   public:
    Subscription(const ChangeFeed& feed, Listener listener);
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    const ChangeFeed& feed_;
    std::list<Listener>::iterator place_;
  };

  // The number of the newest change that is committed; 0: there is none.
  std::int64_t newest() const { return newest_.load(std::memory_order_acquire); }

  // For the store alone: the change numbered `newest` is committed.
  void Publish(std::span<const News> news, std::int64_t newest);

 private:
  std::atomic<std::int64_t> newest_{0};
  mutable Mutex mutex_;
  mutable std::list<Listener> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bounced
