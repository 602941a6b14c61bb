#include "tests/e2e/harness/api_client.h"

#include <google/protobuf/util/time_util.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "bounced/v1/bounce.grpc.pb.h"
#include "bounced/v1/return_path.grpc.pb.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "tests/e2e/harness/deadline.h"

namespace bounced::e2e {
namespace {

// Large pages would hide a fault in paging.
constexpr int kPageSize = 100;
// Where many rows are only counted.
constexpr int kLargestPage = 1000;

void Require(const grpc::Status& status) {
  if (status.ok()) return;
  throw std::runtime_error("the call failed: " + std::to_string(status.error_code()) + ' ' +
                           status.error_message());
}

google::protobuf::Timestamp ToTimestamp(std::chrono::system_clock::time_point time) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(
      std::chrono::nanoseconds(time.time_since_epoch()).count());
}

struct Context : grpc::ClientContext {
  Context() { set_deadline(std::chrono::system_clock::now() + kPatience); }
};

// Another connection each, so that a daemon that was restarted is found at once.
grpc::ChannelArguments OwnConnection() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

template <typename Response, typename Stub, typename Request>
Response Call(Stub& stub,
              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              const Request& request) {
  Context context;
  Response response;
  Require((stub.*method)(&context, request, &response));
  return response;
}

}  // namespace

struct ApiClient::Stubs {
  explicit Stubs(const std::string& server)
      : channel(
            grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), OwnConnection())),
        suppressions(channel),
        bounces(channel),
        return_paths(channel) {}

  std::shared_ptr<grpc::Channel> channel;
  v1::SuppressionService::Stub suppressions;
  v1::BounceService::Stub bounces;
  v1::ReturnPathService::Stub return_paths;
};

ApiClient::ApiClient(const std::string& server) : stubs_(std::make_unique<Stubs>(server)) {}
ApiClient::~ApiClient() = default;

std::string ApiClient::Mint(const std::string& recipient, v1::ReturnPathForm form,
                            const std::string& reference) {
  v1::MintRequest request;
  request.set_recipient(recipient);
  request.set_form(form);
  request.set_reference(reference);
  return Call(stubs_->return_paths, &v1::ReturnPathService::Stub::Mint, request).return_path();
}

v1::Verdict ApiClient::Check(const std::string& address, const std::string& stream) {
  v1::CheckRequest request;
  request.set_address(address);
  request.set_stream(stream);
  return Call(stubs_->suppressions, &v1::SuppressionService::Stub::Check, request).verdict();
}

v1::CheckResponse ApiClient::CheckWithSuppression(const std::string& address) {
  v1::CheckRequest request;
  request.set_address(address);
  return Call(stubs_->suppressions, &v1::SuppressionService::Stub::Check, request);
}

v1::ExplainResponse ApiClient::Explain(const std::string& address) {
  v1::ExplainRequest request;
  request.set_address(address);
  return Call(stubs_->suppressions, &v1::SuppressionService::Stub::Explain, request);
}

std::size_t ApiClient::CountEventsSince(std::chrono::system_clock::time_point since) {
  v1::ListEventsRequest request;
  *request.mutable_received_from() = ToTimestamp(since);
  request.set_page_size(kLargestPage);
  std::size_t count = 0;
  do {
    const v1::ListEventsResponse page =
        Call(stubs_->bounces, &v1::BounceService::Stub::ListEvents, request);
    count += static_cast<std::size_t>(page.events_size());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return count;
}

std::size_t ApiClient::CountSuppressionsSince(std::chrono::system_clock::time_point since) {
  v1::ListSuppressionsRequest request;
  *request.mutable_filter()->mutable_created_from() = ToTimestamp(since);
  request.set_page_size(kLargestPage);
  std::size_t count = 0;
  do {
    const v1::ListSuppressionsResponse page =
        Call(stubs_->suppressions, &v1::SuppressionService::Stub::ListSuppressions, request);
    count += static_cast<std::size_t>(page.suppressions_size());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return count;
}

std::size_t ApiClient::CountSuppressed(const std::vector<std::string>& addresses) {
  constexpr std::size_t kBatch = 1000;
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < addresses.size(); begin += kBatch) {
    v1::BatchCheckRequest request;
    for (std::size_t i = begin; i < std::min(begin + kBatch, addresses.size()); ++i) {
      request.add_addresses(addresses[i]);
    }
    const v1::BatchCheckResponse response =
        Call(stubs_->suppressions, &v1::SuppressionService::Stub::BatchCheck, request);
    for (const int verdict : response.verdicts()) count += verdict == v1::VERDICT_SUPPRESSED;
  }
  return count;
}

std::vector<v1::Event> ApiClient::Events(const std::string& address) {
  v1::ListEventsRequest request;
  request.set_address(address);
  request.set_page_size(kPageSize);
  std::vector<v1::Event> events;
  do {
    v1::ListEventsResponse page =
        Call(stubs_->bounces, &v1::BounceService::Stub::ListEvents, request);
    events.insert(events.end(), page.events().begin(), page.events().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return events;
}

std::vector<v1::Suppression> ApiClient::Suppressions() {
  v1::ListSuppressionsRequest request;
  request.set_page_size(kPageSize);
  std::vector<v1::Suppression> all;
  do {
    v1::ListSuppressionsResponse page =
        Call(stubs_->suppressions, &v1::SuppressionService::Stub::ListSuppressions, request);
    all.insert(all.end(), page.suppressions().begin(), page.suppressions().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

std::vector<v1::Suppression> ApiClient::Export() {
  Context context;
  std::vector<v1::Suppression> all;
  auto reader = stubs_->suppressions.ExportSuppressions(&context, {});
  for (v1::ExportSuppressionsResponse chunk; reader->Read(&chunk);) {
    all.insert(all.end(), chunk.suppressions().begin(), chunk.suppressions().end());
  }
  Require(reader->Finish());
  return all;
}

std::string ApiClient::Evidence(std::int64_t event_id) {
  Context context;
  v1::GetEvidenceRequest request;
  request.set_event_id(event_id);
  std::string message;
  auto reader = stubs_->bounces.GetEvidence(&context, request);
  for (v1::GetEvidenceResponse chunk; reader->Read(&chunk);) message += chunk.chunk();
  Require(reader->Finish());
  return message;
}

v1::DeleteSuppressionResponse ApiClient::Delete(const std::string& address) {
  v1::DeleteSuppressionRequest request;
  request.set_address(address);
  return Call(stubs_->suppressions, &v1::SuppressionService::Stub::DeleteSuppression, request);
}

}  // namespace bounced::e2e
