// bounced.v1.ReturnPathService. The contract is in return_path.proto.
#pragma once

#include "bounced/v1/return_path.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// Answers on gRPC's own threads: a MAC takes a microsecond.
class ReturnPathService final : public v1::ReturnPathService::CallbackService {
 public:
  explicit ReturnPathService(Services& services) : services_(services) {}

  grpc::ServerUnaryReactor* Mint(grpc::CallbackServerContext* context,
                                 const v1::MintRequest* request,
                                 v1::MintResponse* response) override;
  grpc::ServerUnaryReactor* Verify(grpc::CallbackServerContext* context,
                                   const v1::VerifyRequest* request,
                                   v1::VerifyResponse* response) override;

 private:
  Services& services_;
};

}  // namespace bounced::api
