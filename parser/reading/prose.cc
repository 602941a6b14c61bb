#include "parser/reading/prose.h"

#include <algorithm>
#include <list>
#include <utility>

#include "parser/dsn/recipient.h"
#include "parser/dsn/reported_name.h"
#include "parser/dsn/status_fields.h"
#include "parser/prose/mention.h"
#include "parser/text.h"

namespace bounced {
namespace {

void TellProse(const Reading& reading, const ProseReport& prose, const Body& body) {
  if (reading.trail() == nullptr) return;
  reading.Tell(prose.in_subject ? "the subject says that mail was not delivered"
                                : "the text says that mail was not delivered",
               body.SpanOf(body.text().substr(0, prose.end)));
  if (prose.recipients.empty()) reading.Tell("the text names nobody");
}

}  // namespace

void JudgeByWords(const Reading& reading, std::string_view words, Kind kind, const Body& body,
                  Recipient& recipient) {
  const RecipientFields none;
  Judge({.fields = none,
         .part = body,
         .provenance = Provenance::kGuessed,
         .explanation = words,
         .explanation_body = body,
         .max_octets = reading.limits().max_diagnostic,
         .kind = kind,
         .trail = reading.trail()},
        reading.rules(), recipient);
}

ProseQuestion QuestionOf(Reading& reading, std::string_view text, const Reading::Parties& parties) {
  return {.subject = reading.MarkedSubject(),
          .text = text,
          .parties = {parties.from, parties.to},
          .returned = reading.report().returned.to.has_value(),
          .failed = {},
          .max_recipients = reading.limits().max_recipients,
          .says_why = [&reading](std::string_view words) {
            if (!reading.work().Do(words.size(), kLooksOfVerdict)) return false;
            const Reason reason = reading.rules().Classify({.text = words}).reason;
            return reason != Reason::kUnclassified && reason != Reason::kUndefined;
          }};
}

void ReadProseReport(Reading& reading) {
  Report& report = reading.report();
  const Author author = reading.author();
  const bool names_failed = !report.failed_recipients.empty();
  const bool may_be_report = author == Author::kMailSystem || author == Author::kUnknown ||
                             (names_failed && author == Author::kMachine);
  const std::list<Body>& texts = reading.Texts();
  if (texts.empty()) return;
  if (!may_be_report && !SoundsLikeMailSystem(reading.header())) {
    reading.Tell("its text is not searched for a report, as no mail system wrote it");
    return;
  }
  const bool has_returned_part = reading.ReadReturnedPart();
  const Reading::Parties parties = reading.FindParties();
  const bool doubtful = !may_be_report || reading.AnswersForAPerson();
  const bool by_path = !names_failed && author == Author::kMailSystem &&
                       reading.author_without_path() == Author::kPerson;
  const Body* body = nullptr;  // the text that names somebody, or else says anything
  ProseReport prose;
  for (const Body& text : texts) {
    ProseQuestion question = QuestionOf(reading, text.text(), parties);
    question.doubtful = doubtful;
    question.by_path = by_path;
    for (const Found<std::string>& failed : report.failed_recipients) {
      question.failed.push_back(failed.value);
    }
    ProseReport read = ReadProse(question);
    if (body == nullptr || (!prose.kind && read.kind) || !read.recipients.empty()) {
      body = &text;
      prose = std::move(read);
    }
    if (!prose.recipients.empty()) break;
  }
  const std::size_t end = std::min(prose.end, body->text().size());
  if (!has_returned_part) reading.ReadReturned(*body, body->text().substr(end));
  const bool names_nobody = prose.recipients.empty();
  const bool has_returned =
      report.returned.to || end < std::min(body->text().size(), kMaxProseOctets);
  if (!prose.kind || (names_nobody && (doubtful || !prose.in_subject || !has_returned))) {
    report.returned = {};
    reading.Tell(prose.kind ? "the text names nobody, and too little says that mail failed"
                            : "nothing in the text says that mail failed");
    return;
  }
  report.form = "prose";
  TellProse(reading, prose, *body);
  for (const ProseRecipient& about : prose.recipients) {
    if (!reading.work().Do(about.words.size(), kLooksOfVerdict)) break;
    Found<std::string> address = reading.AddressInWords(*body, about.address);
    if (names_failed) {
      address.where = {};
      address.provenance = Provenance::kDerived;
    }
    report.recipients.emplace_back().final_recipient = std::move(address);
    if (!about.origin.empty()) {
      report.recipients.back().original_recipient = reading.AddressInWords(*body, about.origin);
      reading.Tell("the words name whom the mail was sent to", body->SpanOf(about.origin));
    }
    const Kind kind = about.delays ? Kind::kDelay : *prose.kind;
    JudgeByWords(reading, about.words, kind, *body, report.recipients.back());
  }
  if (names_nobody && reading.work().Do(end, kLooksOfVerdict)) {
    report.recipients.emplace_back().final_recipient = reading.ReturnedTo();
    JudgeByWords(reading, body->text().substr(0, end), *prose.kind, *body,
                 report.recipients.back());
  }
}

std::vector<Found<std::string>> FindNamedInWords(Reading& reading, std::size_t max_count) {
  std::vector<Found<std::string>> named;
  for (const Body& body : reading.Texts()) {
    for (const Mention& mention : FindMentions({.text = body.text(), .hits = {}, .parties = {}})) {
      if (named.size() >= max_count) return named;
      if (mention.is_valid) named.push_back(reading.AddressInWords(body, mention.address));
    }
  }
  return named;
}

}  // namespace bounced
