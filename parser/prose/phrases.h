// The words by which hosts tell, without a standard, what became of a mail: phrases.toml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "parser/classify/phrase_matcher.h"

namespace bounced {

// What a phrase is for.
enum class ProseRole : std::uint8_t {
  kFailure,         // the message is about mail that was not delivered
  kHint,            // the same, or about something else that failed
  kDelay,           // delivery is still being tried
  kFinal,           // it is not tried any more, whatever is said of delay
  kSuccess,         // mail was delivered
  kOriginal,        // behind a line with it the message that came back begins
  kLabel,           // stands right before the address that failed
  kLabelBehind,     // stands right behind it
  kOtherParty,      // stands right before an address that is somebody else's
  kAutomaticReply,  // a subject begins with it when a machine answers for somebody
  kChallenge,       // the sender shall prove that he is human
  kMail,            // a word for mail or who gets it
  kOwnMail,         // the reader's own mail is spoken of
  kOtherReport,     // of a subject: a report about something else that lists mails
  kReason,          // why mail fails, which bears out a subject that says so
  kReasonLabel,     // begins a line, with a colon behind it, that tells why
};

struct ProseText;

// Immutable, so one object serves every thread.
class ProsePhrases {
 public:
  // Those of phrases.toml, which is compiled into the program.
  static const ProsePhrases& BuiltIn();
  // INVALID_ARGUMENT says what is wrong with `toml`, and in which line.
  static absl::StatusOr<ProsePhrases> Load(std::string_view toml);

  // A phrase that stands in a text, as octets [begin, end) of the text.
  struct Hit {
    ProseRole role;
    std::size_t begin;
    std::size_t end;
  };
  // Linear in `text`, which is UTF-8 and must outlive what comes back.
  ProseText Mark(std::string_view text) const;

 private:
  ProsePhrases(PhraseMatcher matcher, std::vector<std::vector<ProseRole>> roles);

  PhraseMatcher matcher_;
  std::vector<std::vector<ProseRole>> roles_;  // of each phrase, one or more
};

// Whether it says that mail was not delivered, for good or yet.
inline bool TellsFailure(const ProsePhrases::Hit& hit) {
  return hit.role == ProseRole::kFailure || hit.role == ProseRole::kDelay;
}

// A text and the phrases that stand in it, in the order of their ends.
struct ProseText {
  std::string_view text;
  std::vector<ProsePhrases::Hit> hits;
};

}  // namespace bounced
