// BounceService.GetEvidence.
#pragma once

#include "bounced/v1/bounce.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// A call; deletes itself. Holds the message, out of the budget for all calls, until it is sent.
grpc::ServerWriteReactor<v1::GetEvidenceResponse>* NewEvidence(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::GetEvidenceRequest& request);

}  // namespace bounced::api
