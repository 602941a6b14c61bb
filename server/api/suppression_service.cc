#include "server/api/suppression_service.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

#include "server/api/address_export.h"
#include "server/api/changes.h"
#include "server/api/check_stream.h"
#include "server/api/explain.h"
#include "server/api/export.h"
#include "server/api/forget.h"
#include "server/api/from_proto.h"
#include "server/api/import.h"
#include "server/api/pages.h"
#include "server/api/stand_ins.h"
#include "server/api/to_proto.h"
#include "server/api/watch.h"
#include "server/api/watch_token.h"

namespace bounced::api {
namespace {

// Why nothing is explained of "@example.com".
constexpr char kIsADomain[] =
    "it stands for all of a domain; what holds for that is in the list (`bouncectl get`), and in "
    "the explanation of each address of it";

absl::Status Get(const Store& store, const Caller& caller, const v1::GetSuppressionRequest& request,
                 v1::GetSuppressionResponse& response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  if (absl::Status s = CheckStreamName("stream", request.stream()); !s.ok()) return s;
  absl::StatusOr<Address> address = EntryOf("address", request.address());
  if (!address.ok()) return address.status();
  absl::StatusOr<std::optional<Source>> source = SourceOf("source", request.source());
  if (!source.ok()) return source.status();
  absl::StatusOr<std::vector<Suppression>> rows = store.FindSuppressions(*tenant, *address);
  if (!rows.ok()) return rows.status();
  std::erase_if(*rows, [&](const Suppression& row) {
    return row.stream != request.stream() || (*source && row.source != **source);
  });
  const Suppression* found = Strongest(*rows, request.stream(), absl::InfinitePast());
  if (found == nullptr) return absl::NotFoundError("there is no such suppression");
  *response.mutable_suppression() = ToProto(*found);
  return absl::OkStatus();
}

absl::Status List(const Store& store, const Caller& caller,
                  const v1::ListSuppressionsRequest& request, absl::Time now,
                  v1::ListSuppressionsResponse& response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  absl::StatusOr<SuppressionFilter> filter = FilterOf(*tenant, request.filter(), now);
  if (!filter.ok()) return filter.status();
  // What comes from here on is told, also while the page is read.
  std::string watch_token;
  if (request.page_token().empty()) {
    watch_token = MakeWatchToken(store, *tenant, {.number = store.change_feed().newest()});
  }
  absl::Status status = AddPage(
      request, ListOf(request, *tenant),
      [&](int size, Cursor cursor) { return store.ListSuppressions(*filter, size, cursor); },
      response, &v1::ListSuppressionsResponse::add_suppressions);
  if (status.ok()) response.set_watch_token(std::move(watch_token));
  return status;
}

absl::StatusOr<PutSuppressions> PutOf(const Store& store, const Caller& caller,
                                      const v1::CreateSuppressionRequest& request, absl::Time now) {
  if (absl::Status s = CheckOctets("author", request.author(), kMaxAuthorOctets); !s.ok()) {
    return s;
  }
  absl::StatusOr<Suppression> suppression = ManualSuppressionOf(caller, request.suppression(), now);
  if (!suppression.ok()) return suppression.status();
  if (absl::Status s = CheckStandIn(store, "suppression.", *suppression); !s.ok()) return s;
  PutSuppressions put;
  put.suppressions.push_back(*std::move(suppression));
  put.author = AuthorOf(caller, request.author());
  const Suppression& row = put.suppressions.front();
  put.cause = row.explanation.empty() ? row.reason : row.explanation;
  put.replace = request.replace();
  put.batch = std::make_shared<Batch>();
  return put;
}

absl::StatusOr<RemoveSuppressions> RemoveOf(const Caller& caller,
                                            const v1::DeleteSuppressionRequest& request) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  for (const absl::Status& status : {CheckStreamName("stream", request.stream()),
                                     CheckOctets("cause", request.cause(), kMaxCauseOctets),
                                     CheckOctets("author", request.author(), kMaxAuthorOctets)}) {
    if (!status.ok()) return status;
  }
  absl::StatusOr<Address> address = EntryOf("address", request.address());
  if (!address.ok()) return address.status();
  absl::StatusOr<std::optional<Source>> source = SourceOf("source", request.source());
  if (!source.ok()) return source.status();
  RemoveSuppressions remove;
  remove.tenant = std::string(*tenant);
  remove.stream = request.stream();
  remove.address = *std::move(address);
  remove.source = *source;
  remove.author = AuthorOf(caller, request.author());
  remove.cause = request.cause();
  return remove;
}

absl::StatusOr<PutAllowance> AllowanceOf(const Store& store, const Caller& caller,
                                         const v1::CreateAllowanceRequest& request,
                                         absl::Time now) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  for (const absl::Status& status : {CheckOctets("note", request.note(), kMaxCauseOctets),
                                     CheckOctets("author", request.author(), kMaxAuthorOctets)}) {
    if (!status.ok()) return status;
  }
  absl::StatusOr<Address> address = EntryOf("address", request.address());
  if (!address.ok()) return address.status();
  if (absl::Status s = CheckStandIn(store, "address", *tenant, *address); !s.ok()) return s;
  return PutAllowance{.allowance = {.tenant = std::string(*tenant),
                                    .address = *std::move(address),
                                    .create_time = now,
                                    .author = AuthorOf(caller, request.author()),
                                    .note = request.note()}};
}

absl::StatusOr<RemoveAllowance> RemoveOf(const Caller& caller,
                                         const v1::DeleteAllowanceRequest& request) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  for (const absl::Status& status : {CheckOctets("cause", request.cause(), kMaxCauseOctets),
                                     CheckOctets("author", request.author(), kMaxAuthorOctets)}) {
    if (!status.ok()) return status;
  }
  absl::StatusOr<Address> address = EntryOf("address", request.address());
  if (!address.ok()) return address.status();
  return RemoveAllowance{.tenant = std::string(*tenant),
                         .address = *std::move(address),
                         .author = AuthorOf(caller, request.author()),
                         .cause = request.cause()};
}

absl::Status List(const Store& store, const Caller& caller,
                  const v1::ListAllowancesRequest& request, v1::ListAllowancesResponse& response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  return AddPage(
      request, ListOf(request, *tenant),
      [&](int size, Cursor cursor) { return store.ListAllowances(*tenant, size, cursor); },
      response, &v1::ListAllowancesResponse::add_allowances);
}

// Adds the events that suppressions rest on and that are not among the newest.
absl::Status AddGrounds(const Store& store, std::string_view tenant, AddressDossier& dossier) {
  for (const Suppression& suppression : dossier.standing.suppressions) {
    const std::int64_t id = suppression.event_id;
    const bool is_there =
        id == 0 || suppression.tenant != tenant ||
        std::any_of(dossier.events.begin(), dossier.events.end(),
                    [id](const StoredEvent& stored) { return stored.event.id == id; });
    if (is_there) continue;
    absl::StatusOr<StoredEvent> stored = store.GetEvent(tenant, id);
    if (absl::IsNotFound(stored.status())) continue;
    if (!stored.ok()) return stored.status();
    dossier.events.push_back(*std::move(stored));
  }
  return absl::OkStatus();
}

absl::Status ExplainTo(const Services& services, const Caller& caller,
                       const v1::ExplainRequest& request, v1::ExplainResponse& response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  if (absl::Status s = CheckStreamName("stream", request.stream()); !s.ok()) return s;
  absl::StatusOr<Address> address = Address::Parse(request.address());
  if (!address.ok()) {
    const bool is_domain = Address::ParseEntry(request.address()).ok();
    response =
        ExplainInvalid(is_domain ? absl::InvalidArgumentError(kIsADomain) : address.status());
    return absl::OkStatus();
  }
  absl::StatusOr<AddressDossier> dossier =
      services.parts.store.GetDossier(*tenant, *address, kMaxExplainedEvents, kMaxExplainedChanges);
  if (!dossier.ok()) return dossier.status();
  if (absl::Status s = AddGrounds(services.parts.store, *tenant, *dossier); !s.ok()) return s;
  const std::shared_ptr<const Policies> policies = services.parts.committer.policies();
  response = Explain(*dossier, policies->Of(*tenant, request.stream()), request.stream(),
                     services.parts.clock.Now(), services.parts.keep);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* SuppressionService::Check(grpc::CallbackServerContext* context,
                                                    const v1::CheckRequest* request,
                                                    v1::CheckResponse* response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(CallerOf(*context), request->tenant());
  if (!tenant.ok()) return Answer(context, services_.ToGrpc(tenant.status()));
  if (absl::Status s = CheckStreamName("stream", request->stream()); !s.ok()) {
    return Answer(context, services_.ToGrpc(s));
  }
  absl::StatusOr<Checker::Answer> answer = checker_.CheckWithCause(
      *tenant, request->stream(), request->address(), services_.parts.clock.Now());
  if (!answer.ok()) return Answer(context, services_.ToGrpc(answer.status()));
  response->set_verdict(ToProto(answer->verdict));
  if (answer->suppression) *response->mutable_suppression() = ToProto(*answer->suppression);
  return Answer(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* SuppressionService::BatchCheck(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  absl::StatusOr<grpc::ByteBuffer> answer =
      BatchChecker(checker_).Answer(CallerOf(*context), *request, services_.parts.clock.Now());
  if (answer.ok()) *response = *std::move(answer);
  return Answer(context, services_.ToGrpc(answer.status()));
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* SuppressionService::CheckStream(
    grpc::CallbackServerContext* context) {
  return NewCheckStream(services_, checker_, *context);
}

grpc::ServerUnaryReactor* SuppressionService::GetSuppression(
    grpc::CallbackServerContext* context, const v1::GetSuppressionRequest* request,
    v1::GetSuppressionResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(Get(services_.parts.store, CallerOf(*context), *request, *response));
  });
}

grpc::ServerUnaryReactor* SuppressionService::ListSuppressions(
    grpc::CallbackServerContext* context, const v1::ListSuppressionsRequest* request,
    v1::ListSuppressionsResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(List(services_.parts.store, CallerOf(*context), *request,
                                 services_.parts.clock.Now(), *response));
  });
}

grpc::ServerUnaryReactor* SuppressionService::CreateSuppression(
    grpc::CallbackServerContext* context, const v1::CreateSuppressionRequest* request,
    v1::CreateSuppressionResponse* response) {
  absl::StatusOr<PutSuppressions> put =
      PutOf(services_.parts.store, CallerOf(*context), *request, services_.parts.clock.Now());
  if (!put.ok()) return Answer(context, services_.ToGrpc(put.status()));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  services_.parts.committer.Submit(*std::move(put), [this, reactor, response](absl::Status status,
                                                                              Work work) {
    const auto& done = std::get<PutSuppressions>(work);
    const bool stood =
        status.ok() &&
        (done.outcomes[0] == PutSuppressions::Outcome::kExists ||
         (done.outcomes[0] == PutSuppressions::Outcome::kUnchanged && !done.replace));
    if (stood) {
      status = absl::AlreadyExistsError("one with this key stands; set `replace` to replace it");
    }
    if (status.ok()) *response->mutable_suppression() = ToProto(done.suppressions[0]);
    response->set_batch(done.batch->id);
    reactor->Finish(services_.ToGrpc(status));
  });
  return reactor;
}

grpc::ServerUnaryReactor* SuppressionService::DeleteSuppression(
    grpc::CallbackServerContext* context, const v1::DeleteSuppressionRequest* request,
    v1::DeleteSuppressionResponse* response) {
  absl::StatusOr<RemoveSuppressions> remove = RemoveOf(CallerOf(*context), *request);
  if (!remove.ok()) return Answer(context, services_.ToGrpc(remove.status()));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  services_.parts.committer.Submit(*std::move(remove),
                                   [this, reactor, response](absl::Status status, Work work) {
                                     const auto& done = std::get<RemoveSuppressions>(work);
                                     if (status.ok() && done.removed.empty()) {
                                       status = absl::NotFoundError("there is no such suppression");
                                     }
                                     if (status.ok()) {
                                       for (const Suppression& row : done.removed)
                                         *response->add_suppressions() = ToProto(row);
                                     }
                                     reactor->Finish(services_.ToGrpc(status));
                                   });
  return reactor;
}

grpc::ServerUnaryReactor* SuppressionService::CreateAllowance(
    grpc::CallbackServerContext* context, const v1::CreateAllowanceRequest* request,
    v1::CreateAllowanceResponse* response) {
  absl::StatusOr<PutAllowance> put =
      AllowanceOf(services_.parts.store, CallerOf(*context), *request, services_.parts.clock.Now());
  if (!put.ok()) return Answer(context, services_.ToGrpc(put.status()));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  services_.parts.committer.Submit(*std::move(put),
                                   [this, reactor, response](absl::Status status, Work work) {
                                     const auto& done = std::get<PutAllowance>(work);
                                     if (status.ok() && !done.is_new) {
                                       status = absl::AlreadyExistsError("it is allowed already");
                                     }
                                     if (status.ok())
                                       *response->mutable_allowance() = ToProto(done.allowance);
                                     reactor->Finish(services_.ToGrpc(status));
                                   });
  return reactor;
}

grpc::ServerUnaryReactor* SuppressionService::DeleteAllowance(
    grpc::CallbackServerContext* context, const v1::DeleteAllowanceRequest* request,
    v1::DeleteAllowanceResponse*) {
  absl::StatusOr<RemoveAllowance> remove = RemoveOf(CallerOf(*context), *request);
  if (!remove.ok()) return Answer(context, services_.ToGrpc(remove.status()));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  services_.parts.committer.Submit(*std::move(remove),
                                   [this, reactor](absl::Status status, Work work) {
                                     if (status.ok() && !std::get<RemoveAllowance>(work).removed) {
                                       status = absl::NotFoundError("there is no such allowance");
                                     }
                                     reactor->Finish(services_.ToGrpc(status));
                                   });
  return reactor;
}

grpc::ServerUnaryReactor* SuppressionService::ListAllowances(
    grpc::CallbackServerContext* context, const v1::ListAllowancesRequest* request,
    v1::ListAllowancesResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(List(services_.parts.store, CallerOf(*context), *request, *response));
  });
}

grpc::ServerReadReactor<v1::ImportSuppressionsRequest>* SuppressionService::ImportSuppressions(
    grpc::CallbackServerContext* context, v1::ImportSuppressionsResponse* response) {
  return NewImport(services_, *context, response);
}

grpc::ServerBidiReactor<v1::ImportSuppressionsRequest, v1::ImportStreamResponse>*
SuppressionService::ImportStream(grpc::CallbackServerContext* context) {
  return NewImportStream(services_, *context);
}

grpc::ServerWriteReactor<v1::ExportSuppressionsResponse>* SuppressionService::ExportSuppressions(
    grpc::CallbackServerContext* context, const v1::ExportSuppressionsRequest* request) {
  return NewExport(services_, context, *request);
}

grpc::ServerWriteReactor<v1::WatchSuppressionsResponse>* SuppressionService::WatchSuppressions(
    grpc::CallbackServerContext* context, const v1::WatchSuppressionsRequest* request) {
  return NewWatch(services_, context, *request);
}

grpc::ServerUnaryReactor* SuppressionService::ListChanges(grpc::CallbackServerContext* context,
                                                          const v1::ListChangesRequest* request,
                                                          v1::ListChangesResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(
        ListChangesTo(services_.parts.store, CallerOf(*context), *request, *response));
  });
}

grpc::ServerWriteReactor<v1::UndoChangesResponse>* SuppressionService::UndoChanges(
    grpc::CallbackServerContext* context, const v1::UndoChangesRequest* request) {
  return NewUndo(services_, context, *request);
}

grpc::ServerWriteReactor<v1::ExportAddressResponse>* SuppressionService::ExportAddress(
    grpc::CallbackServerContext* context, const v1::ExportAddressRequest* request) {
  return NewAddressExport(services_, context, *request);
}

grpc::ServerWriteReactor<v1::ForgetResponse>* SuppressionService::Forget(
    grpc::CallbackServerContext* context, const v1::ForgetRequest* request) {
  return NewForget(services_, context, *request);
}

grpc::ServerUnaryReactor* SuppressionService::Explain(grpc::CallbackServerContext* context,
                                                      const v1::ExplainRequest* request,
                                                      v1::ExplainResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(ExplainTo(services_, CallerOf(*context), *request, *response));
  });
}

}  // namespace bounced::api
