// Batches of checks, one by one and as a stream.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/api/batch_message.h"
#include "server/api/checker.h"
#include "server/api/services.h"

namespace bounced::api {

// Answers what `request` has read, one verdict for each address. INVALID_ARGUMENT: a tenant or
// stream that is none. Else errors are the store's.
absl::Status CheckBatch(const Checker& checker, const Caller& caller,
                        const BatchCheckReader& request, absl::Time now,
                        BatchCheckWriter& response);

// A call of CheckStream; deletes itself. It reads, answers, and reads again when the answer is
// taken: a client that does not read costs one request and one answer.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NewCheckStream(
    const Services& services, const Checker& checker, const grpc::CallbackServerContext& context);

}  // namespace bounced::api
