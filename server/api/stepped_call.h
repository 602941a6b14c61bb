// A call that answers with a stream, step by step.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <utility>

#include "absl/status/status.h"
#include "server/api/gate.h"
#include "server/api/services.h"
#include "storage/mutex.h"

namespace bounced::api {

// A step fills `response_` and gives it; the next begins when it has been taken, so that a client
// that does not read costs one answer. Only one thread is in a step. Deletes itself.
template <typename Response>
class SteppedCall : public grpc::ServerWriteReactor<Response> {
 public:
  void OnWriteDone(bool ok) final {
    { MutexLock lock(giving_); }
    if (ok) return Taken();
    this->Finish(grpc::Status::CANCELLED);
  }
  void OnDone() final { delete this; }

 protected:
  // Both outlive the call.
  SteppedCall(const Services& services, const grpc::CallbackServerContext* context)
      : services_(services), context_(context) {}

  virtual void Taken() = 0;

  void Give() {
    MutexLock lock(giving_);
    this->StartWrite(&response_);
  }
  void End(const absl::Status& status) { this->Finish(services_.ToGrpc(status)); }

  // Whether there is to be a next step; if not, the call has ended.
  bool GoesOn() {
    if (context_->IsCancelled()) {
      this->Finish(grpc::Status::CANCELLED);
      return false;
    }
    absl::Status status = MayGoOn(*context_, services_.parts.clock.Now());
    if (!status.ok()) End(status);
    return status.ok();
  }
  // Calls `step` on a worker, if the call goes on then.
  template <typename Step>
  void OnWorker(Step step) {
    const bool queued = services_.workers.Submit([this, step = std::move(step)]() mutable {
      if (GoesOn()) step();
    });
    if (!queued) End(TooBusy());
  }

  const Services& services_;
  const grpc::CallbackServerContext* const context_;
  Response response_;

 private:
  // Held while an answer is handed to gRPC, and taken when it is done with it: so the next worker
  // sees what this one did, also for those who cannot look into gRPC.
  Mutex giving_;
};

}  // namespace bounced::api
