#include "server/authentication/spf/record.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::string_view kSpfVersion = "v=spf1";
constexpr std::size_t kMaxTermOctetsShown = 64;

// What stands behind the name of a mechanism.
enum class Argument { kNone, kDomain, kOptionalDomain, kOptionalDomainAndLengths, kNetwork };

struct MechanismSyntax {
  std::string_view name;
  SpfMechanism mechanism;
  Argument argument;
};
constexpr std::array<MechanismSyntax, 8> kMechanisms = {{
    {"all", SpfMechanism::kAll, Argument::kNone},
    {"include", SpfMechanism::kInclude, Argument::kDomain},
    {"a", SpfMechanism::kA, Argument::kOptionalDomainAndLengths},
    {"mx", SpfMechanism::kMx, Argument::kOptionalDomainAndLengths},
    {"ptr", SpfMechanism::kPtr, Argument::kOptionalDomain},
    {"ip4", SpfMechanism::kIp4, Argument::kNetwork},
    {"ip6", SpfMechanism::kIp6, Argument::kNetwork},
    {"exists", SpfMechanism::kExists, Argument::kDomain},
}};

constexpr std::array<std::pair<char, SpfOutcome>, 4> kQualifiers = {{
    {'+', SpfOutcome::kPass},
    {'-', SpfOutcome::kFail},
    {'~', SpfOutcome::kSoftfail},
    {'?', SpfOutcome::kNeutral},
}};

absl::Status WrongTerm(std::string_view what, std::string_view term) {
  return absl::InvalidArgumentError(
      absl::StrCat(Absl(what), ": \"", Presentable(term, kMaxTermOctetsShown), "\""));
}

// RFC 7208, 5.6: no leading zeros.
std::optional<int> PrefixLength(std::string_view digits, int max) {
  if (digits.empty() || digits.size() > 3 || !std::all_of(digits.begin(), digits.end(), IsDigit) ||
      (digits.front() == '0' && digits.size() > 1)) {
    return std::nullopt;
  }
  int length = 0;
  for (const char c : digits) length = length * 10 + (c - '0');
  if (length > max) return std::nullopt;
  return length;
}

// Takes "/DIGITS" off the end of `text`; none: it does not end so.
std::optional<std::string_view> TakeLength(std::string_view& text) {
  const std::size_t slash = text.find_last_not_of("0123456789");
  if (slash == text.npos || text[slash] != '/' || slash + 1 == text.size()) return std::nullopt;
  const std::string_view digits = text.substr(slash + 1);
  text = text.substr(0, slash);
  return digits;
}

// Takes the dual-cidr-length off the end of `text` (RFC 7208, 5.3): "/24", "//64" or "/24//64". A
// domain may hold slashes, but does not end in one and digits. False: a length out of range.
bool TakeLengths(std::string_view& text, SpfDirective& directive) {
  std::optional<std::string_view> digits = TakeLength(text);
  if (digits && text.ends_with('/')) {
    text.remove_suffix(1);
    const std::optional<int> length = PrefixLength(*digits, 128);
    if (!length) return false;
    directive.v6_bits = *length;
    digits = TakeLength(text);
  }
  if (!digits) return true;
  const std::optional<int> length = PrefixLength(*digits, 32);
  if (!length) return false;
  directive.v4_bits = *length;
  return true;
}

// `text` begins behind the colon.
bool ReadNetwork(std::string_view text, SpfDirective& directive) {
  const bool is_v4 = directive.mechanism == SpfMechanism::kIp4;
  const std::size_t slash = std::min(text.find('/'), text.size());
  if (slash < text.size()) {
    const std::optional<int> length = PrefixLength(text.substr(slash + 1), is_v4 ? 32 : 128);
    if (!length) return false;
    (is_v4 ? directive.v4_bits : directive.v6_bits) = *length;
  }
  // Not by IpAddress, for which IPv4 in IPv6 is IPv4: here such an address matches neither
  // (RFC 7208, 5).
  const std::string address(text.substr(0, slash));
  directive.network.resize(is_v4 ? 4 : 16);
  return address.find('\0') == address.npos &&
         ::inet_pton(is_v4 ? AF_INET : AF_INET6, address.c_str(), directive.network.data()) == 1;
}

absl::StatusOr<SpfDirective> ParseDirective(const std::string_view term) {
  SpfDirective directive{.text = term};
  std::string_view rest = term;
  for (const auto& [qualifier, outcome] : kQualifiers) {
    if (rest.front() != qualifier) continue;
    directive.outcome = outcome;
    rest.remove_prefix(1);
    break;
  }
  const std::string_view name = rest.substr(0, rest.find_first_of(":/"));
  rest.remove_prefix(name.size());
  const auto* syntax = std::find_if(kMechanisms.begin(), kMechanisms.end(), [&](const auto& each) {
    return EqualsIgnoringCase(each.name, name);
  });
  if (syntax == kMechanisms.end()) return WrongTerm("no such mechanism", term);
  directive.mechanism = syntax->mechanism;

  if (syntax->argument == Argument::kOptionalDomainAndLengths && !TakeLengths(rest, directive)) {
    return WrongTerm("prefix length out of range", term);
  }
  if (rest.empty()) {
    if (syntax->argument == Argument::kDomain || syntax->argument == Argument::kNetwork) {
      return WrongTerm("needs an argument", term);
    }
    return directive;
  }
  if (syntax->argument == Argument::kNone || rest.front() != ':') {
    return WrongTerm("cannot have this argument", term);
  }
  rest.remove_prefix(1);
  if (syntax->argument == Argument::kNetwork) {
    if (!ReadNetwork(rest, directive)) return WrongTerm("no network", term);
  } else {
    directive.target = MacroString::ParseDomainSpec(rest);
    if (!directive.target) return WrongTerm("no domain-spec", term);
  }
  return directive;
}

// The name of a modifier, or nothing: the term is none.
std::string_view ModifierName(std::string_view term) {
  const auto end = std::find_if_not(term.begin(), term.end(), [](char c) {
    return IsLetter(c) || IsDigit(c) || IsOneOf(c, "-_.");
  });
  if (end == term.end() || *end != '=' || !IsLetter(term.front())) return {};
  return term.substr(0, static_cast<std::size_t>(end - term.begin()));
}

}  // namespace

bool IsSpfRecord(std::string_view text) {
  return StartsWithIgnoringCase(text, kSpfVersion) &&
         (text.size() == kSpfVersion.size() || text[kSpfVersion.size()] == ' ');
}

absl::StatusOr<SpfRecord> ParseSpfRecord(std::string_view text) {
  SpfRecord record;
  std::optional<MacroString> explanation;
  text.remove_prefix(kSpfVersion.size());
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return record;
    const std::string_view term = text.substr(0, text.find(' '));
    text.remove_prefix(term.size());
    const std::string_view name = ModifierName(term);
    if (name.empty()) {
      absl::StatusOr<SpfDirective> directive = ParseDirective(term);
      if (!directive.ok()) return directive.status();
      record.directives.push_back(*std::move(directive));
      continue;
    }
    const std::string_view value = term.substr(name.size() + 1);
    const bool is_redirect = EqualsIgnoringCase(name, "redirect");
    if (is_redirect || EqualsIgnoringCase(name, "exp")) {
      std::optional<MacroString>& target = is_redirect ? record.redirect : explanation;
      if (target) return WrongTerm("stands twice", name);
      target = MacroString::ParseDomainSpec(value);
      if (!target) return WrongTerm("no domain-spec", term);
    } else if (!MacroString::Parse(value)) {
      return WrongTerm("no macro-string", term);
    }
  }
}

}  // namespace bounced
