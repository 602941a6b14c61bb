// Where mail and calls of the API come in, by the configuration and by sockets that are handed
// over.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/config/config.h"
#include "server/smtp/server.h"

namespace bounced {

// Sockets that listen already, by the kind of listener that each is: those of the line that says
// `ready`. They are given up to the daemon.
using HandedSockets = std::multimap<std::string, int, std::less<>>;

// The kind of those for the API.
inline constexpr std::string_view kGrpcSocket = "grpc";

// Whether there are such kinds, one socket at most for gRPC, and what each kind needs of the
// configuration. INVALID_ARGUMENT names the one that is wrong and says what there is.
absl::Status CheckSockets(const Config& config, const HandedSockets& sockets);

struct NamedListener {
  std::string_view name;  // of its kind; those of one name stand together
  smtp::ListenerOptions options;
};

// Those of SMTP. Sockets take the place of the addresses of their kind.
std::vector<NamedListener> Listeners(const Config& config, const HandedSockets& sockets);

// "smtp=HOST:PORT,HOST:PORT smtps=HOST:PORT": `addresses` are those of `listeners`, in their order.
std::string ShowAddresses(const std::vector<NamedListener>& listeners,
                          const std::vector<std::string>& addresses);

}  // namespace bounced
