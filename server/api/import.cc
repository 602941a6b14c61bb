#include "server/api/import.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/api/from_proto.h"

namespace bounced::api {
namespace {

constexpr std::string_view kCause = "import";

class Import final : public grpc::ServerReadReactor<v1::ImportSuppressionsRequest> {
 public:
  Import(const Services& services, const Caller& caller, v1::ImportSuppressionsResponse* response)
      : services_(services), caller_(caller), response_(response) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    if (absl::Status s = Begin(); !s.ok()) return Finish(services_.ToGrpc(s));
    PutSuppressions put = Rows();
    if (put.suppressions.empty()) return StartRead(&request_);
    services_.parts.committer.Submit(std::move(put), [this](absl::Status status, Work work) {
      Committed(status, std::get<PutSuppressions>(work));
    });
  }

  void OnDone() override { delete this; }

 private:
  // What the first request says counts for all; what each must keep to.
  absl::Status Begin() {
    if (request_.suppressions_size() > kMaxImportRows) {
      return Invalid("suppressions", absl::StrCat("more than ", kMaxImportRows));
    }
    if (begun_) return absl::OkStatus();
    begun_ = true;
    absl::StatusOr<std::string_view> tenant = TenantOf(caller_, request_.tenant());
    if (!tenant.ok()) return tenant.status();
    tenant_ = std::string(*tenant);
    replace_ = request_.replace();
    author_ = AuthorOf(caller_, request_.author());
    return CheckOctets("author", request_.author(), kMaxAuthorOctets);
  }

  // The rows that are well-formed; of the others, what is wrong goes into the answer.
  PutSuppressions Rows() {
    PutSuppressions put;
    put.author = author_;
    put.cause = std::string(kCause);
    put.replace = replace_;
    absl::Time now = services_.parts.clock.Now();
    for (const v1::Suppression& row : request_.suppressions()) {
      absl::StatusOr<Suppression> suppression = ImportedSuppressionOf(tenant_, row, now);
      if (suppression.ok()) {
        put.suppressions.push_back(*std::move(suppression));
      } else {
        Reject(suppression.status());
      }
      ++rows_;
    }
    return put;
  }

  void Reject(const absl::Status& status) {
    response_->set_rejected(response_->rejected() + 1);
    if (response_->errors_size() >= kMaxImportErrors) return;
    v1::ImportError* error = response_->add_errors();
    error->set_index(rows_);
    error->set_message(std::string(status.message()));
  }

  void Committed(const absl::Status& status, const PutSuppressions& put) {
    if (!status.ok()) return Finish(services_.ToGrpc(status));
    for (PutSuppressions::Outcome outcome : put.outcomes) {
      switch (outcome) {
        case PutSuppressions::Outcome::kCreated:
          response_->set_created(response_->created() + 1);
          break;
        case PutSuppressions::Outcome::kReplaced:
          response_->set_replaced(response_->replaced() + 1);
          break;
        case PutSuppressions::Outcome::kExists:
          response_->set_existing(response_->existing() + 1);
          break;
      }
    }
    StartRead(&request_);
  }

  const Services& services_;
  const Caller& caller_;
  v1::ImportSuppressionsResponse* const response_;
  v1::ImportSuppressionsRequest request_;
  bool begun_ = false;
  std::string tenant_;
  std::string author_;
  bool replace_ = false;
  std::int64_t rows_ = 0;  // of the whole stream so far
};

}  // namespace

grpc::ServerReadReactor<v1::ImportSuppressionsRequest>* NewImport(
    const Services& services, const Caller& caller, v1::ImportSuppressionsResponse* response) {
  return new Import(services, caller, response);
}

}  // namespace bounced::api
