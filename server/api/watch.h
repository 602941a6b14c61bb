// SuppressionService.WatchSuppressions.
#pragma once

#include "bounced/v1/suppression.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// A call; deletes itself. It reads changes from the store when it was told of some and the last
// message has been taken: a client that does not read costs one message, and after kMaxWatchLag
// further changes no more than its place.
grpc::ServerWriteReactor<v1::WatchSuppressionsResponse>* NewWatch(
    const Services& services, grpc::CallbackServerContext* context,
    const v1::WatchSuppressionsRequest& request);

}  // namespace bounced::api
