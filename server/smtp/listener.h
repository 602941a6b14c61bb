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
  std::string address;  // "HOST:PORT", with the real port
};

// Binds and listens. No SO_REUSEPORT: a second daemon on the port must fail. INVALID_ARGUMENT:
// `address` is not HOST:PORT; UNAVAILABLE: it cannot be bound.
absl::StatusOr<Listener> Listen(std::string_view address);

}  // namespace bounced::smtp
