// Where intake meets DNS: who sent a message is asked of the domains that might vouch for it.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/authentication/dkim.h"
#include "server/authentication/spf.h"
#include "server/base/clock.h"
#include "server/base/ip_address.h"
#include "server/dns/lookups.h"
#include "server/dns/resolver.h"
#include "server/intake/authenticator.h"

namespace bounced {

// Of one domain; their addresses are asked for.
inline constexpr std::size_t kMaxMailHosts = 10;
// Of Authentication::found. What does not fit is left out.
inline constexpr std::size_t kMaxAuthenticationOctets = 2'000;

// What DNS says of one message. The sender speaks for a domain
//  - that is aligned with what the message is authenticated for: the organizational domain is that
//    of a DKIM signature that verifies, or of what SPF passes for, which is the domain of the
//    reverse path, and where that is null, of what the client called itself;
//  - or of which it is a mail host: the client's address is that of one of its MX hosts, or its own
//    where it has none (RFC 5321, 5.1).
// A client that logged in is a relay of ours, which passes on what others reported: of that only
// DKIM tells anything.
//
// Pure, like what it asks.
class Inquiry {
 public:
  explicit Inquiry(AuthenticationRequest request);

  // None: it wants answers that `lookups` does not have yet; get them, and call again, until it has
  // come to an end.
  std::optional<Authentication> Conclude(dns::Lookups& lookups);

 private:
  // Whether the client is a mail host of `domain`. None: it wants answers.
  std::optional<bool> IsMailHost(const std::string& domain, dns::Lookups& lookups) const;

  const AuthenticationRequest request_;
  std::optional<IpAddress> client_;  // whom SPF and MX are asked about
  // What is known is not asked again: a message may be long.
  std::optional<SpfResult> spf_;
  std::optional<std::vector<DkimResult>> dkim_;
};

// Thread-safe. Calls `done` on the resolver's thread, or at once.
class DnsAuthenticator final : public Authenticator {
 public:
  // Messages that are held while DNS is asked, in octets. One more is not authenticated, unless it
  // is alone.
  static constexpr std::size_t kMaxHeldOctets = 64 << 20;

  // What DNS has not said after `timeout` counts as not known. `clock` outlives it.
  DnsAuthenticator(std::unique_ptr<dns::Resolver> resolver, const Clock& clock,
                   absl::Duration timeout);

  void Authenticate(AuthenticationRequest request, Done done) override;

 private:
  bool Hold(std::size_t octets);

  const Clock& clock_;
  const absl::Duration timeout_;
  std::atomic<std::size_t> held_octets_ = 0;
  // The last, as its end has all that is owed done.
  const std::unique_ptr<dns::Resolver> resolver_;
};

}  // namespace bounced
