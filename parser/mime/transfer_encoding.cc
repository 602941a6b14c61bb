#include "parser/mime/transfer_encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "parser/mime/lines.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr int kNoDigit = -1;

constexpr std::array<std::int8_t, 256> kBase64Digits = [] {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::int8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  }
  return digits;
}();

constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char folded = FoldCase(c);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : kNoDigit;
}

// "=3D" at `at`; none: kNoDigit.
int EscapedOctet(std::string_view s, std::size_t at) {
  if (s[at] != '=' || at + 2 >= s.size()) return kNoDigit;
  const int high = HexDigit(s[at + 1]);
  const int low = HexDigit(s[at + 2]);
  return high == kNoDigit || low == kNoDigit ? kNoDigit : high * 16 + low;
}

void AppendUnescaped(std::string_view line, std::string& decoded) {
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t escape = std::min(line.find('=', at), line.size());
    decoded += line.substr(at, escape - at);
    at = escape;
    if (at == line.size()) break;
    const int octet = EscapedOctet(line, at);
    decoded += octet == kNoDigit ? '=' : static_cast<char>(octet);
    at += octet == kNoDigit ? 1 : 3;
  }
}

}  // namespace

TransferEncoding ParseTransferEncoding(std::string_view value) {
  std::string_view word = StripBlanks(value);
  constexpr AsciiSet kEnds(" \t;(");
  word = word.substr(0, kEnds.FirstIn(word));
  if (EqualsIgnoringCase(word, "base64")) return TransferEncoding::kBase64;
  if (EqualsIgnoringCase(word, "quoted-printable")) return TransferEncoding::kQuotedPrintable;
  return TransferEncoding::kIdentity;
}

std::string DecodeBase64(std::string_view encoded, std::size_t max_octets) {
  std::string decoded;
  decoded.reserve(std::min(encoded.size() / 4 * 3, max_octets));
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : encoded) {
    if (decoded.size() == max_octets) break;
    if (c == '=') {  // padding ends a quantum; more may follow where two texts were joined
      count = 0;
      continue;
    }
    const std::int8_t digit = kBase64Digits[static_cast<unsigned char>(c)];
    if (digit == kNoDigit) continue;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFFFF;
    count += 6;
    if (count >= 8) {
      count -= 8;
      decoded += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return decoded;
}

std::string DecodeQuotedPrintable(std::string_view encoded, std::size_t max_octets) {
  std::string decoded;
  Lines lines(encoded);
  while (const std::optional<Line> line = lines.Next()) {
    if (decoded.size() >= max_octets) break;
    std::string_view text = line->text;
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    const bool soft_break = text.ends_with('=');
    if (soft_break) text.remove_suffix(1);
    AppendUnescaped(text, decoded);
    if (!soft_break && line->end > line->begin + line->text.size()) decoded += '\n';
  }
  if (decoded.size() > max_octets) decoded.resize(max_octets);
  return decoded;
}

std::string DecodeQ(std::string_view encoded) {
  std::string blanks(encoded);
  std::replace(blanks.begin(), blanks.end(), '_', ' ');
  std::string decoded;
  AppendUnescaped(blanks, decoded);
  return decoded;
}

}  // namespace bounced
