// What stored messages are called.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bounced::smtp {

// A message is stored once for each return path that it came to; in the order of the recipients.
using MessageIds = std::vector<std::string>;

inline constexpr std::size_t kMaxShownIds = 10;
inline constexpr std::size_t kMaxShownIdOctets = 40;  // of each

// "17,18,19"; of more than kMaxShownIds the first, and how many there are besides: "17,18,...,+5".
// Printable ASCII without blanks, whatever the ids hold: a reply line stays one.
std::string ShowIds(const MessageIds& ids);

}  // namespace bounced::smtp
