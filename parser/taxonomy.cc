#include "parser/taxonomy.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace bounced {
namespace {

using enum BounceClass;

// In order of their numbers, which the look-up needs. A suppressing reason is hard; what opens an
// incident only is block; another failure is soft, or block where the sender or the content is at
// fault; what is no failure has no class.
constexpr ReasonInfo kReasons[] = {
    {Reason::kNoSuchUser, "no_such_user", kHard, Fault::kRecipient, false,
     "The mailbox does not exist."},
    {Reason::kBadAddressSyntax, "bad_address_syntax", kHard, Fault::kRecipient, false,
     "The address is not well-formed for the server that should take it."},
    {Reason::kMailboxMoved, "mailbox_moved", kHard, Fault::kRecipient, false,
     "The mailbox has moved or changed hands, and its mail is not forwarded."},
    {Reason::kMailboxDisabled, "mailbox_disabled", kHard, Fault::kRecipient, false,
     "The mailbox exists and is closed, suspended or unused for too long."},
    {Reason::kMailboxFull, "mailbox_full", kSoft, Fault::kRecipient, true,
     "The mailbox is over its quota."},
    {Reason::kRecipientRefused, "recipient_refused", kSoft, Fault::kRecipient, true,
     "The recipient's own filter refuses the message."},
    {Reason::kAddressAmbiguous, "address_ambiguous", kSoft, Fault::kRecipient, false,
     "The address fits more than one mailbox."},
    {Reason::kListProblem, "list_problem", kSoft, Fault::kRecipient, false,
     "The address is a mailing list that does not take this message or cannot expand it."},
    {Reason::kNoSuchDomain, "no_such_domain", kHard, Fault::kDomain, false,
     "The domain of the address does not exist."},
    {Reason::kDomainNoMail, "domain_no_mail", kHard, Fault::kDomain, false,
     "The domain says that it takes no mail at all."},
    {Reason::kDomainOwnerChanged, "domain_owner_changed", kHard, Fault::kDomain, false,
     "The domain has changed hands since the sender last knew its owner."},
    {Reason::kReceiverUnavailable, "receiver_unavailable", kSoft, Fault::kReceiver, true,
     "The receiving server takes no mail at present."},
    {Reason::kReceiverFull, "receiver_full", kSoft, Fault::kReceiver, false,
     "The receiving server is out of storage or resources."},
    {Reason::kReceiverError, "receiver_error", kSoft, Fault::kReceiver, false,
     "The receiving server failed by a fault of its own."},
    {Reason::kGreylisted, "greylisted", kSoft, Fault::kReceiver, false,
     "The receiving server wants the message offered again a while from now."},
    {Reason::kDnsFailure, "dns_failure", kSoft, Fault::kNetwork, false,
     "The domain could not be looked up."},
    {Reason::kConnectionFailure, "connection_failure", kSoft, Fault::kNetwork, false,
     "No working connection to the receiving server came about."},
    {Reason::kUnroutable, "unroutable", kSoft, Fault::kNetwork, false,
     "The message found no way to the receiving server, or went in circles."},
    {Reason::kExpired, "expired", kSoft, Fault::kNetwork, true,
     "The message was tried for as long as its queue keeps one."},
    {Reason::kTlsFailure, "tls_failure", kBlock, Fault::kNetwork, false,
     "The encryption that one side demands did not come about."},
    {Reason::kSenderIpBlocked, "sender_ip_blocked", kBlock, Fault::kSender, false,
     "The sending address of the network is on a block list."},
    {Reason::kSenderReputation, "sender_reputation", kBlock, Fault::kSender, false,
     "The sender's domain or network has a bad reputation there."},
    {Reason::kRateLimited, "rate_limited", kBlock, Fault::kSender, false,
     "Too much came at once: messages, recipients or connections."},
    {Reason::kAuthFailed, "auth_failed", kBlock, Fault::kSender, false,
     "SPF, DKIM, DMARC or ARC did not authenticate the message."},
    {Reason::kPtrRequired, "ptr_required", kBlock, Fault::kSender, false,
     "The sending host lacks a valid reverse DNS name or HELO name."},
    {Reason::kSenderAddressRefused, "sender_address_refused", kBlock, Fault::kSender, false,
     "The sender's address or its domain is refused."},
    {Reason::kRelayDenied, "relay_denied", kBlock, Fault::kSender, false,
     "The server that was asked does not carry mail for this domain."},
    {Reason::kSmtpAuthRequired, "smtp_auth_required", kBlock, Fault::kSender, false,
     "The server wants the sender to log in."},
    {Reason::kPolicyOther, "policy_other", kBlock, Fault::kUnknown, false,
     "A policy of the receiver that it does not explain further."},
    {Reason::kSpamContent, "spam_content", kBlock, Fault::kContent, false,
     "The message looks like spam to the receiver."},
    {Reason::kVirus, "virus", kBlock, Fault::kContent, false,
     "The message carries, or seems to carry, malicious code."},
    {Reason::kAttachment, "attachment", kBlock, Fault::kContent, false,
     "The message has an attachment that the receiver does not allow."},
    {Reason::kContentFormat, "content_format", kBlock, Fault::kContent, false,
     "The message is built in a way that the receiver does not take."},
    {Reason::kTooLarge, "too_large", kBlock, Fault::kContent, false,
     "The message is larger than the receiver takes."},
    {Reason::kSmtputf8Unsupported, "smtputf8_unsupported", kBlock, Fault::kContent, false,
     "An address or header needs SMTPUTF8, which the way there does not offer."},
    {Reason::kProtocolError, "protocol_error", kBlock, Fault::kSender, false,
     "The servers did not agree on a command of SMTP."},
    {Reason::kComplaintAbuse, "complaint_abuse", kNone, Fault::kRecipient, false,
     "The recipient reported the message as unwanted."},
    {Reason::kComplaintOther, "complaint_other", kNone, Fault::kSender, false,
     "The message was reported for fraud, a virus or failed authentication."},
    {Reason::kNotSpam, "not_spam", kNone, Fault::kNone, false,
     "The recipient took the message out of the spam folder."},
    {Reason::kUnsubscribe, "unsubscribe", kNone, Fault::kRecipient, false,
     "The recipient wants no more mail of this stream."},
    {Reason::kAutoReply, "auto_reply", kNone, Fault::kNone, false,
     "An automatic answer, such as an absence notice."},
    {Reason::kChallengeResponse, "challenge_response", kNone, Fault::kNone, false,
     "The receiver asks the sender to prove to be a person."},
    {Reason::kOtherMail, "other_mail", kNone, Fault::kNone, false,
     "Mail that says nothing of a delivery."},
    {Reason::kDelayed, "delayed", kNone, Fault::kNone, false,
     "The message has not arrived yet and is still being tried."},
    {Reason::kDelivered, "delivered", kNone, Fault::kNone, false, "The message was delivered."},
    {Reason::kReadReceipt, "read_receipt", kNone, Fault::kNone, false,
     "The recipient's mail program tells what became of the message."},
    {Reason::kRelayed, "relayed", kNone, Fault::kNone, false,
     "The message went on to a system that reports no deliveries."},
    {Reason::kExpanded, "expanded", kNone, Fault::kNone, false,
     "The message was delivered to a list or alias and went on from there."},
    {Reason::kProviderSuppressed, "provider_suppressed", kNone, Fault::kNone, false,
     "A provider did not send, because of a suppression list of its own."},
    {Reason::kGenerationFailure, "generation_failure", kBlock, Fault::kSender, false,
     "The sending side failed before there was a message to deliver."},
    {Reason::kUnclassified, "unclassified", kSoft, Fault::kUnknown, true,
     "A failure whose text no rule knows."},
    {Reason::kUndefined, "undefined", kSoft, Fault::kUnknown, false,
     "A failure with neither text nor code."},
};

constexpr bool InOrder() {
  return std::is_sorted(std::begin(kReasons), std::end(kReasons),
                        [](const ReasonInfo& a, const ReasonInfo& b) {
                          return static_cast<int>(a.reason) < static_cast<int>(b.reason);
                        });
}
static_assert(InOrder());

const ReasonInfo* FindReason(int number) {
  const auto* it = std::lower_bound(
      std::begin(kReasons), std::end(kReasons), number,
      [](const ReasonInfo& info, int n) { return static_cast<int>(info.reason) < n; });
  if (it == std::end(kReasons) || static_cast<int>(it->reason) != number) return nullptr;
  return it;
}

// The name at `index`, or "unknown": a value read back from another version's database.
template <std::size_t n>
std::string_view NameAt(const std::string_view (&names)[n], std::size_t index) {
  return index < n ? names[index] : "unknown";
}

constexpr std::string_view kKinds[] = {"unknown",   "bounce",      "delay",      "delivery",
                                       "complaint", "unsubscribe", "auto_reply", "other"};
constexpr std::string_view kClasses[] = {"unknown", "hard", "soft", "block", "none"};
constexpr std::string_view kFaults[] = {"unknown", "recipient", "domain", "receiver", "network",
                                        "sender",  "content",   "none",   "unknown"};
constexpr std::string_view kPersistences[] = {"unknown", "permanent", "transient"};
constexpr std::string_view kStages[] = {"unknown", "connect", "helo", "mail",
                                        "rcpt",    "data",    "queue"};

}  // namespace

const ReasonInfo& Info(Reason reason) {
  const ReasonInfo* info = FindReason(static_cast<int>(reason));
  return info != nullptr ? *info : *std::prev(std::end(kReasons));
}

std::string_view ToString(Kind kind) { return NameAt(kKinds, static_cast<std::size_t>(kind)); }
std::string_view ToString(BounceClass bounce_class) {
  return NameAt(kClasses, static_cast<std::size_t>(bounce_class));
}
std::string_view ToString(Fault fault) { return NameAt(kFaults, static_cast<std::size_t>(fault)); }
std::string_view ToString(Persistence persistence) {
  return NameAt(kPersistences, static_cast<std::size_t>(persistence));
}
std::string_view ToString(Stage stage) { return NameAt(kStages, static_cast<std::size_t>(stage)); }

std::optional<Reason> ReasonFromName(std::string_view name) {
  for (const ReasonInfo& info : kReasons) {
    if (info.name == name) return info.reason;
  }
  return std::nullopt;
}

std::optional<Reason> ReasonFromNumber(int number) {
  const ReasonInfo* info = FindReason(number);
  if (info == nullptr) return std::nullopt;
  return info->reason;
}

}  // namespace bounced
