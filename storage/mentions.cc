#include "storage/mentions.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "parser/address.h"
#include "parser/text.h"

namespace bounced {
namespace {

// What stands, or begins, between a local part and its domain.
constexpr std::string_view kSeparators = "@=%";
// Of an @, in hexadecimal digits.
constexpr std::string_view kCodeOfAt = "40";

constexpr bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// The character of two or three octets that begins at `at`; 0: another.
char32_t CharacterAt(std::string_view text, std::size_t at) {
  const auto octet = [&](std::size_t i) -> char32_t {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
  };
  const auto rest = [&](std::size_t i) { return octet(i) & 0x3F; };
  if (octet(0) >> 5 == 0b110) return (octet(0) & 0x1F) << 6 | rest(1);
  if (octet(0) >> 4 == 0b1110) return (octet(0) & 0xF) << 12 | rest(1) << 6 | rest(2);
  return 0;
}

// Whether a character beyond ASCII is one that stands around words, by the blocks of these:
// Latin-1's, general, of CJK, full-width. Without the few in them that domains may have (RFC 5892,
// A and B).
bool IsPunctuation(char32_t c) {
  constexpr std::pair<char32_t, char32_t> kRanges[] = {
      {0x80, 0xB6},     {0xB8, 0xBF},     {0x2000, 0x200B}, {0x200E, 0x206F}, {0x3000, 0x3004},
      {0x3008, 0x303F}, {0xFF00, 0xFF0F}, {0xFF1A, 0xFF20}, {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}};
  return std::any_of(std::begin(kRanges), std::end(kRanges),
                     [c](const auto& range) { return c >= range.first && c <= range.second; });
}

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || !IsAscii(c);
}

bool IsOfDomain(char c) { return IsLetterOrDigit(c) || c == '-' || c == '.' || c == '_'; }

// Whether what comes before a local part, and ends so, belongs to it. Much else may stand in a
// local part (RFC 5322, 3.2.3), and stands before one far more often, as in a URL: to mask a piece
// of another's address is the lesser fault. Before `local=domain` return paths have a hyphen or a
// plus.
bool GoesOn(std::string_view before, char separator) {
  const std::string_view others = separator == '@' ? "+-._" : "._";
  const char c = before.back();
  if (IsAscii(c)) return IsLetterOrDigit(c) || others.find(c) != others.npos;
  std::size_t begin = before.size() - 1;
  while (begin > 0 && before.size() - begin < 3 && (before[begin] & 0xC0) == 0x80) --begin;
  return !IsPunctuation(CharacterAt(before, begin));
}

constexpr std::optional<unsigned> DigitOf(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

// A folded local part as a URL has it ("ann%2bnews") or, by another `sign`, quoted-printable.
std::string Escaped(std::string_view local, char sign) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string escaped;
  for (const char c : local) {
    if ((IsLetterOrDigit(c) && IsAscii(c)) || c == '-' || c == '.' || c == '_' || c == '~') {
      escaped += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    escaped += {sign, kDigits[octet >> 4], kDigits[octet & 15]};
  }
  return escaped;
}

// GoesOn(), where what comes before may end with an octet in such a code: "%3c" is a <.
bool GoesOnEscaped(std::string_view before, char sign) {
  if (before.empty()) return false;
  if (before.size() >= 3 && before[before.size() - 3] == sign) {
    const std::optional<unsigned> high = DigitOf(before[before.size() - 2]);
    const std::optional<unsigned> low = DigitOf(before.back());
    if (high && low) {
      const char c = static_cast<char>(*high << 4 | *low);
      // What a text of several octets is, is not looked at: it may belong to it.
      return GoesOn(std::string_view(&c, 1), '@');
    }
  }
  return GoesOn(before, '@');
}

// Whether it ends in `"local"`, which is the same local part where it needs no quotes.
bool EndsInQuoted(std::string_view before, std::string_view local) {
  if (before.size() < local.size() + 2 || before.back() != '"') return false;
  before.remove_suffix(1);
  return before.ends_with(local) && before[before.size() - local.size() - 1] == '"';
}

// Where the domain ends that begins at `begin`, no further than at `most`.
std::size_t EndOfDomain(std::string_view text, std::size_t begin, std::size_t most) {
  std::size_t end = begin;
  while (end < most && IsOfDomain(text[end]) && !IsPunctuation(CharacterAt(text, end))) ++end;
  // A dot behind it ends a sentence, or is the root's.
  while (end > begin && text[end - 1] == '.') --end;
  return end;
}

}  // namespace

Mentions::Mentions(std::span<const std::string> spellings) {
  for (const std::string& spelling : spellings) {
    const std::string folded = FoldCase(std::string_view(spelling));
    const std::size_t at = folded.rfind('@');
    if (at == folded.npos || at == 0 || at + 1 == folded.size()) continue;
    by_domain_[folded.substr(at + 1)].insert(folded.substr(0, at));
  }
}

const std::set<std::string>* Mentions::LocalPartsAt(std::string_view folded_domain) const {
  auto found = by_domain_.find(folded_domain);
  const bool is_ascii = AsciiPrefix(folded_domain) == folded_domain.size();
  if (found == by_domain_.end() && !is_ascii) {
    const absl::StatusOr<std::string> canonical = CanonicalDomain(folded_domain);
    if (canonical.ok()) found = by_domain_.find(*canonical);
  }
  return found == by_domain_.end() ? nullptr : &found->second;
}

Mentions::Place Mentions::FindAround(std::string_view folded, std::size_t from, std::size_t at,
                                     std::size_t domain) const {
  std::size_t end = EndOfDomain(folded, domain, folded.size());
  const std::set<std::string>* locals = LocalPartsAt(folded.substr(domain, end - domain));
  if (locals == nullptr) {
    // There are languages that put no blank behind it.
    end = EndOfDomain(folded, domain, domain + AsciiPrefix(folded.substr(domain, end - domain)));
    locals = LocalPartsAt(folded.substr(domain, end - domain));
  }
  if (locals == nullptr) return {};
  const bool is_encoded = domain - at > 1;
  // Where it is not the @ that is encoded but a domain that begins so, a return path has it.
  if (is_encoded && folded[at] == '=' && end < folded.size() && folded[end] == '@') return {};
  const std::string_view before = folded.substr(from, at - from);
  for (const std::string& local : *locals) {
    if (EndsInQuoted(before, local)) return {at - local.size() - 2, end};
    const std::string coded = is_encoded ? Escaped(local, folded[at]) : local;
    const std::size_t octets = before.ends_with(local)   ? local.size()
                               : before.ends_with(coded) ? coded.size()
                                                         : 0;
    if (octets == 0) continue;
    const std::size_t begin = at - octets;
    const std::string_view rest = folded.substr(from, begin - from);
    if (is_encoded ? GoesOnEscaped(rest, folded[at]) : !rest.empty() && GoesOn(rest, folded[at])) {
      continue;
    }
    return {begin, end};
  }
  return {};
}

Mentions::Place Mentions::FindReversed(std::string_view folded, std::size_t from,
                                       std::size_t at) const {
  const std::string_view before = folded.substr(from, at - from);
  const std::string_view behind = folded.substr(at + 1);
  for (const auto& [domain, locals] : by_domain_) {
    if (!before.ends_with(domain)) continue;
    const std::size_t begin = before.size() - domain.size();
    if (begin > 0 && IsOfDomain(before[begin - 1])) continue;
    for (const std::string& local : locals) {
      const bool is_there =
          behind.size() > local.size() && behind[local.size()] == '@' && behind.starts_with(local);
      if (is_there) return {from + begin, at + 1 + local.size()};
    }
  }
  return {};
}

Mentions::Place Mentions::FindFolded(std::string_view folded, std::size_t from) const {
  for (std::size_t at = folded.find_first_of(kSeparators, from); at != folded.npos;
       at = folded.find_first_of(kSeparators, at + 1)) {
    if (folded[at] != '%') {
      if (const Place place = FindAround(folded, from, at, at + 1); place.end > 0) return place;
    }
    if (folded[at] != '@' && folded.substr(at + 1, 2) == kCodeOfAt) {
      if (const Place place = FindAround(folded, from, at, at + 3); place.end > 0) return place;
    }
    if (folded[at] != '=') continue;
    if (const Place place = FindReversed(folded, from, at); place.end > 0) return place;
  }
  return {};
}

bool Mentions::In(std::string_view text) const {
  if (text.find_first_of(kSeparators) == text.npos) return false;
  const std::string folded = FoldCase(text);
  return FindFolded(folded, 0).end > 0;
}

std::string Mentions::Mask(std::string_view text) const {
  const std::string folded = FoldCase(text);
  std::string masked;
  std::size_t from = 0;
  for (;;) {
    const Place place = FindFolded(folded, from);
    if (place.end == 0) break;
    masked += text.substr(from, place.begin - from);
    masked += kMask;
    from = place.end;
  }
  masked += text.substr(from);
  return masked;
}

std::string WithoutLocalPart(std::string_view path) {
  const std::size_t at = path.rfind('@');
  return at == path.npos ? "" : std::string(path.substr(at));
}

}  // namespace bounced
