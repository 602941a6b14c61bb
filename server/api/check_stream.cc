#include "server/api/check_stream.h"

#include <utility>

#include "server/api/from_proto.h"

namespace bounced::api {
namespace {

class CheckStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  CheckStream(const Services& services, const Checker& checker,
              const grpc::CallbackServerContext& context)
      : services_(services), checker_(checker), context_(context) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    const absl::Time now = services_.parts.clock.Now();
    if (absl::Status may = MayGoOn(context_, now); !may.ok()) {
      return Finish(services_.ToGrpc(may));
    }
    absl::StatusOr<grpc::ByteBuffer> response = checker_.Answer(CallerOf(context_), request_, now);
    if (!response.ok()) return Finish(services_.ToGrpc(response.status()));
    response_ = *std::move(response);
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    StartRead(&request_);
  }

  void OnDone() override { delete this; }

 private:
  const Services& services_;
  BatchChecker checker_;
  const grpc::CallbackServerContext& context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

}  // namespace

absl::StatusOr<grpc::ByteBuffer> BatchChecker::Answer(const Caller& caller,
                                                      const grpc::ByteBuffer& request,
                                                      absl::Time now) {
  if (absl::Status s = reader_.Read(request); !s.ok()) return s;
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, reader_.tenant());
  if (!tenant.ok()) return tenant.status();
  if (absl::Status s = CheckStreamName("stream", reader_.stream()); !s.ok()) return s;
  writer_.Begin(reader_.addresses().size());
  absl::Status status = checker_.CheckAll(*tenant, reader_.stream(), reader_.addresses(), now,
                                          [this](Verdict verdict) { writer_.Add(verdict); });
  if (!status.ok()) return status;
  return writer_.Message();
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NewCheckStream(
    const Services& services, const Checker& checker, const grpc::CallbackServerContext& context) {
  return new CheckStream(services, checker, context);
}

}  // namespace bounced::api
