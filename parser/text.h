// Text at the border between the standard library and Abseil, and ASCII folding.
//
// Debian's Abseil has a string_view of its own that converts neither way, so ours is std's
// everywhere and these two functions stand where a call crosses over. All functions are pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace bounced {

constexpr absl::string_view Absl(std::string_view s) { return {s.data(), s.size()}; }
constexpr std::string_view Std(absl::string_view s) { return {s.data(), s.size()}; }

// A map from strings that is asked with a std::string_view.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return absl::HashOf(s); }
};
template <class V>
using StringMap = absl::flat_hash_map<std::string, V, StringHash, std::equal_to<>>;

// ASCII letters only: what RFC 5321 and 5322 mean by "case-insensitive".
constexpr char FoldCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool IsLetter(char c) { return FoldCase(c) >= 'a' && FoldCase(c) <= 'z'; }
// A set of ASCII octets, asked for one octet at a time: std::string_view's searches for a set call
// memchr for each.
class AsciiSet {
 public:
  constexpr explicit AsciiSet(std::string_view octets) {
    for (const char c : octets) bits_[Word(c)] |= Bit(c);
  }
  constexpr bool Has(char c) const { return !(c & '\x80') && (bits_[Word(c)] & Bit(c)) != 0; }
  // The place of the first octet of the set in `s`, from `from` on, or the size of `s`.
  constexpr std::size_t FirstIn(std::string_view s, std::size_t from = 0) const {
    while (from < s.size() && !Has(s[from])) ++from;
    return std::min(from, s.size());
  }
  // The same of the first octet that is none of them.
  constexpr std::size_t FirstNotIn(std::string_view s, std::size_t from = 0) const {
    while (from < s.size() && Has(s[from])) ++from;
    return std::min(from, s.size());
  }

 private:
  static constexpr std::size_t Word(char c) { return static_cast<unsigned char>(c) / 64 % 2; }
  static constexpr std::uint64_t Bit(char c) { return std::uint64_t{1} << (c & 63); }
  std::uint64_t bits_[2] = {};
};

// The same of few octets, asked seldom.
constexpr bool IsOneOf(char c, std::string_view set) {
  for (const char each : set) {
    if (c == each) return true;
  }
  return false;
}

std::string FoldCase(std::string_view s);
void FoldCaseIn(std::string& s);
// `a` and `b` have the same size.
bool IsSameIgnoringCase(std::string_view a, std::string_view b);
constexpr bool StartsWithIgnoringCase(std::string_view s, std::string_view prefix) {
  if (s.size() < prefix.size()) return false;
  if (prefix.empty()) return true;
  // Most that differ do so in the first octet, and in more than the bit that letters differ by.
  constexpr int kCaseBit = 0x20;
  if (((s.front() ^ prefix.front()) & ~kCaseBit) != 0) return false;
  return IsSameIgnoringCase(s.substr(0, prefix.size()), prefix);
}
constexpr bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && StartsWithIgnoringCase(a, b);
}
constexpr bool EndsWithIgnoringCase(std::string_view s, std::string_view suffix) {
  return s.size() >= suffix.size() &&
         EqualsIgnoringCase(s.substr(s.size() - suffix.size()), suffix);
}
// The place of the first `needle`, which is in lower case, or npos.
std::size_t FindIgnoringCase(std::string_view s, std::string_view needle, std::size_t from = 0);
// Whether one of `needles`, which are in lower case, stands in `s`.
template <std::size_t kCount>
bool HasOneOfIgnoringCase(std::string_view s, const std::string_view (&needles)[kCount]) {
  return std::any_of(std::begin(needles), std::end(needles), [s](std::string_view needle) {
    return FindIgnoringCase(s, needle) != s.npos;
  });
}

// Without leading and trailing blanks, tabs, CR and LF.
constexpr std::string_view StripBlanks(std::string_view s) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  const char* begin = s.data();
  const char* end = begin + s.size();
  while (begin < end && is_blank(*begin)) ++begin;
  while (begin < end && is_blank(end[-1])) --end;
  return {begin, static_cast<std::size_t>(end - begin)};
}

// How many octets at the start of `s` are ASCII.
std::size_t AsciiPrefix(std::string_view s);
bool IsValidUtf8(std::string_view s);

// Whether Presentable() would give all of `s` as it is, as it is printable ASCII.
bool IsPlain(std::string_view s);

// For people: valid UTF-8, at most `max_octets` (cut on a character), with control and
// bidirectional-override characters escaped as \x{HEX} and ill-formed octets as U+FFFD.
std::string Presentable(std::string_view s, std::size_t max_octets);

// The same, and whether there was more of it than that.
struct Presented {
  std::string text;
  bool is_cut = false;
};
Presented Present(std::string_view s, std::size_t max_octets);

}  // namespace bounced
