// A client of WatchSuppressions that outlives the daemon.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "storage/mutex.h"

namespace bounced::e2e {

// Takes all changes of the tenant `default`, from the oldest on, and goes on by its token when the
// daemon was started again. Used by one thread.
class Watcher {
 public:
  Watcher() = default;
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Goes on with the daemon there; the one before it is gone.
  void Follow(const std::string& server);

  // Of all changes that have come, in their order.
  std::vector<std::int64_t> numbers() const;

 private:
  void Read(const std::string& server);

  std::thread thread_;
  mutable Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<grpc::ClientContext> call_ ABSL_GUARDED_BY(mutex_);
  std::string token_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::int64_t> numbers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bounced::e2e
