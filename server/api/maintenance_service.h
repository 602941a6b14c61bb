// bounced.v1.MaintenanceService.
#pragma once

#include <atomic>

#include "bounced/v1/maintenance.grpc.pb.h"
#include "server/api/services.h"
#include "server/api/workers.h"

namespace bounced::api {

// Has a thread of its own: what it does takes minutes, and lists and messages do not wait for it.
class MaintenanceService final : public v1::MaintenanceService::CallbackService {
 public:
  explicit MaintenanceService(Services& services) : services_(services), thread_(1, 1) {}

  grpc::ServerWriteReactor<v1::BackupResponse>* Backup(grpc::CallbackServerContext* context,
                                                       const v1::BackupRequest* request) override;
  grpc::ServerWriteReactor<v1::CheckIntegrityResponse>* CheckIntegrity(
      grpc::CallbackServerContext* context, const v1::CheckIntegrityRequest* request) override;

 private:
  Services& services_;
  std::atomic<bool> busy_ = false;
  Workers thread_;
};

}  // namespace bounced::api
