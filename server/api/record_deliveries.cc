#include "server/api/record_deliveries.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "server/api/from_proto.h"
#include "server/api/gate.h"
#include "storage/mutex.h"

namespace bounced::api {
namespace {

using Fates = std::vector<absl::StatusOr<AttemptFate>>;

void Reject(int index, const absl::Status& why, v1::RecordDeliveriesResponse& response) {
  v1::RejectedAttempt& rejected = *response.add_rejected();
  rejected.set_index(index);
  rejected.set_message(std::string(why.message()));
}

// Attempts of one tenant, and where each is in the request.
struct TenantAttempts {
  std::vector<DeliveryAttempt> attempts;
  std::vector<int> places;
};

// Adds up what becomes of the attempts of several tenants, each told on whatever thread commits it,
// and answers the call with the last.
class RecordAnswer {
 public:
  RecordAnswer(Services& services, v1::RecordDeliveriesResponse& response,
               grpc::ServerUnaryReactor& reactor, std::size_t tenants)
      : services_(services), response_(response), reactor_(reactor), missing_(tenants) {}

  void Take(const absl::StatusOr<Fates>& fates, const std::vector<int>& places) {
    absl::Status status;
    {
      MutexLock lock(mutex_);
      status_.Update(fates.status());
      if (fates.ok()) Add(*fates, places);
      if (--missing_ > 0) return;
      status = status_;
    }
    if (!status.ok()) return reactor_.Finish(services_.ToGrpc(status));
    std::sort(response_.mutable_rejected()->begin(), response_.mutable_rejected()->end(),
              [](const auto& a, const auto& b) { return a.index() < b.index(); });
    reactor_.Finish(grpc::Status::OK);
  }

 private:
  void Add(const Fates& fates, const std::vector<int>& places)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (std::size_t i = 0; i < fates.size(); ++i) {
      if (!fates[i].ok()) {
        Reject(places[i], fates[i].status(), response_);
        continue;
      }
      response_.set_recorded(response_.recorded() + 1);
      if (*fates[i] == AttemptFate::kChanged) response_.set_changed(response_.changed() + 1);
      if (*fates[i] == AttemptFate::kDuplicate) {
        response_.set_duplicates(response_.duplicates() + 1);
      }
    }
  }

  Services& services_;
  v1::RecordDeliveriesResponse& response_;  // under mutex_ until the last has come
  grpc::ServerUnaryReactor& reactor_;
  Mutex mutex_;
  std::size_t missing_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// Whose a return path of ours is, also one that does not hold: the domain says it, and `postmaster`
// is vouched for at each. None: it is none of ours.
std::optional<std::string> TenantOfReturnPath(const ReturnPaths& paths,
                                              const DeliveryAttempt& attempt) {
  if (!attempt.return_path) return std::nullopt;
  std::optional<Voucher> voucher =
      paths.Vouch("postmaster", attempt.return_path->domain(), attempt.time).voucher;
  if (!voucher || voucher->use != Use::kReturnPath) return std::nullopt;
  return std::move(voucher->tenant);
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
  const std::shared_ptr<const ReturnPaths> paths = services.parts.return_paths.Get();
  std::map<std::string, TenantAttempts> by_tenant;
  for (int i = 0; i < request.attempts_size(); ++i) {
    absl::StatusOr<DeliveryAttempt> attempt = AttemptOf(request.attempts(i), now);
    if (!attempt.ok()) {
      Reject(i, attempt.status(), response);
      continue;
    }
    std::optional<std::string> owner;
    // Who may write for one tenant alone is told of another's return path that it is rejected.
    if (!caller.tenant) owner = TenantOfReturnPath(*paths, *attempt);
    TenantAttempts& mail = by_tenant[owner ? *std::move(owner) : std::string(*tenant)];
    mail.attempts.push_back(*std::move(attempt));
    mail.places.push_back(i);
  }
  if (by_tenant.empty()) return reactor.Finish(grpc::Status::OK);
  auto answer = std::make_shared<RecordAnswer>(services, response, reactor, by_tenant.size());
  for (auto& [owner, mail] : by_tenant) {
    services.parts.intake.Record(
        owner, mail.attempts,
        [answer, places = std::move(mail.places)](const absl::StatusOr<Fates>& fates) {
          answer->Take(fates, places);
        });
  }
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
