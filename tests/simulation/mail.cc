#include "tests/simulation/mail.h"

#include "absl/strings/str_cat.h"

namespace bounced::simulation {
namespace {

// One recipient's fields of a delivery status (RFC 3464).
struct Status {
  std::string_view action;
  std::string_view status;
  std::string_view diagnostic;
};

std::string Dsn(const Status& status, const std::string& address, int number) {
  return absl::StrCat(
      "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\r\n"
      "To: sender@bounces.example\r\n"
      "Message-ID: <",
      number,
      "@mx.example.net>\r\n"
      "Subject: Delivery report\r\n"
      "Auto-Submitted: auto-replied\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
      "\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
      "This is about your mail.\r\n.\r\n..and its dots\r\n"
      "\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
      "Reporting-MTA: dns; mx.example.net\r\n\r\n"
      "Final-Recipient: rfc822; ",
      address, "\r\nAction: ", std::string(status.action),
      "\r\nStatus: ", std::string(status.status), "\r\nDiagnostic-Code: smtp; ",
      std::string(status.diagnostic), "\r\n\r\n--b--\r\n");
}

std::string Complaint(const std::string& address, int number) {
  return absl::StrCat(
      "From: feedback@provider.example\r\nMessage-ID: <", number,
      "@provider.example>\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n"
      "\r\n--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n"
      "\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
      "Feedback-Type: abuse\r\nUser-Agent: Loop/1\r\nVersion: 1\r\nOriginal-Rcpt-To: <",
      address,
      ">\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
      "From: news@sender.example\r\nTo: ",
      address, "\r\nSubject: News\r\n\r\nHello.\r\n--b--\r\n");
}

std::string Plain(std::string_view header, const std::string& address, int number) {
  return absl::StrCat("From: <", address, ">\r\nMessage-ID: <", number, "@example.net>\r\n",
                      std::string(header), "\r\nI read this.\r\n. \r\n");
}

}  // namespace

std::string_view ToString(MailKind kind) {
  switch (kind) {
    case MailKind::kNoSuchUser:
      return "no_such_user";
    case MailKind::kDisabled:
      return "disabled";
    case MailKind::kFull:
      return "full";
    case MailKind::kSpam:
      return "spam";
    case MailKind::kDelayed:
      return "delayed";
    case MailKind::kDelivered:
      return "delivered";
    case MailKind::kAutoReply:
      return "auto_reply";
    case MailKind::kOther:
      return "other";
    case MailKind::kComplaint:
      return "complaint";
    case MailKind::kUnsubscribe:
      return "unsubscribe";
  }
  return "";
}

std::string Compose(MailKind kind, const Address& address, int number) {
  const std::string& mailbox = address.spelling();
  switch (kind) {
    case MailKind::kNoSuchUser:
      return Dsn({"failed", "5.1.1", "550 5.1.1 user unknown"}, mailbox, number);
    case MailKind::kDisabled:
      return Dsn({"failed", "5.2.1", "550 5.2.1 mailbox disabled"}, mailbox, number);
    case MailKind::kFull:
      return Dsn({"failed", "5.2.2", "552 5.2.2 mailbox is full"}, mailbox, number);
    case MailKind::kSpam:
      return Dsn({"failed", "5.7.1", "550 5.7.1 message rejected as spam"}, mailbox, number);
    case MailKind::kDelayed:
      return Dsn({"delayed", "4.4.1", "421 4.4.1 connection timed out"}, mailbox, number);
    case MailKind::kDelivered:
      return Dsn({"delivered", "2.1.5", "250 2.1.5 delivered to the mailbox"}, mailbox, number);
    case MailKind::kAutoReply:
      return Plain("Subject: Out of office\r\nAuto-Submitted: auto-replied\r\n", mailbox, number);
    case MailKind::kOther:
      return Plain("Subject: Hello\r\n", mailbox, number);
    case MailKind::kComplaint:
      return Complaint(mailbox, number);
    case MailKind::kUnsubscribe:
      return Plain("Subject: unsubscribe\r\n", mailbox, number);
  }
  return "";
}

}  // namespace bounced::simulation
