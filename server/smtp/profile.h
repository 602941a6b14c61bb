// What a connection is served as.
#pragma once

#include <cstdint>
#include <string>

#include "server/smtp/limits.h"

namespace bounced::smtp {

enum class TlsUse : std::uint8_t {
  kNone,
  kStartTls,  // offered, never demanded (RFC 3207, 4)
  kImplicit,  // from the first octet on (RFC 8314, 3.3)
};

// Of all connections of one listener.
struct Profile {
  std::string hostname;  // what banner and EHLO say; at most 255 octets
  Limits limits;
  TlsUse tls = TlsUse::kNone;
};

}  // namespace bounced::smtp
