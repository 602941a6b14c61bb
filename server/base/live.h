// A value that another one may take the place of while it is in use.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace bounced {

// Thread-safe. Who needs the same value twice holds on to what Get() gave.
template <typename T>
class Live {
 public:
  explicit Live(T value) : Live(std::make_shared<const T>(std::move(value))) {}
  explicit Live(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  std::shared_ptr<const T> Get() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return value_;
  }
  void Set(T value) { Set(std::make_shared<const T>(std::move(value))); }
  void Set(std::shared_ptr<const T> value) {
    const std::lock_guard<std::mutex> lock(mutex_);
    value_.swap(value);  // the old one goes when the lock is released
  }

 private:
  mutable std::mutex mutex_;  // guards value_
  std::shared_ptr<const T> value_;
};

}  // namespace bounced
