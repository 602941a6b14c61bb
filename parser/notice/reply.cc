#include "parser/notice/reply.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "parser/text.h"

namespace bounced {
namespace {

// Octets of the text in which a challenge says what it wants.
constexpr std::size_t kMaxChallengeOctets = 4 << 10;

bool IsNoOrEmpty(std::string_view value) {
  return value.empty() || EqualsIgnoringCase(value, "no") || EqualsIgnoringCase(value, "none");
}

bool Begins(const std::optional<std::string_view>& value, std::string_view prefix) {
  return value && StartsWithIgnoringCase(*value, prefix);
}

bool SaysYes(const std::optional<std::string_view>& value) { return value && !IsNoOrEmpty(*value); }

bool IsAutomatic(const MessageHeader& header) {
  return Begins(header.auto_submitted, "auto-replied") ||
         Begins(header.auto_submitted, "auto-notified") ||
         Begins(header.precedence, "auto_reply") || Begins(header.precedence, "auto-reply") ||
         SaysYes(header.auto_reply);
}

bool MayBeAutomatic(const MessageHeader& header) {
  return (header.auto_submitted && !Begins(header.auto_submitted, "no")) ||
         SaysYes(header.auto_response_suppress);
}

// "Out of office", "Automatic reply: news", and not "Vacation offers": the words begin the subject
// and are followed by nothing, or by what they are about.
bool BeginsAsReply(const ProseText& subject) {
  const std::string_view stripped = StripBlanks(subject.text);
  const auto begin = static_cast<std::size_t>(stripped.data() - subject.text.data());
  return std::any_of(subject.hits.begin(), subject.hits.end(), [&](const ProsePhrases::Hit& hit) {
    if (hit.role != ProseRole::kAutomaticReply || hit.begin != begin) return false;
    const std::string_view rest = StripBlanks(subject.text.substr(hit.end));
    constexpr std::string_view kFollowers = ":-([!.";
    return rest.empty() || kFollowers.find(rest.front()) != kFollowers.npos ||
           rest.starts_with("：");
  });
}

bool HasChallenge(const std::vector<ProsePhrases::Hit>& hits) {
  return std::any_of(hits.begin(), hits.end(), [](const ProsePhrases::Hit& hit) {
    return hit.role == ProseRole::kChallenge;
  });
}

// The word alone, or with what the List-Unsubscribe field put behind it.
bool IsUnsubscribe(std::string_view subject) {
  constexpr std::string_view kWord = "unsubscribe";
  if (!StartsWithIgnoringCase(subject, kWord)) return false;
  const std::string_view rest = subject.substr(kWord.size());
  if (rest.empty()) return true;
  return IsSpace(rest.front()) && std::none_of(rest.begin() + 1, rest.end(), IsSpace);
}

}  // namespace

Reply FindReply(const MessageHeader& header, const ProseText& subject, std::string_view text) {
  if (header.apple_unsubscribe && EqualsIgnoringCase(*header.apple_unsubscribe, "true")) {
    return Reply::kComplaint;
  }
  const bool is_automatic = IsAutomatic(header);
  const bool may_be_automatic = MayBeAutomatic(header);
  const bool is_machine = is_automatic || may_be_automatic;
  const auto asks_in_text = [text] {
    return HasChallenge(ProsePhrases::BuiltIn().Mark(text.substr(0, kMaxChallengeOctets)).hits);
  };
  if (((is_machine || header.in_reply_to) && HasChallenge(subject.hits)) ||
      (is_machine && asks_in_text())) {
    return Reply::kChallenge;
  }
  if (is_automatic || BeginsAsReply(subject)) return Reply::kAutomatic;
  if (IsUnsubscribe(StripBlanks(subject.text))) return Reply::kUnsubscribe;
  return may_be_automatic ? Reply::kMaybeAutomatic : Reply::kNone;
}

Meaning MeaningOf(Reply reply) {
  switch (reply) {
    case Reply::kComplaint:
      return {Kind::kComplaint, Reason::kComplaintAbuse};
    case Reply::kUnsubscribe:
      return {Kind::kUnsubscribe, Reason::kUnsubscribe};
    case Reply::kChallenge:
      return {Kind::kAutoReply, Reason::kChallengeResponse};
    case Reply::kAutomatic:
    case Reply::kMaybeAutomatic:
    case Reply::kNone:
      break;
  }
  return {Kind::kAutoReply, Reason::kAutoReply};
}

}  // namespace bounced
