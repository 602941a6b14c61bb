// SPF records: what they say, read whole before any of it is believed (RFC 7208, 4.6).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/authentication/spf.h"
#include "server/authentication/spf/macro_string.h"

namespace bounced {

enum class SpfMechanism { kAll, kInclude, kA, kMx, kPtr, kIp4, kIp6, kExists };

struct SpfDirective {
  std::string_view text;  // as it stands in the record
  SpfMechanism mechanism = SpfMechanism::kAll;
  SpfOutcome outcome = SpfOutcome::kPass;  // if it matches: what its qualifier says
  std::optional<MacroString> target = {};  // none: the domain of the record
  std::string network = {};                // ip4, ip6: 4 or 16 octets
  int v4_bits = 32;                        // of a, mx and ip4
  int v6_bits = 128;                       // of a, mx and ip6
};

struct SpfRecord {
  std::vector<SpfDirective> directives;
  std::optional<MacroString> redirect;
};

// Whether a TXT record is one of SPF, be it well-formed or not (RFC 7208, 4.5).
bool IsSpfRecord(std::string_view text);

// Reads a record that IsSpfRecord(). The result holds views of `text`. INVALID_ARGUMENT: not the
// grammar (RFC 7208, 12); says which term, for people. Total; linear in `text`.
absl::StatusOr<SpfRecord> ParseSpfRecord(std::string_view text);

}  // namespace bounced
