// Batches of checks, one by one and as a stream.
#pragma once

#include "absl/status/status.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "server/api/checker.h"
#include "server/api/services.h"

namespace bounced::api {

// One verdict for each address. INVALID_ARGUMENT: more than kMaxBatchAddresses, or a tenant or
// stream that is none. Else errors are the store's.
absl::Status CheckBatch(const Checker& checker, const Caller& caller,
                        const v1::BatchCheckRequest& request, absl::Time now,
                        v1::BatchCheckResponse& response);

// A call of CheckStream; deletes itself. It reads, answers, and reads again when the answer is
// taken: a client that does not read costs one request and one answer.
grpc::ServerBidiReactor<v1::BatchCheckRequest, v1::BatchCheckResponse>* NewCheckStream(
    const Services& services, const Checker& checker, const grpc::CallbackServerContext& context);

}  // namespace bounced::api
