// Which of the domains that a message is authenticated for speaks for which other (RFC 7489, 3). Of
// what a domain wants done with its mail (p=) nothing is read here.
//
// Domains are as CanonicalDomain() gives them. All functions are thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/authentication/dkim.h"
#include "server/dns/lookups.h"

namespace bounced {

// The domain that was registered, of which `domain` is or below which it is (RFC 7489, 3.2): the
// public suffix and one label more. `domain` itself where there is none: it is a public suffix, or
// an address. The public suffixes, private ones among them, are those of the package publicsuffix
// as they were at the first call, or else those that libpsl was built with.
std::string OrganizationalDomain(std::string_view domain);

// RFC 7489, 3.1.
enum class Alignment : std::uint8_t {
  kRelaxed,  // the organizational domains are the same
  kStrict,   // the domains are
};
bool IsAligned(std::string_view identifier, std::string_view domain, Alignment alignment);

// The domain of the mailbox that From names. None: From is not there, is there twice, or names no
// mailbox or several (RFC 7489, 6.6.1), or the header is at fault (SplitMessage()). Nothing is made
// of a value that could be read in two ways, as `a@b.example <c@d.example>`. Linear.
std::optional<std::string> AuthorDomain(std::string_view message);

// Whether an identifier that has passed is aligned with `domain`: the domain of one of
// `signatures`, or `spf_domain`, which is what SPF has passed for; empty: it has not. Of the DMARC
// record of `domain` it takes adkim= and aspf=, if they can make a difference; while DNS does not
// give the record, both count as strict.
//
// None: it wants answers that `lookups` does not have yet; get them, and call again.
std::optional<bool> HasAlignedIdentifier(std::span<const DkimResult> signatures,
                                         std::string_view spf_domain, std::string_view domain,
                                         dns::Lookups& lookups);

}  // namespace bounced
