#include "server/api/check_stream.h"

#include <span>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/api/from_proto.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

class CheckStream final
    : public grpc::ServerBidiReactor<v1::BatchCheckRequest, v1::BatchCheckResponse> {
 public:
  CheckStream(const Services& services, const Checker& checker,
              const grpc::CallbackServerContext& context)
      : services_(services), checker_(checker), context_(context) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    // The messages are used again and again, so that their memory is.
    response_.Clear();
    const absl::Time now = services_.parts.clock.Now();
    absl::Status status = MayGoOn(context_, now);
    if (status.ok()) {
      status = CheckBatch(checker_, CallerOf(context_), request_, now, response_);
    }
    if (!status.ok()) return Finish(services_.ToGrpc(status));
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
  v1::BatchCheckRequest request_;
  v1::BatchCheckResponse response_;
};

}  // namespace

absl::Status CheckBatch(const Checker& checker, const Caller& caller,
                        const v1::BatchCheckRequest& request, absl::Time now,
                        v1::BatchCheckResponse& response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  if (absl::Status s = CheckStreamName("stream", request.stream()); !s.ok()) return s;
  if (request.addresses_size() > kMaxBatchAddresses) {
    return Invalid("addresses", absl::StrCat("more than ", kMaxBatchAddresses));
  }
  response.mutable_verdicts()->Reserve(request.addresses_size());
  const std::span<const std::string* const> addresses(
      request.addresses().data(), static_cast<std::size_t>(request.addresses_size()));
  return checker.CheckAll(*tenant, request.stream(), addresses, now,
                          [&](Verdict verdict) { response.add_verdicts(ToProto(verdict)); });
}

grpc::ServerBidiReactor<v1::BatchCheckRequest, v1::BatchCheckResponse>* NewCheckStream(
    const Services& services, const Checker& checker, const grpc::CallbackServerContext& context) {
  return new CheckStream(services, checker, context);
}

}  // namespace bounced::api
