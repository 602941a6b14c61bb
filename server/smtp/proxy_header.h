// What a proxy says of a connection before the connection itself (HAProxy's PROXY protocol).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/ip_address.h"

namespace bounced::smtp {

// Of a header of version 1 with its CRLF (PROXY protocol, 2.1), and of one of version 2 in all.
inline constexpr std::size_t kMaxProxyV1Octets = 107;
inline constexpr std::size_t kMaxProxyV2Octets = 536;

struct ProxyHeader {
  enum class State : std::uint8_t {
    kMore,  // may become one: read on
    kWhole,
    kWrong,  // is none, or passes a bound
  };
  State state = State::kMore;
  std::size_t octets = 0;  // of a whole one
  // Whose connection it is. None: nobody's but the proxy's own (UNKNOWN, LOCAL, other families).
  std::optional<IpAddress> client = {};
};

// Reads what stands at the beginning of `octets`. What follows the header is not looked at.
ProxyHeader ReadProxyHeader(std::string_view octets);

}  // namespace bounced::smtp
