// Evidence as the database keeps it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bounced {

// How a message is packed. Stored by number.
enum class EvidenceCodec : std::uint8_t { kZstd = 1 };

// The longest message that is unpacked, whatever a row says, in octets.
inline constexpr std::int64_t kMaxEvidenceOctets = 512 << 20;

// As it was read, of whatever the disk gave.
struct PackedEvidence {
  std::string octets;
  std::int64_t unpacked_octets = 0;
  EvidenceCodec codec = EvidenceCodec::kZstd;
};

// The message again, which had `octets`. DATA_LOSS: `packed` is not what was stored.
absl::StatusOr<std::string> Unpack(std::string_view packed, std::int64_t octets,
                                   EvidenceCodec codec);

}  // namespace bounced
