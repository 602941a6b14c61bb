#include "storage/stand_in.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {

std::string StandInOf(std::uint64_t hash) {
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad16), Absl(kStandInDomain));
}

std::optional<std::uint64_t> HashInStandIn(std::string_view canonical) {
  if (canonical.size() != kStandInDigits + kStandInDomain.size() ||
      !canonical.ends_with(kStandInDomain)) {
    return std::nullopt;
  }
  std::uint64_t hash = 0;
  const char* const end = canonical.data() + kStandInDigits;
  const auto [read, error] = std::from_chars(canonical.data(), end, hash, 16);
  if (error != std::errc() || read != end) return std::nullopt;
  return hash;
}

}  // namespace bounced
