#include "parser/notice/reply.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "parser/mime/field_reader.h"
#include "parser/prose/phrases.h"
#include "parser/text.h"

namespace bounced {
namespace {

// Octets of the text in which a challenge says what it wants.
constexpr std::size_t kMaxChallengeOctets = 4 << 10;

// What one header field says of its author.
struct Signs {
  bool may_be_automatic = false;
  bool is_automatic = false;
  bool answers = false;  // it is the answer to a message
  bool is_apples = false;
};

bool IsNoOrEmpty(std::string_view value) {
  return value.empty() || EqualsIgnoringCase(value, "no") || EqualsIgnoringCase(value, "none");
}

void Add(std::string_view name, std::string_view value, Signs& signs) {
  const auto is = [name](std::string_view other) { return EqualsIgnoringCase(name, other); };
  if (is("auto-submitted")) {
    signs.is_automatic = signs.is_automatic || StartsWithIgnoringCase(value, "auto-replied") ||
                         StartsWithIgnoringCase(value, "auto-notified");
    signs.may_be_automatic = signs.may_be_automatic || !StartsWithIgnoringCase(value, "no");
  } else if (is("precedence") || is("x-precedence")) {
    signs.is_automatic = signs.is_automatic || StartsWithIgnoringCase(value, "auto_reply") ||
                         StartsWithIgnoringCase(value, "auto-reply");
  } else if (is("x-autoreply") || is("x-autorespond") || is("x-auto-reply") ||
             is("x-autoresponder") || is("x-autoreply-from") || is("x-mail-autoreply")) {
    signs.is_automatic = signs.is_automatic || !IsNoOrEmpty(value);
  } else if (is("x-auto-response-suppress")) {
    signs.may_be_automatic = signs.may_be_automatic || !IsNoOrEmpty(value);
  } else if (is("in-reply-to") || is("references")) {
    signs.answers = true;
  } else if (is("x-apple-unsubscribe")) {
    signs.is_apples = signs.is_apples || EqualsIgnoringCase(value, "true");
  }
}

Signs FindSigns(std::string_view header, std::size_t max_line) {
  Signs signs;
  FieldReader fields(header, max_line);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->kind == Field::Kind::kField) Add(field->name, StripBlanks(field->value), signs);
  }
  return signs;
}

// "Out of office", "Automatic reply: news", and not "Vacation offers": the words begin the subject
// and are followed by nothing, or by what they are about.
bool BeginsAsReply(std::string_view subject, const std::vector<ProsePhrases::Hit>& hits) {
  return std::any_of(hits.begin(), hits.end(), [subject](const ProsePhrases::Hit& hit) {
    if (hit.role != ProseRole::kAutomaticReply || hit.begin != 0) return false;
    const std::string_view rest = StripBlanks(subject.substr(hit.end));
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

Reply FindReply(std::string_view header, std::string_view subject, std::string_view text,
                std::size_t max_line) {
  const Signs signs = FindSigns(header, max_line);
  if (signs.is_apples) return Reply::kComplaint;
  subject = StripBlanks(subject);
  const ProsePhrases& phrases = ProsePhrases::BuiltIn();
  const std::vector<ProsePhrases::Hit> hits = phrases.Find(subject);
  const bool is_machine = signs.is_automatic || signs.may_be_automatic;
  if (((is_machine || signs.answers) && HasChallenge(hits)) ||
      (is_machine && HasChallenge(phrases.Find(text.substr(0, kMaxChallengeOctets))))) {
    return Reply::kChallenge;
  }
  if (signs.is_automatic || BeginsAsReply(subject, hits)) return Reply::kAutomatic;
  if (IsUnsubscribe(subject)) return Reply::kUnsubscribe;
  return signs.may_be_automatic ? Reply::kMaybeAutomatic : Reply::kNone;
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
