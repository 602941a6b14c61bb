// Messages made to hurt, of any size: for the tests that they are read in bounded memory, and for
// the benchmark of time against size.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bounced {

struct HostileShape {
  std::string_view name;
  std::size_t octets;  // of which a pass that is not linear does not end within a test's time
  std::string (*make)(std::size_t octets);  // about so large
};
const std::vector<HostileShape>& HostileShapes();

// `piece` until there are `octets`.
std::string Repeat(std::string_view piece, std::size_t octets);

// A report's header, and the header of the part with its fields.
inline constexpr std::string_view kHostileReport =
    "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; boundary=b\n\n";
inline constexpr std::string_view kHostileStatusPart =
    "--b\nContent-Type: message/delivery-status\n\n";

}  // namespace bounced
