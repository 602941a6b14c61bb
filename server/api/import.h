// SuppressionService.ImportSuppressions.
#pragma once

#include "bounced/v1/suppression.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// A call; deletes itself. A request is committed before the next is read, so a client that sends
// faster than the store writes is slowed down, and one request is held.
grpc::ServerReadReactor<v1::ImportSuppressionsRequest>* NewImport(
    const Services& services, const Caller& caller, v1::ImportSuppressionsResponse* response);

}  // namespace bounced::api
