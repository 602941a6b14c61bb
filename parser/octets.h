// Texts sixteen octets at a time.
//
// What is asked of an octet ("is it a line's end?") is a function that takes sixteen of them or one
// and gives what comparisons of it give, joined by `|` and `&`:
//
//   FindOctet(text, [](auto c) { return (c == '\n') | (c == '\r'); })
//
// The compiler makes vector instructions of it, where the machine has them.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace bounced {

using Block = std::uint8_t __attribute__((vector_size(16)));
inline constexpr std::size_t kBlockOctets = sizeof(Block);

// The octets of `s` from `at` on, all of which are there.
inline Block BlockAt(std::string_view s, std::size_t at) {
  Block octets;
  std::memcpy(&octets, s.data() + at, kBlockOctets);
  return octets;
}

// The same, filled up with zeros behind the end of `s`.
inline Block BlockFrom(std::string_view s, std::size_t at) {
  if (s.size() - at >= kBlockOctets) return BlockAt(s, at);
  Block octets{};
  std::memcpy(&octets, s.data() + at, s.size() - at);
  return octets;
}

// A bit for each octet that a comparison holds for, that of the first the lowest.
template <typename Comparison>
std::uint32_t BitsOf(Comparison comparison) {
  static_assert(sizeof comparison == kBlockOctets);
#ifdef __SSE2__
  return static_cast<std::uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(comparison)));
#else
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < kBlockOctets; ++i) bits |= std::uint32_t{comparison[i] != 0} << i;
  return bits;
#endif
}

// The place of the first octet of `s` that `is_it` holds for, from `from` on, which is no more than
// the size of `s`; that size if there is none.
template <typename Question>
std::size_t FindOctet(std::string_view s, Question is_it, std::size_t from = 0) {
  std::size_t at = from;
  for (; at + kBlockOctets <= s.size(); at += kBlockOctets) {
    const std::uint32_t bits = BitsOf(is_it(BlockAt(s, at)));
    if (bits != 0) return at + static_cast<std::size_t>(std::countr_zero(bits));
  }
  if (at >= s.size()) return at;
  // The last sixteen overlap those before them, also where those were not looked at.
  if (s.size() >= kBlockOctets) {
    const std::size_t begin = s.size() - kBlockOctets;
    const std::uint32_t bits = BitsOf(is_it(BlockAt(s, begin))) >> (at - begin);
    return bits == 0 ? s.size() : at + static_cast<std::size_t>(std::countr_zero(bits));
  }
  while (at < s.size() && !is_it(static_cast<std::uint8_t>(s[at]))) ++at;
  return at;
}

// The same for as many octets in a row, of which the first is at the place: `are_they` takes each.
// `may_begin` holds for the first of such a row; most blocks have none that it holds for, and are
// dismissed by it alone.
template <std::size_t kCount, typename First, typename Question>
std::size_t FindRow(std::string_view s, First may_begin, Question are_they, std::size_t from = 0) {
  const auto ask = [&](auto octet) {
    return [&]<std::size_t... kPlaces>(std::index_sequence<kPlaces...>) {
      return are_they(octet(kPlaces)...);
    }
    (std::make_index_sequence<kCount>());
  };
  std::size_t at = from;
  for (; at + kCount - 1 + kBlockOctets <= s.size(); at += kBlockOctets) {
    if (BitsOf(may_begin(BlockAt(s, at))) == 0) continue;
    const std::uint32_t bits = BitsOf(ask([&](std::size_t i) { return BlockAt(s, at + i); }));
    if (bits != 0) return at + static_cast<std::size_t>(std::countr_zero(bits));
  }
  for (; at + kCount <= s.size(); ++at) {
    if (ask([&](std::size_t i) { return static_cast<std::uint8_t>(s[at + i]); })) return at;
  }
  return s.size();
}

}  // namespace bounced
