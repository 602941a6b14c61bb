#include "server/api/gate.h"

#include <grpc/byte_buffer.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced::api {
namespace {

using grpc::internal::MethodHandler;
using grpc::internal::RpcMethod;
using grpc::internal::RpcServiceMethod;

constexpr char kMetadata[] = "authorization";
constexpr std::string_view kScheme = "Bearer ";

class CallContext final : public grpc::CallbackServerContext {
 public:
  Admission admission;
};

class CallContextAllocator final : public grpc::ContextAllocator {
 public:
  grpc::CallbackServerContext* NewCallbackServerContext() override { return new CallContext; }
  void Release(grpc::CallbackServerContext* context) override {
    delete static_cast<CallContext*>(context);
  }
};

// Names in the certificate that a caller has shown, and that was verified.
std::vector<std::string> CertificateNames(const grpc::ServerContextBase& context) {
  std::vector<std::string> names;
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr || !peer->IsPeerAuthenticated()) return names;
  for (const char* property : {"x509_subject_alternative_name", "x509_common_name"}) {
    for (const grpc::string_ref& value : peer->FindPropertyValues(property)) {
      names.emplace_back(value.data(), value.size());
    }
  }
  return names;
}

// The token of a call: of more than one, or of another scheme, an empty one, which nobody has.
std::optional<std::string_view> TokenOf(const grpc::ServerContextBase& context) {
  const auto [begin, end] = context.client_metadata().equal_range(kMetadata);
  if (begin == end) return std::nullopt;
  const std::string_view value(begin->second.data(), begin->second.size());
  if (std::next(begin) != end || value.size() < kScheme.size() ||
      !EqualsIgnoringCase(value.substr(0, kScheme.size()), kScheme)) {
    return std::string_view();
  }
  return value.substr(kScheme.size());
}

// Ends a call before anything of it is read.
class Refusal final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

class GatedHandler final : public MethodHandler {
 public:
  GatedHandler(MethodHandler& inner, const Method& method, bool has_request, Callers& callers,
               const std::atomic<bool>& stops)
      : inner_(inner),
        method_(method),
        has_request_(has_request),
        callers_(callers),
        stops_(stops) {}

  // Asked first, of methods with one request: it is kept as it came.
  void* Deserialize(grpc_call*, grpc_byte_buffer* request, grpc::Status*, void** data) override {
    *data = request;
    return request;
  }

  void RunHandler(const HandlerParameter& call) override {
    auto* octets = static_cast<grpc_byte_buffer*>(call.internal_data);
    auto& context = static_cast<CallContext&>(*call.server_context);
    absl::StatusOr<Admission> admission = absl::UnavailableError("the server stops");
    if (!stops_) {
      admission =
          callers_.Admit({.token = TokenOf(context),
                          .certificate_names = [&context] { return CertificateNames(context); }},
                         method_);
    }
    if (!admission.ok()) {
      if (octets != nullptr) ::grpc_byte_buffer_destroy(octets);
      // absl's codes are gRPC's.
      const grpc::Status status(static_cast<grpc::StatusCode>(admission.status().code()),
                                std::string(admission.status().message()));
      grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer> refuse(
          [&status](grpc::CallbackServerContext*) { return new Refusal(status); });
      return refuse.RunHandler(call);
    }
    context.admission = *std::move(admission);
    if (!has_request_) return inner_.RunHandler(call);
    grpc::Status status;
    void* data = nullptr;
    void* request = inner_.Deserialize(call.call->call(), octets, &status, &data);
    inner_.RunHandler({call.call, call.server_context, request, status, data, call.call_requester});
  }

 private:
  MethodHandler& inner_;
  const Method& method_;
  const bool has_request_;
  Callers& callers_;
  const std::atomic<bool>& stops_;
};

// Reaches the handlers of any service.
struct Handlers : grpc::Service {
  static MethodHandler& Get(grpc::Service& service, int index) {
    return *(service.*&Handlers::GetHandler)(index);
  }
};

class GatedService final : public grpc::Service {
 public:
  absl::Status Add(grpc::Service& service, const google::protobuf::MethodDescriptor& descriptor,
                   Callers& callers, const std::atomic<bool>& stops) {
    const Method* method = FindMethod(descriptor.full_name());
    const bool streams = descriptor.client_streaming() || descriptor.server_streaming();
    if (method == nullptr || method->streams != streams) {
      return absl::InternalError(
          absl::StrCat(descriptor.full_name(), " has no row, or a wrong one, in methods.cc"));
    }
    const std::string& name = names_.emplace_back(
        absl::StrCat("/", descriptor.service()->full_name(), "/", descriptor.name()));
    const bool has_request = !descriptor.client_streaming();
    // The inner one stays the service's.
    AddMethod(new RpcServiceMethod(name.c_str(), TypeOf(descriptor), nullptr));
    MarkMethodCallback(descriptor.index(),
                       new GatedHandler(Handlers::Get(service, descriptor.index()), *method,
                                        has_request, callers, stops));
    return absl::OkStatus();
  }

 private:
  static RpcMethod::RpcType TypeOf(const google::protobuf::MethodDescriptor& method) {
    if (method.client_streaming()) {
      return method.server_streaming() ? RpcMethod::BIDI_STREAMING : RpcMethod::CLIENT_STREAMING;
    }
    return method.server_streaming() ? RpcMethod::SERVER_STREAMING : RpcMethod::NORMAL_RPC;
  }

  std::deque<std::string> names_;  // gRPC keeps pointers to them
};

}  // namespace

const Caller& CallerOf(const grpc::CallbackServerContext& context) {
  return static_cast<const CallContext&>(context).admission.caller();
}

absl::Status MayGoOn(const grpc::CallbackServerContext& context, absl::Time now) {
  if (static_cast<const CallContext&>(context).admission.StandsAt(now)) return absl::OkStatus();
  return absl::UnauthenticatedError(
      "the key of this call is revoked or has expired, or it has none and now needs one");
}

std::unique_ptr<grpc::ContextAllocator> NewContextAllocator() {
  return std::make_unique<CallContextAllocator>();
}

absl::StatusOr<std::unique_ptr<grpc::Service>> NewGatedService(
    grpc::Service& service, const google::protobuf::ServiceDescriptor& descriptor, Callers& callers,
    const std::atomic<bool>& stops) {
  auto gated = std::make_unique<GatedService>();
  for (int i = 0; i < descriptor.method_count(); ++i) {
    absl::Status status = gated->Add(service, *descriptor.method(i), callers, stops);
    if (!status.ok()) return status;
  }
  return gated;
}

}  // namespace bounced::api
