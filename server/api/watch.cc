#include "server/api/watch.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/api/from_proto.h"
#include "server/api/to_proto.h"
#include "server/api/watch_token.h"

namespace bounced::api {
namespace {

constexpr std::string_view kTooOld =
    "token: changes behind it are no longer kept, or the store was restored to a state before it; "
    "take the list over anew: `bouncectl export --resume-file` notes where to watch on from";

struct Start {
  std::string tenant;
  std::optional<FeedPosition> position;  // none: with the oldest change
};

absl::StatusOr<Start> StartOf(const Store& store, const Caller& caller,
                              const v1::WatchSuppressionsRequest& request) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  Start start{.tenant = std::string(*tenant), .position = std::nullopt};
  if (request.from_start()) {
    if (request.token().empty()) return start;
    return Invalid("from_start", "not together with a token");
  }
  if (request.token().empty()) {
    start.position = FeedPosition{.number = store.change_feed().newest()};
    return start;
  }
  absl::StatusOr<FeedPosition> position = ReadWatchToken(store, start.tenant, request.token());
  if (!position.ok()) return position.status();
  start.position = *position;
  return start;
}

// Events come from gRPC, from the thread that commits, from that of heartbeats, and from workers.
// Whoever holds a reference may call it also when the call is over.
class Watch final : public grpc::ServerWriteReactor<v1::WatchSuppressionsResponse>,
                    public Watcher,
                    public std::enable_shared_from_this<Watch> {
 public:
  Watch(const Services& services, grpc::CallbackServerContext* context)
      : services_(services), context_(context) {}

  void Begin(absl::StatusOr<Start> start) {
    absl::Status status = start.status();
    const std::shared_ptr<Watch> self = shared_from_this();
    MutexLock lock(mutex_);
    self_ = self;
    if (!status.ok()) return End(ToGrpc(status));
    tenant_ = std::move(start->tenant);
    position_ = start->position;
    status = services_.watchers.Add(tenant_, self);
    // Not through ToGrpc(): which bound it is helps the caller.
    if (!status.ok())
      return End({static_cast<grpc::StatusCode>(status.code()), std::string(status.message())});
    Read();
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) return End(grpc::Status::CANCELLED);
    if (!end_ && (more_ || woken_)) Read();
  }

  void OnCancel() override {
    MutexLock lock(mutex_);
    End(grpc::Status::CANCELLED);
  }

  void OnDone() override {
    services_.watchers.Remove(tenant_, this);
    std::shared_ptr<Watch> self;  // goes behind the lock
    MutexLock lock(mutex_);
    done_ = true;
    self = std::move(self_);
  }

  void Wake(std::int64_t changes) override {
    MutexLock lock(mutex_);
    if (end_) return;
    woken_ = true;
    if (!writing_) {
      if (!reading_) Read();
      return;
    }
    // One commit alone nobody can keep up with, however large it is.
    const bool is_first = behind_ == 0;
    behind_ += changes;
    if (is_first || behind_ <= kMaxWatchLag) return;
    End({grpc::StatusCode::ABORTED,
         absl::StrCat("more than ", kMaxWatchLag,
                      " changes came while an answer was not read; resume with the last token")});
  }

  void Tick() override {
    // Where the workers had no room, what waits is tried again.
    services_.watch_reads.HandOver();
    MutexLock lock(mutex_);
    if (end_) {
      // Who does not take the end either holds a place no longer than this.
      if (finished_ && !done_ && ++ticks_after_the_end_ > 1) context_->TryCancel();
      return;
    }
    if (absl::Status status = Admitted(); !status.ok()) return End(ToGrpc(status));
    if (is_silent_ && !writing_) {
      must_write_ = true;
      if (!reading_) Read();
    }
    is_silent_ = true;
  }

  void Stop() override {
    MutexLock lock(mutex_);
    End({grpc::StatusCode::UNAVAILABLE, "the server stops: resume with the last token"});
  }

 private:
  void Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    woken_ = false;
    reading_ = true;
    services_.watch_reads.Submit([self = shared_from_this()] { self->ReadAndWrite(); });
  }

  void ReadAndWrite() {
    absl::Status status = Admitted();
    if (status.ok()) status = Fill();
    MutexLock lock(mutex_);
    reading_ = false;
    if (end_) return FinishNow();
    if (!status.ok()) return End(ToGrpc(status));
    if (response_.changes().empty() && !must_write_) {
      if (woken_) Read();
      return;
    }
    must_write_ = false;
    is_silent_ = false;
    writing_ = true;
    behind_ = 0;
    StartWrite(&response_);
  }

  // While it has not ended the context is there.
  absl::Status Admitted() const { return MayGoOn(*context_, services_.parts.clock.Now()); }

  // Of whoever reads: nobody else touches what it does.
  absl::Status Fill() {
    const Store& store = services_.parts.store;
    response_.Clear();
    std::size_t octets = 0;
    bool more = true;
    while (more && response_.changes_size() < kMaxPageSize && octets < kFullPageOctets) {
      absl::StatusOr<ChangesAfter> after =
          store.ListChangesAfter(tenant_, position_, kPageStepRows);
      if (!after.ok()) return after.status();
      for (const Change& change : after->changes) {
        v1::SuppressionChange* added = response_.add_changes();
        *added = ToProto(change);
        octets += added->ByteSizeLong();
      }
      position_ = after->next;
      more = after->more;
    }
    response_.set_token(MakeWatchToken(store, tenant_, *position_));
    more_ = more;
    return absl::OkStatus();
  }

  grpc::Status ToGrpc(const absl::Status& status) const {
    if (absl::IsOutOfRange(status)) {
      return {grpc::StatusCode::OUT_OF_RANGE, std::string(kTooOld)};
    }
    return services_.ToGrpc(status);
  }

  // The first reason counts. An answer that is on its way is sent before it.
  void End(grpc::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (end_) return;
    end_ = std::move(status);
    if (!reading_) FinishNow();
  }

  void FinishNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    finished_ = true;
    Finish(*end_);
  }

  const Services& services_;
  grpc::CallbackServerContext* const context_;  // good until done_
  std::string tenant_;                          // constant once it was added

  // Of whoever reads, and of gRPC while it writes.
  std::optional<FeedPosition> position_;
  v1::WatchSuppressionsResponse response_;
  bool more_ = false;  // the message is full, and there are further changes

  Mutex mutex_;
  std::shared_ptr<Watch> self_ ABSL_GUARDED_BY(mutex_);  // gRPC's reference
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;       // since it last began to read
  bool must_write_ ABSL_GUARDED_BY(mutex_) = true;   // the next message, if without changes too
  bool is_silent_ ABSL_GUARDED_BY(mutex_) = false;   // nothing was written since the last tick
  std::int64_t behind_ ABSL_GUARDED_BY(mutex_) = 0;  // changes while this message was on its way
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  int ticks_after_the_end_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchSuppressionsResponse>* NewWatch(
    const Services& services, grpc::CallbackServerContext* context,
    const v1::WatchSuppressionsRequest& request) {
  const auto watch = std::make_shared<Watch>(services, context);
  watch->Begin(StartOf(services.parts.store, CallerOf(*context), request));
  return watch.get();
}

}  // namespace bounced::api
