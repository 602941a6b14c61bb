#include "server/api/check_stream.h"

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
    absl::Status status = MayGoOn(context_, now);
    if (status.ok()) status = reader_.Read(request_);
    if (status.ok()) status = CheckBatch(checker_, CallerOf(context_), reader_, now, writer_);
    if (!status.ok()) return Finish(services_.ToGrpc(status));
    response_ = writer_.Message();
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    StartRead(&request_);
  }

  void OnDone() override { delete this; }

 private:
  const Services& services_;
  const Checker& checker_;
  const grpc::CallbackServerContext& context_;
  grpc::ByteBuffer request_;
  BatchCheckReader reader_;
  BatchCheckWriter writer_;
  grpc::ByteBuffer response_;
};

}  // namespace

absl::Status CheckBatch(const Checker& checker, const Caller& caller,
                        const BatchCheckReader& request, absl::Time now,
                        BatchCheckWriter& response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  if (absl::Status s = CheckStreamName("stream", request.stream()); !s.ok()) return s;
  response.Begin(request.addresses().size());
  return checker.CheckAll(*tenant, request.stream(), request.addresses(), now,
                          [&response](Verdict verdict) { response.Add(verdict); });
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NewCheckStream(
    const Services& services, const Checker& checker, const grpc::CallbackServerContext& context) {
  return new CheckStream(services, checker, context);
}

}  // namespace bounced::api
