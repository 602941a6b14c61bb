#include "parser/reading/reading.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/address.h"
#include "parser/date.h"
#include "parser/dsn/reported_name.h"
#include "parser/mime/encoded_word.h"
#include "parser/mime/field_reader.h"
#include "parser/mime/html_text.h"
#include "parser/mime/mailbox_list.h"
#include "parser/prose/prose_report.h"
#include "parser/text.h"

namespace bounced {
namespace {

bool LooksLikeFields(std::string_view body) {
  FieldReader fields(body, body.size());
  std::optional<Field> field = fields.Next();
  while (field && field->kind == Field::Kind::kBlank) field = fields.Next();
  return field && field->kind == Field::Kind::kField &&
         (FindIgnoringCase(field->name, "-") != field->name.npos ||
          EqualsIgnoringCase(field->name, "action"));
}

}  // namespace

bool IsMailbox(std::string_view name) { return Address::Parse(name).ok(); }

Reading::Reading(std::string_view message, std::string_view window, const RuleSet& rules,
                 const ParserLimits& limits, Work& work, Trail* trail)
    : message_(message),
      rules_(rules),
      limits_(limits),
      work_(work),
      trail_(trail),
      remarks_(limits.max_remarks),
      budget_(limits.max_text_decoded),
      parts_(WalkParts(work.Take(window, kLooksOfWalk), limits, remarks_)),
      header_(ReadMessageHeader(work.Take(parts_[0].header, kLooksOfHeader), limits.max_line)),
      author_without_path_(FindAuthorWithoutPath(header_)),
      author_(FindAuthor(header_, author_without_path_)) {
  ReadOwnHeader();
  if (trail_ != nullptr) TellParts();
}

void Reading::TellParts() const {
  std::string types;
  for (const Part& part : parts_) {
    absl::StrAppend(&types, types.empty() ? "" : ", ", part.type.type);
  }
  const bool is_one = parts_.size() == 1;
  Tell(absl::StrCat(is_one ? "one part: " : "parts: ", Presentable(types, limits_.max_diagnostic)),
       SpanOf(parts_[0].header));
  switch (author_) {
    case Author::kMailSystem:
      return Tell("a mail system wrote it: by its From or a null return path");
    case Author::kMachine:
      return Tell("a machine wrote it: Auto-Submitted says so");
    case Author::kPerson:
      return Tell("somebody wrote it who is no mail system: by its From");
    case Author::kUnknown:
      return Tell("its header does not say who wrote it");
  }
}

std::string_view Reading::subject() const {
  return report_.subject ? std::string_view(report_.subject->value) : std::string_view();
}

const ProseText& Reading::MarkedSubject() {
  if (!marked_subject_) marked_subject_ = ProsePhrases::BuiltIn().Mark(subject());
  return *marked_subject_;
}

const std::list<Body>& Reading::Texts() {
  if (!texts_) {
    texts_.emplace();
    for (const Part* part : FindTextParts()) texts_->push_back(TextOf(*part));
  }
  return *texts_;
}

Span Reading::SpanOf(std::string_view piece) const {
  return {static_cast<std::uint32_t>(piece.data() - message_.data()),
          static_cast<std::uint32_t>(piece.size())};
}

std::size_t Reading::OffsetOf(const Part& part) const {
  return static_cast<std::size_t>(part.body.data() - message_.data());
}

Body Reading::Decode(const Part& part) {
  TransferEncoding encoding = part.encoding;
  // Declared base64, and plainly fields: it is what it looks like.
  if (encoding == TransferEncoding::kBase64 && LooksLikeFields(part.body)) {
    remarks_.Add("base64 that is none", SpanOf(part.body));
    encoding = TransferEncoding::kIdentity;
  }
  std::string_view raw = part.body;
  if (encoding != TransferEncoding::kIdentity) raw = work_.TakeHalf(raw, kLooksOfDecoding);
  Body body = Body::Decode(raw, OffsetOf(part), encoding, budget_);
  if (!body.complete()) remarks_.Add("bound:max_text_decoded", SpanOf(part.body));
  return body;
}

Found<std::string> Reading::Shown(std::string_view value, const Body* body) {
  const Span where = body != nullptr ? body->SpanOf(value) : SpanOf(value);
  const std::string_view line = StripBlanks(value);
  const bool is_plain = IsPlain(line) && line.find("=?") == line.npos;
  Presented shown = is_plain ? Present(line, limits_.max_diagnostic)
                             : Present(DecodeEncodedWords(Unfold(value)), limits_.max_diagnostic);
  if (shown.is_cut) remarks_.Add("bound:max_diagnostic", where);
  return {std::move(shown.text), where, Provenance::kReported};
}

Found<std::string> Reading::AddressIn(const Body& body, std::string_view value) const {
  return {ReportedAddress(value, limits_.max_diagnostic), body.SpanOf(value),
          Provenance::kReported};
}

Found<std::string> Reading::AddressInWords(const Body& body, std::string_view value) const {
  return {ReportedAddress(DecodeOctal(value), limits_.max_diagnostic), body.SpanOf(value),
          Provenance::kGuessed};
}

FoundDate Reading::Dated(Found<std::string> date) {
  const std::optional<absl::Time> time = ParseDate(date.value);
  return {std::move(date), time};
}

Body Reading::TextOf(const Part& part) {
  Body body = Decode(part).InUtf8(part.type.charset, kMaxProseOctets);
  body.Cut(work_.TakeHalf(body.text(), kLooksOfWords).size());
  if (part.type.type != "text/html") return body;
  std::string text = TextOfHtml(body.text());
  return std::move(body).With(std::move(text));
}

std::vector<const Part*> Reading::FindTextParts() const {
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

bool Reading::AnswersForAPerson() const {
  if (!report_.failed_recipients.empty()) return false;
  if (author_without_path_ == Author::kMachine) return true;
  if (!report_.subject || !IsAnswer(report_.subject->value)) return false;
  const bool has_path = header_.return_path && !IsNullPath(*header_.return_path);
  return author_without_path_ == Author::kPerson || (has_path && header_.in_reply_to);
}

Reading::Parties Reading::FindParties() const {
  return {header_.from ? ReportedAddress(*header_.from, kMaxPathOctets) : "",
          header_.to ? ReportedAddress(*header_.to, kMaxPathOctets) : ""};
}

bool Reading::ReadReturned(const Body& body, std::string_view text) {
  // No more words stand in front of it than it may have octets itself.
  text = work_.TakeHalf(text.substr(0, 2 * limits_.max_header_bytes), kLooksOfSearch);
  const std::string_view section = FindHeaderSection(text, limits_.max_header_bytes);
  MessageHeader header = ReadMessageHeader(section, limits_.max_line);
  const auto derived = [&](std::optional<std::string_view> value) {
    std::optional<Found<std::string>> found;
    if (value) {
      found = Shown(*value, &body);
      found->provenance = Provenance::kDerived;
    }
    return found;
  };
  if (!section.empty()) Tell("the message that came back begins here", body.SpanOf(section));
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
  if (header.date) report_.returned.date = Dated(*derived(header.date));
  report_.returned.list_id = derived(header.list_id);
  returned_header_ = std::move(header);
  return !section.empty();
}

bool Reading::ReadReturnedPart() {
  const auto found = std::find_if(parts_.begin(), parts_.end(),
                                  [](const Part& part) { return part.type.IsMessage(); });
  if (found == parts_.end()) return false;
  returned_ = Decode(*found);
  ReadReturned(returned_, returned_.text());
  return true;
}

std::optional<Found<std::string>> Reading::ReturnedTo() const {
  const MessageHeader& header = returned_header_;
  if (!report_.returned.to || !header.to || header.cc || header.list_id) return std::nullopt;
  if (FindAuthor(header) == Author::kMailSystem) return std::nullopt;  // to whom ours was sent
  std::string address = ReportedAddress(*header.to, kMaxPathOctets);
  // A cut address would be somebody else's.
  if (address.size() > limits_.max_diagnostic || !IsMailbox(address)) return std::nullopt;
  const Parties parties = FindParties();
  if (EqualsIgnoringCase(address, parties.from) || EqualsIgnoringCase(address, parties.to)) {
    return std::nullopt;
  }
  return Found<std::string>{std::move(address), report_.returned.to->where, Provenance::kGuessed};
}

std::optional<Found<std::string>> Reading::ReceiverOfReturned() const {
  if (report_.returned.delivered_to) return report_.returned.delivered_to;
  if (!report_.returned.to) return std::nullopt;
  const std::vector<std::string_view> mailboxes = MailboxesOf(report_.returned.to->value, 2);
  if (mailboxes.size() != 1 || !IsMailbox(mailboxes[0])) return std::nullopt;
  return Found<std::string>{std::string(mailboxes[0]), report_.returned.to->where,
                            Provenance::kDerived};
}

void Reading::ReadOwnHeader() {
  if (header_.message_id) report_.message_id = Shown(*header_.message_id);
  if (header_.subject) report_.subject = Shown(*header_.subject);
  if (header_.date) report_.date = Dated(Shown(*header_.date));
  for (const std::string_view field : header_.failed_recipients) ReadFailedRecipients(field);
}

void Reading::ReadFailedRecipients(std::string_view field) {
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

}  // namespace bounced
