#include "server/intake/attribution.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/mime/mailbox_list.h"
#include "parser/mime/message_header.h"
#include "parser/notice/feedback_report.h"
#include "parser/parser.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxReturnedTo = 100;  // addresses of the returned message's To
constexpr int kForwardConfidence = 50;

template <typename Value>
void Note(std::string_view field, const std::optional<Value>& found, std::string& provenance) {
  if (!found) return;
  absl::StrAppend(&provenance, provenance.empty() ? "" : " ", Absl(field), "=",
                  Absl(ToString(found->provenance)));
}

std::string ProvenanceOf(const Recipient& recipient) {
  std::string provenance;
  Note("final_recipient", recipient.final_recipient, provenance);
  Note("original_recipient", recipient.original_recipient, provenance);
  Note("enhanced_status", recipient.enhanced_status, provenance);
  Note("reply_code", recipient.reply_code, provenance);
  Note("diagnostic", recipient.diagnostic, provenance);
  Note("remote_mta", recipient.remote_mta, provenance);
  return provenance;
}

std::string Text(const std::optional<Found<std::string>>& found, std::size_t max_octets) {
  return found ? Presentable(found->value, max_octets) : "";
}

Reason ReasonOf(Kind kind) {
  switch (kind) {
    case Kind::kDelay:
      return Reason::kDelayed;
    case Kind::kDelivery:
      return Reason::kRelayed;  // what was delivered, and to whom, it does not say
    case Kind::kComplaint:
      return Reason::kComplaintOther;
    case Kind::kUnsubscribe:
      return Reason::kUnsubscribe;
    case Kind::kAutoReply:
      return Reason::kAutoReply;
    case Kind::kBounce:
      return Reason::kUndefined;
    case Kind::kOther:
      break;
  }
  return Reason::kOtherMail;
}

// Of a message that names no recipient.
Event EventOf(Kind kind) {
  const ReasonInfo& info = Info(ReasonOf(kind));
  Event event;
  event.kind = kind;
  event.reason = info.reason;
  event.bounce_class = info.bounce_class;
  event.fault = info.fault;
  event.counts = info.counts;
  return event;
}

std::optional<std::uint8_t> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

// xtext undone (RFC 3461, 4): '+' and two upper-case hexadecimal digits.
std::string UndoXtext(std::string_view s) {
  std::string text;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const std::optional<std::uint8_t> high =
        s[i] == '+' && i + 2 < s.size() ? HexDigit(s[i + 1]) : std::nullopt;
    const std::optional<std::uint8_t> low = high ? HexDigit(s[i + 2]) : std::nullopt;
    if (low) {
      text += static_cast<char>(*high << 4 | *low);
      i += 2;
    } else {
      text += s[i];
    }
  }
  return text;
}

std::optional<Address> ParseAddress(std::string_view mailbox) {
  absl::StatusOr<Address> address = Address::Parse(mailbox);
  if (!address.ok()) return std::nullopt;
  return *std::move(address);
}

// The readings of a reported address: as it stands, since plus addresses are real, and with xtext
// undone, since hosts copy ORCPT both ways (RFC 3461, 6.3).
std::vector<Address> Readings(std::string_view mailbox) {
  std::vector<Address> readings;
  if (std::optional<Address> address = ParseAddress(mailbox)) readings.push_back(*address);
  const std::string decoded = UndoXtext(mailbox);
  if (decoded != mailbox) {
    if (std::optional<Address> address = ParseAddress(decoded)) readings.push_back(*address);
  }
  return readings;
}

std::string_view LastWord(std::string_view text) {
  text = StripBlanks(text);
  const auto blank = std::find_if(text.rbegin(), text.rend(), IsSpace);
  return text.substr(static_cast<std::size_t>(text.rend() - blank));
}

// Whom a forwarded message was for: whom its last host says that it delivered to, or the only
// address in To. None: nobody, or one that was made unrecognizable.
std::optional<Found<std::string>> ReceiverOf(const ReturnedMessage& forwarded) {
  std::optional<Found<std::string>> receiver = forwarded.delivered_to;
  if (!receiver && forwarded.to) {
    const std::vector<std::string_view> mailboxes = MailboxesOf(forwarded.to->value, 2);
    if (mailboxes.size() == 1) {
      receiver =
          Found<std::string>{std::string(mailboxes[0]), forwarded.to->where, Provenance::kDerived};
    }
  }
  if (receiver && IsRedacted(receiver->value)) return std::nullopt;
  return receiver;
}

// What it would do to the address: the less, the smaller.
int Severity(const Event& event) {
  if (event.kind != Kind::kBounce) return event.kind == Kind::kDelivery ? 0 : 1;
  switch (event.bounce_class) {
    case BounceClass::kNone:
      return 2;
    case BounceClass::kBlock:
      return 3;
    case BounceClass::kSoft:
      return event.counts ? 5 : 4;
    case BounceClass::kHard:
      return event.text_bears_out ? 7 : 6;
  }
  return 7;
}

// Finds the recipient that a voucher is about, among those of one report.
class Attribution {
 public:
  Attribution(const Report& report, const Voucher& voucher, const ReturnPaths& paths,
              std::size_t max_events, const NamedInWords& words)
      : report_(report),
        voucher_(voucher),
        paths_(paths),
        words_(words),
        recipients_(std::min(report.recipients.size(), std::max<std::size_t>(max_events, 1))),
        max_others_(std::max<std::size_t>(max_events, 1)) {}

  std::vector<Event> Make() {
    if (recipients_ == 0) events_.push_back(EventOf(report_.kind));
    for (std::size_t i = 0; i < recipients_; ++i) events_.push_back(EventOf(report_.recipients[i]));
    if (voucher_.trust >= Trust::kReturned) {
      JudgeVouched();
    } else {
      JudgeNamed();
    }
    return std::move(events_);
  }

 private:
  // The first reading of `mailbox` that the token is for.
  std::optional<Address> Covered(std::string_view mailbox) const {
    for (Address& address : Readings(mailbox)) {
      if (paths_.Covers(voucher_, address)) return std::move(address);
    }
    return std::nullopt;
  }

  std::optional<Address> Covered(const std::optional<Found<std::string>>& mailbox) const {
    return mailbox ? Covered(mailbox->value) : std::nullopt;
  }

  std::optional<Address> CoveredElsewhere() const {
    if (std::optional<Address> address = CoveredOf(report_.failed_recipients)) return address;
    if (report_.returned.to) {
      for (std::string_view mailbox : MailboxesOf(report_.returned.to->value, kMaxReturnedTo)) {
        if (std::optional<Address> address = Covered(mailbox)) return address;
      }
    }
    // What is no report has nothing to say of anybody.
    return words_ && recipients_ > 0 ? CoveredOf(words_()) : std::nullopt;
  }

  std::optional<Address> CoveredOf(const std::vector<Found<std::string>>& mailboxes) const {
    const std::size_t count = std::min(mailboxes.size(), max_others_);
    for (std::size_t i = 0; i < count; ++i) {
      if (std::optional<Address> address = Covered(mailboxes[i].value)) return address;
    }
    return std::nullopt;
  }

  // The address is at one of our return path domains: what failed there is our own mail, or a host
  // that took the return path for the recipient.
  bool IsOurs(const std::optional<Found<std::string>>& mailbox) const {
    if (!mailbox) return false;
    const std::optional<Address> address = ParseAddress(mailbox->value);
    return address && paths_.Serves(address->domain());
  }

  void JudgeVouched() {
    std::optional<Address> vouched = voucher_.recipient;
    std::vector<std::size_t> naming;  // the events that name the vouched address
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < recipients_; ++i) {
      const Recipient& recipient = report_.recipients[i];
      std::optional<Address> named = Covered(recipient.final_recipient);
      if (!named) named = Covered(recipient.original_recipient);
      if (named) {
        if (!vouched) vouched = std::move(named);
        naming.push_back(i);
      } else if (!IsOurs(recipient.final_recipient) && !IsOurs(recipient.original_recipient)) {
        others.push_back(i);
      }
    }
    if (recipients_ == 0) others.push_back(0);
    if (!vouched) vouched = CoveredElsewhere();
    const std::vector<std::size_t>& candidates = naming.empty() ? others : naming;
    if (!vouched || candidates.empty()) return;
    Judge(LeastSevere(candidates), *std::move(vouched));
  }

  void JudgeNamed() {
    for (std::size_t i = 0; i < recipients_; ++i) {
      const Recipient& recipient = report_.recipients[i];
      const std::optional<Found<std::string>>& original = recipient.original_recipient;
      // What words say that the mail was expanded from may be a list, and only one member failed.
      const bool is_reported = original && original->provenance != Provenance::kGuessed;
      std::optional<Address> named = is_reported ? Nameable(original) : std::nullopt;
      if (!named) named = Nameable(recipient.final_recipient);
      if (named) Judge(i, *std::move(named));
    }
    if (recipients_ != 1 || report_.failed_recipients.size() != 1) return;
    // Fields that name nobody, and a header that names one (Exim, X-Failed-Recipients).
    const Recipient& recipient = report_.recipients.front();
    if (recipient.original_recipient || recipient.final_recipient) return;
    if (auto named = Nameable(report_.failed_recipients.front())) Judge(0, *std::move(named));
  }

  // The address, if it can be a recipient that an unsigned report is about.
  std::optional<Address> Nameable(const std::optional<Found<std::string>>& mailbox) const {
    if (!mailbox) return std::nullopt;
    std::optional<Address> address = ParseAddress(mailbox->value);
    if (!address || address->local_part() == "postmaster" ||
        address->local_part() == "mailer-daemon" || paths_.Serves(address->domain())) {
      return std::nullopt;
    }
    return address;
  }

  std::size_t LeastSevere(const std::vector<std::size_t>& candidates) const {
    return *std::min_element(candidates.begin(), candidates.end(),
                             [this](std::size_t a, std::size_t b) {
                               return Severity(events_[a]) < Severity(events_[b]);
                             });
  }

  void Judge(std::size_t index, Address address) {
    Event& event = events_[index];
    if (index < recipients_) {
      const Recipient& recipient = report_.recipients[index];
      const auto& reported =
          recipient.final_recipient ? recipient.final_recipient : recipient.original_recipient;
      if (reported) event.forwarded_to = AnotherThan(address, reported->value);
    }
    event.address = std::move(address);
    event.trust = voucher_.trust;
  }

  // The reported address when it is one, and another than `address`.
  std::string AnotherThan(const Address& address, std::string_view reported) const {
    const std::vector<Address> readings = Readings(reported);
    const bool is_same = std::find(readings.begin(), readings.end(), address) != readings.end();
    if (readings.empty() || is_same || paths_.Serves(readings.front().domain())) return "";
    return Presentable(reported, kMaxReportedAddressOctets);
  }

  const Report& report_;
  const Voucher& voucher_;
  const ReturnPaths& paths_;
  const NamedInWords& words_;
  const std::size_t recipients_;  // that are looked at
  const std::size_t max_others_;  // addresses that are no recipient's, of each kind
  std::vector<Event> events_;
};

}  // namespace

Event EventOf(const Recipient& recipient) {
  const Classification& classification = recipient.classification;
  Event event;
  event.kind = recipient.kind;
  event.final_recipient = Text(recipient.final_recipient, kMaxReportedAddressOctets);
  event.original_recipient = Text(recipient.original_recipient, kMaxReportedAddressOctets);
  if (recipient.enhanced_status) event.enhanced_status = ToString(recipient.enhanced_status->value);
  if (recipient.reply_code) event.reply_code = recipient.reply_code->value;
  event.persistence = classification.persistence;
  event.stage = recipient.stage;
  event.reason = classification.reason;
  event.bounce_class = classification.bounce_class;
  event.fault = classification.fault;
  event.counts = classification.counts;
  event.text_bears_out = classification.text_bears_out;
  event.confidence = classification.confidence;
  event.rule = Presentable(classification.rule, kMaxReportedNameOctets);
  event.matched_text = Presentable(classification.matched_text, kMaxReportedTextOctets);
  event.diagnostic = Text(recipient.diagnostic, kMaxReportedTextOctets);
  event.diagnostic_type = Presentable(recipient.diagnostic_type, kMaxReportedNameOctets);
  event.remote_mta = Text(recipient.remote_mta, kMaxReportedNameOctets);
  event.provenance = ProvenanceOf(recipient);
  return event;
}

std::optional<Voucher> VouchInside(const Report& report, const Voucher& voucher,
                                   const ReturnPaths& paths, absl::Time receive_time) {
  if (voucher.trust == Trust::kSigned) return std::nullopt;
  const auto vouch = [&](std::string_view local_part, std::string_view domain, Use use) {
    std::optional<Voucher> inside = paths.Vouch(local_part, domain, receive_time).voucher;
    const bool holds = inside && inside->trust == Trust::kSigned && inside->use == use &&
                       inside->tenant == voucher.tenant;
    return holds ? inside : std::nullopt;
  };
  if (voucher.use == Use::kUnsubscribe) {
    if (!report.subject) return std::nullopt;
    const std::string_view domain = voucher.return_path;
    return vouch(LastWord(report.subject->value), domain.substr(domain.rfind('@') + 1),
                 voucher.use);
  }
  const auto vouch_by = [&](const std::optional<Found<std::string>>& found) {
    const std::optional<Address> path = found ? ParseAddress(found->value) : std::nullopt;
    return path ? vouch(path->local_part(), path->domain(), Use::kReturnPath) : std::nullopt;
  };
  std::optional<Voucher> returned = vouch_by(report.returned.return_path);
  if (!returned && report.feedback) returned = vouch_by(report.feedback->original_mail_from);
  if (returned) returned->trust = Trust::kReturned;
  return returned;
}

std::vector<Event> Attribute(const Report& report, const Voucher& voucher, const ReturnPaths& paths,
                             std::size_t max_events, const NamedInWords& words) {
  return Attribution(report, voucher, paths, max_events, words).Make();
}

std::optional<Event> ForwardedComplaint(const Report& report, const Voucher& voucher,
                                        const ReturnPaths& paths) {
  const ReturnedMessage& forwarded = report.returned;
  const bool is_report = report.form != "none" && report.form != "reply";
  if (is_report || !(forwarded.return_path || forwarded.message_id || forwarded.to)) {
    return std::nullopt;
  }
  Report complaint;
  complaint.kind = Kind::kComplaint;
  complaint.returned = forwarded;
  Recipient& recipient = complaint.recipients.emplace_back();
  recipient.kind = Kind::kComplaint;
  recipient.final_recipient = ReceiverOf(forwarded);
  recipient.classification = ClassificationOf(Kind::kComplaint, Reason::kComplaintAbuse);
  recipient.classification.rule = kForwardRule;
  recipient.classification.confidence = kForwardConfidence;
  Event event = Attribute(complaint, voucher, paths).front();
  absl::StrAppend(&event.provenance, event.provenance.empty() ? "" : " ",
                  "kind=", Absl(ToString(Provenance::kGuessed)));
  return event;
}

Event UnsubscribeEvent(std::string_view message, const Voucher& voucher, const ReturnPaths& paths) {
  const ParserLimits limits;
  const std::string_view section = FindHeaderSection(message, limits.max_header_bytes);
  const MessageHeader header = ReadMessageHeader(section, limits.max_line);
  const std::vector<std::string_view> from = MailboxesOf(header.from.value_or(""), 1);
  Recipient recipient;
  recipient.kind = Kind::kUnsubscribe;
  recipient.classification = ClassificationOf(Kind::kUnsubscribe, Reason::kUnsubscribe);
  if (!from.empty()) {
    recipient.final_recipient = Found<std::string>{std::string(from[0]), {}, Provenance::kDerived};
  }
  Event event = EventOf(recipient);
  event.address = voucher.recipient;
  if (!event.address && !from.empty()) {
    std::optional<Address> author = ParseAddress(from[0]);
    if (author && paths.Covers(voucher, *author)) event.address = std::move(author);
  }
  if (event.address) event.trust = voucher.trust;
  return event;
}

}  // namespace bounced
