#include "server/api/evidence.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/api/from_proto.h"
#include "server/api/stepped_call.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

// Why there is no message of an event that is there.
absl::Status NoMessage(const StoredEvent& event, absl::Time now, KeepDays keep) {
  const Day end = DayOf(event.message.receive_time) + keep.evidence;
  if (event.message_octets == 0) {
    return absl::NotFoundError(absl::StrCat(
        "event ", event.event.id, " rests on no message: it is what one's own mail system saw"));
  }
  if (end <= DayOf(now)) {
    return absl::NotFoundError(
        absl::StrCat("the message of event ", event.event.id, " has expired on ", ShownDay(end),
                     ": messages are kept for ", keep.evidence, " days (store.evidence_days)"));
  }
  return absl::NotFoundError(absl::StrCat("the message of event ", event.event.id,
                                          " is not kept: more than store.evidence_per_return_path "
                                          "came to its return path, or more than "
                                          "store.unvouched_evidence_per_day where anybody can "
                                          "send, or an address was forgotten that it "
                                          "named"));
}

class EvidenceStream final : public SteppedCall<v1::GetEvidenceResponse> {
 public:
  EvidenceStream(const Services& services, const grpc::CallbackServerContext* context,
                 v1::GetEvidenceRequest request)
      : SteppedCall(services, context), request_(std::move(request)), held_(services.budget) {
    OnWorker([this] {
      if (absl::Status status = Read(); !status.ok()) return End(status);
      WriteChunk();
    });
  }

 private:
  void Taken() override { WriteChunk(); }

  absl::Status Read() {
    absl::StatusOr<std::string_view> tenant = TenantOf(CallerOf(*context_), request_.tenant());
    if (!tenant.ok()) return tenant.status();
    // What it takes is known before it is read.
    absl::StatusOr<StoredEvent> event =
        services_.parts.store.GetEvent(*tenant, request_.event_id());
    if (!event.ok()) return event.status();
    if (!event->has_evidence) {
      return NoMessage(*event, services_.parts.clock.Now(), services_.parts.keep);
    }
    if (!held_.Take(static_cast<std::size_t>(event->message_octets))) {
      return absl::ResourceExhaustedError("messages held for other calls take all there is");
    }
    absl::StatusOr<std::string> message =
        services_.parts.store.GetEvidence(*tenant, request_.event_id());
    if (!message.ok()) return message.status();
    message_ = *std::move(message);
    return absl::OkStatus();
  }

  void WriteChunk() {
    if (sent_ == message_.size()) return Finish(grpc::Status::OK);
    response_.set_chunk(message_.substr(sent_, kEvidenceChunkOctets));
    sent_ += response_.chunk().size();
    Give();
  }

  const v1::GetEvidenceRequest request_;
  OctetBudget::Share held_;
  std::string message_;
  std::size_t sent_ = 0;
};

}  // namespace

grpc::ServerWriteReactor<v1::GetEvidenceResponse>* NewEvidence(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::GetEvidenceRequest& request) {
  return new EvidenceStream(services, context, request);
}

}  // namespace bounced::api
