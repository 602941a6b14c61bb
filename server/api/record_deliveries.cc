#include "server/api/record_deliveries.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/api/from_proto.h"
#include "server/api/gate.h"

namespace bounced::api {
namespace {

using Fates = std::vector<absl::StatusOr<AttemptFate>>;

void Reject(int index, const absl::Status& why, v1::RecordDeliveriesResponse& response) {
  v1::RejectedAttempt& rejected = *response.add_rejected();
  rejected.set_index(index);
  rejected.set_message(std::string(why.message()));
}

// `places`: in the request, of those that have a fate.
void Tell(const Fates& fates, const std::vector<int>& places,
          v1::RecordDeliveriesResponse& response) {
  int recorded = 0;
  int changed = 0;
  int duplicates = 0;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    if (!fates[i].ok()) {
      Reject(places[i], fates[i].status(), response);
      continue;
    }
    ++recorded;
    changed += *fates[i] == AttemptFate::kChanged ? 1 : 0;
    duplicates += *fates[i] == AttemptFate::kDuplicate ? 1 : 0;
  }
  std::sort(response.mutable_rejected()->begin(), response.mutable_rejected()->end(),
            [](const auto& a, const auto& b) { return a.index() < b.index(); });
  response.set_recorded(recorded);
  response.set_changed(changed);
  response.set_duplicates(duplicates);
}

void Record(Services& services, const Caller& caller, const v1::RecordDeliveriesRequest& request,
            v1::RecordDeliveriesResponse& response, grpc::ServerUnaryReactor& reactor) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return reactor.Finish(services.ToGrpc(tenant.status()));
  // All of them at once are for lists that people keep.
  if (*tenant == kAnyTenant) {
    return reactor.Finish(services.ToGrpc(Invalid("tenant", "mail is of one tenant")));
  }
  if (request.attempts_size() > kMaxDeliveryAttempts) {
    return reactor.Finish(
        services.ToGrpc(Invalid("attempts", absl::StrCat("more than ", kMaxDeliveryAttempts))));
  }
  const absl::Time now = services.parts.clock.Now();
  std::vector<DeliveryAttempt> attempts;
  std::vector<int> places;
  for (int i = 0; i < request.attempts_size(); ++i) {
    absl::StatusOr<DeliveryAttempt> attempt = AttemptOf(request.attempts(i), now);
    if (attempt.ok()) {
      attempts.push_back(*std::move(attempt));
      places.push_back(i);
    } else {
      Reject(i, attempt.status(), response);
    }
  }
  services.parts.intake.Record(*tenant, attempts,
                               [&services, &response, &reactor,
                                places = std::move(places)](const absl::StatusOr<Fates>& fates) {
                                 if (!fates.ok()) {
                                   return reactor.Finish(services.ToGrpc(fates.status()));
                                 }
                                 Tell(*fates, places, response);
                                 reactor.Finish(grpc::Status::OK);
                               });
}

}  // namespace

grpc::ServerUnaryReactor* AnswerRecordDeliveries(Services& services,
                                                 grpc::CallbackServerContext* context,
                                                 const v1::RecordDeliveriesRequest& request,
                                                 v1::RecordDeliveriesResponse& response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool queued = services.workers.Submit([&services, context, &request, &response, reactor] {
    if (context->IsCancelled()) return reactor->Finish(grpc::Status::CANCELLED);
    Record(services, CallerOf(*context), request, response, *reactor);
  });
  if (!queued) reactor->Finish(services.ToGrpc(TooBusy()));
  return reactor;
}

}  // namespace bounced::api
