#include "server/api/bounce_service.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/api/evidence.h"
#include "server/api/from_proto.h"
#include "server/api/message_upload.h"
#include "server/api/page_token.h"
#include "server/api/pages.h"
#include "server/api/reclassify.h"
#include "server/api/record_deliveries.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

absl::Status List(const Store& store, const Caller& caller, const v1::ListEventsRequest& request,
                  v1::ListEventsResponse& response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  absl::StatusOr<EventFilter> filter = FilterOf(*tenant, request);
  if (!filter.ok()) return filter.status();
  return AddPage(
      request, ListOf(request, *tenant),
      [&](int size, Cursor cursor) { return store.ListEvents(*filter, size, cursor); }, response,
      &v1::ListEventsResponse::add_events);
}

absl::Status Get(const Store& store, const Caller& caller, const v1::GetEventRequest& request,
                 v1::GetEventResponse& response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  absl::StatusOr<StoredEvent> event = store.GetEvent(*tenant, request.event_id());
  if (!event.ok()) return event.status();
  *response.mutable_event() = ToProto(*event);
  return absl::OkStatus();
}

absl::Status List(const RulesAtWork& rules, const v1::ListRulesRequest& request,
                  v1::ListRulesResponse& response) {
  absl::StatusOr<int> page_size = PageSizeOf(request.page_size());
  if (!page_size.ok()) return page_size.status();
  // Places mean another rule once others are in force.
  const std::string list =
      absl::StrCat(request.GetTypeName(), " ", absl::ToUnixNanos(rules.load_time()));
  absl::StatusOr<Cursor> from = ReadPageToken(request.page_token(), list);
  if (!from.ok()) return from.status();
  const std::size_t most = static_cast<std::size_t>(*page_size);
  std::size_t place = static_cast<std::size_t>(*from);
  for (std::size_t octets = 0; place < rules.counted().size(); ++place) {
    if (octets >= kFullPageOctets || static_cast<std::size_t>(response.rules_size()) == most) break;
    v1::Rule& added = *response.add_rules();
    added = ToProto(rules.counted()[place], rules.hits(place));
    octets += added.ByteSizeLong();
  }
  if (place < rules.counted().size()) {
    response.set_next_page_token(MakePageToken(static_cast<Cursor>(place), list));
  }
  *response.mutable_load_time() = ToProto(rules.load_time());
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* BounceService::ListEvents(grpc::CallbackServerContext* context,
                                                    const v1::ListEventsRequest* request,
                                                    v1::ListEventsResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(List(services_.parts.store, CallerOf(*context), *request, *response));
  });
}

grpc::ServerUnaryReactor* BounceService::GetEvent(grpc::CallbackServerContext* context,
                                                  const v1::GetEventRequest* request,
                                                  v1::GetEventResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(Get(services_.parts.store, CallerOf(*context), *request, *response));
  });
}

grpc::ServerWriteReactor<v1::GetEvidenceResponse>* BounceService::GetEvidence(
    grpc::CallbackServerContext* context, const v1::GetEvidenceRequest* request) {
  return NewEvidence(services_, context, *request);
}

grpc::ServerReadReactor<v1::ClassifyRequest>* BounceService::Classify(
    grpc::CallbackServerContext* context, v1::ClassifyResponse* response) {
  return NewClassify(services_, context, response);
}

grpc::ServerUnaryReactor* BounceService::ListRules(grpc::CallbackServerContext* context,
                                                   const v1::ListRulesRequest* request,
                                                   v1::ListRulesResponse* response) {
  return Answer(context, services_.ToGrpc(List(*services_.parts.rules.Get(), *request, *response)));
}

grpc::ServerReadReactor<v1::IngestRequest>* BounceService::Ingest(
    grpc::CallbackServerContext* context, v1::IngestResponse* response) {
  return NewIngest(services_, context, response);
}

grpc::ServerUnaryReactor* BounceService::RecordDeliveries(
    grpc::CallbackServerContext* context, const v1::RecordDeliveriesRequest* request,
    v1::RecordDeliveriesResponse* response) {
  return AnswerRecordDeliveries(services_, context, *request, *response);
}

grpc::ServerWriteReactor<v1::ReclassifyResponse>* BounceService::Reclassify(
    grpc::CallbackServerContext* context, const v1::ReclassifyRequest* request) {
  return NewReclassify(services_, context, *request);
}

}  // namespace bounced::api
