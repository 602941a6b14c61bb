// Streams of the API's answers as verbs read them.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/status/status.h"
#include "server/cli/session.h"

namespace bounced::cli {

// Gives each response of a stream to `take`, in order; the first status of its that is not OK ends
// the call.
template <typename Stub, typename Request, typename Response, typename Take>
absl::Status ForEachResponse(Session& session, Stub& stub,
                             std::unique_ptr<grpc::ClientReader<Response>> (Stub::*call)(
                                 grpc::ClientContext*, const Request&),
                             const Request& request, Take take) {
  grpc::ClientContext context;
  Watchdog watchdog(context, session.client().patience());
  auto stream = (stub.*call)(&context, request);
  Response response;
  auto read = [&] {
    Watchdog::Wait wait(watchdog);
    return stream->Read(&response);
  };
  while (read()) {
    if (absl::Status status = take(response); !status.ok()) {
      context.TryCancel();
      return status;
    }
  }
  return session.client().FromGrpc(stream->Finish(), watchdog);
}

}  // namespace bounced::cli
