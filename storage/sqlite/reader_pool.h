// The readers, lent to one caller at a time each.
#pragma once

#include <condition_variable>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/mutex.h"
#include "storage/sqlite/reader.h"

namespace bounced {

// Thread-safe. Opens a reader when all are lent, up to kMaxReaders; then callers wait.
class ReaderPool {
 public:
  static constexpr int kMaxReaders = 8;

  ReaderPool(std::string file, std::string vfs, const SuppressionIndex& index,
             const WideIndex& wide_index)
      : file_(std::move(file)), vfs_(std::move(vfs)), index_(index), wide_index_(wide_index) {}

  // Calls `query` with a reader that is the caller's alone meanwhile; returns what it returns, or
  // why none could be opened.
  template <typename Query>
  auto Ask(Query query) -> decltype(query(std::declval<Reader&>())) {
    absl::StatusOr<std::unique_ptr<Reader>> reader = Take();
    if (!reader.ok()) return reader.status();
    auto answer = query(**reader);
    GiveBack(*std::move(reader));
    return answer;
  }

 private:
  absl::StatusOr<std::unique_ptr<Reader>> Take();
  void GiveBack(std::unique_ptr<Reader> reader);

  const std::string file_;
  const std::string vfs_;
  const SuppressionIndex& index_;
  const WideIndex& wide_index_;
  Mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Reader>> idle_ ABSL_GUARDED_BY(mutex_);
  int lent_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace bounced
