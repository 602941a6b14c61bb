#include <algorithm>
#include <utility>

#include "parser/text.h"
#include "server/smtp/path.h"
#include "server/smtp/verb.h"

namespace bounced::smtp {
namespace {

// Drops `FROM:` or `TO:` and the blanks behind it, which RFC 5321, 4.1.1.2, forbids and hosts
// write.
bool DropKeyword(std::string_view keyword, std::string_view& text) {
  if (!StartsWithIgnoringCase(text, keyword)) return false;
  text.remove_prefix(keyword.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return true;
}

constexpr std::string_view kUnknownParameter =
    "555 5.5.4 A parameter, or its value, is not known here";
constexpr std::string_view kBadParameter = "501 5.5.4 A parameter cannot be read, or stands twice";

std::string_view ReplyTo(ParameterError error) {
  return error == ParameterError::kUnknown ? kUnknownParameter : kBadParameter;
}

bool SamePath(const ForwardPath& a, const ForwardPath& b) {
  return EqualsIgnoringCase(a.local_part, b.local_part) && EqualsIgnoringCase(a.domain, b.domain);
}

}  // namespace

void Dialogue::ResetTransaction() {
  std::string helo = std::move(envelope_.helo);
  envelope_ = Envelope();
  envelope_.helo = std::move(helo);
  parameters_ = MailParameters();
  rcpt_tried_ = false;
  last_accepted_rcpts_ = std::exchange(accepted_rcpts_, {});
  message_.Reset();
  chunks_failed_ = false;
}

void Dialogue::Mail(std::string_view argument) {
  if (transactions_ >= profile_.limits.max_transactions) {
    return Close("max_transactions",
                 "421 4.7.0 Too many transactions in one session; connect again");
  }
  if (profile_.users != nullptr && !StillMayMail()) {
    user_.clear();
    return Fail("530 5.7.0 Log in first");
  }
  if (!DropKeyword("FROM:", argument)) return Fail("501 5.5.4 Say MAIL FROM:<address>");
  Path path = ParsePath(argument, PathKind::kReverse);
  if (path.error == PathError::kSyntax) return Fail("501 5.5.4 Say MAIL FROM:<address>");
  if (path.error == PathError::kAddress) return Fail("501 5.1.7 The sender is no address");
  MailParameters parameters;
  if (ParameterError error = ParseMailParameters(path.rest, parameters);
      error != ParameterError::kNone) {
    return Fail(ReplyTo(error));
  }
  if (!path.ascii && !parameters.smtputf8) {
    return Fail("550 5.6.7 The sender's address needs SMTPUTF8");
  }
  if (parameters.size > profile_.limits.max_message_size) {
    return Fail("552 5.3.4 The message is larger than SIZE allows");
  }
  envelope_.reverse_path = std::move(path.mailbox);
  envelope_.envelope_id = std::move(parameters.envelope_id);
  envelope_.smtputf8 = parameters.smtputf8;
  parameters_ = std::move(parameters);
  owed_ = Owed::kAdmitted;
  actions_.push_back(smtp::Admit{parameters_.size});
}

void Dialogue::Admitted(const absl::Status& status) {
  if (owed_ != Owed::kAdmitted) return;
  owed_ = Owed::kNothing;
  if (status.ok()) {
    ++transactions_;
    state_ = State::kMail;
    Say("250 2.1.0 Sender ok");
  } else {
    ResetTransaction();
    Say(absl::IsResourceExhausted(status)
            ? "452 4.3.1 There is no room for mail now; try again later"
            : "451 4.3.0 Mail cannot be taken now; try again later");
  }
  CommandDone();
}

void Dialogue::Rcpt(std::string_view argument) {
  rcpt_tried_ = true;
  if (!DropKeyword("TO:", argument)) return Fail("501 5.5.4 Say RCPT TO:<address>");
  Path path = ParsePath(argument, PathKind::kForward);
  if (path.error == PathError::kSyntax) return Fail("501 5.5.4 Say RCPT TO:<address>");
  if (path.error == PathError::kAddress) return Fail("501 5.1.3 The recipient is no address");
  RcptParameters parameters;
  if (ParameterError error = ParseRcptParameters(path.rest, parameters);
      error != ParameterError::kNone) {
    return Fail(ReplyTo(error));
  }
  if (!path.ascii && !envelope_.smtputf8) {
    return Fail("553 5.6.7 The recipient's address needs SMTPUTF8");
  }
  // No error of the client's: RFC 5321, 4.5.3.1.10, tells it to send the rest in another
  // transaction.
  if (envelope_.recipients.size() >= profile_.limits.max_recipients) {
    return Say("452 4.5.3 Too many recipients; send to the rest in another transaction");
  }
  recipient_.path = {std::move(path.local_part), std::move(path.domain)};
  recipient_.original_recipient = std::move(parameters.original_recipient);
  owed_ = Owed::kVouched;
  actions_.push_back(smtp::Vouch{recipient_.path});
}

void Dialogue::RefuseRecipient(std::string_view reply) {
  // Who is slowed for errors of all kinds waits no longer for these.
  const bool slow = errors_ + 1 >= profile_.limits.slow_errors;
  const bool waits = profile_.limits.error_delay > absl::ZeroDuration();
  if (++bad_recipients_ > profile_.limits.max_bad_recipients && !slow && waits) {
    actions_.push_back(Pause{profile_.limits.error_delay});
  }
  Fail(reply);
}

void Dialogue::Vouched(const absl::Status& status, absl::Time time) {
  if (owed_ != Owed::kVouched) return;
  owed_ = Owed::kNothing;
  if (status.ok()) {
    std::vector<EnvelopeRecipient>& recipients = envelope_.recipients;
    const auto known = std::find_if(
        recipients.begin(), recipients.end(),
        [this](const EnvelopeRecipient& r) { return SamePath(r.path, recipient_.path); });
    accepted_rcpts_.push_back(static_cast<std::size_t>(known - recipients.begin()));
    recipient_.vouch_time = time;
    if (known == recipients.end()) recipients.push_back(std::move(recipient_));
    state_ = State::kRcpt;
    Say("250 2.1.5 Recipient ok");
  } else if (absl::IsNotFound(status)) {
    RefuseRecipient("550 5.7.1 No mail is taken here for that domain");
  } else if (absl::IsPermissionDenied(status)) {
    // One text for whatever is wrong with a return path: it must teach a forger nothing.
    RefuseRecipient("550 5.1.1 No such return path");
  } else {
    Say("451 4.3.5 The recipient cannot be checked now; try again later");
  }
  recipient_ = EnvelopeRecipient();
  CommandDone();
}

}  // namespace bounced::smtp
