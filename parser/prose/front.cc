#include "parser/prose/front.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "parser/mime/field_reader.h"
#include "parser/mime/lines.h"
#include "parser/prose/mention.h"
#include "parser/prose/words.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxAnnouncementOctets = 160;
// Fields that follow each other before they are taken for a message's header.
constexpr int kFieldsOfHeader = 3;

// A line of dashes around words, or words with a colon: it announces what follows.
bool IsAnnouncement(std::string_view line) {
  line = StripBlanks(line);
  if (line.empty() || line.size() > kMaxAnnouncementOctets) return false;
  constexpr std::size_t kMaxSentence = 40;  // "Message headers follow."
  const bool follows = line.ends_with("follow.") || line.ends_with("follows.");
  return IsOneOf(line.front(), "-=*_#+") || IsOneOf(line.back(), ":-=*_") ||
         (follows && line.size() <= kMaxSentence);
}

// What only a message that was under way has.
bool IsTraceField(std::string_view name) {
  return EqualsIgnoringCase(name, "received") || EqualsIgnoringCase(name, "return-path") ||
         EqualsIgnoringCase(name, "dkim-signature");
}

// Whether a line of dashes or stars is all of `line`, or nothing.
bool IsBlankOrRule(std::string_view line) {
  return line.find_first_not_of(" \t\r\n-=*_#+") == line.npos;
}

// "Reason: mailbox full", "Error details:", "退信原因：".
bool IsLabelOfReason(std::string_view line) {
  constexpr std::size_t kMaxLabel = 64;  // octets, colon and all
  const std::vector<ProsePhrases::Hit> hits =
      ProsePhrases::BuiltIn().Mark(line.substr(0, kMaxLabel)).hits;
  return std::any_of(hits.begin(), hits.end(), [line](const ProsePhrases::Hit& hit) {
    if (hit.role != ProseRole::kReasonLabel || hit.begin != 0) return false;
    const std::string_view rest = StripBlanks(line.substr(hit.end));
    return rest.starts_with(':') || rest.starts_with("：");
  });
}

// Tells a summary of the original, a few of its fields with the reason behind them, from the
// original itself: a report that shows the first still has to say why.
class Summaries {
 public:
  explicit Summaries(std::string_view text) : text_(text) {}

  // Whether one stands where a line begins that may announce it.
  bool StandsAt(std::size_t begin, bool is_announced) {
    if (!LeadsToReason(text_.substr(begin), is_announced)) return false;
    // Behind a refusal the words may as well be those of the original. The first place answers for
    // all: most texts have one.
    if (!is_refused_) is_refused_ = HasRefusalCode(text_.substr(0, begin));
    return !*is_refused_;
  }

 private:
  // Fields in one block, none of which only a message has, and no other words before the reason.
  static bool LeadsToReason(std::string_view text, bool is_announced) {
    constexpr int kMostLines = 24;
    Lines lines(text);
    if (is_announced) lines.Next();
    int fields = 0;
    bool is_parted = false;  // by a blank line behind the fields
    for (int i = 0; i < kMostLines; ++i) {
      const std::optional<Line> line = lines.Next();
      if (!line) return false;
      if (IsBlankOrRule(line->text)) {
        is_parted = fields > 0;
        continue;
      }
      const std::string_view words = StripBlanks(line->text);
      const bool goes_on = words.data() > line->text.data();
      if (IsFieldOfMessageAlone(FieldName(words))) return false;
      if (fields > 0 && (IsLabelOfReason(words) || BeginsWithReplyCode(words))) return true;
      if (is_parted || !(IsLabelled(words) || (goes_on && fields > 0))) return false;
      ++fields;
    }
    return false;
  }

  static bool IsFieldOfMessageAlone(std::string_view name) {
    constexpr std::string_view kNames[] = {"message-id", "mime-version", "content-type",
                                           "x-mailer"};
    return IsTraceField(name) ||
           std::any_of(std::begin(kNames), std::end(kNames),
                       [name](std::string_view each) { return EqualsIgnoringCase(name, each); });
  }

  // "Subject: News", "时间：2024".
  static bool IsLabelled(std::string_view line) {
    constexpr std::size_t kMaxLabel = 40;
    const std::string_view front = line.substr(0, kMaxLabel);
    const std::size_t colon = std::min(front.find(':'), front.find("："));
    return colon != front.npos && colon > 0;
  }

  const std::string_view text_;
  std::optional<bool> is_refused_;  // in front of the first one
};

// The first header of a message in `text`.
struct HeaderPlace {
  std::size_t begin;  // where it begins; the size of the text: there is none
  std::size_t known;  // the end of the line that tells that it is one
};
// Fields in front of `first_told` only say which message is meant.
HeaderPlace FindHeader(std::string_view text, std::size_t first_told, Summaries& summaries) {
  Lines lines(text);
  int fields = 0;
  std::size_t first_field = 0;
  while (const std::optional<Line> line = lines.Next()) {
    const std::size_t end = line->begin + line->text.size();
    const std::string_view name = FieldName(line->text);
    if (IsTraceField(name)) return {fields > 0 ? first_field : line->begin, end};
    const bool goes_on = !line->text.empty() && IsOneOf(line->text.front(), " \t");
    if (IsFieldOfMessage(name)) {
      if (fields++ == 0) first_field = line->begin;
      if (fields == kFieldsOfHeader && first_told <= first_field &&
          !summaries.StandsAt(first_field, false)) {
        return {first_field, end};
      }
    } else if (!goes_on) {
      fields = 0;
    }
  }
  return {text.size(), text.size()};
}

// Where a line begins that announces the original; the size of the text: none does.
std::size_t FindAnnouncement(std::string_view text, const std::vector<ProsePhrases::Hit>& hits,
                             Summaries& summaries) {
  std::size_t begin = 0;    // of the line at hand
  std::size_t end = 0;      // of it
  std::size_t failure = 0;  // "The following did not receive a copy of your message:"
  bool may_announce = true;
  for (const ProsePhrases::Hit& hit : hits) {
    if (hit.end > end) {
      begin = LineBegin(text, hit.end - 1);
      end = failure = LineEnd(text, hit.end - 1);
      may_announce = true;
    }
    if (hit.begin < begin) continue;
    if (hit.role == ProseRole::kFailure) failure = std::min(failure, hit.begin);
    if (hit.role != ProseRole::kOriginal || hit.begin > failure || !may_announce) continue;
    may_announce =
        IsAnnouncement(text.substr(begin, end - begin)) && !summaries.StandsAt(begin, true);
    if (may_announce) return begin;
  }
  return text.size();
}

}  // namespace

bool IsFieldOfMessage(std::string_view name) {
  constexpr std::string_view kNames[] = {"from",   "to",         "subject",      "date",
                                         "cc",     "message-id", "mime-version", "content-type",
                                         "sender", "reply-to",   "x-mailer"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [name](std::string_view each) { return EqualsIgnoringCase(name, each); });
}

ProseFront FindFront(std::string_view text) {
  const ProsePhrases& phrases = ProsePhrases::BuiltIn();
  Summaries summaries(text);
  HeaderPlace header = FindHeader(text, 0, summaries);
  std::vector<ProsePhrases::Hit> hits = phrases.Mark(text.substr(0, header.known)).hits;
  const auto first_told = [&hits] {
    const auto told = std::find_if(hits.begin(), hits.end(), TellsFailure);
    return told == hits.end() ? std::nullopt : std::optional<std::size_t>(told->begin);
  };
  if (header.begin < text.size() && first_told().value_or(text.size()) > header.begin) {
    // It may be fields that only say which message is meant.
    hits = phrases.Mark(text).hits;
    header = FindHeader(text, first_told().value_or(0), summaries);
    std::erase_if(hits, [&](const ProsePhrases::Hit& hit) { return hit.end > header.known; });
  }
  const std::string_view front = text.substr(0, header.known);
  const std::size_t announcement = FindAnnouncement(front, hits, summaries);
  return {announcement < front.size() ? announcement : header.begin, std::move(hits)};
}

}  // namespace bounced
