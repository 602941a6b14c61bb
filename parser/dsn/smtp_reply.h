// Replies of an SMTP server (RFC 5321, 4.2) as other hosts quote them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/report.h"
#include "parser/text.h"

namespace bounced {

// The least reply code that refuses (RFC 5321, 4.2.1).
inline constexpr int kFirstFailureCode = 400;

// What a text quotes of a remote server's reply. The views point into that text.
struct SmtpReply {
  std::optional<int> code;
  std::string_view code_text;  // where `code` stands
  std::optional<EnhancedStatus> status;
  std::string_view status_text;
  std::string
      words;  // without codes and line marks, blanks folded; the whole text if it has no code

  // The other codes that stand there, each once, in the order of the text.
  static constexpr std::size_t kMaxOthers = 4;
  struct Other {
    FurtherCode code;
    std::string_view text;
  };
  std::vector<Other> others;
};

enum class ReplyContext {
  kReply,      // the text is a reply: a code may begin it (Diagnostic-Code of type smtp)
  kNarration,  // a host tells what happened: a code must be announced ("said: 550", "550 5.1.1")
  kLines,      // as kNarration, and a code may begin any line (the report's text for people)
};

inline constexpr std::size_t kCodeOctets = 3;

// Whether `text` begins with a reply code of a failure and what parts it from the words: "550 no",
// "550-no".
constexpr bool BeginsWithFailureCode(std::string_view text) {
  return text.size() > kCodeOctets && (text[0] == '4' || text[0] == '5') && IsDigit(text[1]) &&
         IsDigit(text[2]) && (text[kCodeOctets] == ' ' || text[kCodeOctets] == '-');
}

// Finds the reply in `text`, which may be folded. Where hosts pass a reply on inside their own, the
// innermost, which is the last, is the remote host's. A number is a code only where a code can be:
// ports, sizes, years and parts of addresses are none. The lines of a multi-line reply, whole or
// joined, give one text. Total and linear.
SmtpReply FindSmtpReply(std::string_view text, ReplyContext context);

// The code of that reply alone. None: it has none.
std::optional<int> FindReplyCode(std::string_view text, ReplyContext context);

// The step of the dialogue that `text` says the refusal answered ("in reply to RCPT TO command",
// "after end of data"). Never assumed: kUnknown when it does not say.
Stage FindStage(std::string_view text);

// The host that `text` says has answered: "host mx.example[192.0.2.1] said: 550", "192.0.2.1 does
// not like recipient". Empty: it names none, or one that did not answer. Linear.
std::string_view FindRemoteHost(std::string_view text);

}  // namespace bounced
