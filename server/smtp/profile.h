// What a connection is served as.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/base/ip_address.h"
#include "server/login/users.h"
#include "server/smtp/limits.h"

namespace bounced::smtp {

enum class TlsUse : std::uint8_t {
  kNone,
  kStartTls,  // offered, never demanded (RFC 3207, 4)
  kImplicit,  // from the first octet on (RFC 8314, 3.3)
};

// Networks of clients that are treated by themselves.
struct Networks {
  std::vector<IpNetwork> trusted_proxies;
  std::vector<IpNetwork> allowed;  // no limit on one client counts, nor a delay of the banner
  std::vector<IpNetwork> denied;   // nothing is served
};

// Of all connections of one listener.
struct Profile {
  std::string hostname;  // what banner and EHLO say; at most 255 octets
  Limits limits;
  TlsUse tls = TlsUse::kNone;
  bool lmtp = false;   // RFC 2033: LHLO, and a reply for each recipient of a message
  bool proxy = false;  // a connection from trusted_proxies begins with a PROXY header
  // Who may log in, under TLS, and who must before MAIL (RFC 4954; RFC 6409, 4.3). Null: nobody
  // does, as on port 25.
  const Users* users = nullptr;
  std::vector<std::string> hidden_keywords = {};  // upper case; understood, but not listed by EHLO
};

}  // namespace bounced::smtp
