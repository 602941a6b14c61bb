// HMAC-SHA-256 over fields that cannot run into each other, and the base32 that shows its bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bounced {

using KeyedHashValue = std::array<std::uint8_t, 32>;

// HMAC-SHA-256 (RFC 2104) under `secret` over `label`, an octet 0x00, and each field with its
// length before it in two octets, big-endian. So no two lists of fields give the same input, and
// what is made for one use (the label) means nothing in another. A field has at most 65,535 octets.
KeyedHashValue KeyedHash(std::string_view secret, std::string_view label,
                         std::initializer_list<std::string_view> fields);

// The alphabet of RFC 4648, section 6, in lower case.
inline constexpr std::string_view kBase32Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
inline constexpr int kBitsPerCharacter = 5;

// The leftmost 5 * `characters` bits of `octets`, which holds as many. No padding.
std::string Base32(std::span<const std::uint8_t> octets, std::size_t characters);
// The value of one lower-case character; none: it is not of the alphabet.
std::optional<std::uint8_t> FromBase32(char c);

// In a time that depends on the length alone.
bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace bounced
