// SPF: whether a domain lets a host send mail in its name (RFC 7208).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/ip_address.h"
#include "server/dns/lookups.h"

namespace bounced {

// Terms of one check that ask DNS, and of those how many may find nothing (RFC 7208, 4.6.4).
inline constexpr int kMaxSpfLookupTerms = 10;
inline constexpr int kMaxSpfVoidTerms = 2;
// Hosts of an MX or PTR answer whose addresses are asked for (RFC 7208, 4.6.4).
inline constexpr std::size_t kMaxSpfHosts = 10;
// Times that one check asks for answers: the first record, the client's names and their addresses,
// and twice for each term, as MX needs.
inline constexpr int kMaxSpfRounds = 3 + 2 * kMaxSpfLookupTerms;
// Of a record, its strings joined. RFC 7208 (3.4) asks publishers to stay below 512.
inline constexpr std::size_t kMaxSpfRecordOctets = 8 << 10;
// Of SpfResult::reason.
inline constexpr std::size_t kMaxSpfReasonOctets = 200;

// RFC 7208, 2.6.
enum class SpfOutcome : std::uint8_t {
  kNone,  // no domain, or one without a record
  kNeutral,
  kPass,
  kFail,
  kSoftfail,
  kTemperror,  // DNS gave no answer: another time it may
  kPermerror,  // the record, or one that it leads to, cannot be read
};

// As in an Authentication-Results field (RFC 8601, 2.7.2): "softfail".
std::string_view Name(SpfOutcome outcome);

struct SpfResult {
  SpfOutcome outcome = SpfOutcome::kNone;
  // Whose record was asked: lower-case A-labels without a dot at the end. Empty: no domain.
  std::string domain = {};
  // For people, in valid UTF-8: the term that decided, or what is wrong. Never what an "exp" says.
  std::string reason = {};
};

// check_host() (RFC 7208, 4). `helo` is what the client said, `sender` the mailbox of MAIL without
// brackets; where it is null postmaster at `helo` stands for it (2.4), and where it has no local
// part, postmaster does (4.3).
//
// Complete but for "exp", of which the syntax is checked and nothing else. None: `lookups` lacks
// answers, and has been asked for them. Whoever gives them all has a result after kMaxSpfRounds.
//
// Pure and total: any octets are taken, in records as in arguments. The time is bounded by the
// bounds above, and linear in the arguments.
std::optional<SpfResult> CheckSpf(const IpAddress& client, std::string_view helo,
                                  std::string_view sender, dns::Lookups& lookups);

}  // namespace bounced
