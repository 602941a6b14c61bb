// bounced.v1.AdminService. The contract is in admin.proto.
#pragma once

#include "bounced/v1/admin.grpc.pb.h"
#include "server/api/services.h"

namespace bounced::api {

// On workers: what changes waits for a commit.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  explicit AdminService(Services& services) : services_(services) {}

  grpc::ServerUnaryReactor* CreateApiKey(grpc::CallbackServerContext* context,
                                         const v1::CreateApiKeyRequest* request,
                                         v1::CreateApiKeyResponse* response) override;
  grpc::ServerUnaryReactor* ListApiKeys(grpc::CallbackServerContext* context,
                                        const v1::ListApiKeysRequest* request,
                                        v1::ListApiKeysResponse* response) override;
  grpc::ServerUnaryReactor* RevokeApiKey(grpc::CallbackServerContext* context,
                                         const v1::RevokeApiKeyRequest* request,
                                         v1::RevokeApiKeyResponse* response) override;
  grpc::ServerUnaryReactor* ApplyPolicies(grpc::CallbackServerContext* context,
                                          const v1::ApplyPoliciesRequest* request,
                                          v1::ApplyPoliciesResponse* response) override;
  grpc::ServerUnaryReactor* GetPolicies(grpc::CallbackServerContext* context,
                                        const v1::GetPoliciesRequest* request,
                                        v1::GetPoliciesResponse* response) override;
  grpc::ServerUnaryReactor* ListPolicyRevisions(grpc::CallbackServerContext* context,
                                                const v1::ListPolicyRevisionsRequest* request,
                                                v1::ListPolicyRevisionsResponse* response) override;

 private:
  Services& services_;
};

}  // namespace bounced::api
