// DomainKeys Identified Mail: which domains answer for a message (RFC 6376, 8301, 8463).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "server/dns/lookups.h"

namespace bounced {

// RFC 8601, 2.7.1, to the word.
enum class DkimOutcome : std::uint8_t {
  kNone,     // no signature
  kPass,     // it verifies, and we take it
  kFail,     // the message is not the one that was signed
  kPolicy,   // we do not take it, whether or not it verifies: the reason says why
  kNeutral,  // it cannot be read, or is of a kind that is unknown
  kTemperror,
  kPermerror,  // no key for it, or it contradicts its key or itself
};
// "pass", "temperror".
std::string_view Name(DkimOutcome outcome);

// Of one signature.
struct DkimResult {
  DkimOutcome outcome;
  std::string_view reason;  // for people, lives for ever; empty: it passed
  // Empty where the signature was not read as far as that.
  std::string domain = {};    // d=, as CanonicalDomain() has it
  std::string identity = {};  // i=, for people; "@" and the domain where it has none
  std::string selector = {};  // s=
};

// That many are looked at, from the top of the header: the last hosts to sign come first.
inline constexpr std::size_t kMaxSignatures = 10;
// RFC 8301, 3.2 and 3.1; beyond 8,192 it is our time that is wasted.
inline constexpr int kMinRsaKeyBits = 1024;
inline constexpr int kMaxRsaKeyBits = 8192;
// A signature may be that much of the future, as clocks differ (RFC 6376, 3.5, t=).
inline constexpr absl::Duration kMaxClockSkew = absl::Minutes(5);

// Verifies the DKIM-Signature fields of `message`, which may be any octets: lines that end in LF
// alone count as if they ended in CR LF. One result for each in the order of the header, and one
// more if there are more than kMaxSignatures; one kNone if there are none. If the header cannot be
// read (SplitMessage()), one kNeutral.
//
// Stricter than RFC 6376 in what passes. It never does with rsa-sha1 or a small key (RFC 8301),
// with l= unless that is all of the body, of the future or expired, for a domain that is testing
// (t=y), nor where a field that a message has once stands once more than is signed: who reads the
// message may take the one for the other (RFC 6376, 8.2, 8.14 and 8.15).
//
// None: it wants answers that `lookups` does not have yet; get them, and call again. Linear in the
// size of `message`; of the body at most two passes. Pure.
std::optional<std::vector<DkimResult>> VerifyDkim(std::string_view message, absl::Time now,
                                                  dns::Lookups& lookups);

}  // namespace bounced
