#include "server/smtp/path.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "parser/text.h"

namespace bounced::smtp {
namespace {

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool IsControl(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// RFC 5322, 3.2.3, and RFC 6531, 3.3.
bool IsAtext(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-/=?^_`{|}~";
  return IsAlphanumeric(c) || !IsAscii(c) || kMarks.find(c) != std::string_view::npos;
}

// Where the path ends: the place of `>`, or of the first blank where there are no brackets. Neither
// counts inside of quotes.
std::optional<std::size_t> FindEnd(std::string_view text, bool bracketed) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (bracketed ? c == '>' : IsBlank(c))) {
      return i;
    }
  }
  if (quoted || bracketed) return std::nullopt;
  return text.size();
}

bool IsLabel(std::string_view label) {
  std::size_t characters = 0;
  for (char c : label) {
    if (IsAscii(c) && !IsAlphanumeric(c) && c != '-' && c != '_') return false;
    // Octets 10xxxxxx continue a character of UTF-8.
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++characters;
  }
  return characters >= 1 && characters <= kMaxLabelCharacters;
}

// RFC 5321, 4.1.3. `text` stands between the brackets.
bool IsAddressLiteral(std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  constexpr std::string_view kIpv6 = "IPv6:";
  if (StartsWithIgnoringCase(text, kIpv6)) {
    const std::string literal(text.substr(kIpv6.size()));
    return inet_pton(AF_INET6, literal.c_str(), address.data()) == 1;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    const std::string literal(text);
    return inet_pton(AF_INET, literal.c_str(), address.data()) == 1;
  }
  const std::string_view tag = text.substr(0, colon);
  const std::string_view content = text.substr(colon + 1);
  return !tag.empty() && tag.back() != '-' &&
         std::all_of(tag.begin(), tag.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '-'; }) &&
         !content.empty() && std::all_of(content.begin(), content.end(), [](char c) {
           return IsAscii(c) && c > ' ' && c != '[' && c != '\\' && c != ']' && c != 0x7f;
         });
}

bool IsDomain(std::string_view domain) {
  if (domain.empty() || domain.size() > kMaxDomainOctets) return false;
  if (domain.front() == '[') {
    return domain.size() > 2 && domain.back() == ']' &&
           IsAddressLiteral(domain.substr(1, domain.size() - 2));
  }
  for (;;) {
    const std::size_t dot = domain.find('.');
    if (!IsLabel(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

// Drops `@a.example,@b.example:` (RFC 5321, 4.1.1.3 and appendix C).
bool DropSourceRoute(std::string_view& text) {
  while (!text.empty() && text.front() == '@') {
    const std::size_t end = text.find_first_of(",:");
    if (end == std::string_view::npos || !IsDomain(text.substr(1, end - 1))) return false;
    const bool last = text[end] == ':';
    text.remove_prefix(end + 1);
    if (last) return !text.empty() && text.front() != '@';
    if (text.empty() || text.front() != '@') return false;
  }
  return true;
}

// Unquotes the local part that `text` begins with, and drops it there.
std::optional<std::string> TakeLocalPart(std::string_view& text) {
  std::string local;
  std::size_t i = 0;
  if (!text.empty() && text.front() == '"') {
    for (i = 1; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\' && ++i == text.size()) return std::nullopt;
      if (IsControl(text[i])) return std::nullopt;
      local += text[i];
    }
    if (i == text.size()) return std::nullopt;
    ++i;
  } else {
    while (i < text.size() && (IsAtext(text[i]) || text[i] == '.')) ++i;
    local = text.substr(0, i);
  }
  text.remove_prefix(i);
  if (local.empty()) return std::nullopt;
  return local;
}

PathError ParseMailbox(std::string_view text, PathKind kind, Path& path) {
  if (text.size() + 2 > kMaxPathOctets || !DropSourceRoute(text)) return PathError::kAddress;
  path.mailbox = text;
  std::optional<std::string> local = TakeLocalPart(text);
  if (!local) return PathError::kAddress;
  path.local_part = *std::move(local);
  const bool forward = kind == PathKind::kForward;
  if (forward && path.local_part.size() > kMaxLocalPartOctets) return PathError::kAddress;
  if (text.empty()) {
    // RFC 5321, 4.1.1.3: the one name that stands without a domain.
    return forward && EqualsIgnoringCase(path.local_part, "postmaster") ? PathError::kNone
                                                                        : PathError::kAddress;
  }
  if (text.front() != '@') return PathError::kAddress;
  text.remove_prefix(1);
  if (text.size() > 1 && text.back() == '.') text.remove_suffix(1);
  path.domain = text;
  return IsDomain(text) ? PathError::kNone : PathError::kAddress;
}

}  // namespace

Path ParsePath(std::string_view text, PathKind kind) {
  Path path;
  const bool bracketed = !text.empty() && text.front() == '<';
  if (bracketed) text.remove_prefix(1);
  const std::optional<std::size_t> end = FindEnd(text, bracketed);
  if (!end || (!bracketed && *end == 0)) {
    path.error = PathError::kSyntax;
    return path;
  }
  path.rest = text.substr(*end + (bracketed ? 1 : 0));
  if (!path.rest.empty() && !IsBlank(path.rest.front())) {
    path.error = PathError::kSyntax;
    return path;
  }
  const std::string_view inside = text.substr(0, *end);
  path.ascii = std::all_of(inside.begin(), inside.end(), IsAscii);
  if (inside.empty()) {
    if (kind == PathKind::kForward) path.error = PathError::kAddress;
    return path;
  }
  path.error = ParseMailbox(inside, kind, path);
  return path;
}

}  // namespace bounced::smtp
