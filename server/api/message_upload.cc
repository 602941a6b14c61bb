#include "server/api/message_upload.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/parser.h"
#include "parser/text.h"
#include "server/api/from_proto.h"
#include "server/api/to_proto.h"
#include "server/api/vouch.h"

namespace bounced::api {
namespace {

// Collects the chunks of a message, within the bounds.
template <typename Request>
class Upload : public grpc::ServerReadReactor<Request> {
 public:
  Upload(const Services& services, const grpc::CallbackServerContext* context)
      : services_(services), context_(*context), held_(services.budget) {
    this->StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    // The client has closed its side, or the call broke off: to the reader both look alike. Sending
    // fails on a call that broke off, so what is to be done waits for that.
    if (!ok) return this->StartSendInitialMetadata();
    if (absl::Status s = Take(); !s.ok()) return this->Finish(services_.ToGrpc(s));
    this->StartRead(&request_);
  }

  void OnSendInitialMetadataDone(bool ok) override {
    if (!ok || context_.IsCancelled()) return this->Finish(grpc::Status::CANCELLED);
    if (!begun_) {
      begun_ = true;
      if (absl::Status s = Begin(Request()); !s.ok()) return this->Finish(services_.ToGrpc(s));
    }
    if (absl::Status s = MayGoOn(context_, services_.parts.clock.Now()); !s.ok()) {
      return this->Finish(services_.ToGrpc(s));
    }
    bool queued = services_.workers.Submit([this] { Complete(message_); });
    if (!queued) this->Finish(services_.ToGrpc(TooBusy()));
  }

  void OnDone() override { delete this; }

 protected:
  // Of the first request, or of an empty one when there was none.
  virtual absl::Status Begin(const Request& first) = 0;
  // On a worker; ends with Finish().
  virtual void Complete(std::string_view message) = 0;

  const Services& services_;
  const grpc::CallbackServerContext& context_;

 private:
  absl::Status Take() {
    if (!begun_) {
      begun_ = true;
      if (absl::Status s = Begin(request_); !s.ok()) return s;
    }
    const std::string& chunk = request_.chunk();
    if (absl::Status s = CheckSize("chunk", chunk, kMaxChunkOctets); !s.ok()) return s;
    std::size_t max_octets = services_.parts.max_message_size;
    if (chunk.size() > max_octets - message_.size()) {
      return Invalid("chunk", absl::StrCat("the message is longer than the server's ",
                                           "max_message_size of ", max_octets, " octets"));
    }
    if (!held_.Take(chunk.size())) {
      return absl::ResourceExhaustedError("messages held for other calls take all there is");
    }
    message_ += chunk;
    return absl::OkStatus();
  }

  OctetBudget::Share held_;
  Request request_;
  bool begun_ = false;
  std::string message_;
};

class Classify final : public Upload<v1::ClassifyRequest> {
 public:
  Classify(const Services& services, const grpc::CallbackServerContext* context,
           v1::ClassifyResponse* response)
      : Upload(services, context), response_(response) {}

 private:
  absl::Status Begin(const v1::ClassifyRequest& first) override {
    detail_ = first.explain() ? Detail::kFull : Detail::kVerdict;
    return absl::OkStatus();
  }

  void Complete(std::string_view message) override {
    *response_->mutable_report() =
        ToProto(services_.parts.rules.Get()->parser().Parse(message, detail_));
    Finish(grpc::Status::OK);
  }

  v1::ClassifyResponse* const response_;
  Detail detail_ = Detail::kVerdict;
};

class Ingest final : public Upload<v1::IngestRequest> {
 public:
  Ingest(const Services& services, const grpc::CallbackServerContext* context,
         v1::IngestResponse* response)
      : Upload(services, context), response_(response) {}

 private:
  absl::Status Begin(const v1::IngestRequest& first) override {
    const Parts& parts = services_.parts;
    absl::StatusOr<Address> return_path = AddressOf("return_path", first.return_path());
    if (!return_path.ok()) return return_path.status();
    if (absl::Status s = CheckSize("reverse_path", first.reverse_path(), kMaxPathOctets); !s.ok()) {
      return s;
    }
    arrival_.reverse_path = first.reverse_path();
    absl::Time now = parts.clock.Now();
    arrival_.receive_time = now;
    VouchResult result = Vouch(CallerOf(context_), *parts.return_paths.Get(),
                               return_path->local_part(), return_path->domain(), now);
    if (!result.voucher) {
      return absl::PermissionDeniedError(
          absl::StrCat("the return path does not verify: ", Absl(ToString(result.refusal))));
    }
    vouchers_.push_back(*std::move(result.voucher));
    return absl::OkStatus();
  }

  void Complete(std::string_view message) override {
    services_.parts.intake.Receive(message, std::move(vouchers_), std::move(arrival_),
                                   [this](absl::StatusOr<std::vector<MessageReceipt>> receipts) {
                                     if (!receipts.ok())
                                       return Finish(services_.ToGrpc(receipts.status()));
                                     const MessageReceipt& receipt = receipts->front();
                                     response_->set_message_id(receipt.message_id);
                                     for (std::int64_t id : receipt.event_ids)
                                       response_->add_event_ids(id);
                                     response_->set_duplicate(receipt.duplicate);
                                     Finish(grpc::Status::OK);
                                   });
  }

  v1::IngestResponse* const response_;
  Arrival arrival_;
  std::vector<Voucher> vouchers_;
};

}  // namespace

grpc::ServerReadReactor<v1::ClassifyRequest>* NewClassify(
    const Services& services, const grpc::CallbackServerContext* context,
    v1::ClassifyResponse* response) {
  return new Classify(services, context, response);
}

grpc::ServerReadReactor<v1::IngestRequest>* NewIngest(const Services& services,
                                                      const grpc::CallbackServerContext* context,
                                                      v1::IngestResponse* response) {
  return new Ingest(services, context, response);
}

}  // namespace bounced::api
