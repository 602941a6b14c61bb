// A DKIM-Signature field (RFC 6376, 3.5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "server/authentication/dkim.h"

namespace bounced {

enum class Canonicalization : std::uint8_t { kSimple, kRelaxed };
enum class SigningAlgorithm : std::uint8_t { kRsaSha1, kRsaSha256, kEd25519Sha256 };

// What ends the evaluation of a signature before it is verified.
struct DkimFinding {
  DkimOutcome outcome;
  std::string_view reason;  // lives for ever
};

struct DkimSignature {
  SigningAlgorithm algorithm{};                // a=
  Canonicalization header_canonicalization{};  // c=
  Canonicalization body_canonicalization{};    //
  std::string domain;                          // d=, canonical
  std::string identity;                        // i=, for people
  std::string identity_domain;                 // what stands behind its "@", canonical
  std::string selector;                        // s=
  std::string key_name;                        // where the key is (RFC 6376, 3.6.2.1)
  std::vector<std::string> field_names;        // h=, in lower case
  std::string signature;                       // b=, octets
  std::string body_hash;                       // bh=, octets
  std::optional<std::uint64_t> body_octets;    // l=
  std::optional<absl::Time> signed_at;         // t=
  std::optional<absl::Time> expires;           // x=
  std::string_view signature_field;            // where in the field b= stands, with its blanks
};

// Reads `field`, which is all of it from its name on, into `signature`, a new one, as far as it
// goes. Linear. None: it is a signature that may be verified; signature_field is a view into
// `field`.
std::optional<DkimFinding> ReadSignature(std::string_view field, DkimSignature& signature);

}  // namespace bounced
