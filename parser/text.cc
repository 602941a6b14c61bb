#include "parser/text.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <utility>

#include "parser/octets.h"

namespace bounced {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// What would move the cursor, break the line or turn the text around when it is shown: C0, DEL, C1,
// the line separators and the bidirectional embeddings, overrides and isolates (UAX #9, 2).
constexpr bool IsUnfitToShow(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

// The place of the first octet that is no printable ASCII, from `from` on, or the size of `s`.
std::size_t FindOdd(std::string_view s, std::size_t from) {
  return FindOctet(
      s, [](auto c) { return (c < 0x20) | (c >= 0x7F); }, from);
}

template <typename Octets>
Octets LoadAt(std::string_view s, std::size_t at) {
  Octets octets = 0;
  std::memcpy(&octets, s.data() + at, sizeof octets);
  return octets;
}

// Whether eight octets are the same but for the case of ASCII letters.
bool AreSameLetters(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHighest = 0x80 * kEach;
  constexpr std::uint64_t kCase = 0x20 * kEach;
  const std::uint64_t different = a ^ b;
  if (different == 0) return true;
  if ((different & ~kCase) != 0) return false;
  // A letter carries into the highest bit when what 'a' lacks for that is added, and what 'z' lacks
  // does not make it.
  const std::uint64_t low = (a | kCase) & ~kHighest;
  const std::uint64_t from_a = low + (0x80 - 'a') * kEach;
  const std::uint64_t beyond_z = low + (0x80 - 'z' - 1) * kEach;
  const std::uint64_t letters = from_a & ~beyond_z & ~a & kHighest;
  return (different & ~(letters >> 2)) == 0;
}

struct Decoded {
  std::int32_t code_point;  // negative: ill-formed
  std::size_t octets;       // at least 1
};

// The character at `at`, which is inside `s`. An ill-formed one is as long as the part that could
// have begun a character (Unicode 15, 3.9, "maximal subpart").
Decoded DecodeAt(std::string_view s, std::size_t at) {
  // ICU counts in int32_t; no character has more than four octets.
  const std::string_view window = s.substr(at, 4);
  std::int32_t next = 0;
  UChar32 c = 0;
  U8_NEXT(reinterpret_cast<const std::uint8_t*>(window.data()), next,
          static_cast<std::int32_t>(window.size()), c);
  return {c, static_cast<std::size_t>(next)};
}

}  // namespace

bool IsSameIgnoringCase(std::string_view a, std::string_view b) {
  constexpr std::size_t kOctets = sizeof(std::uint64_t);
  constexpr std::size_t kHalf = kOctets / 2;
  // What is left at the end overlaps what is before it.
  if (a.size() >= kOctets) {
    for (std::size_t at = 0; at + kOctets < a.size(); at += kOctets) {
      if (!AreSameLetters(LoadAt<std::uint64_t>(a, at), LoadAt<std::uint64_t>(b, at))) return false;
    }
    const std::size_t last = a.size() - kOctets;
    return AreSameLetters(LoadAt<std::uint64_t>(a, last), LoadAt<std::uint64_t>(b, last));
  }
  if (a.size() >= kHalf) {
    const std::size_t last = a.size() - kHalf;
    return AreSameLetters(LoadAt<std::uint32_t>(a, 0), LoadAt<std::uint32_t>(b, 0)) &&
           AreSameLetters(LoadAt<std::uint32_t>(a, last), LoadAt<std::uint32_t>(b, last));
  }
  std::size_t at = 0;
  while (at < a.size() && FoldCase(a[at]) == FoldCase(b[at])) ++at;
  return at == a.size();
}

void FoldCaseIn(std::string& s) {
  std::size_t at = 0;
  for (; at + kBlockOctets <= s.size(); at += kBlockOctets) {
    const Block octets = BlockAt(s, at);
    const auto is_capital = (octets >= 'A') & (octets <= 'Z');
    const Block folded = is_capital ? octets | 0x20 : octets;
    std::memcpy(s.data() + at, &folded, kBlockOctets);
  }
  for (; at < s.size(); ++at) s[at] = FoldCase(s[at]);
}

std::string FoldCase(std::string_view s) {
  std::string folded(s);
  FoldCaseIn(folded);
  return folded;
}

// The places where the first and the last octet fit are found sixteen at a time. The case bit makes
// small letters of capitals, and of other octets ones that are then looked at for nothing.
std::size_t FindIgnoringCase(std::string_view s, std::string_view needle, std::size_t from) {
  if (from > s.size() || needle.size() > s.size() - from) return s.npos;
  if (needle.empty()) return from;
  constexpr std::uint8_t kCaseBit = 0x20;
  const auto first = static_cast<std::uint8_t>(needle.front() | kCaseBit);
  const auto last = static_cast<std::uint8_t>(needle.back() | kCaseBit);
  const std::size_t to_last = needle.size() - 1;
  const std::size_t places = s.size() - to_last;
  if (places < kBlockOctets) {
    while (from < places && !StartsWithIgnoringCase(s.substr(from), needle)) ++from;
    return from < places ? from : s.npos;
  }
  // The first place of the sixteen from `begin` on, but none before `from`.
  const auto find_from = [&](std::size_t begin) {
    std::uint32_t bits = BitsOf(((BlockAt(s, begin) | kCaseBit) == first) &
                                ((BlockAt(s, begin + to_last) | kCaseBit) == last));
    for (; bits != 0; bits &= bits - 1) {
      const std::size_t place = begin + static_cast<std::size_t>(std::countr_zero(bits));
      if (place >= from && StartsWithIgnoringCase(s.substr(place), needle)) return place;
    }
    return s.npos;
  };
  for (std::size_t at = from; at + kBlockOctets <= places; at += kBlockOctets) {
    if (const std::size_t place = find_from(at); place != s.npos) return place;
  }
  return find_from(places - kBlockOctets);
}

std::size_t AsciiPrefix(std::string_view s) {
  return FindOctet(s, [](auto c) { return c >= 0x80; });
}

bool IsPlain(std::string_view s) { return FindOdd(s, 0) == s.size(); }

bool IsValidUtf8(std::string_view s) {
  for (std::size_t at = AsciiPrefix(s); at < s.size(); at += AsciiPrefix(s.substr(at))) {
    const Decoded decoded = DecodeAt(s, at);
    if (decoded.code_point < 0) return false;
    at += decoded.octets;
  }
  return true;
}

std::string Presentable(std::string_view s, std::size_t max_octets) {
  return Present(s, max_octets).text;
}

Presented Present(std::string_view s, std::size_t max_octets) {
  std::string shown;
  shown.reserve(std::min(s.size(), max_octets));
  for (std::size_t at = 0; at < s.size();) {
    const std::size_t plain = FindOdd(s, at) - at;
    const std::size_t room = max_octets - shown.size();
    shown += s.substr(at, std::min(plain, room));
    if (plain > room) return {std::move(shown), true};
    at += plain;
    if (at == s.size()) break;
    const Decoded decoded = DecodeAt(s, at);
    std::string_view piece = s.substr(at, decoded.octets);
    std::array<char, 12> escape{'\\', 'x', '{'};
    if (decoded.code_point < 0) {
      piece = kReplacement;
    } else if (const auto c = static_cast<std::uint32_t>(decoded.code_point); IsUnfitToShow(c)) {
      char* end = std::to_chars(escape.data() + 3, escape.data() + escape.size(), c, 16).ptr;
      *end++ = '}';
      std::for_each(escape.data() + 3, end, [](char& x) {
        if (x >= 'a' && x <= 'f') x = static_cast<char>(x - 32);
      });
      piece = {escape.data(), static_cast<std::size_t>(end - escape.data())};
    }
    if (piece.size() > max_octets - shown.size()) return {std::move(shown), true};
    shown += piece;
    at += decoded.octets;
  }
  return {std::move(shown), false};
}

}  // namespace bounced
