// bounced.v1.BounceService. The contract is in bounce.proto.
#pragma once

#include "bounced/v1/bounce.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// Reads and parses on workers; Ingest and RecordDeliveries end on the committer's thread.
class BounceService final : public v1::BounceService::CallbackService {
 public:
  explicit BounceService(Services& services) : services_(services) {}

  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerUnaryReactor* GetEvent(grpc::CallbackServerContext* context,
                                     const v1::GetEventRequest* request,
                                     v1::GetEventResponse* response) override;
  grpc::ServerWriteReactor<v1::GetEvidenceResponse>* GetEvidence(
      grpc::CallbackServerContext* context, const v1::GetEvidenceRequest* request) override;
  grpc::ServerReadReactor<v1::ClassifyRequest>* Classify(grpc::CallbackServerContext* context,
                                                         v1::ClassifyResponse* response) override;
  grpc::ServerUnaryReactor* ListRules(grpc::CallbackServerContext* context,
                                      const v1::ListRulesRequest* request,
                                      v1::ListRulesResponse* response) override;
  grpc::ServerReadReactor<v1::IngestRequest>* Ingest(grpc::CallbackServerContext* context,
                                                     v1::IngestResponse* response) override;
  grpc::ServerUnaryReactor* RecordDeliveries(grpc::CallbackServerContext* context,
                                             const v1::RecordDeliveriesRequest* request,
                                             v1::RecordDeliveriesResponse* response) override;
  grpc::ServerWriteReactor<v1::ReclassifyResponse>* Reclassify(
      grpc::CallbackServerContext* context, const v1::ReclassifyRequest* request) override;

 private:
  Services& services_;
};

}  // namespace bounced::api
