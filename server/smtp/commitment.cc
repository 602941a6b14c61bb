#include "server/smtp/commitment.h"

#include <asio/post.hpp>

namespace bounced::smtp {

void Commitment::Set(Result result) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (abandoned_ || result_) return;
  result_ = std::move(result);
  if (wake_) asio::post(executor_, [self = shared_from_this()] { self->Wake(); });
}

std::optional<Commitment::Result> Commitment::TakeOrWait(const asio::any_io_executor& executor,
                                                         std::function<void()> wake) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!result_) {
    executor_ = executor;
    wake_ = std::move(wake);
  }
  return result_;
}

std::optional<Commitment::Result> Commitment::Abandon() {
  const std::lock_guard<std::mutex> lock(mutex_);
  abandoned_ = true;
  wake_ = nullptr;
  executor_ = asio::any_io_executor();
  return std::move(result_);
}

void Commitment::Wake() {
  std::function<void()> wake;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    wake = wake_;
  }
  if (wake) wake();
}

}  // namespace bounced::smtp
