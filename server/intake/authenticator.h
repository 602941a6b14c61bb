// Whether the one who sent a message speaks for the domains of the addresses that it is about.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace bounced {

// Domains of one message that are asked about.
inline constexpr std::size_t kMaxAuthenticatedDomains = 10;

struct AuthenticationRequest {
  std::string message;  // as it came
  std::string reverse_path;
  std::string client_address;  // empty: not by the network
  std::string client_helo;
  std::string login;  // empty: nobody did
  absl::Time receive_time;
  std::vector<std::string> domains;  // canonical, none twice; may be none
};

struct Authentication {
  std::string found;                 // see Message::authentication
  std::vector<std::string> domains;  // those of the request that the sender speaks for
  // What the message is authenticated for: of each DKIM signature that verifies the domain, and the
  // one that SPF passes for; canonical.
  std::vector<std::string> identifiers = {};
};

// Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // Does not wait. Calls `done` once, on this thread or another, and within a time of its own; who
  // has not been found out about until then speaks for nobody. `done` neither waits nor throws.
  using Done = absl::AnyInvocable<void(Authentication)>;
  virtual void Authenticate(AuthenticationRequest request, Done done) = 0;
};

}  // namespace bounced
