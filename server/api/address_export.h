// SuppressionService.ExportAddress.
#pragma once

#include "bounced/v1/suppression.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// A call; deletes itself. It reads a page when all of the last one has been taken.
grpc::ServerWriteReactor<v1::ExportAddressResponse>* NewAddressExport(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::ExportAddressRequest& request);

}  // namespace bounced::api
