// The gRPC server: listener, services, health and reflection.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/api/parts.h"

namespace bounced::api {

// What stands between the API and who reaches it.
struct Protection {
  bool has_tls = false;
  bool has_logins = false;  // a key or a certificate is needed, and somebody may have one
};

// Whether the API may be served at `listen` ("HOST:PORT", "[::1]:PORT", "unix:PATH"). What can be
// reached from other machines wants both protections. INVALID_ARGUMENT: not of these forms, or a
// port above 65535; FAILED_PRECONDITION: one is wanting, and the message says what to do.
absl::Status CheckListen(std::string_view listen, const Protection& protection);

// Serves bounced.v1 and grpc.health.v1.Health from the moment that it is made, and where no other
// machine reaches it, reflection. Bounds are in limits.h.
class Server {
 public:
  // Port 0 takes a free one. Where other machines can reach it, nobody calls without a login from
  // then on. Errors: those of CheckListen(); UNAVAILABLE: cannot bind, with the address. All of
  // `parts` outlives the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(std::string_view listen, const Parts& parts);
  // The same on a socket that listens already, which it then owns. Errors: INVALID_ARGUMENT: it
  // does not listen; FAILED_PRECONDITION: as of CheckListen().
  static absl::StatusOr<std::unique_ptr<Server>> Adopt(int descriptor, const Parts& parts);
  // Stops, if that was not done.
  ~Server();

  // "HOST:PORT" with the real port, or "unix:PATH".
  const std::string& address() const;

  // Health says NOT_SERVING, watches end at once, new calls are refused, those under way may end
  // within `grace` and are cancelled then; returns when all have ended. The committer must still
  // run: what was submitted to it is waited for. Done once.
  void Stop(absl::Duration grace);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bounced::api
