// The parser's front door: bytes in, a Report out.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parser/report.h"
#include "parser/rules.h"

namespace bounced {

// The bounds of one parse. What lies beyond one is left unread and remarked ("bound:max_parts");
// what was read before stays valid.
struct ParserLimits {
  std::size_t max_parts = 1000;              // MIME parts of one message
  std::size_t max_depth = 20;                // multiparts and messages inside each other
  std::size_t max_recipients = 10'000;       // of one report
  std::size_t max_header_bytes = 256 << 10;  // of one header section
  std::size_t max_line = 64 << 10;           // of one logical (unfolded) line
  std::size_t max_boundary = 256;            // of a boundary parameter
  std::size_t max_text_decoded = 8 << 20;    // base64 and quoted-printable, over all parts
  std::size_t max_diagnostic = 4 << 10;      // stored of one diagnostic, or other text
  std::size_t max_remarks = 100;
  // Octets looked at, each as often as it is: what bounds the time. Four times what SMTP sessions
  // take at most (32 MiB), and 8 MiB.
  std::size_t max_work = 136 << 20;
};

// Most addresses that Parser::NamedInWords() gives.
inline constexpr std::size_t kMaxNamedInWords = 1000;

// How much of the way to the answer is told.
enum class Detail {
  kVerdict,  // the answer, the rule and the text that carried it
  kFull,     // also Report::path and each Recipient::candidates, for people
};

// Reads reports: delivery status notifications (RFC 3464, RFC 6533), in whatever wrapping and
// however damaged, and reports in words that follow no standard. Everything else is a Report of
// kind `other` without recipients.
//
// A status counts where it is the message's own, never where it was quoted, sent on or came back:
// - A part of type message/delivery-status or message/global-delivery-status counts in a
//   multipart/report; in another message unless its From is a person's. "A person" is who is no
//   mail system (MAILER-DAEMON, postmaster, "Mail Delivery System", the null path) and does not
//   say Auto-Submitted.
// - Fields without their MIME type (text/plain, application/octet-stream, a multipart without
//   parts) count in a multipart/report, and where a mail system is the author or nobody is named;
//   they must begin their lines, and name an address and its Action or Status. `form` and the
//   provenance tell that they were found so.
// - Words for people, without any fields, count where a mail system is the author or nobody is
//   named, or where X-Failed-Recipients names the failed (prose/prose_report.h); where only the
//   null path says so, if the subject or the message that came back bears them out. If they name
//   nobody, it was the only one that the returned message is written to, or a recipient unknown.
// - Amazon's events in JSON count where SNS says that it passes one on (dsn/ses_notification.h).
// - What is inside a message/rfc822 or its kin never counts, so neither does the inner of two
//   reports, unless the outer is a mail system's and names nobody: a gateway's wrapping.
// Who the author is can be forged. It says how to read a message; whether to believe it is decided
// by the return path (server/intake).
//
// Total: there is no message that it refuses, none makes it throw, recurse on input
// or take more than linear time; the same bytes give the same Report on every machine.
//
// Immutable, so one object serves every thread. `rules` may be swapped by making another Parser.
class Parser {
 public:
  explicit Parser(std::shared_ptr<const RuleSet> rules, ParserLimits limits = {});

  // `message` is what came between DATA and the final dot, dots unstuffed. Keeps no pointer into
  // it. The answer is the same at every `detail`.
  Report Parse(std::string_view message, Detail detail = Detail::kVerdict) const;

  // Whom the words of `message` for people name, failed or not, in their order: for who can tell
  // the failed one by his address alone, as from a hash of it. The first kMaxNamedInWords, in the
  // text that Parse() would look at and its HTML form. Reads the message by itself, within the same
  // limits.
  std::vector<Found<std::string>> NamedInWords(std::string_view message) const;

 private:
  std::shared_ptr<const RuleSet> rules_;
  ParserLimits limits_;
};

}  // namespace bounced
