#include "parser/dsn/callout.h"

#include <algorithm>

#include "parser/address.h"
#include "parser/atext.h"
#include "parser/text.h"

namespace bounced {
namespace {

// Octets between the word for it and the address: "Verification failed for <", "Callout to ".
constexpr std::size_t kMaxOctetsBetween = 40;

bool BelongsToDomain(char c) {
  return IsLetter(c) || IsDigit(c) || c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

// The domain of the address around the '@' at `at`, whose local part begins behind `from`.
struct Place {
  std::size_t begin;
  std::size_t end;
  std::string_view domain;
};
Place PlaceOf(std::string_view text, std::size_t at, std::size_t from) {
  std::size_t begin = at;
  while (begin > from && at - begin < kMaxPathOctets &&
         (text[begin - 1] == '.' || IsAtext(text[begin - 1]))) {
    --begin;
  }
  std::size_t end = at + 1;
  while (end < text.size() && end - at < kMaxPathOctets && BelongsToDomain(text[end])) ++end;
  while (end > at + 1 && IsOneOf(text[end - 1], ".-")) --end;
  return {begin, end, text.substr(at + 1, end - at - 1)};
}

// "Could not verify <", "Callout to ", and no advice: "please verify ".
bool IsVerifiedBefore(std::string_view before) {
  constexpr std::string_view kWords[] = {"verify", "verification", "callout", "call-out",
                                         "callback"};
  constexpr std::string_view kOthers[] = {"recipient", "please", "rcpt"};
  // Not across the end of a sentence.
  const std::size_t end = before.rfind(". ");
  if (end != before.npos) before.remove_prefix(end + 1);
  return HasOneOfIgnoringCase(before, kWords) && !HasOneOfIgnoringCase(before, kOthers);
}

// "> failed verification", "> could not be verified".
bool IsVerifiedBehind(std::string_view behind) {
  constexpr std::string_view kWords[] = {"failed verification", "verification failed",
                                         "failed callout",      "callout failed",
                                         "not be verified",     "cannot be verified"};
  behind = behind.substr(0, behind.find_first_of(":;"));
  return HasOneOfIgnoringCase(behind, kWords) &&
         FindIgnoringCase(behind, "recipient") >= behind.size();
}

}  // namespace

bool VerifiesSomebodyElse(std::string_view text, const std::vector<std::string_view>& recipients) {
  const auto is_domain_of_recipient = [&recipients](std::string_view domain) {
    return std::any_of(recipients.begin(), recipients.end(), [domain](std::string_view recipient) {
      return EqualsIgnoringCase(recipient.substr(recipient.rfind('@') + 1), domain);
    });
  };
  const bool is_known =
      std::any_of(recipients.begin(), recipients.end(),
                  [](std::string_view recipient) { return recipient.find('@') != recipient.npos; });
  if (!is_known) return false;
  bool found = false;
  std::size_t from = 0;
  for (std::size_t at = text.find('@'); at != text.npos; at = text.find('@', from)) {
    const Place place = PlaceOf(text, at, from);
    const std::size_t gap =
        std::max(from, place.begin > kMaxOctetsBetween ? place.begin - kMaxOctetsBetween : 0);
    from = place.end;
    if (place.begin == at || place.domain.find('.') == place.domain.npos) continue;
    if (!IsVerifiedBefore(text.substr(gap, place.begin - gap)) &&
        !IsVerifiedBehind(text.substr(place.end, kMaxOctetsBetween))) {
      continue;
    }
    if (is_domain_of_recipient(place.domain)) return false;
    found = true;
  }
  return found;
}

}  // namespace bounced
