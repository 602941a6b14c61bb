#include "parser/reading/status.h"

#include <algorithm>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parser/classify/field_pattern.h"
#include "parser/dsn/explanation.h"
#include "parser/dsn/recipient.h"
#include "parser/dsn/reported_name.h"
#include "parser/dsn/ses_notification.h"
#include "parser/dsn/status_fields.h"
#include "parser/mime/field_reader.h"
#include "parser/prose/prose_report.h"
#include "parser/reading/prose.h"
#include "parser/text.h"

namespace bounced {
namespace {

// Octets of a report's text for people that are looked at: 100 for each of 10,000 recipients.
constexpr std::size_t kMaxExplanationOctets = 1 << 20;

// A status that was found, and what belongs to it. Stays where it is: `fields` has views into
// `body`, which may hold its text itself.
struct Status {
  Status() = default;
  Status(const Status&) = delete;
  Status& operator=(const Status&) = delete;

  Body body;
  StatusFields fields;
  std::size_t part = 0;
  Provenance provenance = Provenance::kReported;
  std::optional<Kind> kind;  // of all recipients, where the fields have no Action
};

class StatusReader {
 public:
  explicit StatusReader(Reading& reading)
      : reading_(reading),
        report_(reading.report()),
        limits_(reading.limits()),
        parts_(reading.parts()) {}

  void FindTypedStatus() {
    const Author author = reading_.author();
    const bool is_report =
        parts_[0].type.type == "multipart/report" || parts_[0].type.IsDeliveryStatus();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!parts_[i].type.IsDeliveryStatus()) continue;
      if (!is_report && author == Author::kPerson) {
        reading_.remarks().Add("a status that a person sent on", reading_.SpanOf(parts_[i].body));
        continue;
      }
      Status& status = Add(i, Provenance::kReported);
      reading_.Tell("a part of its type is read as a delivery status (RFC 3464)",
                    reading_.SpanOf(parts_[i].body));
      if (std::optional<std::string> moved = WithoutIndent(status.body.text())) {
        status.body = std::move(status.body).With(*std::move(moved));
      }
      const bool cut =
          CutToWork(status.body, kLooksOfFields) || (parts_[i].depth > 0 && !parts_[i].closed);
      status.fields = ReadStatusFields(status.body, cut, limits_, reading_.remarks());
    }
    if (!statuses_.empty()) report_.form = "rfc3464";
  }

  void FindSesStatus() {
    if (!reading_.header().sns_message_id) return;
    const std::vector<const Part*> texts = reading_.FindTextParts();
    if (texts.empty()) return;
    const Part& part = *texts.front();
    Status& status = Add(static_cast<std::size_t>(&part - parts_.data()), Provenance::kReported);
    CutToWork(status.body, kLooksOfFields);
    SesNotification event = ReadSesNotification(status.body.text());
    if (!event.kind) {
      statuses_.pop_back();
      return;
    }
    reading_.Tell("an event of Amazon's in JSON", reading_.SpanOf(part.body));
    status.kind = event.kind;
    status.body = std::move(status.body).With(std::move(event.status_fields));
    status.fields = ReadStatusFields(status.body, /*cut=*/false, limits_, reading_.remarks());
    returned_ = reading_.Decode(part).With(std::move(event.returned_header));
    report_.form = "ses-event";
  }

  void FindUntypedStatus() {
    const bool is_report = parts_[0].type.type == "multipart/report";
    const Author author = reading_.author();
    const bool may_report = (author == Author::kMailSystem && !reading_.AnswersForAPerson()) ||
                            author == Author::kUnknown;
    if (!is_report && !may_report) return;
    const bool broken = parts_[0].type.IsMultipart() && parts_.size() == 1;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      const bool is_file = part.type.type == "application/octet-stream" && !part.type.IsMessage();
      const bool may_have_fields = part.type.type == "text/plain" || is_file || broken;
      if (!may_have_fields) continue;
      Status& status = Add(i, broken ? Provenance::kGuessed : Provenance::kDerived);
      status.body.Cut(reading_.work().Take(status.body.text(), kLooksOfSearch).size());
      status.fields = FindStatusFields(status.body, limits_, reading_.remarks(), reading_.work());
      if (status.fields.recipients.empty()) {
        statuses_.pop_back();
        continue;
      }
      report_.form = "status-fields";
      reading_.Tell("fields of a delivery status stand here, without their type",
                    status.body.SpanOf(status.body.text().substr(
                        status.fields.begin, status.fields.end - status.fields.begin)));
      return;
    }
  }

  // Whether there was any.
  bool Conclude() {
    if (statuses_.empty()) return false;
    FindReturned();
    for (const Status& status : statuses_) Conclude(status);
    return true;
  }

 private:
  // The first message, or header of one, that comes back; where no part says that it is one, the
  // first after the status that looks so.
  void FindReturned() {
    if (report_.form == "ses-event") {
      reading_.ReadReturned(returned_, returned_.text());
      return;
    }
    if (reading_.ReadReturnedPart()) return;
    const Status& status = statuses_.back();
    if (report_.form == "status-fields" &&
        reading_.ReadReturned(status.body, status.body.text().substr(status.fields.end))) {
      return;
    }
    if (status.part + 1 < parts_.size() && !parts_[status.part + 1].type.IsMultipart()) {
      returned_ = reading_.Decode(parts_[status.part + 1]);
    }
    reading_.ReadReturned(returned_, returned_.text());
  }

  // Whether there was more of it. Only half of what is left is for it: recipients are to be judged,
  // too.
  bool CutToWork(Body& body, Looks looks) {
    const std::size_t octets = body.text().size();
    body.Cut(reading_.work().TakeHalf(body.text(), looks).size());
    return body.text().size() < octets;
  }

  Status& Add(std::size_t part, Provenance provenance) {
    statuses_.emplace_back();
    statuses_.back().body = reading_.Decode(parts_[part]);
    statuses_.back().part = part;
    statuses_.back().provenance = provenance;
    return statuses_.back();
  }

  // The words for people: the first text in front of the status, or the text that has the fields
  // in it.
  Body FindExplanation(const Status& status) {
    const bool same_text = report_.form != "rfc3464";
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (same_text ? i != status.part : i > status.part || parts_[i].type.type != "text/plain") {
        continue;
      }
      std::size_t budget = std::min(reading_.budget(), kMaxExplanationOctets);
      reading_.budget() -= budget;
      const std::string_view raw = reading_.work().TakeHalf(
          parts_[i].body.substr(0, 4 * kMaxExplanationOctets), kLooksOfFields);
      Body body = Body::Decode(raw, reading_.OffsetOf(parts_[i]), parts_[i].encoding, budget)
                      .InUtf8(parts_[i].type.charset, kMaxExplanationOctets);
      reading_.budget() += budget;
      return body;
    }
    return Body();
  }

  void Conclude(const Status& status) {
    const StatusFields& fields = status.fields;
    const auto stated = [&](std::string_view value) {
      return Found<std::string>{Presentable(Unfold(value), limits_.max_diagnostic),
                                status.body.SpanOf(value), status.provenance};
    };
    if (!report_.original_envelope_id && !fields.original_envelope_id.empty()) {
      report_.original_envelope_id = stated(fields.original_envelope_id);
    }
    if (!report_.arrival_date && !fields.arrival_date.empty()) {
      report_.arrival_date = Reading::Dated(stated(fields.arrival_date));
    }
    const auto named = [&](std::string_view value, std::optional<FoundMta>& into) {
      if (into || value.empty()) return;
      into = NamedMta(value, status.body, status.provenance, limits_.max_diagnostic);
    };
    named(fields.reporting_mta, report_.reporting_mta);
    named(fields.received_from_mta, report_.received_from_mta);
    named(fields.dsn_gateway, report_.dsn_gateway);
    for (const NamedValue& field : fields.further) {
      if (report_.further_fields.size() >= RecipientFields::kMaxFurther) break;
      report_.further_fields.push_back(
          KeptField(field, status.body, status.provenance, limits_.max_diagnostic));
    }
    NameAndJudge(status);
  }

  void NameAndJudge(const Status& status) {
    std::vector<Recipient>& recipients = report_.recipients;
    const std::vector<RecipientFields> stand_ins = StandIns(status);
    const std::vector<RecipientFields>& about =
        stand_ins.empty() ? status.fields.recipients : stand_ins;
    const std::size_t first = recipients.size();
    const std::size_t count = std::min(about.size(), limits_.max_recipients - first);
    if (count < about.size()) reading_.remarks().Add("bound:max_recipients", {});
    recipients.reserve(first + count);
    for (std::size_t i = 0; i < count; ++i) {
      recipients.push_back(
          NameRecipient(about[i], status.body, status.provenance, limits_.max_diagnostic));
    }
    const Body explanation = FindExplanation(status);
    HelpOutNames(status, first);
    if (recipients.size() == 1 && statuses_.size() == 1) NameByWords(explanation, recipients[0]);
    std::vector<std::string_view> addresses;
    addresses.reserve(count);
    for (std::size_t i = first; i < recipients.size(); ++i) {
      const Recipient& r = recipients[i];
      addresses.push_back(r.final_recipient      ? r.final_recipient->value
                          : r.original_recipient ? r.original_recipient->value
                                                 : std::string_view());
    }
    const std::vector<std::string_view> words = FindExplanations(explanation.text(), addresses);
    const std::string reporting_mta =
        ReportedHost(status.fields.reporting_mta, limits_.max_diagnostic);
    const std::size_t of_message = SaidIn(report_.further_fields);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t fields = SaidIn(recipients[first + i].further_fields) + of_message;
      if (!reading_.work().Do(SaidOf(about[i]) + words[i].size() + fields, kLooksOfVerdict)) {
        recipients.erase(recipients.begin() + static_cast<std::ptrdiff_t>(first + i),
                         recipients.end());
        break;
      }
      Judge({.fields = about[i],
             .part = status.body,
             .provenance = status.provenance,
             .explanation = words[i],
             .explanation_body = explanation,
             .max_octets = limits_.max_diagnostic,
             .kind = status.kind,
             .transcript = count == 1 ? explanation.text() : std::string_view(),
             .reporting_mta = reporting_mta,
             .message_fields = report_.further_fields,
             .trail = reading_.trail()},
            reading_.rules(), recipients[first + i]);
      if (recipients[first + i].original_recipient) continue;
      const std::string_view origin = OriginIn(words[i]);
      if (origin.empty()) continue;
      recipients[first + i].original_recipient = reading_.AddressInWords(explanation, origin);
      reading_.Tell("the words for people name whom the mail was sent to",
                    explanation.SpanOf(origin));
    }
  }

  // Octets that a rule may look at.
  static std::size_t SaidIn(const std::vector<FurtherField>& fields) {
    std::size_t octets = 0;
    for (const FurtherField& field : fields) {
      octets += std::min(field.value.value.size(), kMaxFieldOctets);
    }
    return octets;
  }

  // Octets of what is judged, and a little for the recipient as such.
  static std::size_t SaidOf(const RecipientFields& fields) {
    std::size_t octets = 32 + fields.status.size() + fields.localized_diagnostic.size();
    for (const std::string_view diagnostic : fields.diagnostics) octets += diagnostic.size();
    return octets;
  }

  // What to read where a status has no recipient: its result, if there is one, is that of the only
  // address in X-Failed-Recipients, or of a recipient unknown.
  std::vector<RecipientFields> StandIns(const Status& status) const {
    if (!status.fields.recipients.empty()) return {};
    const std::size_t count = report_.failed_recipients.size();
    if (count > 1) return std::vector<RecipientFields>(count);
    return {status.fields.stray};
  }

  // X-Failed-Recipients names those whom the status does not name, and one whom it names by no
  // mailbox: Exim puts the pipe or the file there that it delivered to.
  void HelpOutNames(const Status& status, std::size_t first) {
    std::vector<Recipient>& recipients = report_.recipients;
    const std::vector<Found<std::string>>& failed = report_.failed_recipients;
    const std::size_t count = recipients.size() - first;
    const bool is_odd = count == 1 && failed.size() == 1 && !NamesMailbox(recipients[first]);
    if (!status.fields.recipients.empty() && !is_odd) return;
    for (std::size_t i = 0; i < std::min(count, failed.size()); ++i) {
      std::optional<Found<std::string>>& name = recipients[first + i].final_recipient;
      name = failed[i];
      name->provenance = Provenance::kDerived;
      reading_.Tell("X-Failed-Recipients names the recipient", name->where);
    }
  }

  // A recipient without a name, or with the name of a host ("@mx.example"), is whom the words for
  // people name, or else the only one that the returned message went to.
  void NameByWords(const Body& explanation, Recipient& recipient) {
    std::optional<Found<std::string>>& name = recipient.final_recipient;
    const bool has_name = name && !name->value.empty() && !name->value.starts_with('@');
    if (has_name || recipient.original_recipient) return;
    const Reading::Parties parties = reading_.FindParties();
    const ProseReport prose =
        ReadProse(QuestionOf(reading_, explanation.text().substr(0, kMaxProseOctets), parties));
    if (prose.recipients.size() == 1) {
      name = reading_.AddressInWords(explanation, prose.recipients[0].address);
      reading_.Tell("the words for people name the recipient", name->where);
    } else if (!name && prose.recipients.empty()) {
      name = reading_.ReturnedTo();
      if (name) reading_.Tell("the recipient is the only one of the returned message", name->where);
    }
  }

  static bool NamesMailbox(const Recipient& recipient) {
    const auto is_mailbox = [](const std::optional<Found<std::string>>& name) {
      return name && IsMailbox(name->value);
    };
    return is_mailbox(recipient.final_recipient) || is_mailbox(recipient.original_recipient);
  }

  Reading& reading_;
  Report& report_;
  const ParserLimits& limits_;
  const std::vector<Part>& parts_;
  std::list<Status> statuses_;
  Body returned_;
};

}  // namespace

bool ReadTypedStatus(Reading& reading) {
  StatusReader reader(reading);
  reader.FindTypedStatus();
  return reader.Conclude();
}

bool ReadSesStatus(Reading& reading) {
  StatusReader reader(reading);
  reader.FindSesStatus();
  return reader.Conclude();
}

bool ReadUntypedStatus(Reading& reading) {
  StatusReader reader(reading);
  reader.FindUntypedStatus();
  return reader.Conclude();
}

}  // namespace bounced
