#include "server/smtp/password_checker.h"

#include <utility>

namespace bounced::smtp {

PasswordChecker::PasswordChecker() : thread_([this] { Run(); }) {}

PasswordChecker::~PasswordChecker() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
  for (Waiting& each : waiting_) each.done(absl::UnavailableError("stopping"));
}

void PasswordChecker::Check(SaslPassword login, absl::AnyInvocable<void(absl::Status)> done) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.size() < kMaxWaiting) {
      waiting_.push_back({std::move(login), std::move(done)});
      changed_.notify_one();
      return;
    }
  }
  done(absl::ResourceExhaustedError("too many logins wait"));
}

void PasswordChecker::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const bool fits = CheckPassword(next.login.secret, next.login.password);
    next.done(fits ? absl::OkStatus() : absl::PermissionDeniedError("wrong password"));
    lock.lock();
  }
}

}  // namespace bounced::smtp
