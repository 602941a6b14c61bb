#include "server/intake/change_retention.h"

#include <cstdint>
#include <utility>

namespace bounced {

absl::StatusOr<bool> ChangeRetention::Step() {
  const absl::Time before = clock_.Now() - days_ * absl::Hours(24);
  absl::StatusOr<Page<std::int64_t>> page =
      store_.ListOldChanges(before, kStepChanges, std::exchange(next_, 0));
  if (!page.ok()) return page.status();
  if (!page->rows.empty()) {
    Work drop = DropChanges{.numbers = std::move(page->rows)};
    if (absl::Status status = committer_.SubmitAndWait(drop); !status.ok()) return status;
  }
  next_ = page->next;
  return next_ != 0;
}

void ChangeRetention::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ChangeRetention::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool ChangeRetention::stopped() const {
  MutexLock lock(mutex_);
  return stopped_;
}

// What went wrong the committer and whoever else asks the store meet too, and say; here it is tried
// again at the next interval.
void ChangeRetention::Run() {
  for (;;) {
    while (!stopped() && Step().value_or(false)) {
    }
    MutexLock lock(mutex_);
    lock.WaitFor(changed_, absl::ToChronoMilliseconds(kInterval),
                 [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_; });
    if (stopped_) return;
  }
}

}  // namespace bounced
