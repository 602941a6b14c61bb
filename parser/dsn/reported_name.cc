#include "parser/dsn/reported_name.h"

#include <arpa/inet.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "parser/mime/charset.h"
#include "parser/mime/encoded_word.h"
#include "parser/mime/field_reader.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr bool IsTypeOctet(char c) { return IsLetter(c) || IsDigit(c) || c == '-' || c == '_'; }

// Types under which hosts report mailboxes.
bool IsMailboxType(std::string_view type) {
  return type.empty() || type == "rfc822" || type == "rfc-822" || type == "utf-8" ||
         type == "utf8" || type == "smtp" || type == "internet";
}

std::optional<TypedValue> TakeType(std::string_view value) {
  value = StripBlanks(value);
  const auto end = std::find_if_not(value.begin(), value.end(), IsTypeOctet);
  const std::string_view type = value.substr(0, static_cast<std::size_t>(end - value.begin()));
  const std::string_view rest = StripBlanks(value.substr(type.size()));
  if (type.empty() || rest.empty()) return std::nullopt;
  const bool colon = rest.front() == ':' &&
                     (EqualsIgnoringCase(type, "rfc822") || EqualsIgnoringCase(type, "utf-8"));
  if (rest.front() != ';' && !colon) return std::nullopt;
  return TypedValue{FoldCase(type), StripBlanks(rest.substr(1))};
}

// The inside of <...>, where there is one outside of quotes.
std::string_view WithoutBrackets(std::string_view address) {
  if (address.find('<') == address.npos) return address;
  bool quoted = false;
  std::size_t begin = address.npos;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const char c = address[i];
    if (c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == '<') {
      begin = i + 1;
    } else if (!quoted && c == '>' && begin != address.npos) {
      return address.substr(begin, i - begin);
    }
  }
  return begin == address.npos ? address : address.substr(begin);
}

std::string_view WithoutLitter(std::string_view address) {
  constexpr AsciiSet kTrailing(".,; \t");
  address = StripBlanks(address);
  while (!address.empty() && kTrailing.Has(address.back())) address.remove_suffix(1);
  for (const char quote : {'\'', '"'}) {
    if (address.size() > 1 && address.front() == quote &&
        address.find(quote, 1) == address.size() - 1) {
      address = address.substr(1, address.size() - 2);
    }
  }
  // @a.example,@b.example:user@c.example (RFC 5321, Appendix C).
  if (address.starts_with('@')) {
    const std::size_t colon = address.find(':');
    if (colon != address.npos) address.remove_prefix(colon + 1);
  }
  return address;
}

}  // namespace

TypedValue SplitType(std::string_view value) {
  TypedValue typed{"", StripBlanks(value)};
  while (std::optional<TypedValue> next = TakeType(typed.value)) {
    if (!typed.type.empty() && typed.type != next->type) break;
    typed = *std::move(next);
  }
  return typed;
}

std::string ReportedAddress(std::string_view value, std::size_t max_octets) {
  const TypedValue typed = SplitType(value);
  std::string_view line = typed.value;
  const bool is_plain = IsPlain(line);
  std::string unfolded;
  if (!is_plain || line.find('(') != line.npos) {
    unfolded = WithoutComments(Unfold(line));
    line = unfolded;
  }
  // Some hosts write all of it so. What only begins so, up to its "@", is a mailbox as it stands.
  std::string decoded;
  std::string_view inside = WithoutLitter(WithoutBrackets(WithoutLitter(line)));
  if (inside.starts_with("=?") && inside.find('@') == inside.npos) {
    decoded = DecodeEncodedWords(inside);
    inside = decoded;
  }
  const bool is_mailbox = IsMailboxType(typed.type);
  const bool is_international = typed.type == "utf-8" || typed.type == "utf8";
  if (is_plain && is_mailbox && !is_international && decoded.empty()) {
    return std::string(inside.substr(0, max_octets));
  }
  std::string address = is_international ? DecodeUnitext(inside) : std::string(inside);
  address = Utf8Of(std::move(address));
  if (!is_mailbox && address.find('@') != std::string::npos) {
    address.insert(0, typed.type + ";");
  }
  return Presentable(address, max_octets);
}

std::string ReportedHost(std::string_view value, std::size_t max_octets) {
  std::string_view host = StripBlanks(value);
  const std::size_t semicolon = host.find(';');
  if (semicolon != host.npos) host = StripBlanks(host.substr(semicolon + 1));
  if (IsPlain(host)) {
    if (host.find('(') == host.npos) return std::string(host.substr(0, max_octets));
    return std::string(StripBlanks(WithoutComments(host)).substr(0, max_octets));
  }
  return Presentable(ToUtf8(StripBlanks(WithoutComments(Unfold(host))), ""), max_octets);
}

std::string_view BracketedAddress(std::string_view value) {
  constexpr AsciiSet kBrackets("([");
  const std::size_t bracket = kBrackets.FirstIn(value);
  if (bracket == value.size()) return {};
  std::string_view address = value.substr(bracket + 1);
  if (StartsWithIgnoringCase(address, "ipv6:")) address.remove_prefix(5);  // RFC 5321, 4.1.3
  constexpr AsciiSet kAddressOctets("0123456789abcdefABCDEF.:");
  address = address.substr(0, kAddressOctets.FirstNotIn(address));
  if (address.empty()) return {};
  in6_addr octets;
  const std::string text(address.substr(0, INET6_ADDRSTRLEN));
  const bool is_address = inet_pton(AF_INET, text.c_str(), &octets) == 1 ||
                          inet_pton(AF_INET6, text.c_str(), &octets) == 1;
  return is_address ? address : std::string_view();
}

std::string ReportedLine(std::string_view value, std::size_t max_octets) {
  const std::string_view line = StripBlanks(value);
  if (IsPlain(line)) return std::string(line.substr(0, max_octets));
  return Presentable(Utf8Of(Unfold(value)), max_octets);
}

std::string WithoutComments(std::string_view value) {
  if (value.find('(') == value.npos) return std::string(value);
  constexpr AsciiSet kMarks("(\"\\");
  const std::size_t plain = kMarks.FirstIn(value);
  std::string kept(value.substr(0, plain));
  bool quoted = false;
  int depth = 0;
  for (std::size_t i = plain; i < value.size(); ++i) {
    const char c = value[i];
    const bool pair = c == '\\' && (quoted || depth > 0) && i + 1 < value.size();
    if (!pair && c == '"' && depth == 0) quoted = !quoted;
    if (!pair && !quoted && c == '(') ++depth;
    if (depth == 0) {
      kept += c;
      if (pair) kept += value[i + 1];
    }
    if (pair) ++i;
    if (!pair && !quoted && c == ')' && depth > 0) --depth;
  }
  // Without its end, a bracket opens no comment.
  return depth > 0 ? std::string(value) : kept;
}

std::string DecodeUnitext(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size();) {
    constexpr std::string_view kOpening = "\\x{";
    const std::size_t found = std::min(text.find(kOpening, at), text.size());
    decoded += text.substr(at, found - at);
    at = found;
    if (at == text.size()) break;
    const char* begin = text.data() + at + kOpening.size();
    const char* limit = begin + std::min<std::size_t>(6, text.size() - at - kOpening.size());
    std::uint32_t c = 0;
    const char* end = std::from_chars(begin, limit, c, 16).ptr;
    const bool closed = end < text.data() + text.size() && *end == '}';
    if (!closed || end - begin < 2 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
      decoded += text[at++];
      continue;
    }
    char octets[U8_MAX_LENGTH];
    std::size_t length = 0;
    U8_APPEND_UNSAFE(octets, length, c);
    decoded.append(octets, length);
    at = static_cast<std::size_t>(end - text.data()) + 1;
  }
  return decoded;
}

std::string DecodeOctal(std::string_view text) {
  if (text.find('\\') == text.npos) return std::string(text);
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t k, char top) {
      return i + k < text.size() && text[i + k] >= '0' && text[i + k] <= top;
    };
    // Only 200 to 377: the rest is ASCII, which is never written so.
    if (text[i] == '\\' && digit(1, '3') && text[i + 1] >= '2' && digit(2, '7') && digit(3, '7')) {
      decoded += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                   (text[i + 3] - '0'));
      i += 3;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace bounced
