#include "server/intake/provider_answer.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/base/ip_address.h"
#include "server/intake/mailbox_providers.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxWordOctets = 16;
constexpr std::string_view kCut = "<...>";
// Capitals and digits that are no provider's.
constexpr std::string_view kProtocols[] = {"RFC", "TLS", "SSL", "UTF",  "ESMTP", "SMTP",
                                           "IPV", "SHA", "MD5", "HTTP", "DNS"};

bool IsCapital(char c) { return c >= 'A' && c <= 'Z'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'A' && c <= 'F'); }
bool IsWordOctet(char c) { return IsLetter(c) || IsDigit(c) || IsOneOf(c, "_-"); }

bool NamesProtocol(std::string_view word) {
  return std::any_of(std::begin(kProtocols), std::end(kProtocols),
                     [word](std::string_view each) { return word.starts_with(each); });
}

// Whether any mail about which a message says it could have this reason: not what only its own size
// or content asks for.
bool IsOfSingleMessage(Reason reason) {
  return reason == Reason::kTooLarge || reason == Reason::kAttachment ||
         reason == Reason::kSmtputf8Unsupported;
}

// --- Codes

std::string_view InLink(std::string_view text) {
  for (std::size_t at = text.find("p="); at != text.npos; at = text.find("p=", at + 2)) {
    if (at == 0 || !IsOneOf(text[at - 1], "?&")) continue;
    const std::string_view rest = text.substr(at + 2);
    const auto end = std::find_if_not(rest.begin(), rest.end(), IsWordOctet);
    const auto size = static_cast<std::size_t>(end - rest.begin());
    if (size >= 3 && size <= kMaxProviderCodeOctets) return rest.substr(0, size);
  }
  return {};
}

bool IsBracketed(std::string_view word) {
  if (word.size() < 3 || word.size() > kMaxWordOctets || NamesProtocol(word)) return false;
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return IsCapital(c) || IsDigit(c) || IsOneOf(c, "-_.:#"); }) &&
         std::any_of(word.begin(), word.end(), IsCapital) &&
         std::any_of(word.begin(), word.end(), IsDigit) && !IpAddress::Parse(word);
}

std::string_view InBrackets(std::string_view text) {
  std::size_t open = text.npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsOneOf(text[i], "([")) {
      open = i;
    } else if (IsOneOf(text[i], ")]") && open != text.npos) {
      const std::string_view word = text.substr(open + 1, i - open - 1);
      if (IsBracketed(word)) return word;
      open = text.npos;
    }
  }
  return {};
}

std::string_view BehindAs(std::string_view text) {
  for (std::size_t at = text.find("AS("); at != text.npos; at = text.find("AS(", at + 3)) {
    if (at > 0 && IsWordOctet(text[at - 1])) continue;
    std::size_t end = at + 3;
    while (end < text.size() && end - at <= kMaxWordOctets && IsDigit(text[end])) ++end;
    if (end > at + 3 && end < text.size() && text[end] == ')') {
      return text.substr(at, end + 1 - at);
    }
  }
  return {};
}

bool IsBareCode(std::string_view word) {
  if (word.size() > kMaxWordOctets || NamesProtocol(word)) return false;
  // The id of a queue.
  if (word.size() >= 6 && std::all_of(word.begin(), word.end(), IsHex)) return false;
  std::size_t i = 0;
  while (i < word.size() && IsCapital(word[i])) ++i;
  if (i < 2) return false;
  if (i < word.size() && IsOneOf(word[i], "_#-")) ++i;
  const std::size_t digits = i;
  while (i < word.size() && IsDigit(word[i])) ++i;
  if (i - digits < 2) return false;
  return std::all_of(word.begin() + static_cast<std::ptrdiff_t>(i), word.end(),
                     [](char c) { return IsCapital(c) || IsDigit(c) || c == '_'; });
}

std::string_view AsWord(std::string_view text) {
  const auto is_part = [](char c) { return IsWordOctet(c) || IsOneOf(c, "#.@/:=?&%+"); };
  for (std::size_t begin = 0; begin < text.size();) {
    if (!is_part(text[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < text.size() && is_part(text[end])) ++end;
    std::string_view word = text.substr(begin, end - begin);
    while (!word.empty() && IsOneOf(word.back(), ".:")) word.remove_suffix(1);
    // Of a link its last part: ".../smtp-error-codes.php#RL000010".
    if (word.find("://") != word.npos) word.remove_prefix(word.find_last_of("/#=") + 1);
    if (IsBareCode(word)) return word;
    begin = end;
  }
  return {};
}

// --- Senders

std::string_view Behind(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(word);
  return at == text.npos ? text : text.substr(at + word.size());
}

std::string AddressIn(std::string_view text) {
  const auto is_part = [](char c) {
    return IsHex(c) || (c >= 'a' && c <= 'f') || c == '.' || c == ':';
  };
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && is_part(text[end])) ++end;
    std::string_view run = text.substr(begin, end - begin);
    // "IP:192.0.2.1." and the like.
    const bool is_behind_colon = run.starts_with(':') && !run.starts_with("::");
    if (is_behind_colon) run.remove_prefix(1);
    const bool is_whole = (begin == 0 || is_behind_colon || !IsWordOctet(text[begin - 1])) &&
                          (end == text.size() || !IsWordOctet(text[end]));
    begin = end + 1;
    while (!run.empty() && (run.back() == '.' || (run.back() == ':' && !run.ends_with("::")))) {
      run.remove_suffix(1);
    }
    constexpr std::size_t kMaxAddressOctets = 45;
    if (!is_whole || run.size() < 3 || run.size() > kMaxAddressOctets) continue;
    const std::optional<IpAddress> address = IpAddress::Parse(run);
    if (address && !address->is_loopback()) return address->ToString();
  }
  return "";
}

bool IsDomainName(std::string_view word) {
  const std::size_t dot = word.rfind('.');
  if (dot == word.npos || dot == 0 || word.size() - dot < 3 || word.size() > 253) return false;
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return IsLetter(c) || IsDigit(c) || IsOneOf(c, "-."); }) &&
         std::all_of(word.begin() + static_cast<std::ptrdiff_t>(dot) + 1, word.end(), IsLetter);
}

// In brackets, or behind one of a few words.
std::string DomainIn(std::string_view text) {
  std::string before;
  for (std::size_t begin = 0; begin < text.size();) {
    while (begin < text.size() && IsSpace(text[begin])) ++begin;
    std::size_t end = begin;
    while (end < text.size() && !IsSpace(text[end])) ++end;
    std::string_view word = text.substr(begin, end - begin);
    begin = end;
    const bool is_bracketed = word.starts_with('[');
    while (!word.empty() && IsOneOf(word.front(), "[(<\"'")) word.remove_prefix(1);
    while (!word.empty() && IsOneOf(word.back(), "])>\"',;:.=")) word.remove_suffix(1);
    const bool is_named =
        is_bracketed || before == "domain" || before == "from" || before == "spf" || before == "of";
    if (is_named && IsDomainName(word)) return FoldCase(word);
    before = FoldCase(word.substr(0, kMaxWordOctets));
  }
  return "";
}

}  // namespace

std::string ProviderCodeIn(std::string_view text, std::string_view enhanced_status) {
  for (const std::string_view code :
       {InLink(text), InBrackets(text), BehindAs(text), AsWord(text)}) {
    if (!code.empty()) return std::string(code);
  }
  return std::string(enhanced_status);
}

std::string SenderIn(std::string_view text, Reason reason) {
  const std::string_view said = Behind(text, " said:");
  if (reason == Reason::kAuthFailed || reason == Reason::kSenderAddressRefused) {
    if (std::string domain = DomainIn(said); !domain.empty()) return domain;
  }
  return AddressIn(said);
}

std::string SampleOf(std::string_view text, const Address& address) {
  const auto is_end = [](char c) { return IsSpace(c) || IsOneOf(c, "<>()[]\"',;"); };
  const std::string_view local_part = address.local_part();
  std::string sample;
  for (std::size_t begin = 0; begin < text.size() && sample.size() <= kMaxSampleOctets;) {
    std::size_t end = begin;
    while (end < text.size() && !is_end(text[end])) ++end;
    const std::string_view word = text.substr(begin, end - begin);
    const bool is_mailbox =
        word.find('@') != word.npos || (!word.empty() && EqualsIgnoringCase(word, local_part));
    absl::StrAppend(&sample, Absl(is_mailbox ? kCut : word));
    begin = end;
    if (begin < text.size()) sample.push_back(text[begin++]);
  }
  return Presentable(sample, kMaxSampleOctets);
}

ProviderAnswer AnswerOf(const Event& event, std::string_view remote_mta) {
  ProviderAnswer answer;
  if (!event.address) return answer;
  std::string_view name;
  if (event.trust >= Trust::kReturned) name = ProviderOfHost(remote_mta);
  if (name.empty()) name = ProviderOfDomain(event.address->domain());
  answer.is_known = !name.empty();
  answer.provider = answer.is_known ? name : event.address->domain();
  if (event.kind != Kind::kBounce || event.bounce_class != BounceClass::kBlock ||
      IsOfSingleMessage(event.reason)) {
    return answer;
  }
  answer.is_refusal = true;
  const std::string& text = event.diagnostic.empty() ? event.matched_text : event.diagnostic;
  answer.sender = SenderIn(text, event.reason);
  answer.code = ProviderCodeIn(text, event.enhanced_status);
  answer.sample = SampleOf(text, *event.address);
  return answer;
}

}  // namespace bounced
