// Connections for gRPC from a socket that somebody else made, as systemd does.
#pragma once

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

namespace bounced::api {

// The address of a socket that listens: "127.0.0.1:7025", "[::1]:7025" or "unix:PATH".
// It does not block afterwards. INVALID_ARGUMENT: it is no such socket.
absl::StatusOr<std::string> AddressOfListening(int descriptor);

// A thread that takes connections and hands them on. When none can be taken, as without a
// descriptor for it, it rests a moment, and connections wait.
class Acceptor {
 public:
  using Taker = grpc::experimental::ExternalConnectionAcceptor;

  // Owns `descriptor`, which listens and does not block. `taker` is of a server that runs.
  Acceptor(int descriptor, std::unique_ptr<Taker> taker);
  // From then on nothing more is taken.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

 private:
  void Run();

  const int descriptor_;
  const int stop_;  // an eventfd
  const std::unique_ptr<Taker> taker_;
  std::thread thread_;
};

}  // namespace bounced::api
