// The one way into the services: whoever calls is asked who he is before a handler sees the call.
#pragma once

#include <google/protobuf/descriptor.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>

#include <atomic>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/api/callers.h"

namespace bounced::api {

// Who makes the call that a handler was given.
const Caller& CallerOf(const grpc::CallbackServerContext& context);
// Whether he may still call: what goes on for long asks before each step. UNAUTHENTICATED: the key
// has been revoked or has expired, or a first key was made, and he called without one.
absl::Status MayGoOn(const grpc::CallbackServerContext& context, absl::Time now);

// What gRPC makes its contexts with, so that CallerOf() has what to find. Of every server that has
// a gated service.
std::unique_ptr<grpc::ContextAllocator> NewContextAllocator();

// `service` behind the gate: register this in its place. A request is not even parsed before its
// caller is let in. Once `stops` is true nobody is: calls are UNAVAILABLE. The arguments outlive
// it; all methods of `service` have handlers of the callback kind. INTERNAL, which names it: a
// method is without a row in methods.cc.
absl::StatusOr<std::unique_ptr<grpc::Service>> NewGatedService(
    grpc::Service& service, const google::protobuf::ServiceDescriptor& descriptor, Callers& callers,
    const std::atomic<bool>& stops);

}  // namespace bounced::api
