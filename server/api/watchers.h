// Who watches the changes of a tenant now.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/change_feed.h"
#include "storage/mutex.h"

namespace bounced::api {

// One call. Its methods are thread-safe and return at once.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // So many changes of its tenant were committed.
  virtual void Wake(std::int64_t changes) = 0;
  // The time of a heartbeat has passed once more.
  virtual void Tick() = 0;
  // The server stops.
  virtual void Stop() = 0;
};

struct WatcherLimits {
  std::size_t all = 0;
  std::size_t of_tenant = 0;
};

// Wakes those whose tenant has changes, and nobody else; keeps the time of heartbeats. Thread-safe.
class Watchers {
 public:
  // The feed outlives it.
  Watchers(const ChangeFeed& feed, WatcherLimits limits, absl::Duration heartbeat);
  ~Watchers();
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  // RESOURCE_EXHAUSTED: there are too many; UNAVAILABLE: the server stops. The message is for the
  // caller.
  absl::Status Add(const std::string& tenant, std::shared_ptr<Watcher> watcher);
  // Does nothing when it is not there.
  void Remove(const std::string& tenant, const Watcher* watcher);
  // Stops all, and takes none any more.
  void Stop();

 private:
  using Group = std::vector<std::shared_ptr<Watcher>>;

  void Tell(std::span<const ChangeFeed::News> news);
  Group All();
  void Run();

  const WatcherLimits limits_;
  const absl::Duration heartbeat_;
  Mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Group, std::less<>> by_tenant_ ABSL_GUARDED_BY(mutex_);
  std::size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  ChangeFeed::Subscription subscription_;
  std::thread thread_;
};

}  // namespace bounced::api
