#include "server/cli/clean_batch.h"

#include <utility>

namespace bounced::cli {

CleanQueue::CleanQueue(std::size_t batches) {
  for (std::size_t i = 0; i < batches; ++i) empty_.push_back(std::make_unique<CleanBatch>());
}

std::unique_ptr<CleanBatch> CleanQueue::TakeEmpty() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopped_ || !empty_.empty(); });
  if (stopped_) return nullptr;
  std::unique_ptr<CleanBatch> batch = std::move(empty_.back());
  empty_.pop_back();
  return batch;
}

void CleanQueue::PutFull(std::unique_ptr<CleanBatch> batch) {
  {
    std::lock_guard lock(mutex_);
    full_.push_back(std::move(batch));
  }
  changed_.notify_all();
}

void CleanQueue::End(absl::Status status) {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
    status_ = std::move(status);
  }
  changed_.notify_all();
}

std::unique_ptr<CleanBatch> CleanQueue::TakeFull() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_ || !full_.empty(); });
  if (full_.empty()) return nullptr;
  std::unique_ptr<CleanBatch> batch = std::move(full_.front());
  full_.pop_front();
  return batch;
}

void CleanQueue::PutEmpty(std::unique_ptr<CleanBatch> batch) {
  batch->Clear();
  {
    std::lock_guard lock(mutex_);
    empty_.push_back(std::move(batch));
  }
  changed_.notify_all();
}

void CleanQueue::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

absl::Status CleanQueue::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace bounced::cli
