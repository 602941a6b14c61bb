#include "tests/cli/fake_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace bounced::cli {
namespace {

const grpc::Status kNotFound(grpc::StatusCode::NOT_FOUND, "there is none");

// The rows of a page whose token is the number of its first row.
template <typename Row, typename Add>
std::string Page(const std::vector<Row>& rows, const std::string& token, int size, Add add) {
  const std::size_t first = token.empty() ? 0 : std::stoul(token);
  const std::size_t end = std::min(rows.size(), first + static_cast<std::size_t>(size));
  for (std::size_t i = first; i < end; ++i) add(rows[i]);
  return end < rows.size() ? std::to_string(end) : "";
}

}  // namespace

v1::Verdict FakeVerdict(std::string_view address) {
  if (address.find('@') == std::string_view::npos) return v1::VERDICT_INVALID;
  if (address.starts_with("bad")) return v1::VERDICT_SUPPRESSED;
  if (address.starts_with("risky")) return v1::VERDICT_RISKY;
  return v1::VERDICT_SEND;
}

grpc::Status FakeSuppressions::Check(grpc::ServerContext*, const v1::CheckRequest* request,
                                     v1::CheckResponse* response) {
  response->set_verdict(FakeVerdict(request->address()));
  if (response->verdict() == v1::VERDICT_SUPPRESSED) {
    response->mutable_suppression()->set_address(request->address());
    response->mutable_suppression()->set_reason("no_such_user");
    response->mutable_suppression()->set_explanation("Nobody\x1b[31m there.");
  }
  return grpc::Status::OK;
}

grpc::Status FakeSuppressions::BatchCheck(grpc::ServerContext*,
                                          const v1::BatchCheckRequest* request,
                                          v1::BatchCheckResponse* response) {
  checked.push_back(*request);
  for (const std::string& address : request->addresses()) {
    response->add_verdicts(FakeVerdict(address));
  }
  return grpc::Status::OK;
}

grpc::Status FakeSuppressions::CheckStream(
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::BatchCheckResponse, v1::BatchCheckRequest>* stream) {
  v1::BatchCheckRequest request;
  for (int i = 0; i < most_answers && stream->Read(&request); ++i) {
    checked.push_back(request);
    if (before_answer) {
      if (grpc::Status status = before_answer(i, *context); !status.ok()) return status;
    }
    v1::BatchCheckResponse response;
    for (const std::string& address : request.addresses()) {
      response.add_verdicts(FakeVerdict(address));
    }
    if (change_answer) change_answer(response);
    stream->Write(response);
  }
  return grpc::Status::OK;
}

grpc::Status FakeSuppressions::GetSuppression(grpc::ServerContext*,
                                              const v1::GetSuppressionRequest* request,
                                              v1::GetSuppressionResponse* response) {
  for (const v1::Suppression& suppression : stored) {
    if (suppression.address() == request->address()) *response->mutable_suppression() = suppression;
  }
  return response->has_suppression() ? grpc::Status::OK : kNotFound;
}

grpc::Status FakeSuppressions::ListSuppressions(grpc::ServerContext*,
                                                const v1::ListSuppressionsRequest* request,
                                                v1::ListSuppressionsResponse* response) {
  listed.push_back(*request);
  response->set_next_page_token(Page(
      stored, request->page_token(), std::min(page_rows, request->page_size()),
      [&](const v1::Suppression& suppression) { *response->add_suppressions() = suppression; }));
  return grpc::Status::OK;
}

namespace {

// As ours does of what is no address.
grpc::Status CheckAddress(const std::string& address) {
  if (address.find('@') != address.npos) return grpc::Status::OK;
  return {grpc::StatusCode::INVALID_ARGUMENT, "no @"};
}

}  // namespace

grpc::Status FakeSuppressions::CreateSuppression(grpc::ServerContext*,
                                                 const v1::CreateSuppressionRequest* request,
                                                 v1::CreateSuppressionResponse* response) {
  grpc::Status status = CheckAddress(request->suppression().address());
  if (!status.ok()) return status;
  created.push_back(*request);
  if (FakeVerdict(request->suppression().address()) == v1::VERDICT_SUPPRESSED) {
    return {grpc::StatusCode::ALREADY_EXISTS, "there is one"};
  }
  *response->mutable_suppression() = request->suppression();
  return grpc::Status::OK;
}

grpc::Status FakeSuppressions::DeleteSuppression(grpc::ServerContext*,
                                                 const v1::DeleteSuppressionRequest* request,
                                                 v1::DeleteSuppressionResponse* response) {
  if (grpc::Status status = CheckAddress(request->address()); !status.ok()) return status;
  deleted.push_back(*request);
  if (!delete_status.ok()) return delete_status;
  if (FakeVerdict(request->address()) != v1::VERDICT_SUPPRESSED) return kNotFound;
  response->add_suppressions()->set_address(request->address());
  return grpc::Status::OK;
}

grpc::Status FakeSuppressions::CreateAllowance(grpc::ServerContext*,
                                               const v1::CreateAllowanceRequest* request,
                                               v1::CreateAllowanceResponse* response) {
  if (grpc::Status status = CheckAddress(request->address()); !status.ok()) return status;
  v1::Allowance allowance;
  allowance.set_address(request->address());
  allowance.set_author(request->author());
  allowance.set_note(request->note());
  for (const v1::Allowance& each : allowances) {
    if (each.address() == allowance.address()) {
      return {grpc::StatusCode::ALREADY_EXISTS, "it is allowed already"};
    }
  }
  allowances.push_back(allowance);
  *response->mutable_allowance() = allowance;
  return grpc::Status::OK;
}

grpc::Status FakeSuppressions::DeleteAllowance(grpc::ServerContext*,
                                               const v1::DeleteAllowanceRequest* request,
                                               v1::DeleteAllowanceResponse*) {
  if (grpc::Status status = CheckAddress(request->address()); !status.ok()) return status;
  const std::size_t removed = std::erase_if(
      allowances, [&](const v1::Allowance& each) { return each.address() == request->address(); });
  return removed == 0 ? kNotFound : grpc::Status::OK;
}

grpc::Status FakeSuppressions::ListAllowances(grpc::ServerContext*,
                                              const v1::ListAllowancesRequest*,
                                              v1::ListAllowancesResponse* response) {
  for (const v1::Allowance& each : allowances) *response->add_allowances() = each;
  return grpc::Status::OK;
}

grpc::Status FakeReports::ListIncidents(grpc::ServerContext*,
                                        const v1::ListIncidentsRequest* request,
                                        v1::ListIncidentsResponse* response) {
  listed.push_back(*request);
  for (const v1::Incident& each : stored) *response->add_incidents() = each;
  return grpc::Status::OK;
}

grpc::Status FakeReports::ResolveIncident(grpc::ServerContext*,
                                          const v1::ResolveIncidentRequest* request,
                                          v1::ResolveIncidentResponse* response) {
  resolved.push_back(*request);
  for (const v1::Incident& each : stored) {
    if (each.incident_id() != request->incident_id()) continue;
    *response->mutable_incident() = each;
    response->set_batch(resolve_batch);
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::NOT_FOUND, "there is no such incident"};
}

grpc::Status FakeSuppressions::ImportStream(
    grpc::ServerContext*,
    grpc::ServerReaderWriter<v1::ImportStreamResponse, v1::ImportSuppressionsRequest>* stream) {
  v1::ImportSuppressionsRequest request;
  std::int64_t rows = 0;
  for (int requests = 0; requests < most_imports && stream->Read(&request); ++requests) {
    imported.push_back(request);
    v1::ImportStreamResponse response;
    for (const v1::Suppression& row : request.suppressions()) {
      const v1::ImportOutcome outcome =
          import_outcome ? import_outcome(rows, row) : v1::IMPORT_OUTCOME_CREATED;
      response.add_outcomes(outcome);
      if (outcome == v1::IMPORT_OUTCOME_REJECTED) {
        v1::ImportError& error = *response.add_errors();
        error.set_index(rows);
        error.set_message(import_error);
      }
      ++rows;
    }
    response.set_batch(import_batch);
    stream->Write(response);
  }
  return import_status;
}

grpc::Status FakeSuppressions::ExportSuppressions(
    grpc::ServerContext*, const v1::ExportSuppressionsRequest*,
    grpc::ServerWriter<v1::ExportSuppressionsResponse>* writer) {
  v1::ExportSuppressionsResponse first;
  first.set_watch_token(watch_token);
  writer->Write(first);
  for (const v1::Suppression& suppression : stored) {
    v1::ExportSuppressionsResponse response;
    *response.add_suppressions() = suppression;
    writer->Write(response);
  }
  return grpc::Status::OK;
}

grpc::Status FakeSuppressions::WatchSuppressions(
    grpc::ServerContext*, const v1::WatchSuppressionsRequest* request,
    grpc::ServerWriter<v1::WatchSuppressionsResponse>* writer) {
  watched.push_back(*request);
  if (watched.size() > watches.size()) {
    return {grpc::StatusCode::OUT_OF_RANGE, "token: too old"};
  }
  const Watched& watch = watches[watched.size() - 1];
  for (const v1::WatchSuppressionsResponse& response : watch.responses) writer->Write(response);
  return watch.status;
}

grpc::Status FakeSuppressions::ListChanges(grpc::ServerContext*,
                                           const v1::ListChangesRequest* request,
                                           v1::ListChangesResponse* response) {
  changes_listed.push_back(*request);
  response->set_next_page_token(
      Page(changes, request->page_token(), std::min(page_rows, request->page_size()),
           [&](const v1::SuppressionChange& change) { *response->add_changes() = change; }));
  return grpc::Status::OK;
}

grpc::Status FakeSuppressions::UndoChanges(grpc::ServerContext*,
                                           const v1::UndoChangesRequest* request,
                                           grpc::ServerWriter<v1::UndoChangesResponse>* writer) {
  undone.push_back(*request);
  for (const v1::UndoChangesResponse& response : undo_answers) writer->Write(response);
  return undo_status;
}

grpc::Status FakeSuppressions::Forget(grpc::ServerContext*, const v1::ForgetRequest* request,
                                      grpc::ServerWriter<v1::ForgetResponse>* writer) {
  forgotten.push_back(*request);
  for (const v1::ForgetResponse& response : forget_answers) writer->Write(response);
  return forget_status;
}

grpc::Status FakeSuppressions::ExportAddress(
    grpc::ServerContext*, const v1::ExportAddressRequest* request,
    grpc::ServerWriter<v1::ExportAddressResponse>* writer) {
  addresses_exported.push_back(*request);
  for (const v1::ExportAddressResponse& part : address_parts) writer->Write(part);
  return grpc::Status::OK;
}

grpc::Status FakeSuppressions::Explain(grpc::ServerContext*, const v1::ExplainRequest*,
                                       v1::ExplainResponse* response) {
  *response = explain_answer;
  return grpc::Status::OK;
}

grpc::Status FakeBounces::ListEvents(grpc::ServerContext*, const v1::ListEventsRequest* request,
                                     v1::ListEventsResponse* response) {
  listed.push_back(*request);
  response->set_next_page_token(
      Page(stored, request->page_token(), std::min(2, request->page_size()),
           [&](const v1::Event& event) { *response->add_events() = event; }));
  return grpc::Status::OK;
}

grpc::Status FakeBounces::ListRules(grpc::ServerContext*, const v1::ListRulesRequest* request,
                                    v1::ListRulesResponse* response) {
  response->set_next_page_token(Page(rules, request->page_token(), 2,
                                     [&](const v1::Rule& rule) { *response->add_rules() = rule; }));
  response->mutable_load_time()->set_seconds(1'800'000'000);
  return grpc::Status::OK;
}

grpc::Status FakeBounces::GetEvent(grpc::ServerContext*, const v1::GetEventRequest* request,
                                   v1::GetEventResponse* response) {
  for (const v1::Event& event : stored) {
    if (event.id() == request->event_id()) *response->mutable_event() = event;
  }
  return response->has_event() ? grpc::Status::OK : kNotFound;
}

grpc::Status FakeBounces::Reclassify(grpc::ServerContext*, const v1::ReclassifyRequest* request,
                                     grpc::ServerWriter<v1::ReclassifyResponse>* writer) {
  reclassified.push_back(*request);
  for (const v1::ReclassifyResponse& answer : reclassify_answers) writer->Write(answer);
  while (reclassify_goes_on && writer->Write(reclassify_answers.back())) {
  }
  return reclassify_status;
}

grpc::Status FakeBounces::GetEvidence(grpc::ServerContext*, const v1::GetEvidenceRequest* request,
                                      grpc::ServerWriter<v1::GetEvidenceResponse>* writer) {
  if (request->event_id() != 1) return kNotFound;
  for (char c : evidence) {
    v1::GetEvidenceResponse response;
    response.set_chunk(std::string(1, c));
    writer->Write(response);
  }
  return grpc::Status::OK;
}

grpc::Status FakeBounces::Ingest(grpc::ServerContext*,
                                 grpc::ServerReader<v1::IngestRequest>* reader,
                                 v1::IngestResponse* response) {
  Ingested whole;
  v1::IngestRequest request;
  while (reader->Read(&request)) {
    if (whole.requests++ == 0) {
      whole.return_path = request.return_path();
      whole.reverse_path = request.reverse_path();
    }
    whole.message += request.chunk();
  }
  ingested.push_back(whole);
  response->set_message_id(static_cast<std::int64_t>(ingested.size()));
  response->add_event_ids(7);
  return ingest_status;
}

grpc::Status FakeBounces::RecordDeliveries(grpc::ServerContext*,
                                           const v1::RecordDeliveriesRequest* request,
                                           v1::RecordDeliveriesResponse* response) {
  if (!record_statuses.empty()) {
    const grpc::Status status = record_statuses.front();
    record_statuses.erase(record_statuses.begin());
    return status;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    recorded_.push_back(*request);
  }
  for (int i = 0; i < request->attempts_size(); ++i) {
    if (!request->attempts(i).address().starts_with("bad")) continue;
    v1::RejectedAttempt& rejected = *response->add_rejected();
    rejected.set_index(i);
    rejected.set_message("address: is bad");
  }
  response->set_recorded(request->attempts_size() - response->rejected_size());
  response->set_changed(1);
  return grpc::Status::OK;
}

grpc::Status FakeReturnPaths::Mint(grpc::ServerContext*, const v1::MintRequest* request,
                                   v1::MintResponse* response) {
  minted.push_back(*request);
  response->set_return_path("bo-" + request->recipient());
  if (request->unsubscribe()) response->set_mailto_uri("mailto:uo-" + request->recipient());
  response->set_form(request->form());
  return grpc::Status::OK;
}

grpc::Status FakeReturnPaths::Verify(grpc::ServerContext*, const v1::VerifyRequest* request,
                                     v1::VerifyResponse* response) {
  if (request->return_path().find('@') == std::string::npos) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "return_path: no @"};
  }
  response->set_accepted(request->return_path().starts_with("bo-"));
  if (!response->accepted()) response->set_refusal("forged");
  response->set_covers_recipient(request->recipient() == "r@x.example");
  return grpc::Status::OK;
}

grpc::Status FakeReturnPaths::ListKeys(grpc::ServerContext*, const v1::ListKeysRequest*,
                                       v1::ListKeysResponse* response) {
  for (const v1::ReturnPathKey& key : keys) *response->add_keys() = key;
  return grpc::Status::OK;
}

grpc::Status FakeReturnPaths::RevokeKey(grpc::ServerContext*, const v1::RevokeKeyRequest* request,
                                        v1::RevokeKeyResponse* response) {
  revoked.push_back(*request);
  if (request->key_id() != "a") return kNotFound;
  v1::ReturnPathKey& key = *response->mutable_key();
  key.set_domain(request->domain());
  key.set_tenant("acme");
  key.set_id("a");
  key.mutable_revoke_time()->set_seconds(1'800'000'000);
  key.set_revoke_author(request->author());
  response->set_signing_key_id(signing_key_id);
  return grpc::Status::OK;
}

grpc::Status FakeMaintenance::Backup(grpc::ServerContext*, const v1::BackupRequest*,
                                     grpc::ServerWriter<v1::BackupResponse>* writer) {
  for (const v1::BackupResponse& response : backup) writer->Write(response);
  return backup_status;
}

grpc::Status FakeMaintenance::CheckIntegrity(
    grpc::ServerContext*, const v1::CheckIntegrityRequest* request,
    grpc::ServerWriter<v1::CheckIntegrityResponse>* writer) {
  checked.push_back(*request);
  v1::CheckIntegrityResponse response;
  response.mutable_progress()->set_phase(v1::MAINTENANCE_PHASE_CHECKING);
  writer->Write(response);
  *response.mutable_result() = findings;
  writer->Write(response);
  return grpc::Status::OK;
}

grpc::Status FakeAdmin::ApplyPolicies(grpc::ServerContext*, const v1::ApplyPoliciesRequest* request,
                                      v1::ApplyPoliciesResponse* response) {
  applications.push_back(*request);
  *response = applied;
  return apply_status;
}

grpc::Status FakeAdmin::GetPolicies(grpc::ServerContext*, const v1::GetPoliciesRequest* request,
                                    v1::GetPoliciesResponse* response) {
  asked.push_back(*request);
  *response = policies;
  return grpc::Status::OK;
}

grpc::Status FakeAdmin::ListPolicyRevisions(grpc::ServerContext*,
                                            const v1::ListPolicyRevisionsRequest* request,
                                            v1::ListPolicyRevisionsResponse* response) {
  const std::size_t at = request->page_token().empty() ? 0 : std::stoul(request->page_token());
  if (at < revisions.size()) *response->add_revisions() = revisions[at];
  if (at + 1 < revisions.size()) response->set_next_page_token(std::to_string(at + 1));
  return grpc::Status::OK;
}

FakeServer::FakeServer() {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&suppressions);
  builder.RegisterService(&bounces);
  builder.RegisterService(&return_paths);
  builder.RegisterService(&reports);
  builder.RegisterService(&maintenance);
  builder.RegisterService(&admin);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) throw std::runtime_error("no port");
  address_ = "127.0.0.1:" + std::to_string(port);
}

FakeServer::~FakeServer() { Stop(); }

void FakeServer::Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

}  // namespace bounced::cli
