#include "server/authentication/spf.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "parser/address.h"
#include "parser/text.h"
#include "server/authentication/spf/macro_string.h"
#include "server/authentication/spf/record.h"

namespace bounced {
namespace {

using dns::Answer;
using dns::Outcome;
using dns::Type;

constexpr std::size_t kMaxLabelOctets = 63;  // RFC 1035, 2.3.4
constexpr std::size_t kMaxShownOctets = 64;

// Whether DNS can be asked for the name. What a macro expands to need not be such: a local part has
// any octets (those that are not ASCII never match: RFC 8616, 4).
bool IsDomainName(std::string_view name) {
  if (name.empty() || name.size() > kMaxTargetNameOctets) return false;
  if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    return false;
  }
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    if (end == begin || end - begin > kMaxLabelOctets) return false;
    begin = end + 1;
  }
  return true;
}

// The same for a domain whose record is asked for (RFC 7208, 4.3).
bool IsMultiLabel(std::string_view name) {
  return IsDomainName(name) && name.find('.') != name.npos;
}

bool IsSameOrBelow(std::string_view name, std::string_view domain) {
  return EqualsIgnoringCase(name, domain) ||
         (name.size() > domain.size() && EndsWithIgnoringCase(name, domain) &&
          name[name.size() - domain.size() - 1] == '.');
}

// Whether the first `bits` are the same. Octets of different families never are.
bool SharePrefix(std::string_view one, std::string_view other, int bits) {
  if (one.size() != other.size()) return false;
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (one.substr(0, whole) != other.substr(0, whole)) return false;
  const int rest = bits % 8;
  return rest == 0 || ((one[whole] ^ other[whole]) & 0xff & (0xff << (8 - rest))) == 0;
}

// The macro "i": of IPv6 each half octet (RFC 7208, 7.3).
std::string Dotted(const IpAddress& address) {
  if (address.is_v4()) return address.ToString();
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string dotted;
  for (const char c : address.octets()) {
    const auto octet = static_cast<unsigned char>(c);
    dotted += {kHex[octet >> 4], '.', kHex[octet & 15], '.'};
  }
  dotted.pop_back();
  return dotted;
}

std::string Shown(std::string_view text) { return Presentable(text, kMaxShownOctets); }

// One run of check_host() and of what it calls.
class SpfCheck {
 public:
  struct Identity {
    std::string helo;
    std::string local_part;
    std::string domain;
  };

  SpfCheck(const IpAddress& client, const Identity& identity, dns::Lookups& lookups)
      : client_(client), identity_(identity), lookups_(lookups) {}

  // RFC 7208, 4. None: answers are missing. Each call that this one leads to has been counted by
  // CountTerm(), so they nest no deeper than it lets them.
  std::optional<SpfResult> Check(const std::string& domain);

 private:
  enum class Match {
    kNo,
    kYes,
    kError,    // the check ends with error_
    kUnknown,  // answers are missing
  };

  Match Error(SpfOutcome outcome, std::string_view reason) {
    error_ = SpfResult{.outcome = outcome, .reason = std::string(reason)};
    return Match::kError;
  }
  Match DnsError(std::string_view name) {
    return Error(SpfOutcome::kTemperror, absl::StrCat("DNS gave no answer for ", Shown(name)));
  }
  // What a void term ends with (RFC 7208, 4.6.4).
  Match Void() {
    if (++void_terms_ <= kMaxSpfVoidTerms) return Match::kNo;
    return Error(SpfOutcome::kPermerror, "more than 2 terms for which DNS has nothing");
  }
  bool CountTerm() { return ++lookup_terms_ <= kMaxSpfLookupTerms; }

  Match Matches(const SpfDirective& directive, const std::string& domain);
  Match MatchesInclude(const std::string& target);
  Match MatchesA(const SpfDirective& directive, const std::string& target);
  Match MatchesMx(const SpfDirective& directive, const std::string& target);
  Match MatchesPtr(const std::string& target);
  Match MatchesExists(const std::string& target);
  std::optional<SpfResult> Redirect(const MacroString& redirect, const std::string& domain);

  Type AddressType() const { return client_.is_v4() ? Type::kA : Type::kAaaa; }
  bool IsClient(const IpAddress& address, const SpfDirective& directive) const {
    return SharePrefix(address.octets(), client_.octets(),
                       client_.is_v4() ? directive.v4_bits : directive.v6_bits);
  }
  bool HoldsClient(const Answer& answer, const SpfDirective& directive) const {
    return std::any_of(answer.addresses.begin(), answer.addresses.end(),
                       [&](const IpAddress& address) { return IsClient(address, directive); });
  }

  // The answer of a PTR query for the client. Null: it is missing.
  const Answer* ClientNames();
  // The names of the client that have its address (RFC 7208, 5.5). None: answers are missing.
  std::optional<std::vector<std::string>> ValidatedNames(const Answer& client_names);
  std::optional<std::string> ValidatedName(const std::string& domain);
  std::optional<std::string> MacroValue(char letter, const std::string& domain);
  std::optional<std::string> Expand(const MacroString& name, const std::string& domain) {
    return name.ExpandToName([&](char letter) { return MacroValue(letter, domain); });
  }

  const IpAddress& client_;
  const Identity& identity_;
  dns::Lookups& lookups_;
  int lookup_terms_ = 0;
  int void_terms_ = 0;
  SpfResult error_;
};

constexpr std::string_view kTooManyTerms = "more than 10 terms that ask DNS";

std::optional<SpfResult> SpfCheck::Check(const std::string& domain) {
  if (!IsMultiLabel(domain)) {
    return SpfResult{.reason = absl::StrCat("no domain: \"", Shown(domain), "\"")};
  }
  const Answer* texts = lookups_.Find(domain, Type::kTxt);
  if (texts == nullptr) return std::nullopt;
  if (texts->outcome == Outcome::kFailed) {
    DnsError(domain);
    return std::move(error_);
  }
  const auto permerror = [&](std::string_view what) {
    return SpfResult{.outcome = SpfOutcome::kPermerror,
                     .reason = absl::StrCat(Absl(what), ", of ", Shown(domain))};
  };
  const std::string* text = nullptr;
  for (const std::string& each : texts->texts) {
    if (!IsSpfRecord(each)) continue;
    if (text != nullptr) return permerror("more than one record");
    text = &each;
  }
  if (text == nullptr) return SpfResult{.reason = absl::StrCat("no record of ", Shown(domain))};
  if (text->size() > kMaxSpfRecordOctets) return permerror("a record of more than 8192 octets");
  const absl::StatusOr<SpfRecord> record = ParseSpfRecord(*text);
  if (!record.ok()) return permerror(Std(record.status().message()));

  for (const SpfDirective& directive : record->directives) {
    switch (Matches(directive, domain)) {
      case Match::kNo:
        break;
      case Match::kYes:
        return SpfResult{
            .outcome = directive.outcome,
            .reason = absl::StrCat("\"", Shown(directive.text), "\" matches, of ", Shown(domain))};
      case Match::kError:
        return std::move(error_);
      case Match::kUnknown:
        return std::nullopt;
    }
  }
  if (record->redirect) return Redirect(*record->redirect, domain);
  return SpfResult{.outcome = SpfOutcome::kNeutral,
                   .reason = absl::StrCat("nothing matches, of ", Shown(domain))};
}

// RFC 7208, 6.1.
std::optional<SpfResult> SpfCheck::Redirect(const MacroString& redirect,
                                            const std::string& domain) {
  if (!CountTerm()) {
    Error(SpfOutcome::kPermerror, kTooManyTerms);
    return std::move(error_);
  }
  const std::optional<std::string> target = Expand(redirect, domain);
  if (!target) return std::nullopt;
  std::optional<SpfResult> result = Check(*target);
  if (result && result->outcome == SpfOutcome::kNone) result->outcome = SpfOutcome::kPermerror;
  return result;
}

SpfCheck::Match SpfCheck::Matches(const SpfDirective& directive, const std::string& domain) {
  if (directive.mechanism == SpfMechanism::kAll) return Match::kYes;
  if (directive.mechanism == SpfMechanism::kIp4 || directive.mechanism == SpfMechanism::kIp6) {
    return SharePrefix(directive.network, client_.octets(),
                       client_.is_v4() ? directive.v4_bits : directive.v6_bits)
               ? Match::kYes
               : Match::kNo;
  }
  if (!CountTerm()) return Error(SpfOutcome::kPermerror, kTooManyTerms);
  const std::optional<std::string> target =
      directive.target ? Expand(*directive.target, domain) : domain;
  if (!target) return Match::kUnknown;
  if (directive.mechanism == SpfMechanism::kInclude) return MatchesInclude(*target);
  // RFC 7208 leaves open what a name does that DNS cannot be asked for (4.8).
  if (!IsDomainName(*target)) return Match::kNo;
  switch (directive.mechanism) {
    case SpfMechanism::kA:
      return MatchesA(directive, *target);
    case SpfMechanism::kMx:
      return MatchesMx(directive, *target);
    case SpfMechanism::kPtr:
      return MatchesPtr(*target);
    default:
      return MatchesExists(*target);
  }
}

// RFC 7208, 5.2.
SpfCheck::Match SpfCheck::MatchesInclude(const std::string& target) {
  std::optional<SpfResult> result = Check(target);
  if (!result) return Match::kUnknown;
  switch (result->outcome) {
    case SpfOutcome::kPass:
      return Match::kYes;
    case SpfOutcome::kFail:
    case SpfOutcome::kSoftfail:
    case SpfOutcome::kNeutral:
      return Match::kNo;
    case SpfOutcome::kTemperror:
      return Error(SpfOutcome::kTemperror, result->reason);
    case SpfOutcome::kPermerror:
    case SpfOutcome::kNone:
      break;
  }
  return Error(SpfOutcome::kPermerror, result->reason);
}

// RFC 7208, 5.3.
SpfCheck::Match SpfCheck::MatchesA(const SpfDirective& directive, const std::string& target) {
  const Answer* answer = lookups_.Find(target, AddressType());
  if (answer == nullptr) return Match::kUnknown;
  if (answer->outcome == Outcome::kFailed) return DnsError(target);
  if (answer->addresses.empty()) return Void();
  return HoldsClient(*answer, directive) ? Match::kYes : Match::kNo;
}

// RFC 7208, 5.4. The order of hosts is free, so one that matches wins over one without an answer.
SpfCheck::Match SpfCheck::MatchesMx(const SpfDirective& directive, const std::string& target) {
  const Answer* exchanges = lookups_.Find(target, Type::kMx);
  if (exchanges == nullptr) return Match::kUnknown;
  if (exchanges->outcome == Outcome::kFailed) return DnsError(target);
  if (exchanges->exchanges.size() > kMaxSpfHosts) {
    return Error(SpfOutcome::kPermerror, absl::StrCat("more than 10 MX of ", Shown(target)));
  }
  bool is_missing = false;
  bool is_void = true;
  bool matches = false;
  std::string_view failed;
  for (const dns::MailExchange& exchange : exchanges->exchanges) {
    if (!IsDomainName(exchange.name)) continue;
    const Answer* answer = lookups_.Find(exchange.name, AddressType());
    if (answer == nullptr) {
      is_missing = true;
      continue;
    }
    if (answer->outcome == Outcome::kFailed) failed = exchange.name;
    if (!answer->addresses.empty()) is_void = false;
    matches = matches || HoldsClient(*answer, directive);
  }
  if (is_missing) return Match::kUnknown;
  if (matches) return Match::kYes;
  if (!failed.empty()) return DnsError(failed);
  return is_void ? Void() : Match::kNo;
}

// RFC 7208, 5.5: without an answer from DNS it does not match.
SpfCheck::Match SpfCheck::MatchesPtr(const std::string& target) {
  const Answer* client_names = ClientNames();
  if (client_names == nullptr) return Match::kUnknown;
  if (client_names->outcome == Outcome::kFailed) return Match::kNo;
  if (client_names->names.empty()) return Void();
  const std::optional<std::vector<std::string>> names = ValidatedNames(*client_names);
  if (!names) return Match::kUnknown;
  const bool matches = std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    return IsSameOrBelow(name, target);
  });
  return matches ? Match::kYes : Match::kNo;
}

// RFC 7208, 5.7: IPv4 whatever the client has.
SpfCheck::Match SpfCheck::MatchesExists(const std::string& target) {
  const Answer* answer = lookups_.Find(target, Type::kA);
  if (answer == nullptr) return Match::kUnknown;
  if (answer->outcome == Outcome::kFailed) return DnsError(target);
  return answer->addresses.empty() ? Void() : Match::kYes;
}

const Answer* SpfCheck::ClientNames() {
  static const MacroString kReverseName = *MacroString::ParseDomainSpec("%{ir}.%{v}.arpa");
  return lookups_.Find(*Expand(kReverseName, {}), Type::kPtr);
}

std::optional<std::vector<std::string>> SpfCheck::ValidatedNames(const Answer& client_names) {
  std::vector<std::string> validated;
  bool is_missing = false;
  const std::size_t count = std::min(client_names.names.size(), kMaxSpfHosts);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& name = client_names.names[i];
    if (!IsDomainName(name)) continue;
    const Answer* answer = lookups_.Find(name, AddressType());
    if (answer == nullptr) {
      is_missing = true;
    } else if (std::find(answer->addresses.begin(), answer->addresses.end(), client_) !=
               answer->addresses.end()) {
      validated.push_back(name);
    }
  }
  if (is_missing) return std::nullopt;
  return validated;
}

// The macro "p" (RFC 7208, 7.3): best the domain itself, next a name below it.
std::optional<std::string> SpfCheck::ValidatedName(const std::string& domain) {
  const Answer* client_names = ClientNames();
  if (client_names == nullptr) return std::nullopt;
  const std::optional<std::vector<std::string>> names = ValidatedNames(*client_names);
  if (!names) return std::nullopt;
  const std::string* best = nullptr;
  for (const std::string& name : *names) {
    if (EqualsIgnoringCase(name, domain)) return name;
    if (best == nullptr || (IsSameOrBelow(name, domain) && !IsSameOrBelow(*best, domain))) {
      best = &name;
    }
  }
  return best != nullptr ? *best : "unknown";
}

std::optional<std::string> SpfCheck::MacroValue(char letter, const std::string& domain) {
  switch (letter) {
    case 's':
      return absl::StrCat(identity_.local_part, "@", identity_.domain);
    case 'l':
      return identity_.local_part;
    case 'o':
      return identity_.domain;
    case 'd':
      return domain;
    case 'i':
      return Dotted(client_);
    case 'p':
      return ValidatedName(domain);
    case 'v':
      return client_.is_v4() ? "in-addr" : "ip6";
    default:
      return identity_.helo;
  }
}

// As A-labels (RFC 7208, 4.3). What is no domain stays what it is; only the macro "h" shows it.
std::string AsDomain(std::string_view text) {
  absl::StatusOr<std::string> canonical = CanonicalDomain(text);
  return canonical.ok() ? *std::move(canonical) : FoldCase(text);
}

SpfCheck::Identity MakeIdentity(std::string_view helo, std::string_view sender) {
  constexpr std::string_view kPostmaster = "postmaster";
  if (sender.empty()) {  // RFC 7208, 2.4
    std::string domain = AsDomain(helo);
    return {.helo = domain, .local_part = std::string(kPostmaster), .domain = domain};
  }
  const std::size_t at = sender.rfind('@');
  const std::string_view local_part = at == sender.npos ? std::string_view() : sender.substr(0, at);
  return {.helo = AsDomain(helo),
          .local_part = std::string(local_part.empty() ? kPostmaster : local_part),
          .domain = AsDomain(at == sender.npos ? sender : sender.substr(at + 1))};
}

}  // namespace

std::string_view Name(SpfOutcome outcome) {
  constexpr std::array<std::string_view, 7> kNames = {"none",     "neutral",   "pass",     "fail",
                                                      "softfail", "temperror", "permerror"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::optional<SpfResult> CheckSpf(const IpAddress& client, std::string_view helo,
                                  std::string_view sender, dns::Lookups& lookups) {
  const SpfCheck::Identity identity = MakeIdentity(helo, sender);
  // An address literal has dots like a name.
  const bool is_literal = identity.domain.starts_with('[');
  std::optional<SpfResult> result =
      is_literal ? SpfResult{.reason = "no domain: an address literal"}
                 : SpfCheck(client, identity, lookups).Check(identity.domain);
  if (result && !is_literal && IsMultiLabel(identity.domain)) result->domain = identity.domain;
  return result;
}

}  // namespace bounced
