#include "parser/reading/notice.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parser/dsn/recipient.h"
#include "parser/dsn/reported_name.h"
#include "parser/mime/field_reader.h"
#include "parser/mime/mailbox_list.h"
#include "parser/notice/disposition.h"
#include "parser/notice/feedback_report.h"
#include "parser/prose/phrases.h"
#include "parser/reading/prose.h"
#include "parser/text.h"

namespace bounced {
namespace {

// A recipient of a report that is about no delivery.
Recipient& AddRecipient(Meaning meaning, Report& report) {
  Recipient& recipient = report.recipients.emplace_back();
  recipient.kind = meaning.kind;
  recipient.classification = ClassificationOf(meaning.kind, meaning.reason);
  return recipient;
}

// A part that counts only in a report, or when no person sent it on.
const Part* FindReportPart(const Reading& reading, bool (ContentType::*is_it)() const) {
  const std::vector<Part>& parts = reading.parts();
  const bool is_report = parts[0].type.type == "multipart/report" || (parts[0].type.*is_it)();
  if (!is_report && reading.author() == Author::kPerson) return nullptr;
  const auto part = std::find_if(parts.begin(), parts.end(),
                                 [=](const Part& each) { return (each.type.*is_it)(); });
  return part == parts.end() ? nullptr : &*part;
}

// The words of a disposition notification may say that the message was refused.
void ReadRefusal(Reading& reading, Recipient& recipient) {
  if (reading.Texts().empty()) return;
  const Body& body = reading.Texts().front();
  const std::string_view words = body.text();
  const std::vector<ProsePhrases::Hit> hits = ProsePhrases::BuiltIn().Mark(words).hits;
  const bool refuses = std::any_of(hits.begin(), hits.end(), [](const ProsePhrases::Hit& hit) {
    return hit.role == ProseRole::kFailure || hit.role == ProseRole::kHint;
  });
  if (!refuses || !reading.work().Do(words.size(), kLooksOfVerdict)) return;
  reading.Tell("its words say that the message was refused", body.SpanOf(words));
  recipient.kind = Kind::kBounce;
  JudgeByWords(reading, words, Kind::kBounce, body, recipient);
}

}  // namespace

bool ReadFeedback(Reading& reading) {
  Report& report = reading.report();
  const Part* part = FindReportPart(reading, &ContentType::IsFeedbackReport);
  if (part == nullptr) return false;
  report.form = "rfc5965";
  reading.Tell("a part of its type is read as a feedback report (RFC 5965)",
               reading.SpanOf(part->body));
  Body body = reading.Decode(*part);
  body.Cut(reading.work().TakeHalf(body.text(), kLooksOfFields).size());
  const FeedbackFields fields =
      ReadFeedbackFields(body.text(), reading.limits().max_line, reading.limits().max_recipients);
  Feedback& feedback = report.feedback.emplace();
  const auto put = [&](std::string_view value, std::optional<Found<std::string>>& into) {
    if (!value.empty()) into = reading.Shown(value, &body);
  };
  put(fields.feedback_type, feedback.feedback_type);
  put(fields.user_agent, feedback.user_agent);
  put(fields.source_ip, feedback.source_ip);
  put(fields.reported_domain, feedback.reported_domain);
  put(fields.incidents, feedback.incidents);
  put(fields.original_envelope_id, report.original_envelope_id);
  if (!fields.arrival_date.empty()) {
    report.arrival_date = Reading::Dated(reading.Shown(fields.arrival_date, &body));
  }
  if (!fields.reporting_mta.empty()) {
    report.reporting_mta = NamedMta(fields.reporting_mta, body, Provenance::kReported,
                                    reading.limits().max_diagnostic);
  }
  if (!fields.original_mail_from.empty()) {
    feedback.original_mail_from = reading.AddressIn(body, fields.original_mail_from);
  }
  reading.ReadReturnedPart();
  const Meaning meaning = MeaningOf(WithoutComments(fields.feedback_type));
  for (const std::string_view value : fields.recipients) {
    Found<std::string> address = reading.AddressIn(body, value);
    if (!IsMailbox(address.value) || IsRedacted(address.value)) continue;
    AddRecipient(meaning, report).final_recipient = std::move(address);
  }
  if (report.recipients.empty()) {
    std::optional<Found<std::string>> receiver = reading.ReceiverOfReturned();
    if (receiver && IsRedacted(receiver->value)) receiver.reset();
    AddRecipient(meaning, report).final_recipient = std::move(receiver);
  }
  for (Recipient& recipient : report.recipients) {
    if (!feedback.feedback_type) break;
    recipient.classification.matched_text = feedback.feedback_type->value;
  }
  return true;
}

bool ReadDisposition(Reading& reading) {
  Report& report = reading.report();
  const Part* part = FindReportPart(reading, &ContentType::IsDispositionNotification);
  if (part == nullptr) return false;
  report.form = "rfc8098";
  reading.Tell("a part of its type is read as a read receipt (RFC 8098)",
               reading.SpanOf(part->body));
  Body body = reading.Decode(*part);
  body.Cut(reading.work().TakeHalf(body.text(), kLooksOfFields).size());
  const DispositionFields fields = ReadDispositionFields(body.text(), reading.limits().max_line);
  reading.ReadReturnedPart();
  if (!fields.original_message_id.empty() && !report.returned.message_id) {
    report.returned.message_id = reading.Shown(fields.original_message_id, &body);
  }
  Recipient& recipient = AddRecipient({Kind::kOther, Reason::kReadReceipt}, report);
  if (!fields.final_recipient.empty()) {
    recipient.final_recipient = reading.AddressIn(body, fields.final_recipient);
  }
  if (!fields.original_recipient.empty()) {
    recipient.original_recipient = reading.AddressIn(body, fields.original_recipient);
  }
  recipient.classification.matched_text =
      Presentable(Unfold(fields.disposition), reading.limits().max_diagnostic);
  if (MayBeRefusal(fields.disposition)) ReadRefusal(reading, recipient);
  return true;
}

void ReadReply(Reply reply, Reading& reading) {
  Report& report = reading.report();
  report.form = "reply";
  reading.Tell(reply == Reply::kUnsubscribe || reply == Reply::kComplaint
                   ? "its header and subject say that it is a wish to be left alone"
                   : "its header and subject say that a machine answers");
  Recipient& recipient = AddRecipient(MeaningOf(reply), report);
  if (!reading.header().from) return;
  const std::vector<std::string_view> from = MailboxesOf(*reading.header().from, 1);
  if (from.empty() || !IsMailbox(from[0])) return;
  recipient.final_recipient =
      Found<std::string>{ReportedAddress(from[0], reading.limits().max_diagnostic),
                         reading.SpanOf(from[0]), Provenance::kDerived};
}

}  // namespace bounced
