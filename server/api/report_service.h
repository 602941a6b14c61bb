// bounced.v1.ReportService. The contract is in report.proto.
#pragma once

#include "bounced/v1/report.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// Lists are read on workers; what resolves ends on the committer's thread.
class ReportService final : public v1::ReportService::CallbackService {
 public:
  explicit ReportService(Services& services) : services_(services) {}

  grpc::ServerUnaryReactor* ListIncidents(grpc::CallbackServerContext* context,
                                          const v1::ListIncidentsRequest* request,
                                          v1::ListIncidentsResponse* response) override;
  grpc::ServerUnaryReactor* ResolveIncident(grpc::CallbackServerContext* context,
                                            const v1::ResolveIncidentRequest* request,
                                            v1::ResolveIncidentResponse* response) override;

 private:
  Services& services_;
};

}  // namespace bounced::api
