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
  int turns = 1;
};
// With messages their evidence goes.
constexpr AgedKind kKinds[] = {
    {Aged::kMessages, &KeepDays::events, Retention::kStepMessages},
    {Aged::kEvidence, &KeepDays::evidence, Retention::kStepEvidence},
    {Aged::kChanges, &KeepDays::changes, Retention::kStepChanges, Retention::kTurnsOfChanges},
};

}  // namespace

absl::StatusOr<bool> Retention::Step() {
  const AgedKind& kind = kKinds[kind_];
  const absl::Time now = clock_.Now();
  const Cursor from = std::exchange(next_, 0);
  // Asked behind `now`, so that no jump lies between.
  if (jumps_.Look()) rests_until_ = clock_.Steady() + kRestAfterJump;
  if (clock_.Steady() < rests_until_) return false;
  absl::StatusOr<Page<std::int64_t>> page =
      store_.ListOld(kind.what, now - keep_.*kind.days * absl::Hours(24), kind.step, from);
  if (!page.ok()) return page.status();
  if (!page->rows.empty()) {
    // No window of the policy is longer than events are kept.
    Work drop = DropOld{
        .what = kind.what, .ids = std::move(page->rows), .last_day = DayOf(now) - keep_.events};
    if (absl::Status status = committer_.SubmitAndWait(drop); !status.ok()) return status;
  }
  next_ = page->next;
  if (next_ != 0) return true;
  do {
    kind_ = (kind_ + 1) % std::size(kKinds);
    if (kind_ == 0) turn_ = (turn_ + 1) % kTurnsOfChanges;
  } while (turn_ % kKinds[kind_].turns != 0);
  return kind_ != 0;
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
