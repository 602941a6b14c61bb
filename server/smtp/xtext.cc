#include "server/smtp/xtext.h"

#include <cstddef>
#include <cstdint>

namespace bounced::smtp {
namespace {

// RFC 3461, 4 has upper case only; who writes lower case is understood all the same.
std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

void AppendUtf8(std::uint32_t point, std::string& out) {
  const auto put = [&out](std::uint32_t octet) { out += static_cast<char>(octet); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

// The character of `x{HEX}` that `text` begins with, which is dropped there.
std::optional<std::uint32_t> TakeCodePoint(std::string_view& text) {
  constexpr std::size_t kMaxDigits = 6;
  if (!text.starts_with("x{")) return std::nullopt;
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos || end == 2 || end > 2 + kMaxDigits) return std::nullopt;
  std::uint32_t point = 0;
  for (char c : text.substr(2, end - 2)) {
    const std::optional<unsigned> digit = HexDigit(c);
    if (!digit) return std::nullopt;
    point = point * 16 + *digit;
  }
  text.remove_prefix(end + 1);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point == 0 || point > 0x10ffff || surrogate) return std::nullopt;
  return point;
}

}  // namespace

std::optional<std::string> DecodeXtext(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c <= ' ' || c > '~' || c == '=') return std::nullopt;
    if (c != '+') {
      decoded += c;
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const std::optional<unsigned> high = HexDigit(text[++i]);
    const std::optional<unsigned> low = HexDigit(text[++i]);
    if (!high || !low) return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
  }
  return decoded;
}

std::optional<std::string> DecodeUnitext(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\') {
      const std::optional<std::uint32_t> point = TakeCodePoint(text);
      if (!point) return std::nullopt;
      AppendUtf8(*point, decoded);
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    if (octet <= ' ' || octet == 0x7f || c == '+' || c == '=') return std::nullopt;
    decoded += c;
  }
  return decoded;
}

}  // namespace bounced::smtp
