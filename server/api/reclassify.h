// BounceService.Reclassify.
#pragma once

#include "bounced/v1/bounce.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// A call; deletes itself. It goes through the addresses in steps (limits.h), each on a worker: it
// reads them and their messages, and a run for good has the committer replay and write them. The
// next step begins when the answer of the last one was taken.
grpc::ServerWriteReactor<v1::ReclassifyResponse>* NewReclassify(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::ReclassifyRequest& request);

}  // namespace bounced::api
