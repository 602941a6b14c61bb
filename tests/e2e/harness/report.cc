#include "tests/e2e/harness/report.h"

#include <initializer_list>
#include <string_view>

namespace bounced::e2e {
namespace {

void Append(std::string& text, std::initializer_list<std::string_view> parts) {
  for (std::string_view part : parts) text.append(part);
  text.append("\r\n");
}

void AppendNotice(std::string& text, const FailureReport& report) {
  Append(text, {"This is the mail system at host mta.sender.example.\r\n"});
  Append(text, {"Your message could not be delivered to one or more recipients."});
  Append(text, {"The part of this report behind this one is for programs, the last"});
  Append(text, {"one is your message.\r\n"});
  Append(text, {"<", report.recipient, ">: host mx.rcpt.example[192.0.2.10] said:"});
  Append(text, {"    ", report.diagnostic, " (in reply to RCPT TO command)\r\n"});
}

void AppendStatus(std::string& text, const FailureReport& report) {
  Append(text, {"Reporting-MTA: dns; mta.sender.example"});
  Append(text, {"X-Postfix-Queue-ID: B8E37A7A110"});
  Append(text, {"Arrival-Date: Tue, 24 Nov 2026 01:00:28 +0000 (UTC)\r\n"});
  Append(text, {"Final-Recipient: rfc822; ", report.recipient});
  Append(text, {"Original-Recipient: rfc822;", report.recipient});
  Append(text, {"Action: ", report.action});
  Append(text, {"Status: ", report.status});
  Append(text, {"Remote-MTA: dns; mx.rcpt.example"});
  Append(text, {"Diagnostic-Code: ", report.diagnostic, "\r\n"});
}

void AppendReturned(std::string& text, const FailureReport& report) {
  Append(text, {"Received: from app.sender.example (localhost [127.0.0.1])"});
  Append(text, {"\tby mta.sender.example (Postfix) with ESMTP id B8E37A7A110"});
  Append(text, {"\tfor <", report.recipient, ">; Tue, 24 Nov 2026 01:00:28 +0000 (UTC)"});
  Append(text, {"Message-ID: <", report.message_id, ">"});
  Append(text, {"Date: Tue, 24 Nov 2026 01:00:28 +0000"});
  Append(text, {"From: News <news@sender.example>"});
  Append(text, {"To: ", report.recipient});
  Append(text, {"Subject: news of the week\r\n"});
  constexpr std::string_view kLine =
      "Dear reader, this week the garden is in bloom again, and so is our shop.";
  for (std::size_t octets = 0; octets < report.returned_octets; octets += kLine.size() + 2) {
    Append(text, {kLine});
  }
}

}  // namespace

std::string Compose(const FailureReport& report) {
  constexpr std::string_view kBoundary = "B8E37A7A110.1795482028/mta.sender.example";
  std::string text;
  text.reserve(2048 + report.returned_octets);
  Append(text, {"Received: by mta.sender.example (Postfix)"});
  Append(text, {"\tid C0B23A7A11A; Tue, 24 Nov 2026 01:00:28 +0000 (UTC)"});
  Append(text, {"Date: Tue, 24 Nov 2026 01:00:28 +0000 (UTC)"});
  Append(text, {"From: Mail Delivery System <MAILER-DAEMON@mta.sender.example>"});
  Append(text, {"Subject: Undelivered Mail Returned to Sender"});
  Append(text, {"Auto-Submitted: auto-replied"});
  Append(text, {"MIME-Version: 1.0"});
  Append(text, {"Content-Type: multipart/report; report-type=delivery-status;"});
  Append(text, {"\tboundary=\"", kBoundary, "\""});
  Append(text, {"Message-Id: <report.", report.message_id, ">\r\n"});
  Append(text, {"--", kBoundary, "\r\nContent-Type: text/plain; charset=us-ascii\r\n"});
  AppendNotice(text, report);
  Append(text, {"--", kBoundary, "\r\nContent-Type: message/delivery-status\r\n"});
  AppendStatus(text, report);
  Append(text, {"--", kBoundary, "\r\nContent-Type: message/rfc822\r\n"});
  AppendReturned(text, report);
  Append(text, {"--", kBoundary, "--"});
  return text;
}

}  // namespace bounced::e2e
