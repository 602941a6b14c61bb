#include "server/intake/committer.h"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/container/flat_hash_set.h"

namespace bounced {
namespace {

std::size_t TextOctets(const Event& event) {
  return event.final_recipient.size() + event.original_recipient.size() +
         event.forwarded_to.size() + event.enhanced_status.size() + event.rule.size() +
         event.matched_text.size() + event.diagnostic.size() + event.diagnostic_type.size() +
         event.remote_mta.size() + event.provenance.size();
}

std::size_t DeliveriesIn(const Work& work) {
  const auto* record = std::get_if<RecordDeliveries>(&work);
  return record == nullptr ? 0 : record->messages.size();
}

// What is looked up and written one after the other.
std::size_t RowsIn(const Work& work) {
  if (const auto* put = std::get_if<PutSuppressions>(&work)) return put->suppressions.size();
  if (const auto* undo = std::get_if<UndoChanges>(&work)) return undo->numbers.size();
  if (const auto* drop = std::get_if<DropOld>(&work)) return drop->ids.size();
  if (const auto* mask = std::get_if<MaskMentions>(&work)) return mask->mentions.size();
  return 0;
}

std::size_t OctetsOf(const Suppression& suppression) {
  return sizeof(Suppression) + suppression.address.spelling().size() +
         suppression.address.canonical().size() + suppression.reason.size() +
         suppression.explanation.size();
}

// What of the work's size a client decides. Evidence that messages share counts once. Of what a
// mail system reports there is much, and of little text: its frame counts, too.
std::size_t OctetsOf(const Work& work) {
  if (const auto* record = std::get_if<RecordDeliveries>(&work)) {
    std::size_t octets = 0;
    for (const NewMessage& message : record->messages) {
      octets += sizeof message + sizeof(Event) + TextOctets(message.events.front());
    }
    return octets;
  }
  if (const auto* put = std::get_if<PutSuppressions>(&work)) {
    std::size_t octets = 0;
    for (const Suppression& suppression : put->suppressions) octets += OctetsOf(suppression);
    return octets;
  }
  const auto* store = std::get_if<StoreMessages>(&work);
  if (store == nullptr) return 0;
  std::size_t octets = 0;
  absl::flat_hash_set<const Evidence*> seen;
  for (const NewMessage& message : store->messages) {
    if (message.evidence != nullptr && seen.insert(message.evidence.get()).second) {
      octets += message.evidence->packed().size();
    }
    for (const Event& event : message.events) octets += TextOctets(event);
  }
  return octets;
}

std::uint64_t NewEvents(const Work& work) {
  if (const auto* record = std::get_if<RecordDeliveries>(&work)) {
    return static_cast<std::uint64_t>(std::count(record->outcomes.begin(), record->outcomes.end(),
                                                 RecordDeliveries::Outcome::kStored));
  }
  const auto* store = std::get_if<StoreMessages>(&work);
  if (store == nullptr) return 0;
  std::uint64_t events = 0;
  for (const MessageReceipt& receipt : store->receipts) {
    if (!receipt.duplicate) events += receipt.event_ids.size();
  }
  return events;
}

absl::Status TooMuchWaits() {
  return absl::ResourceExhaustedError("too much waits to be committed: come back slower");
}

}  // namespace

Committer::Committer(Store& store, Policies policies, const Clock& clock, Counters& counters,
                     CommitterLimits limits)
    : store_(store),
      policies_(std::move(policies)),
      clock_(clock),
      counters_(counters),
      limits_(limits) {}

Committer::~Committer() {
  Stop();
  const absl::Status stopped = absl::UnavailableError("the daemon stops: try again");
  for (std::vector<Waiting> rest = TakeBatch(); !rest.empty(); rest = TakeBatch()) {
    Answer(std::move(rest), stopped);
  }
}

absl::Status Committer::Closed() const {
  if (!fatal_.ok()) return fatal_;
  if (stopped_) return absl::UnavailableError("the daemon stops: try again");
  return absl::OkStatus();
}

void Committer::Submit(Work work, Done done) {
  const std::size_t octets = OctetsOf(work);
  absl::Status refused;
  {
    MutexLock lock(mutex_);
    refused = Closed();
    if (refused.ok() && (waiting_ >= limits_.max_waiting ||
                         (waiting_ > 0 && waiting_octets_ + octets > limits_.max_waiting_octets))) {
      refused = TooMuchWaits();
    }
    if (refused.ok()) {
      ++waiting_;
      waiting_octets_ += octets;
      queue_.push_back({std::move(work), std::move(done), octets});
    }
  }
  if (refused.ok()) {
    work_came_.notify_one();
  } else {
    done(std::move(refused), std::move(work));
  }
}

absl::Status Committer::SubmitAndWait(Work& work) {
  Mutex mutex;
  std::condition_variable answered;
  bool is_done = false;
  absl::Status result;
  Submit(std::move(work), [&](absl::Status status, Work results) {
    MutexLock lock(mutex);
    result = std::move(status);
    work = std::move(results);
    is_done = true;
    // Under the lock: once it is let go the waiter may be gone, and the condition with it.
    answered.notify_one();
  });
  MutexLock lock(mutex);
  lock.Wait(answered, [&] { return is_done; });
  return result;
}

absl::Status Committer::Ready() const {
  MutexLock lock(mutex_);
  if (absl::Status closed = Closed(); !closed.ok()) return closed;
  const auto is_near = [](std::size_t n, std::size_t limit) { return n >= limit - limit / 4; };
  if (waiting_ > 0 && (is_near(waiting_, limits_.max_waiting) ||
                       is_near(waiting_octets_, limits_.max_waiting_octets))) {
    return TooMuchWaits();
  }
  return absl::OkStatus();
}

std::vector<Committer::Waiting> Committer::TakeBatch() {
  MutexLock lock(mutex_);
  const std::size_t size = std::min(queue_.size(), std::max<std::size_t>(limits_.max_batch, 1));
  std::vector<Waiting> batch;
  batch.reserve(size);
  std::size_t deliveries = 0;
  std::size_t rows = 0;
  for (std::size_t i = 0; i < size; ++i) {
    // Each is looked up: those who wait for their 250 must not wait for too many of them.
    deliveries += DeliveriesIn(queue_.front().work);
    rows += RowsIn(queue_.front().work);
    const bool is_full = deliveries > limits_.max_batch_deliveries || rows > limits_.max_batch_rows;
    if (i > 0 && is_full) break;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

bool Committer::Step() {
  std::vector<Waiting> batch = TakeBatch();
  if (batch.empty()) return false;
  if (absl::Status lost = fatal(); !lost.ok()) {
    Answer(std::move(batch), lost);
  } else {
    Commit(std::move(batch));
  }
  return true;
}

void Committer::Commit(std::vector<Waiting> batch) {
  std::vector<Work*> works;
  works.reserve(batch.size());
  for (Waiting& waiting : batch) works.push_back(&waiting.work);
  const absl::Time now = clock_.Now();
  const std::shared_ptr<const Policies> policies = this->policies();
  std::uint64_t suppressions = 0;
  const absl::Status status = store_.Apply(
      works,
      [&](const AddressHistory& history, const Message& message, const Event& event) {
        const Policy& policy = policies->Of(message.tenant, message.stream);
        Decision decision = Decide(policy, history, message, event, now);
        if (decision.suppress) ++suppressions;
        return decision;
      },
      now);
  if (status.ok()) {
    counters_.Add(Counter::kCommits);
    counters_.Add(Counter::kSuppressions, suppressions);
    for (const Work* work : works) counters_.Add(Counter::kEvents, NewEvents(*work));
  } else if (absl::IsDataLoss(status)) {
    MutexLock lock(mutex_);
    fatal_ = status;
  }
  Answer(std::move(batch), status);
}

void Committer::Answer(std::vector<Waiting> batch, const absl::Status& status) {
  // Each makes room before it is answered, so that its `done` may submit again.
  for (Waiting& waiting : batch) {
    {
      MutexLock lock(mutex_);
      --waiting_;
      waiting_octets_ -= waiting.octets;
    }
    waiting.done(status, std::move(waiting.work));
  }
}

void Committer::Run() {
  for (;;) {
    while (Step()) {
    }
    MutexLock lock(mutex_);
    if (queue_.empty() && (stopped_ || !fatal_.ok())) return;
    lock.Wait(work_came_,
              [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !queue_.empty() || stopped_; });
  }
}

void Committer::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  work_came_.notify_all();
}

absl::Status Committer::fatal() const {
  MutexLock lock(mutex_);
  return fatal_;
}

}  // namespace bounced
