// The one place that turns our errors into the wire's.
#pragma once

#include <grpcpp/support/status.h>

#include <string_view>

#include "absl/status/status.h"
#include "server/base/log.h"

namespace bounced::api {

// The same code. What the caller can mend keeps its message; of what only the operator can mend
// (UNAVAILABLE, RESOURCE_EXHAUSTED, DATA_LOSS, and whatever we did not foresee, which becomes
// INTERNAL) the message goes to the log and the caller is told what to do: it may name a file.
grpc::Status ToGrpc(const absl::Status& status, const Log& log);

// INVALID_ARGUMENT, as all of the API says it: `field: what is wrong`.
absl::Status Invalid(std::string_view field, std::string_view what);

}  // namespace bounced::api
