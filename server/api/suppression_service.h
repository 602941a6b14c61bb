// bounced.v1.SuppressionService. The contract is in suppression.proto.
#pragma once

#include "bounced/v1/suppression.grpc.pb.h"
#include "server/api/checker.h"
#include "server/api/services.h"

namespace bounced::api {

// The generated service with one handler for each method.
template <template <typename> class First, template <typename> class... Rest>
struct ServiceWith {
  using type = First<typename ServiceWith<Rest...>::type>;
};
template <template <typename> class Last>
struct ServiceWith<Last> {
  using type = Last<v1::SuppressionService::Service>;
};
// Batches come and go as octets, all else as messages.
using SuppressionServiceBase =
    ServiceWith<v1::SuppressionService::WithCallbackMethod_Check,
                v1::SuppressionService::WithRawCallbackMethod_BatchCheck,
                v1::SuppressionService::WithRawCallbackMethod_CheckStream,
                v1::SuppressionService::WithCallbackMethod_GetSuppression,
                v1::SuppressionService::WithCallbackMethod_ListSuppressions,
                v1::SuppressionService::WithCallbackMethod_CreateSuppression,
                v1::SuppressionService::WithCallbackMethod_DeleteSuppression,
                v1::SuppressionService::WithCallbackMethod_CreateAllowance,
                v1::SuppressionService::WithCallbackMethod_DeleteAllowance,
                v1::SuppressionService::WithCallbackMethod_ListAllowances,
                v1::SuppressionService::WithCallbackMethod_ImportSuppressions,
                v1::SuppressionService::WithCallbackMethod_ImportStream,
                v1::SuppressionService::WithCallbackMethod_ExportSuppressions,
                v1::SuppressionService::WithCallbackMethod_WatchSuppressions,
                v1::SuppressionService::WithCallbackMethod_ListChanges,
                v1::SuppressionService::WithCallbackMethod_UndoChanges,
                v1::SuppressionService::WithCallbackMethod_Explain,
                v1::SuppressionService::WithCallbackMethod_ExportAddress,
                v1::SuppressionService::WithCallbackMethod_Forget>::type;

// Checks are answered on gRPC's own threads, from memory; lists on workers; what writes ends on the
// committer's thread.
class SuppressionService final : public SuppressionServiceBase {
 public:
  explicit SuppressionService(Services& services)
      : services_(services), checker_(services.parts.store) {}

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const v1::CheckRequest* request,
                                  v1::CheckResponse* response) override;
  grpc::ServerUnaryReactor* BatchCheck(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* CheckStream(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* GetSuppression(grpc::CallbackServerContext* context,
                                           const v1::GetSuppressionRequest* request,
                                           v1::GetSuppressionResponse* response) override;
  grpc::ServerUnaryReactor* ListSuppressions(grpc::CallbackServerContext* context,
                                             const v1::ListSuppressionsRequest* request,
                                             v1::ListSuppressionsResponse* response) override;
  grpc::ServerUnaryReactor* CreateSuppression(grpc::CallbackServerContext* context,
                                              const v1::CreateSuppressionRequest* request,
                                              v1::CreateSuppressionResponse* response) override;
  grpc::ServerUnaryReactor* DeleteSuppression(grpc::CallbackServerContext* context,
                                              const v1::DeleteSuppressionRequest* request,
                                              v1::DeleteSuppressionResponse* response) override;
  grpc::ServerUnaryReactor* CreateAllowance(grpc::CallbackServerContext* context,
                                            const v1::CreateAllowanceRequest* request,
                                            v1::CreateAllowanceResponse* response) override;
  grpc::ServerUnaryReactor* DeleteAllowance(grpc::CallbackServerContext* context,
                                            const v1::DeleteAllowanceRequest* request,
                                            v1::DeleteAllowanceResponse* response) override;
  grpc::ServerUnaryReactor* ListAllowances(grpc::CallbackServerContext* context,
                                           const v1::ListAllowancesRequest* request,
                                           v1::ListAllowancesResponse* response) override;
  grpc::ServerReadReactor<v1::ImportSuppressionsRequest>* ImportSuppressions(
      grpc::CallbackServerContext* context, v1::ImportSuppressionsResponse* response) override;
  grpc::ServerBidiReactor<v1::ImportSuppressionsRequest, v1::ImportStreamResponse>* ImportStream(
      grpc::CallbackServerContext* context) override;
  grpc::ServerWriteReactor<v1::ExportSuppressionsResponse>* ExportSuppressions(
      grpc::CallbackServerContext* context, const v1::ExportSuppressionsRequest* request) override;
  grpc::ServerWriteReactor<v1::WatchSuppressionsResponse>* WatchSuppressions(
      grpc::CallbackServerContext* context, const v1::WatchSuppressionsRequest* request) override;
  grpc::ServerUnaryReactor* ListChanges(grpc::CallbackServerContext* context,
                                        const v1::ListChangesRequest* request,
                                        v1::ListChangesResponse* response) override;
  grpc::ServerWriteReactor<v1::UndoChangesResponse>* UndoChanges(
      grpc::CallbackServerContext* context, const v1::UndoChangesRequest* request) override;
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context,
                                    const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override;
  grpc::ServerWriteReactor<v1::ExportAddressResponse>* ExportAddress(
      grpc::CallbackServerContext* context, const v1::ExportAddressRequest* request) override;
  grpc::ServerWriteReactor<v1::ForgetResponse>* Forget(grpc::CallbackServerContext* context,
                                                       const v1::ForgetRequest* request) override;

 private:
  Services& services_;
  const Checker checker_;
};

}  // namespace bounced::api
