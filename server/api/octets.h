// Numbers in tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bounced::api {

// Most significant octet first.
inline void AppendUint64(std::uint64_t value, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

// The 8 octets from `at` on, which are there.
inline std::uint64_t Uint64At(std::string_view octets, std::size_t at) {
  std::uint64_t value = 0;
  for (char octet : octets.substr(at, 8)) value = value << 8 | static_cast<unsigned char>(octet);
  return value;
}

}  // namespace bounced::api
