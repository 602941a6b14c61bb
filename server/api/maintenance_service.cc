#include "server/api/maintenance_service.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/base/sha256.h"
#include "storage/maintenance.h"
#include "storage/mutex.h"

namespace bounced::api {
namespace {

v1::MaintenanceProgress ProgressToProto(const WorkProgress& progress) {
  v1::MaintenanceProgress proto;
  proto.set_phase(progress.phase == WorkProgress::Phase::kCopying ? v1::MAINTENANCE_PHASE_COPYING
                                                                  : v1::MAINTENANCE_PHASE_CHECKING);
  proto.set_done_octets(progress.done_octets);
  proto.set_total_octets(progress.total_octets);
  return proto;
}

// A call that one thread does from its beginning to its end, and that writes as it goes. Deletes
// itself.
template <typename Response>
class LongCall final : public grpc::ServerWriteReactor<Response> {
 public:
  using Work = std::function<absl::Status(LongCall& call)>;

  // `busy` tells that there is one, and becomes false when it has ended.
  LongCall(const Services& services, grpc::CallbackServerContext* context, Workers& thread,
           std::atomic<bool>& busy, Work work)
      : services_(services),
        context_(context),
        busy_(busy),
        is_only_(!busy.exchange(true)),
        told_(services.parts.clock.Steady()) {
    const bool queued = is_only_ && thread.Submit([this, work = std::move(work)] {
      const absl::Status status = context_->IsCancelled() ? absl::CancelledError() : work(*this);
      this->Finish(services_.ToGrpc(status));
    });
    if (!queued) {
      this->Finish(services_.ToGrpc(absl::FailedPreconditionError(
          "another backup or check of the database is under way; wait for its end")));
    }
  }
  ~LongCall() override {
    if (is_only_) busy_ = false;
  }

  // Waits until the client has taken it; false: it is gone, or takes nothing, or may no longer
  // call.
  bool Write(const Response& response) {
    if (!MayGoOn(*context_, services_.parts.clock.Now()).ok()) return false;
    {
      const MutexLock lock(mutex_);
      written_ = std::nullopt;
    }
    this->StartWrite(&response);
    MutexLock lock(mutex_);
    const auto has_ended = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return written_.has_value(); };
    if (!lock.WaitFor(changed_, absl::ToChronoMilliseconds(kMaxStall), has_ended)) {
      context_->TryCancel();
      lock.Wait(changed_, has_ended);
      return false;
    }
    return *written_;
  }

  // As OnProgress wants it: tells the client now and then.
  bool Tell(const WorkProgress& progress) {
    if (context_->IsCancelled()) return false;
    const absl::Time now = services_.parts.clock.Steady();
    if (now - told_ < kMaintenanceBeat) return true;
    told_ = now;
    Response response;
    *response.mutable_progress() = ProgressToProto(progress);
    return Write(response);
  }

  void OnWriteDone(bool ok) override {
    {
      const MutexLock lock(mutex_);
      written_ = ok;
    }
    changed_.notify_one();
  }
  void OnDone() override { delete this; }

 private:
  const Services& services_;
  grpc::CallbackServerContext* const context_;
  std::atomic<bool>& busy_;
  const bool is_only_;
  absl::Time told_;
  Mutex mutex_;
  std::condition_variable changed_;
  std::optional<bool> written_ ABSL_GUARDED_BY(mutex_);
};

absl::Status MakeBackup(const Services& services, LongCall<v1::BackupResponse>& call) {
  absl::StatusOr<std::unique_ptr<bounced::Backup>> backup = services.parts.store.MakeBackup(
      services.parts.min_free, [&call](const WorkProgress& p) { return call.Tell(p); });
  if (!backup.ok()) return backup.status();
  Sha256 sha256;
  v1::BackupResponse response;
  std::int64_t offset = 0;
  while (offset < (*backup)->octets()) {
    absl::StatusOr<std::string> octets = (*backup)->Read(offset, kBackupChunkOctets);
    if (!octets.ok()) return octets.status();
    if (octets->empty()) return absl::InternalError("the copy is shorter than it was");
    sha256.Add(*octets);
    response.mutable_chunk()->set_offset(offset);
    offset += static_cast<std::int64_t>(octets->size());
    response.mutable_chunk()->set_data(*std::move(octets));
    if (!call.Write(response)) return absl::CancelledError();
  }
  v1::BackupSummary& summary = *response.mutable_summary();
  const Sha256::Digest digest = sha256.Finish();
  summary.set_octets(offset);
  summary.set_sha256(digest.data(), digest.size());
  summary.set_schema_version((*backup)->schema_version());
  if (!call.Write(response)) return absl::CancelledError();
  services.parts.log.Info("store.backup",
                          {{"octets", offset}, {"schema_version", (*backup)->schema_version()}});
  return absl::OkStatus();
}

absl::Status Check(const Services& services, bool full,
                   LongCall<v1::CheckIntegrityResponse>& call) {
  absl::StatusOr<Findings> findings = services.parts.store.CheckIntegrity(
      {.full = full}, services.parts.min_free, services.parts.clock.Now(),
      [&call](const WorkProgress& p) { return call.Tell(p); });
  if (!findings.ok()) return findings.status();
  for (const std::string& finding : findings->shown) {
    services.parts.log.Error("store.finding", {{"what", finding}});
  }
  services.parts.log.Info("store.checked", {{"findings", findings->count}});
  v1::CheckIntegrityResponse response;
  v1::IntegrityFindings& result = *response.mutable_result();
  result.set_count(findings->count);
  for (std::string& finding : findings->shown) result.add_findings(std::move(finding));
  return call.Write(response) ? absl::OkStatus() : absl::CancelledError();
}

}  // namespace

grpc::ServerWriteReactor<v1::BackupResponse>* MaintenanceService::Backup(
    grpc::CallbackServerContext* context, const v1::BackupRequest*) {
  return new LongCall<v1::BackupResponse>(
      services_, context, thread_, busy_,
      [this](LongCall<v1::BackupResponse>& call) { return MakeBackup(services_, call); });
}

grpc::ServerWriteReactor<v1::CheckIntegrityResponse>* MaintenanceService::CheckIntegrity(
    grpc::CallbackServerContext* context, const v1::CheckIntegrityRequest* request) {
  return new LongCall<v1::CheckIntegrityResponse>(
      services_, context, thread_, busy_,
      [this, full = request->full()](LongCall<v1::CheckIntegrityResponse>& call) {
        return Check(services_, full, call);
      });
}

}  // namespace bounced::api
