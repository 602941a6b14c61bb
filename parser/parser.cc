#include "parser/parser.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/address.h"
#include "parser/dsn/explanation.h"
#include "parser/dsn/recipient.h"
#include "parser/dsn/reported_name.h"
#include "parser/dsn/ses_notification.h"
#include "parser/dsn/status_fields.h"
#include "parser/mime/body.h"
#include "parser/mime/encoded_word.h"
#include "parser/mime/field_reader.h"
#include "parser/mime/html_text.h"
#include "parser/mime/mailbox_list.h"
#include "parser/mime/message_header.h"
#include "parser/mime/walk.h"
#include "parser/notice/disposition.h"
#include "parser/notice/feedback_report.h"
#include "parser/notice/reply.h"
#include "parser/prose/prose_report.h"
#include "parser/remarks.h"
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

// One parse: what was read so far of one message.
class Reading {
 public:
  // `window` is what is read of `message`: all of it, or a message inside.
  Reading(std::string_view message, std::string_view window, const RuleSet& rules,
          const ParserLimits& limits)
      : message_(message),
        is_inner_(window.size() != message.size()),
        rules_(rules),
        limits_(limits),
        remarks_(limits.max_remarks),
        budget_(limits.max_text_decoded),
        parts_(WalkParts(window, limits, remarks_)),
        header_(ReadMessageHeader(parts_[0].header, limits.max_line)) {}

  Report Read() && {
    ReadOwnHeader();
    ReadInOrder();
    ReadWrapped();
    report_.kind = OverallKind();
    report_.remarks = std::move(remarks_).Take();
    return std::move(report_);
  }

 private:
  // The first that fits wins: what has a MIME type of its own; a reply that says that it is one; a
  // report without a type; what looks like a reply.
  void ReadInOrder() {
    FindTypedStatus();
    if (statuses_.empty()) FindSesStatus();
    if (!statuses_.empty()) return ConcludeAll();
    if (ReadFeedback() || ReadDisposition()) return;
    for (const Part* part : FindProseParts()) texts_.push_back(TextOf(*part));
    const std::string_view words = texts_.empty() ? std::string_view() : texts_.front().text();
    const Reply reply = FindReply(parts_[0].header, Subject(), words, limits_.max_line);
    const bool is_from_mail_system = header_.from && IsMailSystem(*header_.from);
    const bool is_certain = reply != Reply::kNone && reply != Reply::kMaybeAutomatic;
    if (is_certain && !is_from_mail_system && report_.failed_recipients.empty()) {
      return ReadReply(reply);
    }
    FindUntypedStatus();
    if (!statuses_.empty()) return ConcludeAll();
    ReadProseText();
    if (!report_.recipients.empty() || reply == Reply::kNone) return;
    if (is_certain || !HasAttachment()) ReadReply(reply);
  }

  // A machine answers in words; what it sends files with is a report of its own.
  bool HasAttachment() const {
    return std::any_of(parts_.begin(), parts_.end(),
                       [](const Part& part) { return part.type.type.starts_with("application/"); });
  }

  std::string_view Subject() const {
    return report_.subject ? std::string_view(report_.subject->value) : std::string_view();
  }

  Span SpanOf(std::string_view piece) const {
    return {static_cast<std::uint32_t>(piece.data() - message_.data()),
            static_cast<std::uint32_t>(piece.size())};
  }

  std::size_t OffsetOf(const Part& part) const {
    return static_cast<std::size_t>(part.body.data() - message_.data());
  }

  // Counts what is decoded against one bound for the whole message.
  Body Decode(const Part& part) {
    TransferEncoding encoding = part.encoding;
    // Declared base64, and plainly fields: it is what it looks like.
    if (encoding == TransferEncoding::kBase64 && LooksLikeFields(part.body)) {
      remarks_.Add("base64 that is none", SpanOf(part.body));
      encoding = TransferEncoding::kIdentity;
    }
    Body body = Body::Decode(part.body, OffsetOf(part), encoding, budget_);
    if (!body.complete()) remarks_.Add("bound:max_text_decoded", SpanOf(part.body));
    return body;
  }

  static bool LooksLikeFields(std::string_view body) {
    FieldReader fields(body, body.size());
    std::optional<Field> field = fields.Next();
    while (field && field->kind == Field::Kind::kBlank) field = fields.Next();
    return field && field->kind == Field::Kind::kField &&
           (FindIgnoringCase(field->name, "-") != field->name.npos ||
            EqualsIgnoringCase(field->name, "action"));
  }

  Found<std::string> Shown(std::string_view value, const Body* body = nullptr) const {
    return {Presentable(DecodeEncodedWords(Unfold(value)), limits_.max_diagnostic),
            body != nullptr ? body->SpanOf(value) : SpanOf(value), Provenance::kReported};
  }

  void ReadOwnHeader() {
    if (header_.message_id) report_.message_id = Shown(*header_.message_id);
    if (header_.subject) report_.subject = Shown(*header_.subject);
    for (const std::string_view field : header_.failed_recipients) ReadFailedRecipients(field);
  }

  // A comma list, folded or not (Exim, Gmail); octets beyond ASCII come in octal from Exim.
  void ReadFailedRecipients(std::string_view field) {
    for (std::size_t begin = 0; begin <= field.size();) {
      const std::size_t end = std::min(field.find(',', begin), field.size());
      const std::string_view piece = StripBlanks(field.substr(begin, end - begin));
      begin = end + 1;
      if (piece.empty()) continue;
      if (report_.failed_recipients.size() >= limits_.max_recipients) {
        remarks_.Add("bound:max_recipients", SpanOf(piece));
        return;
      }
      report_.failed_recipients.push_back(
          {ReportedAddress(DecodeOctal(piece), limits_.max_diagnostic), SpanOf(piece),
           Provenance::kReported});
    }
  }

  // RFC 3464, 2, whatever the multipart around it is called. A person may send such a part on,
  // too, but not inside a multipart/report.
  void FindTypedStatus() {
    const Author author = FindAuthor(header_);
    const bool is_report =
        parts_[0].type.type == "multipart/report" || parts_[0].type.IsDeliveryStatus();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!parts_[i].type.IsDeliveryStatus()) continue;
      if (!is_report && author == Author::kPerson) {
        remarks_.Add("a status that a person sent on", SpanOf(parts_[i].body));
        continue;
      }
      Status& status = Add(i, Provenance::kReported);
      const bool cut = parts_[i].depth > 0 && !parts_[i].closed;
      status.fields = ReadStatusFields(status.body, cut, limits_, remarks_);
    }
    if (!statuses_.empty()) report_.form = "rfc3464";
  }

  Status& Add(std::size_t part, Provenance provenance) {
    statuses_.emplace_back();
    statuses_.back().body = Decode(parts_[part]);
    statuses_.back().part = part;
    statuses_.back().provenance = provenance;
    return statuses_.back();
  }

  // An event of Amazon SES in JSON, passed on by mail: the same fields by other names.
  void FindSesStatus() {
    if (!header_.sns_message_id) return;
    const std::vector<const Part*> texts = FindProseParts();
    if (texts.empty()) return;
    const Part& part = *texts.front();
    Status& status = Add(static_cast<std::size_t>(&part - parts_.data()), Provenance::kReported);
    SesNotification event = ReadSesNotification(status.body.text());
    if (!event.kind) {
      statuses_.pop_back();
      return;
    }
    status.kind = event.kind;
    status.body = std::move(status.body).With(std::move(event.status_fields));
    status.fields = ReadStatusFields(status.body, /*cut=*/false, limits_, remarks_);
    returned_ = Decode(part).With(std::move(event.returned_header));
    report_.form = "ses-event";
  }

  // Status fields that lost their MIME type on the way, or never had one: in a text or an unnamed
  // attachment, or in a multipart that falls apart. So little is left of a report here that it is
  // one only when a mail system wrote the message, or nobody says who did; a person quotes, and a
  // machine that answers mail quotes, too.
  void FindUntypedStatus() {
    const bool is_report = parts_[0].type.type == "multipart/report";
    const Author author = FindAuthor(header_);
    const bool may_report =
        (author == Author::kMailSystem && !AnswersForAPerson()) || author == Author::kUnknown;
    if (!is_report && !may_report) return;
    const bool broken = parts_[0].type.IsMultipart() && parts_.size() == 1;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      const bool may_have_fields =
          part.type.type == "text/plain" || part.type.type == "application/octet-stream" || broken;
      if (!may_have_fields) continue;
      Status& status = Add(i, broken ? Provenance::kGuessed : Provenance::kDerived);
      status.fields = FindStatusFields(status.body, limits_, remarks_);
      if (status.fields.recipients.empty()) {
        statuses_.pop_back();
        continue;
      }
      report_.form = "status-fields";
      return;
    }
  }

  // The first message, or header of one, that comes back; where no part says that it is one, the
  // first after the status that looks so.
  void FindReturned() {
    if (report_.form == "ses-event") {
      ReadReturned(returned_, returned_.text());
      return;
    }
    if (ReadReturnedPart()) return;
    const Status& status = statuses_.back();
    if (report_.form == "status-fields" &&
        ReadReturned(status.body, status.body.text().substr(status.fields.end))) {
      return;
    }
    if (status.part + 1 < parts_.size() && !parts_[status.part + 1].type.IsMultipart()) {
      returned_ = Decode(parts_[status.part + 1]);
    }
    ReadReturned(returned_, returned_.text());
  }

  // Whether there was a header.
  bool ReadReturned(const Body& body, std::string_view text) {
    const std::string_view section = FindHeaderSection(text, limits_.max_header_bytes);
    const MessageHeader header = ReadMessageHeader(section, limits_.max_line);
    const auto derived = [&](std::optional<std::string_view> value) {
      std::optional<Found<std::string>> found;
      if (value) {
        found = Shown(*value, &body);
        found->provenance = Provenance::kDerived;
      }
      return found;
    };
    report_.returned.return_path = derived(header.return_path);
    if (report_.returned.return_path) {
      std::string& path = report_.returned.return_path->value;
      path = ReportedAddress(path, limits_.max_diagnostic);
    }
    report_.returned.message_id = derived(header.message_id);
    report_.returned.to = derived(header.to);
    if (header.delivered_to) {
      const std::string_view address =
          header.delivered_to->substr(0, header.delivered_to->find_first_of("; \t\r\n"));
      Found<std::string> found = AddressIn(body, address);
      found.provenance = Provenance::kDerived;
      if (IsMailbox(found.value)) report_.returned.delivered_to = std::move(found);
    }
    report_.returned.subject = derived(header.subject);
    report_.returned.date = derived(header.date);
    sole_returned_to_.clear();
    const bool is_report = FindAuthor(header) == Author::kMailSystem;  // to whom ours was sent
    if (header.to && !header.cc && !header.list_id && !is_report) {
      sole_returned_to_ = ReportedAddress(*header.to, kMaxPathOctets);
      if (!Address::Parse(sole_returned_to_).ok()) sole_returned_to_.clear();
    }
    return !section.empty();
  }

  void ConcludeAll() {
    FindReturned();
    for (const Status& status : statuses_) Conclude(status);
  }

  // The words for people: the first text in front of the status, or the text that has the fields
  // in it.
  Body FindExplanation(const Status& status) {
    const bool same_text = report_.form != "rfc3464";
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (same_text ? i != status.part : i > status.part || parts_[i].type.type != "text/plain") {
        continue;
      }
      std::size_t budget = std::min(budget_, kMaxExplanationOctets);
      budget_ -= budget;
      const std::string_view raw = parts_[i].body.substr(0, 4 * kMaxExplanationOctets);
      Body body = Body::Decode(raw, OffsetOf(parts_[i]), parts_[i].encoding, budget)
                      .InUtf8(parts_[i].type.charset, kMaxExplanationOctets);
      budget_ += budget;
      return body;
    }
    return Body();
  }

  void Conclude(const Status& status) {
    const StatusFields& fields = status.fields;
    const auto stated = [&](std::string_view value, std::optional<Found<std::string>>& into) {
      if (into || value.empty()) return;
      into = Found<std::string>{Presentable(Unfold(value), limits_.max_diagnostic),
                                status.body.SpanOf(value), status.provenance};
    };
    stated(fields.original_envelope_id, report_.original_envelope_id);
    stated(fields.arrival_date, report_.arrival_date);
    if (!report_.reporting_mta && !fields.reporting_mta.empty()) {
      report_.reporting_mta =
          Found<std::string>{ReportedHost(fields.reporting_mta, limits_.max_diagnostic),
                             status.body.SpanOf(fields.reporting_mta), status.provenance};
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
    if (count < about.size()) remarks_.Add("bound:max_recipients", {});
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
    for (std::size_t i = 0; i < count; ++i) {
      Judge({.fields = about[i],
             .part = status.body,
             .provenance = status.provenance,
             .explanation = words[i],
             .explanation_body = explanation,
             .max_octets = limits_.max_diagnostic,
             .kind = status.kind,
             .transcript = count == 1 ? explanation.text() : std::string_view(),
             .reporting_mta = reporting_mta},
            rules_, recipients[first + i]);
    }
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
    }
  }

  static bool IsMailbox(std::string_view name) { return Address::Parse(name).ok(); }

  // A recipient without a name, or with the name of a host ("@mx.example"), is whom the words for
  // people name, or else the only one that the returned message went to.
  void NameByWords(const Body& explanation, Recipient& recipient) {
    std::optional<Found<std::string>>& name = recipient.final_recipient;
    const bool has_name = name && !name->value.empty() && !name->value.starts_with('@');
    if (has_name || recipient.original_recipient) return;
    const Parties parties = FindParties();
    const ProseReport prose = ReadProse(Question(explanation, parties), ProsePhrases::BuiltIn());
    if (prose.recipients.size() == 1) {
      const std::string_view address = prose.recipients[0].address;
      name = Found<std::string>{ReportedAddress(address, limits_.max_diagnostic),
                                explanation.SpanOf(address), Provenance::kGuessed};
    } else if (!name && prose.recipients.empty()) {
      name = ReturnedTo();
    }
  }

  // The only address that the returned message was written to, unless that is a mailing list's.
  std::optional<Found<std::string>> ReturnedTo() const {
    const Parties parties = FindParties();
    if (sole_returned_to_.empty() || !report_.returned.to ||
        EqualsIgnoringCase(sole_returned_to_, parties.from) ||
        EqualsIgnoringCase(sole_returned_to_, parties.to)) {
      return std::nullopt;
    }
    return Found<std::string>{sole_returned_to_, report_.returned.to->where, Provenance::kGuessed};
  }

  struct Parties {
    std::string from;
    std::string to;
  };
  Parties FindParties() const {
    return {header_.from ? ReportedAddress(*header_.from, kMaxPathOctets) : "",
            header_.to ? ReportedAddress(*header_.to, kMaxPathOctets) : ""};
  }

  ProseQuestion Question(const Body& body, const Parties& parties) const {
    return {.subject = Subject(),
            .text = body.text(),
            .parties = {parties.from, parties.to},
            .returned = report_.returned.to.has_value(),
            .failed = {},
            .max_recipients = limits_.max_recipients};
  }

  static bool NamesMailbox(const Recipient& recipient) {
    const auto is_mailbox = [](const std::optional<Found<std::string>>& name) {
      return name && IsMailbox(name->value);
    };
    return is_mailbox(recipient.final_recipient) || is_mailbox(recipient.original_recipient);
  }

  // A report that follows no standard: words for people, and no fields. A mail system wrote it, or
  // it names the failed in its header; a person may quote one, and a machine answers with one in
  // it.
  void ReadProseText() {
    const Author author = FindAuthor(header_);
    const bool names_failed = !report_.failed_recipients.empty();
    const bool may_be_report = author == Author::kMailSystem || author == Author::kUnknown ||
                               (names_failed && author == Author::kMachine);
    if ((!may_be_report && !SoundsLikeMailSystem(header_)) || texts_.empty()) return;
    const bool has_returned_part = ReadReturnedPart();
    const Parties parties = FindParties();
    const bool doubtful = !may_be_report || AnswersForAPerson();
    const Body* body = nullptr;  // the text that names somebody, or else says anything
    ProseReport prose;
    for (const Body& text : texts_) {
      ProseQuestion question = Question(text, parties);
      question.doubtful = doubtful;
      for (const Found<std::string>& failed : report_.failed_recipients) {
        question.failed.push_back(failed.value);
      }
      ProseReport read = ReadProse(question, ProsePhrases::BuiltIn());
      if (body == nullptr || (!prose.kind && read.kind) || !read.recipients.empty()) {
        body = &text;
        prose = std::move(read);
      }
      if (!prose.recipients.empty()) break;
    }
    const std::size_t end = std::min(prose.end, body->text().size());
    if (!has_returned_part) ReadReturned(*body, body->text().substr(end));
    const bool names_nobody = prose.recipients.empty();
    const bool has_returned =
        report_.returned.to || end < std::min(body->text().size(), kMaxProseOctets);
    if (!prose.kind || (names_nobody && (doubtful || !prose.in_subject || !has_returned))) {
      report_.returned = {};
      return;
    }
    report_.form = "prose";
    for (const ProseRecipient& about : prose.recipients) {
      report_.recipients.emplace_back().final_recipient =
          Found<std::string>{ReportedAddress(DecodeOctal(about.address), limits_.max_diagnostic),
                             names_failed ? Span{} : body->SpanOf(about.address),
                             names_failed ? Provenance::kDerived : Provenance::kGuessed};
      JudgeByWords(about.words, *prose.kind, *body, report_.recipients.back());
    }
    if (names_nobody) {
      report_.recipients.emplace_back().final_recipient = ReturnedTo();
      JudgeByWords(body->text().substr(0, end), *prose.kind, *body, report_.recipients.back());
    }
  }

  // A vacation notice has the null path, too: by its From it is a person's.
  bool AnswersForAPerson() const {
    MessageHeader header = header_;
    header.return_path.reset();
    const Author author = FindAuthor(header);
    const bool is_answer = report_.subject && IsAnswer(report_.subject->value);
    return report_.failed_recipients.empty() &&
           (author == Author::kMachine || (author == Author::kPerson && is_answer));
  }

  void JudgeByWords(std::string_view words, Kind kind, const Body& body, Recipient& recipient) {
    const RecipientFields none;
    Judge({none, body, Provenance::kGuessed, words, body, limits_.max_diagnostic, kind}, rules_,
          recipient);
  }

  // The first text that is not blank, and its HTML form, which stands behind it (RFC 2046, 5.1.4);
  // or the first HTML. Other texts may be what came back.
  std::vector<const Part*> FindProseParts() const {
    const auto find = [this](std::string_view type) {
      return std::find_if(parts_.begin(), parts_.end(), [type](const Part& part) {
        return part.type.type == type && !StripBlanks(part.body).empty();
      });
    };
    const auto plain = find("text/plain");
    const auto html = find("text/html");
    std::vector<const Part*> found;
    if (plain != parts_.end()) found.push_back(&*plain);
    if (html != parts_.end() && (plain == parts_.end() || html == plain + 1)) {
      found.push_back(&*html);
    }
    return found;
  }

  // In UTF-8, of HTML what a reader sees.
  Body TextOf(const Part& part) {
    Body body = Decode(part).InUtf8(part.type.charset, kMaxProseOctets);
    if (part.type.type != "text/html") return body;
    std::string text = TextOfHtml(body.text());
    return std::move(body).With(std::move(text));
  }

  // A recipient of a report that is about no delivery.
  Recipient& AddRecipient(Meaning meaning) {
    Recipient& recipient = report_.recipients.emplace_back();
    recipient.kind = meaning.kind;
    recipient.classification = ClassificationOf(meaning.reason);
    recipient.classification.confidence = 100;
    recipient.classification.rule = absl::StrCat("kind-", Absl(ToString(meaning.kind)));
    return recipient;
  }

  Found<std::string> AddressIn(const Body& body, std::string_view value) const {
    return {ReportedAddress(value, limits_.max_diagnostic), body.SpanOf(value),
            Provenance::kReported};
  }

  // A part that counts only in a report, or when no person sent it on.
  const Part* FindReportPart(bool (ContentType::*is_it)() const) const {
    const bool is_report = parts_[0].type.type == "multipart/report" || (parts_[0].type.*is_it)();
    if (!is_report && FindAuthor(header_) == Author::kPerson) return nullptr;
    const auto part = std::find_if(parts_.begin(), parts_.end(),
                                   [=](const Part& each) { return (each.type.*is_it)(); });
    return part == parts_.end() ? nullptr : &*part;
  }

  // RFC 5965. Whether it is one.
  bool ReadFeedback() {
    const Part* part = FindReportPart(&ContentType::IsFeedbackReport);
    if (part == nullptr) return false;
    report_.form = "rfc5965";
    const Body body = Decode(*part);
    const FeedbackFields fields =
        ReadFeedbackFields(body.text(), limits_.max_line, limits_.max_recipients);
    Feedback& feedback = report_.feedback.emplace();
    const auto put = [&](std::string_view value, std::optional<Found<std::string>>& into) {
      if (!value.empty()) into = Shown(value, &body);
    };
    put(fields.feedback_type, feedback.feedback_type);
    put(fields.user_agent, feedback.user_agent);
    put(fields.source_ip, feedback.source_ip);
    put(fields.reported_domain, feedback.reported_domain);
    put(fields.incidents, feedback.incidents);
    put(fields.original_envelope_id, report_.original_envelope_id);
    put(fields.arrival_date, report_.arrival_date);
    if (!fields.reporting_mta.empty()) {
      report_.reporting_mta = {ReportedHost(fields.reporting_mta, limits_.max_diagnostic),
                               body.SpanOf(fields.reporting_mta), Provenance::kReported};
    }
    if (!fields.original_mail_from.empty()) {
      feedback.original_mail_from = AddressIn(body, fields.original_mail_from);
    }
    ReadReturnedPart();
    const Meaning meaning = MeaningOf(WithoutComments(fields.feedback_type));
    for (const std::string_view value : fields.recipients) {
      Found<std::string> address = AddressIn(body, value);
      if (!IsMailbox(address.value) || IsRedacted(address.value)) continue;
      AddRecipient(meaning).final_recipient = std::move(address);
    }
    if (report_.recipients.empty()) {
      AddRecipient(meaning).final_recipient = ReceiverOfReturned();
    }
    for (Recipient& recipient : report_.recipients) {
      if (!feedback.feedback_type) break;
      recipient.classification.matched_text = feedback.feedback_type->value;
    }
    return true;
  }

  // Whom the message that came back was for: whom its last host says it delivered to, or the only
  // address in To.
  std::optional<Found<std::string>> ReceiverOfReturned() const {
    if (report_.returned.delivered_to) return report_.returned.delivered_to;
    if (!report_.returned.to) return std::nullopt;
    const std::vector<std::string_view> mailboxes = MailboxesOf(report_.returned.to->value, 2);
    if (mailboxes.size() != 1 || !IsMailbox(mailboxes[0])) return std::nullopt;
    return Found<std::string>{std::string(mailboxes[0]), report_.returned.to->where,
                              Provenance::kDerived};
  }

  // RFC 8098. Whether it is one.
  bool ReadDisposition() {
    const Part* part = FindReportPart(&ContentType::IsDispositionNotification);
    if (part == nullptr) return false;
    report_.form = "rfc8098";
    const Body body = Decode(*part);
    const DispositionFields fields = ReadDispositionFields(body.text(), limits_.max_line);
    ReadReturnedPart();
    if (!fields.original_message_id.empty() && !report_.returned.message_id) {
      report_.returned.message_id = Shown(fields.original_message_id, &body);
    }
    Recipient& recipient = AddRecipient({Kind::kOther, Reason::kReadReceipt});
    if (!fields.final_recipient.empty()) {
      recipient.final_recipient = AddressIn(body, fields.final_recipient);
    }
    if (!fields.original_recipient.empty()) {
      recipient.original_recipient = AddressIn(body, fields.original_recipient);
    }
    recipient.classification.matched_text =
        Presentable(Unfold(fields.disposition), limits_.max_diagnostic);
    return true;
  }

  // Who answered is who it is about.
  void ReadReply(Reply reply) {
    report_.form = "reply";
    Recipient& recipient = AddRecipient(MeaningOf(reply));
    if (!header_.from) return;
    const std::vector<std::string_view> from = MailboxesOf(*header_.from, 1);
    if (from.empty() || !IsMailbox(from[0])) return;
    recipient.final_recipient = Found<std::string>{ReportedAddress(from[0], limits_.max_diagnostic),
                                                   SpanOf(from[0]), Provenance::kDerived};
  }

  // The first message, or header of one, that a part is said to be. False: there is none.
  bool ReadReturnedPart() {
    const auto found = std::find_if(parts_.begin(), parts_.end(),
                                    [](const Part& part) { return part.type.IsMessage(); });
    if (found == parts_.end()) return false;
    returned_ = Decode(*found);
    ReadReturned(returned_, returned_.text());
    return true;
  }

  // A mail system's message that names nobody, around another mail system's message: a gateway put
  // its words around a report. Only that one is read inside another.
  void ReadWrapped() {
    const auto has_name = [](const Recipient& r) {
      return r.final_recipient.has_value() || r.original_recipient.has_value();
    };
    if (is_inner_ || FindAuthor(header_) != Author::kMailSystem ||
        std::any_of(report_.recipients.begin(), report_.recipients.end(), has_name)) {
      return;
    }
    const auto wrapped = std::find_if(parts_.begin(), parts_.end(),
                                      [](const Part& part) { return part.type.IsMessage(); });
    if (wrapped == parts_.end() || wrapped->encoding != TransferEncoding::kIdentity) return;
    Reading inner(message_, wrapped->body, rules_, limits_);
    if (FindAuthor(inner.header_) != Author::kMailSystem) return;
    Report report = std::move(inner).Read();
    if (std::none_of(report.recipients.begin(), report.recipients.end(), has_name)) return;
    report.message_id = std::move(report_.message_id);
    report.subject = std::move(report_.subject);
    report_ = std::move(report);
  }

  // The gravest of what the recipients were told.
  Kind OverallKind() const {
    for (const Kind kind : {Kind::kBounce, Kind::kDelay, Kind::kComplaint, Kind::kUnsubscribe,
                            Kind::kDelivery, Kind::kAutoReply}) {
      const auto is_it = [kind](const Recipient& recipient) { return recipient.kind == kind; };
      if (std::any_of(report_.recipients.begin(), report_.recipients.end(), is_it)) return kind;
    }
    return Kind::kOther;
  }

  const std::string_view message_;
  const bool is_inner_;
  const RuleSet& rules_;
  const ParserLimits& limits_;
  Remarks remarks_;
  std::size_t budget_;  // octets that may still be decoded
  const std::vector<Part> parts_;
  const MessageHeader header_;
  std::deque<Status> statuses_;
  std::deque<Body> texts_;  // for people: the first, and its form in HTML
  Body returned_;
  std::string sole_returned_to_;  // the one address in the returned message's To; empty: none
  Report report_;
};

}  // namespace

Parser::Parser(std::shared_ptr<const RuleSet> rules, ParserLimits limits)
    : rules_(std::move(rules)), limits_(limits) {}

Report Parser::Parse(std::string_view message) const {
  // Spans count in 32 bits; no SMTP session takes as much (RFC 1870).
  message = message.substr(0, std::numeric_limits<std::uint32_t>::max());
  return Reading(message, message, *rules_, limits_).Read();
}

}  // namespace bounced
