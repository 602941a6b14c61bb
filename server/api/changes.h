// SuppressionService.ListChanges and UndoChanges.
#pragma once

#include "absl/status/status.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

absl::Status ListChangesTo(const Store& store, const Caller& caller,
                           const v1::ListChangesRequest& request,
                           v1::ListChangesResponse& response);

// A call; deletes itself. A step is committed and its answer taken before the next begins.
grpc::ServerWriteReactor<v1::UndoChangesResponse>* NewUndo(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::UndoChangesRequest& request);

}  // namespace bounced::api
