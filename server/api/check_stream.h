// Batches of checks, one by one and as a stream.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/api/batch_message.h"
#include "server/api/checker.h"
#include "server/api/services.h"

namespace bounced::api {

// Answers batches, one after the other: the memory for one serves the next.
class BatchChecker {
 public:
  explicit BatchChecker(const Checker& checker) : checker_(checker) {}

  // Gives a BatchCheckResponse, one verdict for each address. INVALID_ARGUMENT: `request` is no
  // BatchCheckRequest, or has more than kMaxBatchAddresses, or a tenant or stream that is none.
  // Else errors are the store's.
  absl::StatusOr<grpc::ByteBuffer> Answer(const Caller& caller, const grpc::ByteBuffer& request,
                                          absl::Time now);

 private:
  const Checker& checker_;
  BatchCheckReader reader_;
  BatchCheckWriter writer_;
};

// A call of CheckStream; deletes itself. It reads, answers, and reads again when the answer is
// taken: a client that does not read costs one request and one answer.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* NewCheckStream(
    const Services& services, const Checker& checker, const grpc::CallbackServerContext& context);

}  // namespace bounced::api
