// A listening socket, from its address.
#pragma once

#include <asio/generic/stream_protocol.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bounced::smtp {

struct Listener {
  asio::generic::stream_protocol protocol;
  int descriptor;       // whose owner is who called
  std::string address;  // "HOST:PORT", with the real port, or the path
};

// Binds and listens, to "HOST:PORT" or "[IPV6]:PORT", port 0 being a free one, or to "/PATH", a
// socket of this machine that anybody on it may connect to. No SO_REUSEPORT: a second daemon on the
// port or path must fail; a path that nobody listens on any more is taken over. INVALID_ARGUMENT:
// `address` is neither; UNAVAILABLE: it cannot be bound.
absl::StatusOr<Listener> Listen(std::string_view address);

// Takes over a socket that listens already, as systemd hands one over. INVALID_ARGUMENT: it is
// none.
absl::StatusOr<Listener> Adopt(int descriptor);

}  // namespace bounced::smtp
