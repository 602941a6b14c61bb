// BounceService.RecordDeliveries.
#pragma once

#include "bounced/v1/bounce.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// `request` and `response` live until the call has ended.
grpc::ServerUnaryReactor* AnswerRecordDeliveries(Services& services,
                                                 grpc::CallbackServerContext* context,
                                                 const v1::RecordDeliveriesRequest& request,
                                                 v1::RecordDeliveriesResponse& response);

}  // namespace bounced::api
