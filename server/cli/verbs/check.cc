// bouncectl check
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bounced/v1/suppression.grpc.pb.h"
#include "parser/text.h"
#include "server/cli/json.h"
#include "server/cli/lines.h"
#include "server/cli/verb.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

// Asked about in one request.
constexpr std::size_t kBatchAddresses = 1'000;

class Checker {
 public:
  explicit Checker(Session& session)
      : session_(session), stub_(session.client().Stub<v1::SuppressionService>()) {}

  bool found() const { return found_; }

  absl::Status Check(const std::vector<std::string>& addresses) {
    v1::BatchCheckRequest request;
    request.set_tenant(session_.tenant());
    request.set_stream(session_.stream());
    for (const std::string& address : addresses) {
      if (IsSendable(address)) request.add_addresses(address);
    }
    v1::BatchCheckResponse response;
    absl::Status status = session_.client().Unary([&](grpc::ClientContext* context) {
      return stub_->BatchCheck(context, request, &response);
    });
    if (!status.ok()) return status;
    if (response.verdicts_size() != request.addresses_size()) {
      return absl::InternalError("the server gave another number of verdicts than of addresses");
    }
    int answer = 0;
    for (const std::string& address : addresses) {
      const v1::Verdict verdict =
          IsSendable(address) ? response.verdicts(answer++) : v1::VERDICT_INVALID;
      status = Tell(address, verdict);
      if (!status.ok()) return status;
    }
    session_.out().Flush();
    return absl::OkStatus();
  }

 private:
  static bool IsSendable(std::string_view address) {
    constexpr std::size_t kMaxAddressOctets = 1'024;  // whatever is longer is none
    return address.size() <= kMaxAddressOctets && IsValidUtf8(address);
  }

  absl::Status Tell(const std::string& address, v1::Verdict verdict) {
    v1::CheckResponse answer;
    answer.set_verdict(verdict);
    if (verdict == v1::VERDICT_SUPPRESSED) {
      absl::Status status = AskWhy(address, answer);
      if (!status.ok()) return status;
    }
    found_ |= answer.verdict() != v1::VERDICT_SEND && answer.verdict() != v1::VERDICT_RISKY;
    if (session_.json()) {
      JsonWriter json;
      json.BeginObject().Key("address").String(address).Merge(ToJson(answer)).EndObject();
      session_.out().Json(json.text());
    } else if (answer.has_suppression()) {
      session_.out().Line({address, Word(answer.verdict()), answer.suppression().reason(),
                           answer.suppression().explanation()});
    } else {
      session_.out().Line({address, Word(answer.verdict())});
    }
    return absl::OkStatus();
  }

  absl::Status AskWhy(const std::string& address, v1::CheckResponse& answer) {
    v1::CheckRequest request;
    request.set_tenant(session_.tenant());
    request.set_stream(session_.stream());
    request.set_address(address);
    return session_.client().Unary(
        [&](grpc::ClientContext* context) { return stub_->Check(context, request, &answer); });
  }

  Session& session_;
  const std::unique_ptr<v1::SuppressionService::Stub> stub_;
  bool found_ = false;
};

absl::Status CheckInput(Session& session, Checker& checker) {
  LineReader lines(session.in());
  for (;;) {
    absl::StatusOr<std::vector<Line>> batch = lines.Next(kBatchAddresses);
    if (!batch.ok()) return batch.status();
    if (batch->empty()) return absl::OkStatus();
    std::vector<std::string> addresses;  // one that was cut is none either way
    for (Line& line : *batch) addresses.push_back(std::move(line.text));
    if (absl::Status status = checker.Check(addresses); !status.ok()) return status;
  }
}

absl::StatusOr<ExitCode> Check(const std::vector<std::string>& addresses, Session& session) {
  Checker checker(session);
  const bool from_input = addresses.size() == 1 && addresses[0] == "-";
  absl::Status status = from_input ? CheckInput(session, checker) : absl::OkStatus();
  for (std::size_t at = 0; !from_input && status.ok() && at < addresses.size();) {
    const std::size_t end = std::min(at + kBatchAddresses, addresses.size());
    status = checker.Check({addresses.begin() + static_cast<std::ptrdiff_t>(at),
                            addresses.begin() + static_cast<std::ptrdiff_t>(end)});
    at = end;
  }
  if (!status.ok()) return status;
  return checker.found() ? ExitCode::kFound : ExitCode::kDone;
}

}  // namespace

Action SetUpCheck(CLI::App& command) {
  auto addresses = std::make_shared<std::vector<std::string>>();
  command.add_option("ADDRESS", *addresses, "Addresses; - alone: a line each on standard input")
      ->required()
      ->type_name("");
  command.footer(
      "Prints a line for each: the address, a tab, and send, suppressed, risky or invalid; behind\n"
      "suppressed the reason and its explanation. Mail may be sent to risky ones: soft bounces "
      "are\n"
      "under way.\n\n"
      "Exit codes: 0 all may be mailed, 1 some are suppressed or invalid, 2 usage, 3 the server\n"
      "could not be reached, did not allow it, or failed");
  return [addresses](Session& session) { return Check(*addresses, session); };
}

}  // namespace bounced::cli
