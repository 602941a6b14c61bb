#include "storage/sqlite/reader_pool.h"

namespace bounced {

absl::StatusOr<std::unique_ptr<Reader>> ReaderPool::Take() {
  {
    MutexLock lock(mutex_);
    lock.Wait(returned_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return lent_ < kMaxReaders; });
    ++lent_;
    if (!idle_.empty()) {
      std::unique_ptr<Reader> reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  absl::StatusOr<std::unique_ptr<Reader>> reader = Reader::Open(file_, vfs_, index_, wide_index_);
  if (!reader.ok()) GiveBack(nullptr);
  return reader;
}

void ReaderPool::GiveBack(std::unique_ptr<Reader> reader) {
  {
    MutexLock lock(mutex_);
    --lent_;
    if (reader != nullptr) idle_.push_back(std::move(reader));
  }
  returned_.notify_one();
}

}  // namespace bounced
