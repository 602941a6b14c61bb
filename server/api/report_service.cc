#include "server/api/report_service.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "server/api/from_proto.h"
#include "server/api/pages.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

// None: an error.
std::optional<bounced::ResolveIncident::Resolution> ResolutionOf(
    v1::ResolveIncidentRequest::Resolution resolution) {
  using Resolution = bounced::ResolveIncident::Resolution;
  switch (resolution) {
    case v1::ResolveIncidentRequest::RESOLUTION_CONFIRM:
      return Resolution::kConfirm;
    case v1::ResolveIncidentRequest::RESOLUTION_RELEASE:
      return Resolution::kRelease;
    case v1::ResolveIncidentRequest::RESOLUTION_CLOSE:
      return Resolution::kClose;
    case v1::ResolveIncidentRequest::RESOLUTION_ACKNOWLEDGE:
      return Resolution::kAcknowledge;
    default:
      return std::nullopt;
  }
}

absl::Status List(const Store& store, const Caller& caller, const v1::ListIncidentsRequest& request,
                  v1::ListIncidentsResponse& response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  absl::StatusOr<IncidentFilter> filter = FilterOf(*tenant, request);
  if (!filter.ok()) return filter.status();
  return AddPage(
      request, ListOf(request, *tenant),
      [&](int size, Cursor cursor) { return store.ListIncidents(*filter, size, cursor); }, response,
      &v1::ListIncidentsResponse::add_incidents);
}

absl::StatusOr<ResolveIncident> ResolveOf(const Caller& caller,
                                          const v1::ResolveIncidentRequest& request) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  for (const absl::Status& status : {CheckOctets("cause", request.cause(), kMaxCauseOctets),
                                     CheckOctets("author", request.author(), kMaxAuthorOctets)}) {
    if (!status.ok()) return status;
  }
  const auto resolution = ResolutionOf(request.resolution());
  if (!resolution) {
    return Invalid(
        "resolution",
        "must be RESOLUTION_CONFIRM or RESOLUTION_RELEASE of a quarantine, and of others "
        "RESOLUTION_CLOSE or RESOLUTION_ACKNOWLEDGE");
  }
  ResolveIncident resolve;
  resolve.tenant = std::string(*tenant);
  resolve.incident_id = request.incident_id();
  resolve.resolution = *resolution;
  resolve.author = AuthorOf(caller, request.author());
  resolve.cause = request.cause();
  return resolve;
}

absl::Status Outcome(const bounced::ResolveIncident& done) {
  if (!done.incident) return absl::NotFoundError("there is no such incident");
  if (!done.was_open) return absl::FailedPreconditionError("it has been resolved before");
  if (!done.fits) {
    return absl::FailedPreconditionError(done.incident->kind == Incident::Kind::kQuarantine
                                             ? "it is a quarantine: confirm or release it"
                                             : "it is no quarantine: close or acknowledge it");
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ReportService::ListIncidents(grpc::CallbackServerContext* context,
                                                       const v1::ListIncidentsRequest* request,
                                                       v1::ListIncidentsResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(List(services_.parts.store, CallerOf(*context), *request, *response));
  });
}

grpc::ServerUnaryReactor* ReportService::ResolveIncident(grpc::CallbackServerContext* context,
                                                         const v1::ResolveIncidentRequest* request,
                                                         v1::ResolveIncidentResponse* response) {
  absl::StatusOr<bounced::ResolveIncident> resolve = ResolveOf(CallerOf(*context), *request);
  if (!resolve.ok()) return Answer(context, services_.ToGrpc(resolve.status()));
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  services_.parts.committer.Submit(*std::move(resolve),
                                   [this, reactor, response](absl::Status status, Work work) {
                                     const auto& done = std::get<bounced::ResolveIncident>(work);
                                     if (status.ok()) status = Outcome(done);
                                     if (status.ok()) {
                                       *response->mutable_incident() = ToProto(*done.incident);
                                       response->set_batch(done.batch.id);
                                     }
                                     reactor->Finish(services_.ToGrpc(status));
                                   });
  return reactor;
}

}  // namespace bounced::api
