#include "parser/parser.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parser/address.h"
#include "parser/dsn/explanation.h"
#include "parser/dsn/recipient.h"
#include "parser/dsn/reported_name.h"
#include "parser/dsn/status_fields.h"
#include "parser/mime/body.h"
#include "parser/mime/encoded_word.h"
#include "parser/mime/field_reader.h"
#include "parser/mime/html_text.h"
#include "parser/mime/message_header.h"
#include "parser/mime/walk.h"
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
};

// One parse: what was read so far of one message.
class Reading {
 public:
  Reading(std::string_view message, const RuleSet& rules, const ParserLimits& limits)
      : message_(message),
        rules_(rules),
        limits_(limits),
        remarks_(limits.max_remarks),
        budget_(limits.max_text_decoded),
        parts_(WalkParts(message, limits, remarks_)),
        header_(ReadMessageHeader(parts_[0].header, limits.max_line)) {}

  Report Read() && {
    ReadOwnHeader();
    FindTypedStatus();
    if (statuses_.empty()) FindUntypedStatus();
    if (statuses_.empty()) {
      ReadProseText();
    } else {
      FindReturned();
      for (const Status& status : statuses_) Conclude(status);
    }
    report_.kind = OverallKind();
    report_.remarks = std::move(remarks_).Take();
    return std::move(report_);
  }

 private:
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

  // Status fields that lost their MIME type on the way, or never had one: in a text or an unnamed
  // attachment, or in a multipart that falls apart. So little is left of a report here that it is
  // one only when a mail system wrote the message, or nobody says who did; a person quotes, and a
  // machine that answers mail quotes, too.
  void FindUntypedStatus() {
    const bool is_report = parts_[0].type.type == "multipart/report";
    const Author author = FindAuthor(header_);
    if (!is_report && author != Author::kMailSystem && author != Author::kUnknown) return;
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
    report_.returned.subject = derived(header.subject);
    report_.returned.date = derived(header.date);
    return !section.empty();
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
    HelpOutNames(status, first);
    const Body explanation = FindExplanation(status);
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
      Judge({about[i], status.body, status.provenance, words[i], explanation,
             limits_.max_diagnostic, std::nullopt, reporting_mta},
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

  static bool NamesMailbox(const Recipient& recipient) {
    const auto is_mailbox = [](const std::optional<Found<std::string>>& name) {
      return name && Address::Parse(name->value).ok();
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
    const Part* part = FindProsePart();
    if (!may_be_report || part == nullptr) return;
    Body body = Decode(*part).InUtf8(part->type.charset, kMaxProseOctets);
    if (part->type.type == "text/html") {
      std::string text = TextOfHtml(body.text());
      body = std::move(body).With(std::move(text));
    }
    const std::string from = header_.from ? ReportedAddress(*header_.from, kMaxPathOctets) : "";
    const std::string to = header_.to ? ReportedAddress(*header_.to, kMaxPathOctets) : "";
    ProseQuestion question{.subject = report_.subject ? report_.subject->value : std::string_view(),
                           .text = body.text(),
                           .parties = {from, to},
                           .failed = {},
                           .max_recipients = limits_.max_recipients};
    for (const Found<std::string>& failed : report_.failed_recipients) {
      question.failed.push_back(failed.value);
    }
    const ProseReport prose = ReadProse(question, ProsePhrases::BuiltIn());
    if (!prose.kind) return;
    report_.form = "prose";
    for (const ProseRecipient& about : prose.recipients) {
      Recipient& recipient = report_.recipients.emplace_back();
      recipient.final_recipient =
          Found<std::string>{ReportedAddress(about.address, limits_.max_diagnostic),
                             names_failed ? Span{} : body.SpanOf(about.address),
                             names_failed ? Provenance::kDerived : Provenance::kGuessed};
      const RecipientFields none;
      Judge(
          {none, body, Provenance::kGuessed, about.words, body, limits_.max_diagnostic, prose.kind},
          rules_, recipient);
    }
    if (ReadReturnedPart()) return;
    ReadReturned(body, body.text().substr(std::min(prose.end, body.text().size())));
  }

  // The first text; of one in two forms, the plain one stands first (RFC 2046, 5.1.4).
  const Part* FindProsePart() const {
    for (const std::string_view type : {"text/plain", "text/html"}) {
      for (const Part& part : parts_) {
        if (part.type.type == type) return &part;
      }
    }
    return nullptr;
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

  // The gravest of what the recipients were told.
  Kind OverallKind() const {
    for (const Kind kind : {Kind::kBounce, Kind::kDelay, Kind::kDelivery}) {
      const auto is_it = [kind](const Recipient& recipient) { return recipient.kind == kind; };
      if (std::any_of(report_.recipients.begin(), report_.recipients.end(), is_it)) return kind;
    }
    return Kind::kOther;
  }

  const std::string_view message_;
  const RuleSet& rules_;
  const ParserLimits& limits_;
  Remarks remarks_;
  std::size_t budget_;  // octets that may still be decoded
  const std::vector<Part> parts_;
  const MessageHeader header_;
  std::deque<Status> statuses_;
  Body returned_;
  Report report_;
};

}  // namespace

Parser::Parser(std::shared_ptr<const RuleSet> rules, ParserLimits limits)
    : rules_(std::move(rules)), limits_(limits) {}

Report Parser::Parse(std::string_view message) const {
  // Spans count in 32 bits; no SMTP session takes as much (RFC 1870).
  return Reading(message.substr(0, std::numeric_limits<std::uint32_t>::max()), *rules_, limits_)
      .Read();
}

}  // namespace bounced
