// bounced.v1.ReturnPathService. The contract is in return_path.proto.
#pragma once

#include "bounced/v1/return_path.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// Answers on gRPC's own threads, as a MAC takes a microsecond, but for RevokeKey, which waits for a
// commit.
class ReturnPathService final : public v1::ReturnPathService::CallbackService {
 public:
  explicit ReturnPathService(Services& services) : services_(services) {}

  grpc::ServerUnaryReactor* Mint(grpc::CallbackServerContext* context,
                                 const v1::MintRequest* request,
                                 v1::MintResponse* response) override;
  grpc::ServerUnaryReactor* Verify(grpc::CallbackServerContext* context,
                                   const v1::VerifyRequest* request,
                                   v1::VerifyResponse* response) override;
  grpc::ServerUnaryReactor* ListKeys(grpc::CallbackServerContext* context,
                                     const v1::ListKeysRequest* request,
                                     v1::ListKeysResponse* response) override;
  grpc::ServerUnaryReactor* RevokeKey(grpc::CallbackServerContext* context,
                                      const v1::RevokeKeyRequest* request,
                                      v1::RevokeKeyResponse* response) override;

 private:
  Services& services_;
};

}  // namespace bounced::api
