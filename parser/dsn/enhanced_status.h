// Enhanced mail system status codes (RFC 3463) in fields and in texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "parser/report.h"

namespace bounced {

// The first enhanced status in `text` (RFC 3463, 2), which starts `offset` octets into the message.
// It must stand alone: "#5.1.1:" counts; "15.1.1" and "5.1.1.9", a version and an IP address, do
// not. Total: takes any bytes, never throws, allocates nothing, is linear in `text`.
std::optional<Found<EnhancedStatus>> FindEnhancedStatus(std::string_view text,
                                                        std::uint32_t offset) noexcept;

// The enhanced status that `text` begins with, and how many octets it has. Nothing is asked of what
// precedes it.
struct LeadingStatus {
  EnhancedStatus status;
  std::size_t length;
};
std::optional<LeadingStatus> ReadEnhancedStatus(std::string_view text) noexcept;

// The value of a Status field (RFC 3464, 2.3.4). Leading zeros, blanks around the dots, a dot too
// many and words or a comment behind it are passed over; another class than 2, 4 or 5 is none.
std::optional<EnhancedStatus> ParseStatusField(std::string_view value) noexcept;

// Whether `status` says so little that a code in the diagnostic is better (x.0.0), or is what hosts
// write whatever happened (5.3.0, and 4.4.7 in front of the reason for the wait).
bool IsGeneric(EnhancedStatus status) noexcept;

}  // namespace bounced
