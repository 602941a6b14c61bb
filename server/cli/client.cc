#include "server/cli/client.h"

#include <grpc/impl/codegen/grpc_types.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <cstdint>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/output.h"

namespace bounced::cli {
namespace {

// A page of the largest rows, with room to spare.
constexpr int kMaxMessageOctets = 64 << 20;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageOctets);
  // http_proxy is for the web; a daemon on loopback is not behind it.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

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

Client::Client(std::string server, absl::Duration patience, const Clock& clock)
    : server_(std::move(server)),
      patience_(patience),
      clock_(clock),
      channel_(MakeChannel(server_)) {}

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
      return absl::UnavailableError(
          absl::StrCat("could not reach ", server_, ": ", detail,
                       ". Is bounced running there? --server or BOUNCED_SERVER names another"));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return TooSlow();
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return absl::ResourceExhaustedError(absl::StrCat(
          server_, " has too much to do or no space: ", detail, ". Try again, slower"));
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
