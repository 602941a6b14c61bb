// SuppressionService.ImportSuppressions and ImportStream.
#pragma once

#include "bounced/v1/suppression.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// A call each; delete themselves. Requests are read ahead of the commits, within
// kImportRequestsAhead and kImportOctetsAhead, so that one sync serves several of them; a client
// that sends faster than the store writes, or takes no answers, is slowed down.
grpc::ServerReadReactor<v1::ImportSuppressionsRequest>* NewImport(
    const Services& services, const grpc::CallbackServerContext& context,
    v1::ImportSuppressionsResponse* response);
grpc::ServerBidiReactor<v1::ImportSuppressionsRequest, v1::ImportStreamResponse>* NewImportStream(
    const Services& services, const grpc::CallbackServerContext& context);

}  // namespace bounced::api
