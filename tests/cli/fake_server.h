// A bounced that keeps nothing: what its clients send it is there to be looked at.
#pragma once

#include <grpcpp/server.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "bounced/v1/admin.grpc.pb.h"
#include "bounced/v1/bounce.grpc.pb.h"
#include "bounced/v1/maintenance.grpc.pb.h"
#include "bounced/v1/report.grpc.pb.h"
#include "bounced/v1/return_path.grpc.pb.h"
#include "bounced/v1/suppression.grpc.pb.h"

namespace bounced::cli {

// By the address alone: `bad...` is suppressed, `risky...` risky, without an @ invalid.
v1::Verdict FakeVerdict(std::string_view address);

// Members that are functions may be set before the first call.
class FakeSuppressions : public v1::SuppressionService::Service {
 public:
  // Before the answer to each request of CheckStream, counted from 0; a status that is not OK ends
  // the stream.
  std::function<grpc::Status(int, grpc::ServerContext&)> before_answer;
  // May change that answer.
  std::function<void(v1::BatchCheckResponse&)> change_answer;
  // After so many answers the stream ends well.
  int most_answers = 1 << 30;
  // What lists and exports give, in pages of `page_rows`.
  std::vector<v1::Suppression> stored;
  int page_rows = 2;
  // What becomes of each row of an import, by its place in the whole; by default it is created. One
  // that is refused is so by the message.
  std::function<v1::ImportOutcome(std::int64_t, const v1::Suppression&)> import_outcome;
  std::string import_error = "no @";
  std::int64_t import_batch = 0;
  // How an import ends, once so many requests are answered.
  grpc::Status import_status;
  int most_imports = 1 << 30;
  v1::ExplainResponse explain_answer;
  // What each call of WatchSuppressions gives, and how it ends; one that is not here any more is
  // answered with OUT_OF_RANGE.
  struct Watched {
    std::vector<v1::WatchSuppressionsResponse> responses;
    grpc::Status status;
  };
  std::vector<Watched> watches;
  // Of an export.
  std::string watch_token;
  // What ListChanges gives, in pages of `page_rows`.
  std::vector<v1::SuppressionChange> changes;
  std::vector<v1::UndoChangesResponse> undo_answers;
  grpc::Status undo_status;
  std::vector<v1::ForgetResponse> forget_answers;
  grpc::Status forget_status;
  std::vector<v1::ExportAddressResponse> address_parts;

  // What came.
  std::vector<v1::BatchCheckRequest> checked;
  std::vector<v1::ImportSuppressionsRequest> imported;
  std::vector<v1::ListSuppressionsRequest> listed;
  std::vector<v1::CreateSuppressionRequest> created;
  std::vector<v1::DeleteSuppressionRequest> deleted;
  grpc::Status delete_status;             // of addresses that are some
  std::vector<v1::Allowance> allowances;  // and what lists of them give
  std::vector<v1::WatchSuppressionsRequest> watched;
  std::vector<v1::ListChangesRequest> changes_listed;
  std::vector<v1::UndoChangesRequest> undone;
  std::vector<v1::ForgetRequest> forgotten;
  std::vector<v1::ExportAddressRequest> addresses_exported;

 private:
  grpc::Status CreateAllowance(grpc::ServerContext*, const v1::CreateAllowanceRequest*,
                               v1::CreateAllowanceResponse*) override;
  grpc::Status DeleteAllowance(grpc::ServerContext*, const v1::DeleteAllowanceRequest*,
                               v1::DeleteAllowanceResponse*) override;
  grpc::Status ListAllowances(grpc::ServerContext*, const v1::ListAllowancesRequest*,
                              v1::ListAllowancesResponse*) override;
  grpc::Status Check(grpc::ServerContext*, const v1::CheckRequest*, v1::CheckResponse*) override;
  grpc::Status BatchCheck(grpc::ServerContext*, const v1::BatchCheckRequest*,
                          v1::BatchCheckResponse*) override;
  grpc::Status CheckStream(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::BatchCheckResponse, v1::BatchCheckRequest>*) override;
  grpc::Status GetSuppression(grpc::ServerContext*, const v1::GetSuppressionRequest*,
                              v1::GetSuppressionResponse*) override;
  grpc::Status ListSuppressions(grpc::ServerContext*, const v1::ListSuppressionsRequest*,
                                v1::ListSuppressionsResponse*) override;
  grpc::Status CreateSuppression(grpc::ServerContext*, const v1::CreateSuppressionRequest*,
                                 v1::CreateSuppressionResponse*) override;
  grpc::Status DeleteSuppression(grpc::ServerContext*, const v1::DeleteSuppressionRequest*,
                                 v1::DeleteSuppressionResponse*) override;
  grpc::Status ImportStream(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::ImportStreamResponse, v1::ImportSuppressionsRequest>*) override;
  grpc::Status ExportSuppressions(grpc::ServerContext*, const v1::ExportSuppressionsRequest*,
                                  grpc::ServerWriter<v1::ExportSuppressionsResponse>*) override;
  grpc::Status WatchSuppressions(grpc::ServerContext*, const v1::WatchSuppressionsRequest*,
                                 grpc::ServerWriter<v1::WatchSuppressionsResponse>*) override;
  grpc::Status ListChanges(grpc::ServerContext*, const v1::ListChangesRequest*,
                           v1::ListChangesResponse*) override;
  grpc::Status UndoChanges(grpc::ServerContext*, const v1::UndoChangesRequest*,
                           grpc::ServerWriter<v1::UndoChangesResponse>*) override;
  grpc::Status Forget(grpc::ServerContext*, const v1::ForgetRequest*,
                      grpc::ServerWriter<v1::ForgetResponse>*) override;
  grpc::Status ExportAddress(grpc::ServerContext*, const v1::ExportAddressRequest*,
                             grpc::ServerWriter<v1::ExportAddressResponse>*) override;
  grpc::Status Explain(grpc::ServerContext*, const v1::ExplainRequest*,
                       v1::ExplainResponse*) override;
};

class FakeReports : public v1::ReportService::Service {
 public:
  std::vector<v1::Incident> stored;  // what lists give
  std::vector<v1::ListIncidentsRequest> listed;
  std::vector<v1::ResolveIncidentRequest> resolved;
  std::int64_t resolve_batch = 0;  // of the answers

 private:
  grpc::Status ListIncidents(grpc::ServerContext*, const v1::ListIncidentsRequest*,
                             v1::ListIncidentsResponse*) override;
  grpc::Status ResolveIncident(grpc::ServerContext*, const v1::ResolveIncidentRequest*,
                               v1::ResolveIncidentResponse*) override;
};

class FakeBounces : public v1::BounceService::Service {
 public:
  struct Ingested {
    std::string return_path;
    std::string reverse_path;
    std::string message;
    int requests = 0;
  };
  std::vector<v1::Event> stored;
  std::string evidence;
  grpc::Status ingest_status;
  std::vector<Ingested> ingested;
  std::vector<v1::ListEventsRequest> listed;
  std::vector<v1::Rule> rules;
  // Rejects addresses that begin with `bad`. How the next calls end; after that, well.
  std::vector<grpc::Status> record_statuses;
  std::vector<v1::RecordDeliveriesRequest> recorded() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return recorded_;
  }
  void ClearRecorded() {
    const std::lock_guard<std::mutex> lock(mutex_);
    recorded_.clear();
  }
  std::vector<v1::ReclassifyResponse> reclassify_answers;
  bool reclassify_goes_on = false;  // repeats the last answer until nobody reads
  grpc::Status reclassify_status;   // how the call ends
  std::vector<v1::ReclassifyRequest> reclassified;

 private:
  // Tests read it when a call has ended, on another thread than the one that served it.
  mutable std::mutex mutex_;
  std::vector<v1::RecordDeliveriesRequest> recorded_;

  grpc::Status Reclassify(grpc::ServerContext*, const v1::ReclassifyRequest*,
                          grpc::ServerWriter<v1::ReclassifyResponse>*) override;
  grpc::Status ListRules(grpc::ServerContext*, const v1::ListRulesRequest*,
                         v1::ListRulesResponse*) override;
  grpc::Status ListEvents(grpc::ServerContext*, const v1::ListEventsRequest*,
                          v1::ListEventsResponse*) override;
  grpc::Status GetEvent(grpc::ServerContext*, const v1::GetEventRequest*,
                        v1::GetEventResponse*) override;
  grpc::Status GetEvidence(grpc::ServerContext*, const v1::GetEvidenceRequest*,
                           grpc::ServerWriter<v1::GetEvidenceResponse>*) override;
  grpc::Status Ingest(grpc::ServerContext*, grpc::ServerReader<v1::IngestRequest>*,
                      v1::IngestResponse*) override;
  grpc::Status RecordDeliveries(grpc::ServerContext*, const v1::RecordDeliveriesRequest*,
                                v1::RecordDeliveriesResponse*) override;
};

// Accepts what begins with `bo-`; Mint makes `bo-` and the recipient.
class FakeReturnPaths : public v1::ReturnPathService::Service {
 public:
  std::vector<v1::MintRequest> minted;
  std::vector<v1::ReturnPathKey> keys;
  std::vector<v1::RevokeKeyRequest> revoked;
  std::string signing_key_id = "b";

 private:
  grpc::Status Mint(grpc::ServerContext*, const v1::MintRequest*, v1::MintResponse*) override;
  grpc::Status Verify(grpc::ServerContext*, const v1::VerifyRequest*, v1::VerifyResponse*) override;
  grpc::Status ListKeys(grpc::ServerContext*, const v1::ListKeysRequest*,
                        v1::ListKeysResponse*) override;
  grpc::Status RevokeKey(grpc::ServerContext*, const v1::RevokeKeyRequest*,
                         v1::RevokeKeyResponse*) override;
};

// Answers both calls with what the test says.
class FakeMaintenance : public v1::MaintenanceService::Service {
 public:
  std::vector<v1::BackupResponse> backup;
  grpc::Status backup_status;
  v1::IntegrityFindings findings;
  std::vector<v1::CheckIntegrityRequest> checked;

 private:
  grpc::Status Backup(grpc::ServerContext*, const v1::BackupRequest*,
                      grpc::ServerWriter<v1::BackupResponse>*) override;
  grpc::Status CheckIntegrity(grpc::ServerContext*, const v1::CheckIntegrityRequest*,
                              grpc::ServerWriter<v1::CheckIntegrityResponse>*) override;
};

class FakeAdmin : public v1::AdminService::Service {
 public:
  v1::ApplyPoliciesResponse applied;
  grpc::Status apply_status;
  v1::GetPoliciesResponse policies;
  std::vector<v1::PolicyRevision> revisions;  // one a page
  std::vector<v1::ApplyPoliciesRequest> applications;
  std::vector<v1::GetPoliciesRequest> asked;

 private:
  grpc::Status ApplyPolicies(grpc::ServerContext*, const v1::ApplyPoliciesRequest*,
                             v1::ApplyPoliciesResponse*) override;
  grpc::Status GetPolicies(grpc::ServerContext*, const v1::GetPoliciesRequest*,
                           v1::GetPoliciesResponse*) override;
  grpc::Status ListPolicyRevisions(grpc::ServerContext*, const v1::ListPolicyRevisionsRequest*,
                                   v1::ListPolicyRevisionsResponse*) override;
};

// All of them on a free port of loopback.
class FakeServer {
 public:
  FakeServer();
  ~FakeServer();

  const std::string& address() const { return address_; }
  // Breaks off the calls under way; the port is closed when it returns.
  void Stop();

  FakeSuppressions suppressions;
  FakeBounces bounces;
  FakeReturnPaths return_paths;
  FakeReports reports;
  FakeMaintenance maintenance;
  FakeAdmin admin;

 private:
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace bounced::cli
