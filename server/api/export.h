// SuppressionService.ExportSuppressions.
#pragma once

#include "bounced/v1/suppression.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// A call; deletes itself. It reads a page when the last one has been taken: a client that does not
// read costs one page.
grpc::ServerWriteReactor<v1::ExportSuppressionsResponse>* NewExport(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::ExportSuppressionsRequest& request);

}  // namespace bounced::api
