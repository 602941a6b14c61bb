// The way to the server.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"

namespace bounced::cli {

// Cancels a call when one wait in it takes too long. Streams have no deadline of their own, for
// they may run for hours as long as each answer comes in time.
class Watchdog {
 public:
  // `context` outlives the watchdog.
  Watchdog(grpc::ClientContext& context, absl::Duration patience);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // One wait; the time runs as long as the object lives. One at a time.
  class Wait {
   public:
    explicit Wait(Watchdog& watchdog) : watchdog_(watchdog) { watchdog_.Set(true); }
    ~Wait() { watchdog_.Set(false); }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    Watchdog& watchdog_;
  };

  // Whether it was this that cancelled the call.
  bool bit() const;

 private:
  void Set(bool waiting);
  void Run();

  grpc::ClientContext& context_;
  const absl::Duration patience_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;     // under mutex_, as are the next three
  unsigned long round_ = 0;  // counts the waits
  bool bit_ = false;
  bool ended_ = false;
  std::thread thread_;
};

// INVALID_ARGUMENT: not HOST:PORT or unix:PATH. gRPC itself would take a port modulo 65536.
absl::Status CheckServerName(std::string_view server);

// What a connection is made with; octets of files, not their names.
struct ClientOptions {
  std::string server;  // HOST:PORT or unix:PATH
  std::string token;   // empty: none
  bool tls = false;
  std::string authority = {};    // certificates, in PEM; empty: those that the machine trusts
  std::string certificate = {};  // our own, in PEM; empty: none
  std::string key = {};          // set with it
};

// As the command line has it; empty: was not said.
struct ConnectionWords {
  std::string server;
  std::string token;  // what BOUNCED_TOKEN holds
  std::string token_file;
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  bool tls = false;
  bool plaintext = false;
};

// Reads the files. What is on another machine is reached under TLS unless it is said that it should
// not, and a token never goes there in the clear. INVALID_ARGUMENT says what is wrong.
absl::StatusOr<ClientOptions> ReadConnection(const ConnectionWords& words);

// Whether gRPC says so of a call that had reached the server: of the connection it was cut from, or
// in the server's own words.
bool WasConnected(std::string_view said);

// What to do when a server cannot be reached, by what gRPC says of it. `tls`: as ClientOptions has
// it.
std::string_view ConnectAdvice(std::string_view said, bool tls);

// One server of the API, reached when first asked. Calls may come from several threads.
class Client {
 public:
  // `patience` is for one answer.
  Client(const ClientOptions& options, absl::Duration patience, const Clock& clock);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& server() const { return server_; }
  absl::Duration patience() const { return patience_; }

  // The stub of a generated service.
  template <typename Service>
  auto Stub() const {
    return Service::NewStub(channel_);
  }

  // Runs a unary call with a deadline.
  absl::Status Unary(const std::function<grpc::Status(grpc::ClientContext*)>& call) const;

  // How a call ended, in words that say what to do next.
  absl::Status FromGrpc(const grpc::Status& status) const;
  // The same of a stream that a watchdog looked after.
  absl::Status FromGrpc(const grpc::Status& status, const Watchdog& watchdog) const;

 private:
  absl::Status TooSlow() const;

  const std::string server_;
  const bool tls_;
  const absl::Duration patience_;
  const Clock& clock_;
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace bounced::cli
