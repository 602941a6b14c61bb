#include "server/cli/client.h"

#include <grpc/impl/codegen/grpc_types.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_interceptor.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/base/host_port.h"
#include "server/base/text_file.h"
#include "server/cli/output.h"

namespace bounced::cli {
namespace {

// A page of the largest rows, with room to spare.
constexpr int kMaxMessageOctets = 64 << 20;
// Of a certificate, a key or a token.
constexpr std::size_t kMaxFileOctets = 1 << 20;
// What gRPC says where no call was under way: TCP, TLS or HTTP/2 did not come about.
constexpr std::string_view kNotConnected = "failed to connect";

// Sends the token with a call, whichever it is.
class TokenSender final : public grpc::experimental::Interceptor {
 public:
  explicit TokenSender(const std::string& value) : value_(value) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace("authorization", value_);
    }
    methods->Proceed();
  }

 private:
  const std::string& value_;
};

class TokenSenders final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenSenders(const std::string& token) : value_("Bearer " + token) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new TokenSender(value_);
  }

 private:
  const std::string value_;
};

std::shared_ptr<grpc::Channel> MakeChannel(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageOctets);
  // http_proxy is for the web; a daemon on loopback is not behind it.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  std::shared_ptr<grpc::ChannelCredentials> credentials =
      options.tls ? grpc::SslCredentials({.pem_root_certs = options.authority,
                                          .pem_private_key = options.key,
                                          .pem_cert_chain = options.certificate})
                  : grpc::InsecureChannelCredentials();
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  if (!options.token.empty()) {
    interceptors.push_back(std::make_unique<TokenSenders>(options.token));
  }
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      options.server, credentials, arguments, std::move(interceptors));
}

absl::StatusOr<std::string> ReadOr(const std::string& path, FileKind kind) {
  if (path.empty()) return "";
  absl::StatusOr<std::string> text = ReadTextFile(path, kMaxFileOctets, kind);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  return text;
}

// What a server said, and what to do, unless it has said so itself.
std::string WithAdvice(const std::string& detail, std::string_view advice) {
  const bool is_said = absl::StrContains(absl::AsciiStrToLower(detail), "try again");
  return is_said ? detail : absl::StrCat(detail, ". ", Absl(advice));
}

}  // namespace

bool WasConnected(std::string_view said) { return said.find(kNotConnected) == said.npos; }

std::string_view ConnectAdvice(std::string_view said, bool tls) {
  struct Case {
    std::string_view says;
    bool tls;
    std::string_view advice;
  };
  constexpr Case kCases[] = {
      {"certificate verify failed", true,
       "No authority that is trusted here vouches for its certificate: --ca-file names the "
       "certificate of the one that does"},
      {"is not in peer certificate", true,
       "Its certificate is of another name: --server takes a name that stands in it"},
      {"wrong version number", true, "Does it speak no TLS there? --plaintext goes without"},
      {"Socket closed", true,
       "Does it want a certificate of whoever calls? --cert-file and --key-file name one"},
      {"Socket closed", false, "Does it speak TLS there? --tls or --ca-file does, too"},
  };
  for (const Case& each : kCases) {
    if (each.tls == tls && said.find(each.says) != said.npos) return each.advice;
  }
  return "Is bounced running there? --server or BOUNCED_SERVER names another";
}

absl::Status CheckServerName(std::string_view server) {
  const std::size_t colon = server.rfind(':');
  std::uint32_t port = 0;
  const bool good = colon != server.npos && colon > 0 &&
                    absl::SimpleAtoi(Absl(server.substr(colon + 1)), &port) && port > 0 &&
                    port <= 65'535;
  if (good || server.starts_with("unix:")) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the server is not HOST:PORT, nor unix:PATH: ", Shown(server)));
}

absl::StatusOr<ClientOptions> ReadConnection(const ConnectionWords& words) {
  if (absl::Status status = CheckServerName(words.server); !status.ok()) return status;
  if (words.cert_file.empty() != words.key_file.empty()) {
    return absl::InvalidArgumentError("--cert-file and --key-file go together");
  }
  const bool names_files = !words.ca_file.empty() || !words.cert_file.empty();
  if (words.plaintext && (words.tls || names_files)) {
    return absl::InvalidArgumentError(
        "--plaintext and what is for TLS (--tls, --ca-file, --cert-file) exclude each other");
  }
  ClientOptions options{.server = words.server, .token = words.token};
  options.tls = words.tls || names_files || (!words.plaintext && !IsLocal(words.server));
  if (!words.token_file.empty()) {
    absl::StatusOr<std::string> token = ReadOr(words.token_file, FileKind::kPrivate);
    if (!token.ok()) return token.status();
    token->erase(token->find_last_not_of(" \t\r\n") + 1);
    if (token->empty()) {
      return absl::InvalidArgumentError(absl::StrCat(words.token_file, ": no token in it"));
    }
    options.token = *std::move(token);
  }
  // gRPC ends the process over metadata that no header can hold.
  if (!std::all_of(options.token.begin(), options.token.end(),
                   [](char c) { return c > ' ' && c <= '~'; })) {
    return absl::InvalidArgumentError(
        "the token is none: it has other characters than those of one");
  }
  if (!options.tls && !options.token.empty() && !IsLocal(words.server)) {
    return absl::InvalidArgumentError(
        absl::StrCat("with --plaintext the token would go in the clear to ", Shown(words.server)));
  }
  absl::StatusOr<std::string> authority = ReadOr(words.ca_file, FileKind::kPlain);
  if (!authority.ok()) return authority.status();
  absl::StatusOr<std::string> certificate = ReadOr(words.cert_file, FileKind::kPlain);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> key = ReadOr(words.key_file, FileKind::kPrivate);
  if (!key.ok()) return key.status();
  options.authority = *std::move(authority);
  options.certificate = *std::move(certificate);
  options.key = *std::move(key);
  return options;
}

Watchdog::Watchdog(grpc::ClientContext& context, absl::Duration patience)
    : context_(context), patience_(patience), thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool Watchdog::bit() const {
  std::lock_guard lock(mutex_);
  return bit_;
}

// Does not wake the thread for each of a million waits: it looks again when its time is up.
void Watchdog::Set(bool waiting) {
  std::lock_guard lock(mutex_);
  waiting_ = waiting;
  ++round_;
}

void Watchdog::Run() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    const unsigned long round = round_;
    changed_.wait_for(lock, absl::ToChronoMilliseconds(patience_), [this] { return ended_; });
    if (!ended_ && waiting_ && round == round_) {
      bit_ = true;
      context_.TryCancel();
      return;
    }
  }
}

Client::Client(const ClientOptions& options, absl::Duration patience, const Clock& clock)
    : server_(options.server),
      tls_(options.tls),
      patience_(patience),
      clock_(clock),
      channel_(MakeChannel(options)) {}

absl::Status Client::Unary(const std::function<grpc::Status(grpc::ClientContext*)>& call) const {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(clock_.Now() + patience_));
  return FromGrpc(call(&context));
}

absl::Status Client::FromGrpc(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  const std::string detail = Shown(status.error_message());
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      if (WasConnected(status.error_message())) {
        return absl::UnavailableError(absl::StrCat(
            server_,
            " is not there any more, or cannot serve now: ", WithAdvice(detail, "Try again")));
      }
      return absl::UnavailableError(
          absl::StrCat("could not reach ", server_, ": ", detail, ". ",
                       Absl(ConnectAdvice(status.error_message(), tls_))));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return TooSlow();
    case grpc::StatusCode::CANCELLED:
      return absl::CancelledError(absl::StrCat(server_, " broke the call off",
                                               detail.empty() ? "" : ": ", detail,
                                               ". It may be about to stop or to start again: try "
                                               "again"));
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return absl::ResourceExhaustedError(absl::StrCat(
          server_, " cannot take more now: ", WithAdvice(detail, "Try again, slower")));
    case grpc::StatusCode::UNAUTHENTICATED:
      return absl::UnauthenticatedError(
          absl::StrCat(server_, " wants to know who calls: ", detail,
                       ". --token-file or BOUNCED_TOKEN names a key, --cert-file a certificate"));
    case grpc::StatusCode::UNIMPLEMENTED:
      return absl::UnimplementedError(
          absl::StrCat(server_, " does not know this call: ", detail, ". Is it an older bounced?"));
    case grpc::StatusCode::DATA_LOSS:
      return absl::DataLossError(
          absl::StrCat("the store of ", server_, " failed: ", detail, ". Tell its operator"));
    default:
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()), detail);
  }
}

absl::Status Client::FromGrpc(const grpc::Status& status, const Watchdog& watchdog) const {
  return watchdog.bit() ? TooSlow() : FromGrpc(status);
}

absl::Status Client::TooSlow() const {
  return absl::DeadlineExceededError(absl::StrCat("no answer from ", server_, " within ",
                                                  absl::FormatDuration(patience_),
                                                  ". --timeout SECONDS waits longer"));
}

}  // namespace bounced::cli
