#include "parser/address.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "parser/atext.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxLabelOctets = 63;  // RFC 1035, 2.3.4

constexpr bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// Dot-string of RFC 5321, 4.1.2.
bool IsDotString(std::string_view s) {
  bool atom_is_empty = true;
  for (const char c : s) {
    if (c == '.') {
      if (atom_is_empty) return false;
      atom_is_empty = true;
    } else {
      if (!IsAtext(c)) return false;
      atom_is_empty = false;
    }
  }
  return !atom_is_empty;
}

struct LocalPart {
  std::string content;  // quotes and backslashes undone
  std::size_t octets;   // of the spelling; the '@' follows
};

// The Quoted-string that `mailbox` begins with (RFC 5321, 4.1.2).
absl::StatusOr<LocalPart> ReadQuoted(std::string_view mailbox) {
  LocalPart local{"", 0};
  for (std::size_t at = 1; at < mailbox.size(); ++at) {
    char c = mailbox[at];
    if (c == '"') {
      local.octets = at + 1;
      return local;
    }
    if (c == '\\') {
      if (++at == mailbox.size()) break;
      c = mailbox[at];
      if (!IsAscii(c))
        return absl::InvalidArgumentError("a backslash before a non-ASCII character");
    }
    local.content += c;
  }
  return absl::InvalidArgumentError("the quoted local part has no end");
}

absl::StatusOr<LocalPart> ReadLocalPart(std::string_view mailbox) {
  if (mailbox.front() == '"') return ReadQuoted(mailbox);
  const std::size_t at = mailbox.find('@');
  if (at == std::string_view::npos) return absl::InvalidArgumentError("no @");
  const std::string_view local = mailbox.substr(0, at);
  if (!IsDotString(local)) {
    return absl::InvalidArgumentError(
        "the local part is empty, has a dot too many or a character that needs quotes");
  }
  return LocalPart{std::string(local), at};
}

absl::StatusOr<std::string> Normalized(std::string_view s) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
  std::string result;
  icu::StringByteSink<std::string> sink(&result);
  if (U_SUCCESS(error)) {
    nfc->normalizeUTF8(0, icu::StringPiece(s.data(), static_cast<std::int32_t>(s.size())), sink,
                       nullptr, error);
  }
  if (U_FAILURE(error)) return absl::InternalError("ICU could not normalize the local part");
  return result;
}

std::string Quoted(std::string_view content) {
  std::string quoted = "\"";
  for (const char c : content) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

// Folding stands between two normalizations: NFC makes an ASCII letter of some characters (U+212A,
// the Kelvin sign, is "K"), and a folded letter may compose where the capital did not (h with
// U+0331). So spellings that are canonically equivalent have one identity, and it is its own.
absl::StatusOr<std::string> CanonicalLocalPart(std::string_view content) {
  absl::StatusOr<std::string> composed = Normalized(content);
  if (!composed.ok()) return composed;
  absl::StatusOr<std::string> folded = Normalized(FoldCase(*composed));
  if (!folded.ok() || IsDotString(*folded)) return folded;
  return Quoted(*folded);
}

// RFC 5321, 4.1.3, of the two registered kinds. One address has one form: inet_ntop's.
absl::StatusOr<std::string> CanonicalLiteral(std::string_view literal) {
  constexpr std::string_view kIpv6 = "ipv6:";
  if (literal.size() < 2 || literal.back() != ']') {
    return absl::InvalidArgumentError("the address literal has no end");
  }
  std::string content(literal.substr(1, literal.size() - 2));
  const bool is_ipv6 = StartsWithIgnoringCase(content, kIpv6);
  if (is_ipv6) content.erase(0, kIpv6.size());
  std::array<unsigned char, sizeof(in6_addr)> octets{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = is_ipv6 ? AF_INET6 : AF_INET;
  if (content.find('\0') != std::string::npos ||
      inet_pton(family, content.c_str(), octets.data()) != 1 ||
      inet_ntop(family, octets.data(), text.data(), text.size()) == nullptr) {
    return absl::InvalidArgumentError("the address literal holds no IPv4 or IPv6 address");
  }
  return absl::StrCat("[", Absl(is_ipv6 ? kIpv6 : ""), text.data(), "]");
}

// Letters, digits and hyphens (RFC 1123, 2.1), and underscores. An A-label is taken as it stands:
// it names what it names in the DNS, also where IDNA2008 would not have made it.
absl::Status CheckLabel(std::string_view label) {
  if (label.empty()) return absl::InvalidArgumentError("the domain has an empty label");
  if (label.size() > kMaxLabelOctets) {
    return absl::InvalidArgumentError("the domain has a label of more than 63 octets");
  }
  if (label.front() == '-' || label.back() == '-') {
    return absl::InvalidArgumentError("a label of the domain begins or ends with a hyphen");
  }
  const auto is_host_octet = [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '-' || c == '_';
  };
  if (!std::all_of(label.begin(), label.end(), is_host_octet)) {
    return absl::InvalidArgumentError("the domain has a character that no host name has");
  }
  return absl::OkStatus();
}

// Upper case and full-width forms, which people type, are mapped as UTS 46 does before the rules of
// IDNA2008 are held to (nontransitional: sharp s and final sigma stay what they are).
absl::StatusOr<std::string> ToAscii(std::string_view domain) {
  const std::string terminated(domain);
  std::uint8_t* ascii = nullptr;
  const int rc = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(terminated.c_str()), &ascii,
                                IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (rc != IDN2_OK) {
    return absl::InvalidArgumentError(
        absl::StrCat("the domain is not IDNA2008: ", idn2_strerror(rc)));
  }
  const std::unique_ptr<std::uint8_t, void (*)(void*)> owner(ascii, idn2_free);
  return std::string(reinterpret_cast<const char*>(ascii));
}

// What a plain address is made of, and what it is folded to. 0: it is not plain.
using Octets = std::array<char, 256>;

template <typename Predicate>
constexpr Octets FoldedWhere(Predicate is_plain) {
  Octets octets{};
  for (int c = 0; c < 0x80; ++c) {
    const char octet = static_cast<char>(c);
    if (is_plain(octet)) octets[static_cast<std::size_t>(c)] = FoldCase(octet);
  }
  return octets;
}
constexpr Octets kAtom = FoldedWhere(IsAtext);
constexpr Octets kLabel =
    FoldedWhere([](char c) { return IsLetter(c) || IsDigit(c) || c == '-' || c == '_'; });

// Folds octets of `kind` from `at` on into `out`; where they end.
std::size_t FoldWhile(const Octets& kind, std::string_view text, std::size_t at, char* out) {
  for (; at < text.size(); ++at) {
    const char folded = kind[static_cast<unsigned char>(text[at])];
    if (folded == 0) break;
    out[at] = folded;
  }
  return at;
}

// Canonicalizes an ASCII dot-string at a host name, which nearly every address is, in one pass.
// Where the '@' is; none: it is not of that kind, or no address, which the long way tells.
// `canonical` has the size of `mailbox`, or one less where a dot at its end was dropped.
std::optional<std::size_t> CanonicalizePlain(std::string_view mailbox, std::string& canonical) {
  if (mailbox.size() > kMaxPathOctets) return std::nullopt;
  canonical.resize(mailbox.size());
  // A local copy, which no octet that is written could change.
  char* const out = canonical.data();
  std::size_t begin = 0;
  std::size_t end = 0;
  for (;; begin = end + 1) {
    end = FoldWhile(kAtom, mailbox, begin, out);
    if (end == begin || end == mailbox.size()) return std::nullopt;
    out[end] = mailbox[end];
    if (mailbox[end] == '@') break;
    if (mailbox[end] != '.') return std::nullopt;
  }
  const std::size_t at = end;
  do {
    begin = end + 1;
    end = FoldWhile(kLabel, mailbox, begin, out);
    if (end == begin) {
      // Nothing is behind the last dot, which belongs to no label.
      if (end < mailbox.size() || begin == at + 1) return std::nullopt;
      canonical.pop_back();
      return at;
    }
    if (end - begin > kMaxLabelOctets || out[begin] == '-' || out[end - 1] == '-') {
      return std::nullopt;
    }
    if (end == mailbox.size()) return at;
    out[end] = '.';
  } while (mailbox[end] == '.');
  return std::nullopt;
}

struct Canonical {
  std::string text;
  std::size_t at;  // of its last '@'
};

absl::StatusOr<Canonical> CanonicalizeAny(std::string_view mailbox) {
  if (mailbox.empty()) return absl::InvalidArgumentError("the address is empty");
  if (mailbox.size() > kMaxPathOctets) {
    return absl::InvalidArgumentError("the address has more than 256 octets");
  }
  if (!IsValidUtf8(mailbox)) return absl::InvalidArgumentError("the address is not UTF-8");
  if (std::any_of(mailbox.begin(), mailbox.end(),
                  [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; })) {
    return absl::InvalidArgumentError("the address has a control character");
  }
  const absl::StatusOr<LocalPart> local = ReadLocalPart(mailbox);
  if (!local.ok()) return local.status();
  if (local->octets == mailbox.size() || mailbox[local->octets] != '@') {
    return absl::InvalidArgumentError("no @ after the local part");
  }
  absl::StatusOr<std::string> canonical = CanonicalLocalPart(local->content);
  if (!canonical.ok()) return canonical.status();
  const absl::StatusOr<std::string> domain = CanonicalDomain(mailbox.substr(local->octets + 1));
  if (!domain.ok()) return domain.status();
  const std::size_t at = canonical->size();
  absl::StrAppend(&*canonical, "@", *domain);
  return Canonical{*std::move(canonical), at};
}

}  // namespace

absl::StatusOr<std::string> CanonicalDomain(std::string_view domain) {
  if (domain.empty()) return absl::InvalidArgumentError("the domain is empty");
  if (domain.front() == '[') return CanonicalLiteral(domain);
  if (domain.size() > kMaxDomainOctets) {
    return absl::InvalidArgumentError("the domain has more than 255 octets");
  }
  std::string ascii = FoldCase(domain);
  if (!std::all_of(domain.begin(), domain.end(), IsAscii)) {
    if (!IsValidUtf8(domain) || domain.find('\0') != std::string_view::npos) {
      return absl::InvalidArgumentError("the domain is not UTF-8");
    }
    absl::StatusOr<std::string> looked_up = ToAscii(domain);
    if (!looked_up.ok()) return looked_up;
    ascii = FoldCase(*looked_up);
  }
  if (ascii.ends_with('.')) ascii.pop_back();
  if (ascii.size() > kMaxDomainOctets) {
    return absl::InvalidArgumentError("the domain has more than 255 octets as A-labels");
  }
  for (std::size_t begin = 0; begin <= ascii.size();) {
    const std::size_t end = std::min(ascii.find('.', begin), ascii.size());
    if (absl::Status status = CheckLabel(std::string_view(ascii).substr(begin, end - begin));
        !status.ok()) {
      return status;
    }
    begin = end + 1;
  }
  return ascii;
}

absl::StatusOr<Address> Address::Parse(std::string_view mailbox) {
  std::string plain;
  if (const std::optional<std::size_t> at = CanonicalizePlain(mailbox, plain)) {
    return Address(std::move(plain), std::string(mailbox), *at);
  }
  absl::StatusOr<Canonical> canonical = CanonicalizeAny(mailbox);
  if (!canonical.ok()) return canonical.status();
  return Address(std::move(canonical->text), std::string(mailbox), canonical->at);
}

absl::StatusOr<Address> Address::ParseEntry(std::string_view entry) {
  if (!entry.starts_with('@')) return Parse(entry);
  const absl::StatusOr<std::string> domain = CanonicalDomain(entry.substr(1));
  if (!domain.ok()) return domain.status();
  return Address(absl::StrCat("@", *domain), std::string(entry), 0);
}

absl::StatusOr<std::string_view> Address::Canonicalize(std::string_view mailbox,
                                                       std::string& room) {
  if (CanonicalizePlain(mailbox, room)) return std::string_view(room);
  absl::StatusOr<Canonical> canonical = CanonicalizeAny(mailbox);
  if (!canonical.ok()) return canonical.status();
  room = std::move(canonical->text);
  return std::string_view(room);
}

}  // namespace bounced
