#include "server/intake/retention.h"

#include <cstdint>
#include <iterator>
#include <utility>

namespace bounced {
namespace {

struct AgedKind {
  Aged what;
  int KeepDays::*days;
  int step;
};
// With messages their evidence goes.
constexpr AgedKind kKinds[] = {
    {Aged::kMessages, &KeepDays::events, Retention::kStepMessages},
    {Aged::kEvidence, &KeepDays::evidence, Retention::kStepEvidence},
    {Aged::kChanges, &KeepDays::changes, Retention::kStepChanges},
};

}  // namespace

absl::StatusOr<bool> Retention::Step() {
  const AgedKind& kind = kKinds[kind_];
  const absl::Time now = clock_.Now();
  absl::StatusOr<Page<std::int64_t>> page = store_.ListOld(
      kind.what, now - keep_.*kind.days * absl::Hours(24), kind.step, std::exchange(next_, 0));
  if (!page.ok()) return page.status();
  if (!page->rows.empty()) {
    // No window of the policy is longer than events are kept.
    Work drop = DropOld{
        .what = kind.what, .ids = std::move(page->rows), .last_day = DayOf(now) - keep_.events};
    if (absl::Status status = committer_.SubmitAndWait(drop); !status.ok()) return status;
  }
  next_ = page->next;
  if (next_ == 0) kind_ = (kind_ + 1) % std::size(kKinds);
  return next_ != 0 || kind_ != 0;
}

void Retention::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Retention::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool Retention::stopped() const {
  MutexLock lock(mutex_);
  return stopped_;
}

// What went wrong the committer and whoever else asks the store meet too, and say; here it is tried
// again at the next interval.
void Retention::Run() {
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
