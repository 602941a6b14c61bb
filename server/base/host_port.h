// "HOST:PORT", as it is written in a configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bounced {

struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port;
  bool bracketed;
};

// "HOST:PORT" or "[HOST]:PORT"; a host with colons, as of IPv6, has its brackets. None: it is not,
// or the port is above 65535.
std::optional<HostPort> ParseHostPort(std::string_view text);

// Whether "HOST:PORT" or "unix:PATH" is reached from this machine alone: a path, a host of
// 127.0.0.0/8 or ::1 by its address, or localhost.
bool IsLocal(std::string_view text);

// Whether it is that of a server by its address, IPv6 in brackets, and no name; not of port 0.
bool IsAddressAndPort(std::string_view text);

}  // namespace bounced
