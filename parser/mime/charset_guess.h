// The charset of a text that names none, from its octets.
#pragma once

#include <cstddef>
#include <string_view>

namespace bounced {

// Octets that are looked at: more tell no more.
inline constexpr std::size_t kMaxGuessedOctets = 16 << 10;

// The label of the charset that `text`, which is no UTF-8, is most likely in. Those of Chinese,
// Japanese, Korean and Cyrillic are told by what is common in them and nearly impossible in
// another: pairs of octets, syllables of Japanese, words without any letter of ASCII. What has too
// little of that is "windows-1252" (RFC 7103, 7.6), as is all that no other charset is told from:
// of the alphabets that share their octets it is the one that mail has most.
//
// Total, and linear in kMaxGuessedOctets.
std::string_view GuessCharset(std::string_view text);

}  // namespace bounced
