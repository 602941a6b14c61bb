#include "parser/parser.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/mime/html_text.h"
#include "parser/notice/reply.h"
#include "parser/prose/prose_report.h"
#include "parser/reading/notice.h"
#include "parser/reading/prose.h"
#include "parser/reading/reading.h"
#include "parser/reading/status.h"
#include "parser/reporter/reporter.h"

namespace bounced {
namespace {

// A machine answers in words; what it sends files with is a report of its own.
bool HasAttachment(const Reading& reading) {
  const auto is_file = [](const Part& part) { return part.type.type.starts_with("application/"); };
  return std::any_of(reading.parts().begin(), reading.parts().end(), is_file);
}

bool SubjectTellsFailure(Reading& reading) {
  const ProseText& subject = reading.MarkedSubject();
  return !IsAnswer(subject.text) &&
         std::any_of(subject.hits.begin(), subject.hits.end(), TellsFailure);
}

// The first that fits wins: what has a type of its own; a reply that says that it is one; a report
// without a type; what looks like a reply.
void ReadInOrder(Reading& reading) {
  if (ReadTypedStatus(reading) || ReadSesStatus(reading)) return;
  if (ReadFeedback(reading) || ReadDisposition(reading)) return;
  const std::string_view text =
      reading.Texts().empty() ? std::string_view() : reading.Texts().front().text();
  const auto find_reply = [&] {
    return FindReply(reading.header(), reading.MarkedSubject(), text);
  };
  const auto is_certain = [](Reply reply) {
    return reply != Reply::kNone && reply != Reply::kMaybeAutomatic;
  };
  const MessageHeader& header = reading.header();
  const bool is_from_mail_system = reading.author_without_path() == Author::kMailSystem &&
                                   header.from && IsMailSystem(*header.from);
  const bool may_answer = reading.report().failed_recipients.empty() && !is_from_mail_system;
  std::optional<Reply> reply;
  if (may_answer) {
    reply = find_reply();
    // Hosts mark reports so, too: then the subject must tell the failure, and the words bear it
    // out.
    const bool may_report = *reply == Reply::kAutomatic && SubjectTellsFailure(reading);
    if (is_certain(*reply) && !may_report) return ReadReply(*reply, reading);
  }
  if (ReadUntypedStatus(reading)) return;
  ReadProseReport(reading);
  if (!reading.report().recipients.empty()) return;
  if (!reply) reply = find_reply();
  if (*reply == Reply::kNone) return;
  if (is_certain(*reply) || !HasAttachment(reading)) ReadReply(*reply, reading);
}

// The beginning of the words for people.
Body BeginningOfWords(Reading& reading) {
  const std::vector<const Part*> texts = reading.FindTextParts();
  if (texts.empty()) return Body();
  const Part& part = *texts.front();
  const bool is_html = part.type.type == "text/html";
  // As much as there may be of it that is no words: encoding, styles.
  std::size_t octets = (is_html ? 16 : 2) * kMaxReporterOctets;
  const std::string_view raw = reading.work().TakeHalf(part.body.substr(0, octets), kLooksOfWords);
  Body words = Body::Decode(raw, 0, part.encoding, octets).InUtf8(part.type.charset, raw.size());
  if (!is_html) return words;
  std::string text = TextOfHtml(words.text());
  return std::move(words).With(std::move(text));
}

// Nothing rests on the name, so only who asks how a report was read pays for it.
void NameReporter(Reading& reading) {
  if (reading.trail() == nullptr) return;
  Report& report = reading.report();
  if (report.form == "none" || report.form == "reply") return;
  const Reporters& reporters = Reporters::BuiltIn();
  report.reporter = reporters.FindByFields(report, reading.parts()[0].header);
  if (report.reporter.empty()) {
    report.reporter = reporters.FindByWords(BeginningOfWords(reading).text());
  }
}

bool NamesNobody(const Report& report) {
  return std::none_of(report.recipients.begin(), report.recipients.end(), [](const Recipient& r) {
    return r.final_recipient.has_value() || r.original_recipient.has_value();
  });
}

// A mail system's message that names nobody, around another mail system's message: a gateway put
// its words around a report. Only that one is read inside another.
void ReadWrapped(std::string_view message, Reading& reading) {
  Report& outer = reading.report();
  if (reading.author() != Author::kMailSystem || !NamesNobody(outer)) return;
  const std::vector<Part>& parts = reading.parts();
  const auto wrapped = std::find_if(parts.begin(), parts.end(),
                                    [](const Part& part) { return part.type.IsMessage(); });
  if (wrapped == parts.end() || wrapped->encoding != TransferEncoding::kIdentity) return;
  reading.Tell("it names nobody, so the mail system's message inside it is read",
               reading.SpanOf(wrapped->body));
  Reading inner(message, wrapped->body, reading.rules(), reading.limits(), reading.work(),
                reading.trail());
  if (inner.author() != Author::kMailSystem) return;
  ReadInOrder(inner);
  NameReporter(inner);
  if (NamesNobody(inner.report())) return;
  inner.report().message_id = std::move(outer.message_id);
  inner.report().subject = std::move(outer.subject);
  outer = std::move(inner.report());
}

// The gravest of what the recipients were told.
Kind OverallKind(const Report& report) {
  for (const Kind kind : {Kind::kBounce, Kind::kDelay, Kind::kComplaint, Kind::kUnsubscribe,
                          Kind::kDelivery, Kind::kAutoReply}) {
    const auto is_it = [kind](const Recipient& recipient) { return recipient.kind == kind; };
    if (std::any_of(report.recipients.begin(), report.recipients.end(), is_it)) return kind;
  }
  return Kind::kOther;
}

// Spans count in 32 bits; no SMTP session takes as much (RFC 1870).
constexpr std::size_t kMaxMessageOctets = std::numeric_limits<std::uint32_t>::max();

}  // namespace

Parser::Parser(std::shared_ptr<const RuleSet> rules, ParserLimits limits)
    : rules_(std::move(rules)), limits_(limits) {}

Report Parser::Parse(std::string_view message, Detail detail) const {
  message = message.substr(0, kMaxMessageOctets);
  Trail trail;
  Work work(limits_.max_work);
  Reading reading(message, message, *rules_, limits_, work,
                  detail == Detail::kFull ? &trail : nullptr);
  ReadInOrder(reading);
  NameReporter(reading);
  ReadWrapped(message, reading);
  Report& report = reading.report();
  // No report, but some feedback loops forward what was complained of, and no more.
  if (report.form == "none" || report.form == "reply") reading.ReadReturnedPart();
  report.kind = OverallKind(report);
  for (const Recipient& recipient : report.recipients) {
    if (!recipient.diagnostic_cut) continue;
    reading.remarks().Add("bound:max_diagnostic", recipient.diagnostic->where);
    break;
  }
  if (work.met()) reading.remarks().Add("bound:max_work", {});
  report.work = work.done();
  report.remarks = std::move(reading.remarks()).Take();
  report.path = std::move(trail).Take();
  return std::move(report);
}

std::vector<Found<std::string>> Parser::NamedInWords(std::string_view message) const {
  message = message.substr(0, kMaxMessageOctets);
  Work work(limits_.max_work);
  Reading reading(message, message, *rules_, limits_, work, /*trail=*/nullptr);
  return FindNamedInWords(reading, kMaxNamedInWords);
}

}  // namespace bounced
