// What stands in the place of an address that was forgotten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bounced {

// "<hash of its row>@forgotten.invalid": no mailbox is there (RFC 2606, 2).
inline constexpr std::string_view kStandInDomain = "@forgotten.invalid";
inline constexpr std::size_t kStandInDigits = 16;

std::string StandInOf(std::uint64_t hash);

// The hash in a stand-in, which is a canonical address; none: it is no such.
std::optional<std::uint64_t> HashInStandIn(std::string_view canonical);

// Of all others it costs one comparison.
inline bool IsStandIn(std::string_view canonical) {
  return canonical.size() == kStandInDigits + kStandInDomain.size() &&
         HashInStandIn(canonical).has_value();
}

}  // namespace bounced
