// Messages that come in over the API: BounceService.Classify and Ingest.
#pragma once

#include "bounced/v1/bounce.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// Calls; they delete themselves. Each holds its message, out of the budget for all calls, and does
// its work when the client has closed its side, not when the call breaks off.
grpc::ServerReadReactor<v1::ClassifyRequest>* NewClassify(
    const Services& services, const grpc::CallbackServerContext* context,
    v1::ClassifyResponse* response);
grpc::ServerReadReactor<v1::IngestRequest>* NewIngest(const Services& services,
                                                      const grpc::CallbackServerContext* context,
                                                      v1::IngestResponse* response);

}  // namespace bounced::api
