// SuppressionService.Forget.
#pragma once

#include "bounced/v1/suppression.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// A call; deletes itself. A step is committed and its answer taken before the next begins.
grpc::ServerWriteReactor<v1::ForgetResponse>* NewForget(const Services& services,
                                                        const grpc::CallbackServerContext* context,
                                                        const v1::ForgetRequest& request);

}  // namespace bounced::api
