// Checks passwords where it stops no session.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "server/login/exchange.h"

namespace bounced::smtp {

// A check takes milliseconds, on purpose. One thread does them, one after the other, so that
// guessers take no more than one core from the rest. Thread-safe.
class PasswordChecker {
 public:
  // Waiting ones, all sessions together.
  static constexpr std::size_t kMaxWaiting = 100;

  PasswordChecker();
  // Those that wait get UNAVAILABLE.
  ~PasswordChecker();
  PasswordChecker(const PasswordChecker&) = delete;
  PasswordChecker& operator=(const PasswordChecker&) = delete;

  // Calls `done` once: OK, PERMISSION_DENIED: it does not fit, RESOURCE_EXHAUSTED: kMaxWaiting
  // wait, at once and on this thread.
  void Check(SaslPassword login, absl::AnyInvocable<void(absl::Status)> done);

 private:
  struct Waiting {
    SaslPassword login;
    absl::AnyInvocable<void(absl::Status)> done;
  };
  void Run();

  std::mutex mutex_;  // guards waiting_ and stopping_
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bounced::smtp
