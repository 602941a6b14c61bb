// Whole messages through Parse(), a test for each promise about them.
#include "parser/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "parser/trail.h"

namespace bounced {
namespace {

Report Parse(std::string_view message, const ParserLimits& limits = {}) {
  static const std::shared_ptr<const RuleSet> rules = RuleSet::BuiltIn();
  return Parser(rules, limits).Parse(message);
}

struct Part {
  std::string header;  // with its line ends
  std::string body;
};

std::string Multipart(std::string_view header, const std::vector<Part>& parts) {
  std::string message(header);
  message += "\n";
  for (const Part& part : parts) message += "--b\n" + part.header + "\n" + part.body + "\n";
  return message + "--b--\n";
}

constexpr std::string_view kReportHeader =
    "From: MAILER-DAEMON@mx.example\nMessage-ID: <r1@mx.example>\nSubject: "
    "=?utf-8?Q?Zur=C3=BCck?=\n"
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n";
const Part kText = {"Content-Type: text/plain\n", "Sorry.\n"};
const Part kReturned = {
    "Content-Type: message/rfc822\n",
    "Return-Path: <sender@example.com>\nMessage-ID: <m1@example.com>\n"
    "To: r@example.net\nSubject: news\nDate: Mon, 2 Nov 2026 10:00:00 +0000\n\n"
    "Final-Recipient: rfc822; trap@example.net\nAction: failed\nStatus: 5.1.1\n"};
constexpr std::string_view kFields =
    "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; r@example.net\nAction: failed\n"
    "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n";

Part Status(std::string_view fields) {
  return {"Content-Type: message/delivery-status\n", std::string(fields)};
}
Report ParseFields(std::string_view fields) {
  return Parse(Multipart(kReportHeader, {kText, Status(fields), kReturned}));
}
std::vector<std::string> StepsOf(const Report& report) {
  std::vector<std::string> steps;
  for (const PathStep& step : report.path) steps.push_back(step.text);
  return steps;
}

// The only recipient.
Recipient ParseRecipient(std::string_view fields) {
  Report report = ParseFields("Reporting-MTA: dns; mx.example\n\n" + std::string(fields));
  EXPECT_EQ(report.recipients.size(), 1u);
  return report.recipients.empty() ? Recipient() : report.recipients[0];
}

bool Remarked(const Report& report, std::string_view text) {
  return std::any_of(report.remarks.begin(), report.remarks.end(),
                     [text](const Remark& remark) { return remark.text == text; });
}

// That the usual recipient was read.
void ExpectUsual(const Report& report) {
  EXPECT_EQ(report.kind, Kind::kBounce);
  ASSERT_EQ(report.recipients.size(), 1u);
  const Recipient& recipient = report.recipients[0];
  ASSERT_TRUE(recipient.final_recipient);
  EXPECT_EQ(recipient.final_recipient->value, "r@example.net");
  ASSERT_TRUE(recipient.enhanced_status);
  EXPECT_EQ(ToString(recipient.enhanced_status->value), "5.1.1");
  ASSERT_TRUE(recipient.reply_code);
  EXPECT_EQ(recipient.reply_code->value, 550);
  ASSERT_TRUE(recipient.diagnostic);
  EXPECT_EQ(recipient.diagnostic->value, "no such user");
  EXPECT_EQ(recipient.diagnostic_type, "smtp");
  EXPECT_EQ(recipient.action, "failed");
  EXPECT_EQ(recipient.classification.reason, Reason::kNoSuchUser);
  EXPECT_EQ(recipient.classification.bounce_class, BounceClass::kHard);
}

void ExpectOther(const Report& report) {
  EXPECT_EQ(report.kind, Kind::kOther);
  EXPECT_TRUE(report.recipients.empty());
  EXPECT_EQ(report.form, "none");
}

// Of the fields that were kept by their names; empty: there is none.
std::string Further(const std::vector<FurtherField>& fields, std::string_view name) {
  std::string values;
  for (const FurtherField& field : fields) {
    if (field.name == name) values += (values.empty() ? "" : "|") + field.value.value;
  }
  return values;
}

TEST(Parser, D1TheFirstThatFitsWinsAndIsNamed) {
  constexpr std::string_view kMachine =
      "From: Mail Delivery System <robot@mx.example>\nAuto-Submitted: auto-replied\n"
      "Subject: Undeliverable mail\n";
  const std::string type = "Content-Type: multipart/report; boundary=b\n";
  const Part feedback = {"Content-Type: message/feedback-report\n", "Feedback-Type: abuse\n"};
  const Part receipt = {"Content-Type: message/disposition-notification\n",
                        "Final-Recipient: rfc822; r@example.net\nDisposition: x; displayed\n"};
  const Part renamed = {"Content-Type: text/plain\n", std::string(kFields)};
  const Part words = {"Content-Type: text/plain\n",
                      "Your mail could not be delivered.\n\n<r@example.net>:\n550 no\n"};
  const auto form = [&](std::string_view header, const std::vector<Part>& parts) {
    return Parse(Multipart(std::string(header) + type, parts)).form;
  };
  EXPECT_EQ(form(kMachine, {words, renamed, receipt, feedback, Status(kFields)}), "rfc3464");
  EXPECT_EQ(form(kMachine, {words, renamed, receipt, feedback}), "rfc5965");
  EXPECT_EQ(form(kMachine, {words, renamed, receipt}), "rfc8098");
  EXPECT_EQ(form(kMachine, {words, renamed}), "status-fields");
  EXPECT_EQ(form(kMachine, {words}), "prose");
  constexpr std::string_view kAway =
      "From: dana@example.org\nAuto-Submitted: auto-replied\nSubject: Away\n";
  EXPECT_EQ(form(kAway, {words, renamed, receipt}), "rfc8098");
  EXPECT_EQ(form(kAway, {words, renamed}), "reply");
  EXPECT_EQ(form("From: dana@example.org\nSubject: x\n", {words}), "none");
}

TEST(Parser, D2AHumanReplyIsOther) {
  ExpectOther(
      Parse("From: dana@example.org\nSubject: Re: news\n\n550 5.1.1 no such user, she said\n"));
}

TEST(Parser, D3WhatIsNoMessageIsOther) {
  ExpectOther(Parse(""));
  ExpectOther(Parse("\r\n"));
  ExpectOther(Parse("Subject: x\r\n"));
  ExpectOther(Parse("only words\r\n"));
  ExpectOther(Parse(std::string_view("\0\0\0", 3)));
}

TEST(Parser, D4ANullReversePathIsNotNeededAndNotEnough) {
  ExpectUsual(Parse("Return-Path: <daemon@mx.example>\n" +
                    Multipart(kReportHeader, {kText, Status(kFields)})));
  ExpectOther(
      Parse("Return-Path: <>\nFrom: Dana <dana@example.org>\nSubject: Lunch\n\n"
            "I am back on Monday. Call r@example.net.\n"));
}

TEST(Parser, D5AReportThatSaysAutoRepliedIsABounce) {
  ExpectUsual(
      Parse(Multipart("From: MAILER-DAEMON@mx.example\nAuto-Submitted: auto-replied\n"
                      "Content-Type: multipart/report; boundary=b\n",
                      {kText, Status(kFields)})));
}

TEST(Parser, D7ThePartsComeInAnyOrderAndTheThirdMayMiss) {
  ExpectUsual(Parse(Multipart(kReportHeader, {kText, Status(kFields), kReturned})));
  ExpectUsual(Parse(Multipart(kReportHeader, {kReturned, Status(kFields), kText})));
  ExpectUsual(Parse(Multipart(kReportHeader, {kText, Status(kFields)})));
  ExpectUsual(Parse(Multipart(kReportHeader, {Status(kFields)})));
}

TEST(Parser, D8TheReportTypeDoesNotDecide) {
  for (const std::string_view type :
       {"multipart/report; boundary=b",
        "MULTIPART/REPORT; Report-Type=\"DELIVERY-STATUS\"; boundary=b",
        "multipart/report; report-type=disposition-notification; boundary=b"}) {
    ExpectUsual(Parse(Multipart("From: x@mx.example\nContent-Type: " + std::string(type) + "\n",
                                {kText, Status(kFields)})));
  }
}

TEST(Parser, D9AnyMultipartDoesWhenAMailSystemWroteIt) {
  for (const std::string_view type : {"mixed", "alternative", "related"}) {
    const std::string header =
        "From: Mailer Daemon <MAILER-DAEMON@mx.example>\nContent-Type: multipart/" +
        std::string(type) + "; boundary=b\n";
    ExpectUsual(Parse(Multipart(header, {kText, Status(kFields), kReturned})));
  }
  ExpectUsual(
      Parse("From: <>\nContent-Type: multipart/mixed; boundary=o\n\n--o\n" +
            Multipart("Content-Type: multipart/report; boundary=b\n", {kText, Status(kFields)}) +
            "--o--\n"));
}

TEST(Parser, D10FieldsWithoutAMultipart) {
  ExpectUsual(Parse("From: MAILER-DAEMON@mx.example\nContent-Type: message/delivery-status\n\n" +
                    std::string(kFields)));
  const Report report =
      Parse("From: MAILER-DAEMON@mx.example\nContent-Type: text/plain\n\nSorry.\n\n" +
            std::string(kFields));
  ExpectUsual(report);
  EXPECT_EQ(report.form, "status-fields");
  EXPECT_EQ(report.recipients[0].final_recipient->provenance, Provenance::kDerived);
}

TEST(Parser, D10FieldsThatAPersonWroteAreNoReport) {
  for (const std::string_view sign : {"", "Auto-Submitted: auto-replied\n"}) {
    const std::string author = "From: Dana <dana@example.org>\n" + std::string(sign);
    const Kind kind = sign.empty() ? Kind::kOther : Kind::kAutoReply;
    EXPECT_EQ(Parse(author + "Content-Type: text/plain\n\n" + std::string(kFields)).kind, kind);
    const std::string attached =
        Multipart(author + "Content-Type: multipart/mixed; boundary=b\n",
                  {kText, {"Content-Type: application/octet-stream\n", std::string(kFields)}});
    EXPECT_EQ(Parse(attached).kind, kind);
  }
  const Report report =
      Parse(Multipart("From: dana@example.org\nContent-Type: multipart/mixed; boundary=b\n",
                      {kText, Status(kFields)}));
  ExpectOther(report);
  EXPECT_TRUE(Remarked(report, "a status that a person sent on"));
}

TEST(Parser, D6AForwardedReportYieldsNobody) {
  const std::string inner = Multipart(kReportHeader, {kText, Status(kFields), kReturned});
  ExpectOther(
      Parse("From: dana@example.org\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\n"
            "What is this?\n--o\nContent-Type: message/rfc822\n\n" +
            inner + "\n--o--\n"));
  ExpectOther(Parse("From: dana@example.org\nContent-Type: message/rfc822\n\n" + inner));
}

TEST(Parser, D11BoundariesThatDoNotMatch) {
  const std::string body =
      "\n--x\nContent-Type: text/plain\n\nSorry.\n--x\nContent-Type: "
      "message/delivery-status\n\n" +
      std::string(kFields) + "\n--x--\n";
  for (const std::string_view type :
       {"multipart/report", "multipart/report; boundary=other", "multipart/report; boundary=\"x \"",
        "multipart/report; boundary='x'"}) {
    const Report report =
        Parse("From: MAILER-DAEMON@x\nContent-Type: " + std::string(type) + "\n" + body);
    ExpectUsual(report);
    EXPECT_EQ(report.form, "rfc3464") << type;
  }
}

TEST(Parser, D11WithoutAnyBoundaryTheRawTextIsScanned) {
  const Report report =
      Parse("From: MAILER-DAEMON@x\nContent-Type: multipart/report; boundary=b\n\nSorry.\n\n" +
            std::string(kFields) + "\nReceived: x\nSubject: news\n\nHi\n");
  ExpectUsual(report);
  EXPECT_EQ(report.form, "status-fields");
  EXPECT_EQ(report.recipients[0].final_recipient->provenance, Provenance::kGuessed);
  ASSERT_TRUE(report.returned.subject);
  EXPECT_EQ(report.returned.subject->value, "news");
}

TEST(Parser, D12CutAnywhereItKeepsWhatCameBefore) {
  const std::string two =
      std::string(kFields) + "\nFinal-Recipient: rfc822; s@example.net\nAction: delayed\n";
  const std::string message = Multipart(kReportHeader, {kText, Status(two), kReturned});
  const std::size_t first_end = message.find("no such user\n") + 13;
  const std::size_t second_end = message.find("Action: delayed") + 15;
  for (std::size_t size = 0; size <= message.size(); ++size) {
    const Report report = Parse(std::string_view(message).substr(0, size));
    if (size >= first_end) {
      ASSERT_GE(report.recipients.size(), 1u) << size;
      EXPECT_EQ(report.recipients[0].reply_code->value, 550) << size;
    }
    if (size >= second_end) {
      ASSERT_EQ(report.recipients.size(), 2u) << size;
      EXPECT_EQ(report.recipients[1].kind, Kind::kDelay) << size;
    }
  }
}

TEST(Parser, D13EncodedStatusParts) {
  // base64 and quoted-printable of kFields' recipient.
  const Part base64 = {
      "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n",
      "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IHJAZXhhbXBsZS5uZXQKQWN0aW9uOiBmYWlsZWQKU3Rh\n"
      "dHVzOiA1LjEuMQpEaWFnbm9zdGljLUNvZGU6IHNtdHA7IDU1MCA1LjEuMSBubyBzdWNoIHVzZXIK\n"};
  const Report report = Parse(Multipart(kReportHeader, {kText, base64}));
  ExpectUsual(report);
  // The span of what was encoded is that of the encoded body.
  const std::string message = Multipart(kReportHeader, {kText, base64});
  const Span where = report.recipients[0].final_recipient->where;
  EXPECT_EQ(message.substr(where.offset, 8), "RmluYWwt");
  ExpectUsual(Parse(
      Multipart(kReportHeader,
                {kText,
                 {"Content-Type: message/global-delivery-status\nContent-Transfer-Encoding: "
                  "quoted-printable\n",
                  "Final-Recipient=3A rfc822; r@exam=\nple.net\nAction: failed\nStatus: 5.1=2e1\n"
                  "Diagnostic-Code: smtp; 550 5.1.1 no such user\n"}})));
}

TEST(Parser, D15DeclaredBase64ThatIsPlainlyFields) {
  const Report report = Parse(Multipart(
      kReportHeader, {kText,
                      {"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n",
                       std::string(kFields)}}));
  ExpectUsual(report);
  EXPECT_TRUE(Remarked(report, "base64 that is none"));
}

TEST(Parser, D15AnUnknownEncodingIs8bit) {
  ExpectUsual(Parse(Multipart(
      kReportHeader, {kText,
                      {"Content-Type: message/delivery-status\nContent-Transfer-Encoding: x-odd\n",
                       std::string(kFields)}})));
}

TEST(Parser, D16GlobalTypes) {
  const Report report = Parse(
      Multipart(kReportHeader,
                {kText,
                 {"Content-Type: message/global-delivery-status\n", std::string(kFields)},
                 {"Content-Type: message/global-headers\n", "Message-ID: <m2@example.com>\n"}}));
  ExpectUsual(report);
  EXPECT_EQ(report.returned.message_id->value, "<m2@example.com>");
}

TEST(Parser, D17PartsThatAGatewayRenamed) {
  for (const std::string_view type : {"text/plain", "application/octet-stream"}) {
    const Report report = Parse(Multipart(
        kReportHeader,
        {kText, {"Content-Type: " + std::string(type) + "\n", std::string(kFields)}, kReturned}));
    ExpectUsual(report);
    ASSERT_FALSE(HasFatalFailure()) << type;
    EXPECT_EQ(report.recipients[0].enhanced_status->provenance, Provenance::kDerived);
    EXPECT_EQ(report.returned.message_id->value, "<m1@example.com>");
  }
}

TEST(Parser, D18LineEndsDoNotMatter) {
  const std::string message = Multipart(kReportHeader, {kText, Status(kFields), kReturned});
  std::string crlf, cr, mixed;
  int line = 0;
  for (const char c : message) {
    if (c != '\n') {
      crlf += c, cr += c, mixed += c;
      continue;
    }
    crlf += "\r\n";
    cr += "\r";
    mixed += ++line % 3 == 0 ? "\r\n" : line % 3 == 1 ? "\n" : "\r";
  }
  ExpectUsual(Parse(crlf));
  ExpectUsual(Parse(cr));
  ExpectUsual(Parse(mixed));
}

TEST(Parser, D19D61D62WhatCameBackSaysNothing) {
  const std::string inner =
      "Content-Type: multipart/report; boundary=i\n\n--i\nContent-Type: message/delivery-status\n\n"
      "Final-Recipient: rfc822; inner@example.net\nAction: failed\nStatus: 5.1.1\n\n--i--\n";
  ExpectUsual(Parse(Multipart(
      kReportHeader, {kText, Status(kFields), {"Content-Type: message/rfc822\n", inner}})));
  ExpectUsual(ParseFields(kFields));  // the returned body has fields that name somebody else
}

TEST(Parser, D21AGatewaysIndentIsTakenOff) {
  ExpectUsual(Parse(Multipart(
      kReportHeader, {kText,
                      Status("  Reporting-MTA: dns; mx.example\n\n"
                             "  Final-Recipient: rfc822; r@example.net\n  Action: failed\n"
                             "  Status: 5.1.1\n  Diagnostic-Code: smtp; 550 5.1.1 no such\n"
                             "    user\n"),
                      kReturned})));
}

TEST(Parser, D24AGatewaysWrappingIsTakenOff) {
  const std::string report = Multipart(kReportHeader, {kText, Status(kFields), kReturned});
  const auto with_boundary = [&](std::string_view header, std::string_view words) {
    return Parse(std::string(header) +
                 "Content-Type: multipart/mixed; boundary=w\n\n--w\nContent-Type: text/plain\n\n" +
                 std::string(words) + "\n--w\nContent-Type: message/rfc822\n\n" + report +
                 "\n--w--\n");
  };
  const std::string_view gateway = "From: postmaster@gw.example\nSubject: x\n";
  const Report report_inside = with_boundary(gateway, "A message for you.");
  ExpectUsual(report_inside);
  EXPECT_EQ(report_inside.subject->value, "x") << "the outer one's";
  const Report outer_names = with_boundary(
      "From: postmaster@gw.example\nSubject: Undeliverable mail\n", "<o@example.net>:\n550 no\n");
  ASSERT_EQ(outer_names.recipients.size(), 1u);
  EXPECT_EQ(outer_names.recipients[0].final_recipient->value, "o@example.net");
  EXPECT_TRUE(with_boundary("From: dana@example.org\n", "Look at this.").recipients.empty())
      << "a person sends it on";
}

TEST(Parser, ReadsSesEventsThatSnsPassesOn) {
  const std::string event =
      "{\"notificationType\":\"Bounce\",\"bounce\":{\"bouncedRecipients\":[{\"emailAddress\":"
      "\"r@example.net\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 550 5.1.1 no such user\"}"
      "]},\"mail\":{\"source\":\"s@example.com\"}}\n";
  const Report report = Parse("From: no-reply@sns.example\nx-amz-sns-message-id: 1\n\n" + event);
  EXPECT_EQ(report.form, "ses-event");
  ExpectUsual(report);
  EXPECT_EQ(report.returned.return_path->value, "s@example.com");
  EXPECT_TRUE(Parse("From: no-reply@sns.example\n\n" + event).recipients.empty());
}

TEST(Parser, TheTranscriptHelpsASingleRecipient) {
  const Part transcript = {
      "Content-Type: text/plain\n",
      "   ----- Transcript of session follows -----\n"
      "mail.local: unknown user: r\n554 <r@example.net>... Service unavailable\n"};
  const Report report = Parse(Multipart(
      kReportHeader, {transcript, Status("Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; "
                                         "r@example.net\nAction: failed\nStatus: 5.5.0\n")}));
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].reply_code->value, 554);
  EXPECT_EQ(report.recipients[0].reply_code->provenance, Provenance::kGuessed);
  EXPECT_NE(report.recipients[0].diagnostic->value.find("unknown user"), std::string::npos);
}

TEST(Parser, TheTranscriptsLinesAreToldApartByAddress) {
  const Part transcript = {
      "Content-Type: text/plain\n",
      "   ----- The following addresses had permanent fatal errors -----\n<r@example.net>\n"
      "<s@example.net>\n\n   ----- Transcript of session follows -----\n"
      "550 <r@example.net>... User unknown\n552 5.2.2 <s@example.net>... Mailbox full\n"};
  const Report report = Parse(Multipart(
      kReportHeader,
      {transcript, Status("Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; r@example.net\n"
                          "Action: failed\nStatus: 5.0.0\n\nFinal-Recipient: rfc822; "
                          "s@example.net\nAction: failed\nStatus: 5.0.0\n")}));
  ASSERT_EQ(report.recipients.size(), 2u);
  EXPECT_EQ(report.recipients[0].reply_code->value, 550);
  EXPECT_EQ(report.recipients[1].reply_code->value, 552);
  EXPECT_EQ(ToString(report.recipients[1].enhanced_status->value), "5.2.2");
}

// A gateway makes files of what it does not know: the one is told from the other by its name.
TEST(Parser, D19D87AMessageThatBecameAFileIsWhatCameBack) {
  const std::string inner =
      "From: MAILER-DAEMON@y.example\nTo: s@x.example\nSubject: Failure\n\n"
      "Final-Recipient: rfc822; inner@example.net\nAction: failed\nStatus: 5.1.1\n";
  const std::string fields = "Final-Recipient: rfc822; r@example.net\nAction: failed\n";
  const Report report = Parse(Multipart(
      kReportHeader,
      {{"Content-Type: application/octet-stream; name*0*=''Your%20;\n name*1=mail.eml\n", inner},
       {"Content-Type: application/octet-stream; name=details.txt\n", fields}}));
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].final_recipient->value, "r@example.net");
  ASSERT_TRUE(report.returned.subject);
  EXPECT_EQ(report.returned.subject->value, "Failure");
}

TEST(Parser, D20CaseDoesNotMatterInNamesAndTypes) {
  ExpectUsual(Parse(Multipart(
      kReportHeader,
      {kText,
       {"CONTENT-TYPE: Message/Delivery-STATUS\n",
        "REPORTING-MTA: DNS; mx.example\n\nfinal-recipient: RFC822; r@example.net\n"
        "ACTION: FAILED\nstatus: 5.1.1\nDiagnostic-code: SMTP; 550 5.1.1 no such user\n"}})));
}

TEST(Parser, D22CommentsStayInDiagnosticsOnly) {
  const Recipient r = ParseRecipient(
      "Final-Recipient: rfc822; r@example.net (Robert (Bob) \\) it is)\nAction: failed (for good)\n"
      "Status: 5.1.1 (no such user)\nRemote-MTA: dns; mx.example.net (192.0.2.1)\n"
      "Diagnostic-Code: smtp; 550 5.1.1 no (really) user\n");
  EXPECT_EQ(r.final_recipient->value, "r@example.net");
  EXPECT_EQ(r.action, "failed");
  EXPECT_EQ(ToString(r.enhanced_status->value), "5.1.1");
  EXPECT_EQ(r.remote_mta->value, "mx.example.net");
  EXPECT_EQ(r.diagnostic->value, "no (really) user");
}

TEST(Parser, D26AStatusWithoutARecipient) {
  const std::string fields = "Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n";
  Report report = ParseFields(fields);
  ASSERT_EQ(report.recipients.size(), 1u);
  ASSERT_TRUE(report.recipients[0].final_recipient);
  EXPECT_EQ(report.recipients[0].final_recipient->value, "r@example.net") << "of the returned To";
  EXPECT_EQ(report.recipients[0].final_recipient->provenance, Provenance::kGuessed);
  EXPECT_EQ(ToString(report.recipients[0].enhanced_status->value), "5.1.1");
  report = Parse(Multipart(kReportHeader, {kText, Status(fields)}));
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_FALSE(report.recipients[0].final_recipient) << "nothing returned";
  report = Parse(Multipart("X-Failed-Recipients: r@example.net\n" + std::string(kReportHeader),
                           {kText, Status(fields)}));
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].final_recipient->value, "r@example.net");
  EXPECT_EQ(report.recipients[0].final_recipient->provenance, Provenance::kDerived);
  EXPECT_EQ(ToString(report.recipients[0].enhanced_status->value), "5.1.1");
}

TEST(Parser, D27TheMostExactDiagnosticWins) {
  const Recipient r = ParseRecipient(
      "Final-Recipient: rfc822; r@example.net\nAction: failed\nStatus: 5.0.0\n"
      "Diagnostic-Code: smtp; delivery failed\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n"
      "Diagnostic-Code: smtp; 550 no\n");
  EXPECT_EQ(r.diagnostic->value, "no such user");
  EXPECT_EQ(Further(r.further_fields, "Diagnostic-Code"), "smtp; delivery failed|smtp; 550 no");
}

TEST(Parser, D51D54AllCodesOfARecipientAreKept) {
  const Recipient r = ParseRecipient(
      "Final-Recipient: rfc822; r@example.net\nAction: failed\nStatus: 5.1.1\n"
      "Diagnostic-Code: smtp; 554 5.0.0 failed (in reply to end of DATA; 550 5.7.1 spam)\n");
  EXPECT_EQ(ToString(r.enhanced_status->value), "5.1.1");
  EXPECT_EQ(r.reply_code->value, 550);
  ASSERT_EQ(r.further_codes.size(), 2u);
  EXPECT_EQ(r.further_codes[0].value, (FurtherCode{554, EnhancedStatus{5, 0, 0}}));
  EXPECT_EQ(r.further_codes[1].value, (FurtherCode{550, EnhancedStatus{5, 7, 1}}));
  EXPECT_TRUE(ParseRecipient("Final-Recipient: r@example.net\nStatus: 5.1.1\n"
                             "Diagnostic-Code: smtp; 550 5.1.1 no\n")
                  .further_codes.empty());
}

TEST(Parser, D28HostsAreKeptAsSpelled) {
  struct Row {
    std::string_view field;
    std::string_view host;
    std::string_view address;  // empty: none
  };
  for (const Row& row :
       {Row{"dns; MX.Example", "MX.Example", ""}, Row{"mx.example", "mx.example", ""},
        Row{"dns; mx.example. (192.0.2.1, the server for the domain.)", "mx.example.", "192.0.2.1"},
        Row{"dns; mx.example [192.0.2.1]", "mx.example [192.0.2.1]", "192.0.2.1"},
        Row{"dns; [IPv6:2001:db8::1]", "[IPv6:2001:db8::1]", "2001:db8::1"},
        Row{"dns; mx.example (tcp-daemon)", "mx.example", ""},
        Row{"dns; mx.example (TCP|192.0.2.1|25)", "mx.example", ""},
        Row{"dns; mx.example (", "mx.example (", ""}}) {
    const std::string field = std::string(row.field) + "\n";
    const Report report = ParseFields(
        "Reporting-MTA: " + field + "DSN-Gateway: " + field + "Received-From-MTA: " + field +
        "\nFinal-Recipient: r@example.net\nAction: failed\nRemote-MTA: " + field);
    for (const std::optional<FoundMta>& mta :
         {report.reporting_mta, report.dsn_gateway, report.received_from_mta,
          report.recipients.at(0).remote_mta}) {
      ASSERT_TRUE(mta) << row.field;
      EXPECT_EQ(mta->value, row.host) << row.field;
      EXPECT_EQ(mta->provenance, Provenance::kReported);
      EXPECT_EQ(mta->address, row.address) << row.field;
    }
    EXPECT_TRUE(report.further_fields.empty());
  }
}

TEST(Parser, D28AHostThatComesTwiceIsTheFirst) {
  const Report report = ParseFields(
      "Reporting-MTA: dns; a.example\nReceived-From-MTA: dns;\n  out.example (192.0.2.9)\n"
      "Received-From-MTA: b.example\nDSN-Gateway:\n\n"
      "Final-Recipient: r@example.net\nAction: failed\n");
  EXPECT_EQ(report.received_from_mta->value, "out.example");
  EXPECT_EQ(report.received_from_mta->address, "192.0.2.9");
  EXPECT_FALSE(report.dsn_gateway);
}

TEST(Parser, D29TheWordsAreTheRemoteHostsWhereOneIsNamed) {
  const auto rule = [](std::string_view reporting, std::string_view remote) {
    const Report report = ParseFields(
        "Reporting-MTA: dns; " + std::string(reporting) + "\n\nFinal-Recipient: r@example.net\n" +
        "Action: failed\nDiagnostic-Code: smtp; 451 4.7.1 [TS01] Messages temporarily deferred\n" +
        std::string(remote));
    return report.recipients.at(0).classification.rule;
  };
  constexpr std::string_view kOfTheProvider = "yahoo-deferred";
  EXPECT_EQ(rule("mx.example", "Remote-MTA: dns; mta5.am0.yahoodns.net\n"), kOfTheProvider);
  EXPECT_EQ(rule("mta5.am0.yahoodns.net", ""), kOfTheProvider);
  EXPECT_NE(rule("mta5.am0.yahoodns.net", "Remote-MTA: dns; mx.example\n"), kOfTheProvider);
  EXPECT_NE(rule("mx.example", ""), kOfTheProvider);
}

TEST(Parser, D29WithoutARemoteHostTheReportingOneRefused) {
  const auto stage = [](std::string_view fields) {
    return ParseFields(
               "Reporting-MTA: dns; x.example\n\nFinal-Recipient: r@example.net\n"
               "Action: failed\n" +
               std::string(fields))
        .recipients.at(0)
        .stage;
  };
  constexpr std::string_view kRemote = "Remote-MTA: dns; mx.example\n";
  constexpr std::string_view kLocal = "Diagnostic-Code: x-unix; mailbox is full\n";
  EXPECT_EQ(stage(kLocal), Stage::kQueue);
  EXPECT_EQ(stage("Diagnostic-Code: X-Postfix; unknown user: \"r\"\n"), Stage::kQueue);
  EXPECT_EQ(stage(std::string(kRemote) + std::string(kLocal)), Stage::kUnknown);
  EXPECT_EQ(stage("Diagnostic-Code: smtp; 550 mailbox is full\n"), Stage::kUnknown)
      << "a reply, and nobody says whose";
  EXPECT_EQ(stage("Diagnostic-Code: 550 mailbox is full\n"), Stage::kUnknown);
  EXPECT_EQ(stage("Diagnostic-Code: X-Postfix; host mx.example[192.0.2.1] said: 550 no\n"),
            Stage::kUnknown)
      << "the words name a remote host";
  EXPECT_EQ(stage("Diagnostic-Code: X-Postfix; 550 no (in reply to RCPT TO command)\n"),
            Stage::kRcpt)
      << "the words name a command";
  EXPECT_EQ(stage(""), Stage::kUnknown);
}

TEST(Parser, AFailedCallOutToTheSenderCondemnsNoRecipient) {
  const auto judge = [](std::string_view diagnostic) {
    return ParseFields(
               "Reporting-MTA: dns; x.example\n\nFinal-Recipient: rfc822; r@example.net\n"
               "Action: failed\nDiagnostic-Code: smtp; " +
               std::string(diagnostic) + "\n")
        .recipients.at(0);
  };
  for (const std::string_view text : {
           "550 Could not verify <s@example.org>: 550 no such user",
           "550-Callout to s@example.org said: user unknown",
           "550-Address s@example.org failed verification: 550 5.1.1 user unknown",
           "550 5.1.1 Verification failed for <s@example.org>: no such user",
       }) {
    const Recipient recipient = judge(text);
    EXPECT_NE(recipient.classification.bounce_class, BounceClass::kHard) << text;
    EXPECT_EQ(recipient.stage, Stage::kUnknown) << text;
  }
  for (const std::string_view text : {
           "550 Could not verify <r@example.net>: 550 no such user",
           "550-Callout to r@example.net said: user unknown",
           "550 5.1.1 <f@example.org>: user unknown",
       }) {
    EXPECT_EQ(judge(text).classification.bounce_class, BounceClass::kHard) << text;
  }
}

TEST(Parser, D31UnknownFieldsAreKeptByName) {
  const Report report = ParseFields(
      "Reporting-MTA: dns; a.example\nX-Postfix-Queue-ID: 4Z\nX-Empty:\n\n"
      "X-Display-Name: =?utf-8?Q?R?=\nFinal-Recipient: r@example.net\nAction: failed\n"
      "X-Actual-Recipient: rfc822;\n s@example.net\nFinal-Log-ID: 7\n\n"
      "Final-Recipient: t@example.net\nAction: failed\nx-odd: \xE4\n\nStatus: 5.1.1\nX-Late: 1\n");
  ASSERT_EQ(report.recipients.size(), 2u);
  ASSERT_EQ(report.further_fields.size(), 1u);
  EXPECT_EQ(Further(report.further_fields, "X-Postfix-Queue-ID"), "4Z");
  const std::vector<FurtherField>& first = report.recipients[0].further_fields;
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(Further(first, "X-Display-Name"), "=?utf-8?Q?R?=");
  EXPECT_EQ(Further(first, "X-Actual-Recipient"), "rfc822; s@example.net");
  EXPECT_EQ(Further(first, "Final-Log-ID"), "7");
  const std::vector<FurtherField>& second = report.recipients[1].further_fields;
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(Further(second, "x-odd"), "\xC3\xA4");
  EXPECT_EQ(Further(second, "X-Late"), "1");
}

TEST(Parser, D31UnknownFieldsAreOpenToAnOperatorsRules) {
  std::vector<RuleProblem> problems;
  const std::shared_ptr<const RuleSet> rules = RuleSet::LoadWithBuiltIn(
      {{"a.toml",
        "[[rule]]\nid = 'local-gone'\nreason = 'no_such_user'\nconfidence = 90\n"
        "when.field = ['x-category: bad-mailbox', 'x-queue: 4z']\nsource = 's'\nwhy = 'w'\n"
        "example = [{ field = 'X-Category: bad-mailbox' }]\n"}},
      problems);
  ASSERT_NE(rules, nullptr);
  const auto rule = [&](std::string_view of_message, std::string_view of_recipient) {
    const Report report = Parser(rules).Parse(Multipart(
        kReportHeader,
        {kText, Status("Reporting-MTA: dns; x\n" + std::string(of_message) +
                       "\nFinal-Recipient: r@example.net\nAction: failed\n" +
                       std::string(of_recipient) + "Diagnostic-Code: smtp; 550 5.7.1 no\n")}));
    return report.recipients.at(0).classification.rule;
  };
  EXPECT_EQ(rule("", "X-Category: Bad-Mailbox\n"), "local-gone");
  EXPECT_EQ(rule("X-Queue: 4Z\n", ""), "local-gone");
  EXPECT_NE(rule("", "X-Category: other\n"), "local-gone");
  EXPECT_NE(rule("", ""), "local-gone");
}

TEST(Parser, D31ExchangeHasItsReplyInAFieldOfItsOwn) {
  Recipient r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\nStatus: 5.0.0\n"
      "X-Supplementary-Info: <mx.example #5.0.0 smtp;550 5.2.2 the mailbox is full>\n");
  ASSERT_TRUE(r.diagnostic && r.reply_code && r.enhanced_status);
  EXPECT_EQ(r.diagnostic->value, "the mailbox is full");
  EXPECT_EQ(r.diagnostic_type, "smtp");
  EXPECT_EQ(r.reply_code->value, 550);
  EXPECT_EQ(ToString(r.enhanced_status->value), "5.2.2");
  EXPECT_EQ(r.classification.reason, Reason::kMailboxFull);
  for (const std::string_view nothing : {"<mx.example #5.1.1>", "< #5.1.1>", "<", ">", "#"}) {
    r = ParseRecipient(
        "Final-Recipient: r@example.net\nAction: failed\nStatus: 5.1.1\n"
        "X-Supplementary-Info: " +
        std::string(nothing) + "\n");
    EXPECT_EQ(r.diagnostic->value, "Sorry.") << nothing;
  }
  r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\nDiagnostic-Code: smtp; 550 no\n"
      "X-Supplementary-Info: <mx.example #5.0.0 smtp;552 5.2.2 full>\n");
  EXPECT_EQ(r.reply_code->value, 550) << "the standard field goes before";
}

TEST(Parser, D30TheEnvelopeIdIsKeptToTheOctet) {
  const Report report = ParseFields(
      "Reporting-MTA: dns; MX.Example\nOriginal-Envelope-Id:  QQ+2B314=x\n"
      "Arrival-Date: Mon, 2 Nov 2026 10:00:00 +0000\n\n"
      "Final-Recipient: r@example.net\nAction: failed\n");
  EXPECT_EQ(report.original_envelope_id->value, "QQ+2B314=x");
  EXPECT_EQ(report.reporting_mta->value, "MX.Example");
  EXPECT_EQ(report.arrival_date->value, "Mon, 2 Nov 2026 10:00:00 +0000");
}

TEST(Parser, D33ThreeFates) {
  const Report report = ParseFields(
      "Reporting-MTA: dns; x\n\n"
      "Final-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\n"
      "Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n"
      "Final-Recipient: rfc822; b@example.net\nAction: delayed\nStatus: 4.2.2\n\n"
      "Final-Recipient: rfc822; c@example.net\nAction: delivered\nStatus: 2.1.5\n");
  ASSERT_EQ(report.recipients.size(), 3u);
  EXPECT_EQ(report.kind, Kind::kBounce);
  EXPECT_EQ(report.recipients[0].classification.bounce_class, BounceClass::kHard);
  EXPECT_EQ(report.recipients[1].kind, Kind::kDelay);
  EXPECT_EQ(report.recipients[1].classification.reason, Reason::kDelayed);
  EXPECT_EQ(report.recipients[1].classification.bounce_class, BounceClass::kNone);
  EXPECT_EQ(report.recipients[2].kind, Kind::kDelivery);
  EXPECT_EQ(report.recipients[2].classification.reason, Reason::kDelivered);
}

TEST(Parser, D34BothRecipientsAreKept) {
  const Recipient r = ParseRecipient(
      "Original-Recipient: rfc822;wrote@example.com\n"
      "Final-Recipient: rfc822;has@example.net\nAction: failed\n");
  EXPECT_EQ(r.original_recipient->value, "wrote@example.com");
  EXPECT_EQ(r.final_recipient->value, "has@example.net");
}

TEST(Parser, D34WhomMailWasSentToIsTheOriginalRecipientWhereItIsAnAddress) {
  const auto address = [](std::string_view fields) {
    const Recipient recipient = ParseRecipient(fields);
    const Found<std::string>* const found = AddressOf(recipient);
    return found == nullptr ? "" : found->value;
  };
  EXPECT_EQ(address("Original-Recipient: rfc822; wrote@example.com\n"
                    "Final-Recipient: rfc822; has@example.net\nAction: failed\n"),
            "wrote@example.com");
  EXPECT_EQ(address("Original-Recipient: x-local; wrote\n"
                    "Final-Recipient: rfc822; has@example.net\nAction: failed\n"),
            "has@example.net");
  EXPECT_EQ(address("Original-Recipient: rfc822; wrote@example.com\nAction: failed\n"),
            "wrote@example.com");
  EXPECT_EQ(address("Final-Recipient: x-local; has\nAction: failed\n"), "has");
}

// An alias or a list: only one of its members failed, so the member's is the address.
TEST(Parser, D34TheWordsMayTellWhomMailWasSentTo) {
  const Part text = {"Content-Type: text/plain\n",
                     "<has@example.net> (expanded from <list@example.com>): host "
                     "mx.example.net said: 550 5.1.1 unknown\n"};
  const Report report =
      Parse(Multipart(kReportHeader, {text, Status("Reporting-MTA: dns; x\n\nFinal-Recipient: "
                                                   "rfc822; has@example.net\nAction: failed\n")}));
  ASSERT_EQ(report.recipients.size(), 1u);
  ASSERT_TRUE(report.recipients[0].original_recipient);
  EXPECT_EQ(report.recipients[0].original_recipient->value, "list@example.com");
  EXPECT_EQ(report.recipients[0].original_recipient->provenance, Provenance::kGuessed);
  EXPECT_EQ(AddressOf(report.recipients[0])->value, "has@example.net");
}

TEST(Parser, D44XFailedRecipients) {
  const std::string header =
      "X-Failed-Recipients: a@example.net,\n  b-\\320\\277@example.net\n"
      "X-Failed-Recipients: c@example.net\n" +
      std::string(kReportHeader);
  Report report = Parse(Multipart(header, {kText, Status("Reporting-MTA: dns; x\n")}));
  ASSERT_EQ(report.failed_recipients.size(), 3u);
  EXPECT_EQ(report.failed_recipients[1].value, "b-\xD0\xBF@example.net");
  ASSERT_EQ(report.recipients.size(), 3u);
  EXPECT_EQ(report.recipients[2].final_recipient->value, "c@example.net");
  // Where the status names somebody, the header only lists.
  report = Parse(Multipart(header, {kText, Status(kFields)}));
  EXPECT_EQ(report.failed_recipients.size(), 3u);
  ExpectUsual(report);
}

TEST(Parser, D44APipeIsNamedByXFailedRecipients) {
  const Report report = Parse(Multipart(
      "X-Failed-Recipients: r@example.net\n" + std::string(kReportHeader),
      {kText,
       Status("Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822;|/bin/deliver r\nAction: failed\n"
              "Status: 5.0.0\n")}));
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].final_recipient->value, "r@example.net");
  EXPECT_EQ(report.recipients[0].final_recipient->provenance, Provenance::kDerived);
}

constexpr std::string_view kProse =
    "Hi. This is the qmail-send program at mx.example.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
    "<r@example.net>:\n192.0.2.1 does not like recipient.\n"
    "Remote host said: 550 5.1.1 no such user\n\n"
    "--- Below this line is a copy of the message.\n\n"
    "Return-Path: <sender@example.com>\nMessage-ID: <m1@example.com>\nTo: r@example.net\n\n"
    "<trap@example.net>:\n550 5.1.1 no such user\n";

TEST(Parser, D78WordsThatFollowNoStandard) {
  const Report report =
      Parse("From: MAILER-DAEMON@mx.example\nTo: sender@example.com\nSubject: failure notice\n\n" +
            std::string(kProse));
  EXPECT_EQ(report.kind, Kind::kBounce);
  EXPECT_EQ(report.form, "prose");
  ASSERT_EQ(report.recipients.size(), 1u);
  const Recipient& r = report.recipients[0];
  EXPECT_EQ(r.final_recipient->value, "r@example.net");
  EXPECT_EQ(r.final_recipient->provenance, Provenance::kGuessed);
  EXPECT_EQ(r.reply_code->value, 550);
  EXPECT_EQ(ToString(r.enhanced_status->value), "5.1.1");
  EXPECT_EQ(r.stage, Stage::kRcpt);
  EXPECT_EQ(r.classification.reason, Reason::kNoSuchUser);
  EXPECT_TRUE(r.classification.text_bears_out);
  EXPECT_EQ(report.returned.message_id->value, "<m1@example.com>");
}

TEST(Parser, D79Qsbmf) {
  const Report report = Parse(
      "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n"
      "Hi. This is the qmail-send program at mx.example.\n"
      "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
      "<a@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
      "<b@example.net>:\n192.0.2.1 failed after I sent the message.\n"
      "Remote host said: 552 5.2.2 mailbox full\n\n"
      "--- Below this line is a copy of the message.\n\n"
      "Return-Path: <sender@example.com>\nSubject: news\n\n<trap@example.net>:\n550 no\n");
  ASSERT_EQ(report.recipients.size(), 2u);
  const Recipient& a = report.recipients[0];
  EXPECT_EQ(a.final_recipient->value, "a@example.net");
  EXPECT_EQ(a.classification.reason, Reason::kNoSuchUser);
  EXPECT_FALSE(a.reply_code);
  const Recipient& b = report.recipients[1];
  EXPECT_EQ(b.final_recipient->value, "b@example.net");
  EXPECT_EQ(b.reply_code->value, 552);
  EXPECT_EQ(ToString(b.enhanced_status->value), "5.2.2");
  EXPECT_EQ(b.stage, Stage::kData);
  EXPECT_EQ(b.classification.reason, Reason::kMailboxFull);
  EXPECT_EQ(report.returned.subject->value, "news");
}

TEST(Parser, D79TheHostThatRefusedIsNamed) {
  struct Row {
    std::string_view words;
    std::string_view host;  // empty: none
  };
  for (const Row& row :
       {Row{"192.0.2.1 does not like recipient.\nRemote host said: 550 no", "192.0.2.1"},
        Row{"Sorry:\n2001:db8::1 failed after I sent the message.\nRemote host said: 552 no",
            "2001:db8::1"},
        Row{"Connected to 192.0.2.1 but sender was rejected.\nRemote host said: 550 no",
            "192.0.2.1"},
        Row{"host mx.example[192.0.2.1] said: 550 no", "mx.example"},
        Row{"550 no\n... while talking to mx.example.:\n<<< 550 no", "mx.example"},
        Row{"  host mx.example [192.0.2.1]\n  SMTP error from remote server: 550 no", "mx.example"},
        Row{"550 Unable to look up host mx.example, sorry", ""},
        Row{"550 sender host mx.example [192.0.2.1] is listed", ""},
        Row{"550 our server does not like recipient", ""}, Row{"550 no", ""},
        Row{"connected to ", ""}}) {
    const Report report = Parse(
        "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n"
        "Your message could not be delivered.\n\n<r@example.net>:\n" +
        std::string(row.words) + "\n");
    ASSERT_EQ(report.recipients.size(), 1u) << row.words;
    const std::optional<Found<std::string>>& host = report.recipients[0].remote_mta;
    EXPECT_EQ(host ? host->value : "", row.host) << row.words;
    if (host) {
      EXPECT_EQ(host->provenance, Provenance::kGuessed) << row.words;
    }
  }
}

TEST(Parser, D80EachAddressHasItsOwnBlock) {
  const Report report = Parse(
      "From: MAILER-DAEMON@mx.example\nSubject: Undeliverable\n\n"
      "Your message could not be delivered.\n\n"
      "<a@example.net>:\n550 5.1.1 no such user\n\n<b@example.net>:\nis on our list\n\n"
      "<c@example.net>:\n552 5.2.2 mailbox full\n");
  ASSERT_EQ(report.recipients.size(), 3u);
  EXPECT_EQ(report.recipients[0].reply_code->value, 550);
  EXPECT_EQ(report.recipients[0].diagnostic->value, "no such user");
  EXPECT_FALSE(report.recipients[1].reply_code);
  EXPECT_EQ(report.recipients[1].diagnostic->value, "is on our list");
  EXPECT_EQ(report.recipients[2].reply_code->value, 552);
  EXPECT_EQ(report.recipients[2].diagnostic->value, "mailbox full");
}

TEST(Parser, D83TheHeaderAloneSaysNothing) {
  const std::string header =
      "From: MAILER-DAEMON@mx.example\nSubject: Undeliverable: 550 5.1.1 no such user\n";
  ExpectOther(Parse(header + "\nHello.\n"));
  const Report report = Parse(header + "X-Failed-Recipients: r@example.net\n\nHello.\n");
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_FALSE(report.recipients[0].reply_code);
  EXPECT_FALSE(report.recipients[0].enhanced_status);
  EXPECT_EQ(report.recipients[0].classification.reason, Reason::kUnclassified);
}

TEST(Parser, D78WordsInBase64AndInHtml) {
  for (const std::string_view body :
       {"Content-Type: text/html\n\n<p>Your message could not be delivered.</p>"
        "<p>&lt;r@example.net&gt;:<br>550 5.1.1 no such user</p>\n",
        "Content-Transfer-Encoding: base64\n\n"
        "Q291bGQgbm90IGRlbGl2ZXI6Cgo8ckBleGFtcGxlLm5ldD46Cm5vIHN1Y2ggdXNlcgo=\n"}) {
    const Report report =
        Parse("From: postmaster@mx.example\nSubject: Undeliverable mail\n" + std::string(body));
    ASSERT_EQ(report.recipients.size(), 1u) << body;
    EXPECT_EQ(report.recipients[0].final_recipient->value, "r@example.net");
    EXPECT_EQ(report.recipients[0].classification.reason, Reason::kNoSuchUser);
  }
}

TEST(Parser, D2WordsThatAPersonOrAMachineQuotesAreNoReport) {
  ExpectOther(Parse("From: Jane <jane@example.com>\nSubject: Re: failure notice\n\n" +
                    std::string(kProse)));
  const Report reply =
      Parse("From: jane@example.com\nAuto-Submitted: auto-replied\nSubject: Away\n\n" +
            std::string(kProse));
  EXPECT_EQ(reply.kind, Kind::kAutoReply);
  ASSERT_EQ(reply.recipients.size(), 1u);
  EXPECT_EQ(reply.recipients[0].final_recipient->value, "jane@example.com");
}

TEST(Parser, D44AMachineThatNamesTheFailedIsAReport) {
  const Report report = Parse(
      "From: noreply@mx.example\nAuto-Submitted: auto-replied\n"
      "X-Failed-Recipients: r@example.net\nSubject: Mail delivery failed\n\n" +
      std::string(kProse));
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].final_recipient->provenance, Provenance::kDerived);
}

struct ActionCase {
  std::string_view name;
  std::string_view fields;
  Kind kind;
  Reason reason;  // kUndefined: any, as of a bounce
};
class ActionTest : public testing::TestWithParam<ActionCase> {};

TEST_P(ActionTest, TellsTheKind) {
  const Recipient r =
      ParseRecipient("Final-Recipient: rfc822; r@example.net\n" + std::string(GetParam().fields));
  EXPECT_EQ(r.kind, GetParam().kind);
  if (GetParam().reason != Reason::kUndefined) {
    EXPECT_EQ(r.classification.reason, GetParam().reason);
    EXPECT_EQ(r.classification.bounce_class, BounceClass::kNone);
    EXPECT_FALSE(r.classification.counts);
    EXPECT_FALSE(r.classification.rule.empty());
  }
}
INSTANTIATE_TEST_SUITE_P(
    D45_D46_D47_D49, ActionTest,
    testing::ValuesIn<ActionCase>({
        {"Failed", "Action: FAILED\nStatus: 5.1.1\n", Kind::kBounce, Reason::kUndefined},
        {"Failure", "Action: failure\n", Kind::kBounce, Reason::kUndefined},
        {"Expired", "Action: expired\nStatus: 4.4.7\n", Kind::kBounce, Reason::kUndefined},
        {"FailedFor4", "Action: failed\nStatus: 4.2.2\n", Kind::kBounce, Reason::kUndefined},
        {"WordsBehind", "Action: failed, sorry\nStatus: 5.1.1\n", Kind::kBounce,
         Reason::kUndefined},
        {"Delayed", "Action: delayed\nStatus: 4.2.2\n", Kind::kDelay, Reason::kDelayed},
        {"DelayedWith5", "Action: delayed\nStatus: 5.2.2\n", Kind::kDelay, Reason::kDelayed},
        {"Delivered", "Action: Delivered\nStatus: 2.0.0\n", Kind::kDelivery, Reason::kDelivered},
        {"Relayed", "Action: relayed\nStatus: 2.0.0\n", Kind::kDelivery, Reason::kRelayed},
        {"Expanded", "Action: expanded\nStatus: 2.0.0\n", Kind::kDelivery, Reason::kExpanded},
        {"Deliverable", "Action: deliverable\nStatus: 2.1.5\n", Kind::kDelivery, Reason::kRelayed},
        {"MissingWith5", "Status: 5.1.1\n", Kind::kBounce, Reason::kUndefined},
        {"MissingWith4", "Status: 4.2.2\n", Kind::kDelay, Reason::kDelayed},
        {"MissingWith2", "Status: 2.0.0\n", Kind::kDelivery, Reason::kDelivered},
        {"Unknown", "Action: exploded\nStatus: 4.2.2\n", Kind::kDelay, Reason::kDelayed},
        {"NothingAtAll", "", Kind::kBounce, Reason::kUndefined},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Parser, D46PersistenceIsWhatTheCodesSay) {
  EXPECT_EQ(ParseRecipient("Final-Recipient: r@example.net\nAction: failed\nStatus: 4.2.2\n"
                           "Diagnostic-Code: smtp; 452 4.2.2 mailbox full\n")
                .classification.persistence,
            Persistence::kTransient);
  EXPECT_EQ(ParseRecipient("Final-Recipient: r@example.net\nAction: delayed\nStatus: 5.2.2\n")
                .classification.persistence,
            Persistence::kPermanent);
}

TEST(Parser, D50AStatusThatIsAReply) {
  const Recipient r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\n"
      "Status: 553 Exceeded maximum inbound message size\n");
  EXPECT_FALSE(r.enhanced_status);
  EXPECT_EQ(r.reply_code->value, 553);
}

TEST(Parser, D47WillRetryUntilIsKept) {
  const Recipient r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: delayed\nStatus: 4.4.1\n"
      "Will-Retry-Until: Wed, 4 Nov 2026 10:00:00 +0000\n");
  EXPECT_EQ(r.kind, Kind::kDelay);
  EXPECT_EQ(Further(r.further_fields, "Will-Retry-Until"), "Wed, 4 Nov 2026 10:00:00 +0000");
}

struct CodesLieCase {
  std::string_view name;
  std::string_view status;
  std::string_view diagnostic;
  std::string_view want;
  std::string_view stated;  // empty: the same
};
class CodesLieTest : public testing::TestWithParam<CodesLieCase> {};

TEST_P(CodesLieTest, AGenericStatusLoses) {
  const Recipient r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\nStatus: " + std::string(GetParam().status) +
      "\nDiagnostic-Code: smtp; " + std::string(GetParam().diagnostic) + "\n");
  EXPECT_EQ(r.enhanced_status ? ToString(r.enhanced_status->value) : "", GetParam().want);
  EXPECT_EQ(r.stated_status ? ToString(r.stated_status->value) : "", GetParam().stated);
}
INSTANTIATE_TEST_SUITE_P(D51, CodesLieTest,
                         testing::ValuesIn<CodesLieCase>({
                             {"Generic", "5.0.0", "550 5.1.1 no", "5.1.1", "5.0.0"},
                             {"Transient", "4.0.0", "452 4.2.2 full", "4.2.2", "4.0.0"},
                             {"System", "5.3.0", "550 5.7.1 no", "5.7.1", "5.3.0"},
                             {"Expired", "4.4.7", "421 4.4.2 timeout", "4.4.2", "4.4.7"},
                             {"Exact", "5.1.1", "550 5.7.1 no", "5.1.1", ""},
                             {"Same", "5.1.1", "550 5.1.1 no", "5.1.1", ""},
                             {"BothGeneric", "5.0.0", "550 5.0.0 no", "5.0.0", ""},
                             {"ExpiredAndGeneric", "4.4.7", "450 4.0.0 no", "4.4.7", ""},
                             {"Missing", "", "550 5.1.1 no", "5.1.1", ""},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Parser, D52EncodedWordsInADiagnosticAreUndone) {
  const Recipient r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\nStatus: 5.0.0\n"
      "Diagnostic-Code: smtp; 550 =?utf-8?Q?Empf=C3=A4nger_unbekannt?=\n");
  EXPECT_EQ(r.diagnostic->value, "Empf\xC3\xA4nger unbekannt");
  EXPECT_EQ(r.classification.reason, Reason::kNoSuchUser);
}

TEST(Parser, D52OtherTypesAreKept) {
  Recipient r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\nStatus: 5.4.4\n"
      "Diagnostic-Code: X-Postfix; Host not found\n");
  EXPECT_EQ(r.diagnostic_type, "x-postfix");
  EXPECT_EQ(r.diagnostic->value, "Host not found");
  r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\nDiagnostic-Code: X-Unix; 550\n");
  EXPECT_FALSE(r.reply_code);
  r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\nDiagnostic-Code: X-Local; 500 (no user)\n");
  EXPECT_EQ(r.reply_code->value, 500);
  r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\nDiagnostic-Code: X-Unix; 77 (no user)\n");
  EXPECT_FALSE(r.reply_code);
  r = ParseRecipient("Final-Recipient: r@example.net\nAction: failed\nDiagnostic-Code: 550 no\n");
  EXPECT_EQ(r.diagnostic_type, "");
  EXPECT_EQ(r.reply_code->value, 550);
}

TEST(Parser, D57LocalizedDiagnosticOnlyWithoutTheOther) {
  Recipient r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\n"
      "Localized-Diagnostic: de; Postfach \xC3\xBC\x62\x65rf\xC3\xBCllt\n");
  EXPECT_EQ(r.diagnostic->value, "Postfach \xC3\xBC\x62\x65rf\xC3\xBCllt");
  EXPECT_EQ(r.diagnostic_language, "de");
  r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\n"
      "Localized-Diagnostic: de; voll\nDiagnostic-Code: smtp; 552 full\n");
  EXPECT_EQ(r.diagnostic->value, "full");
  EXPECT_EQ(r.diagnostic_language, "");
}

TEST(Parser, D58D60TheReturnedHeaderIsFoundAndDerived) {
  const std::string header =
      "Return-Path: <sender@example.com>\nMessage-ID: <m1@example.com>\n"
      "Message-ID: <m2@example.com>\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n";
  const Report list = Parse(Multipart(
      kReportHeader, {kText,
                      Status(kFields),
                      {"Content-Type: text/rfc822-headers\n",
                       "List-Id: News <news.example.com>\nDate: x\nTo: r@example.net\n"}}));
  ASSERT_TRUE(list.returned.list_id && list.returned.date && list.returned.to);
  EXPECT_EQ(list.returned.list_id->value, "News <news.example.com>");
  EXPECT_EQ(list.returned.list_id->provenance, Provenance::kDerived);
  EXPECT_EQ(list.returned.date->value, "x");
  EXPECT_EQ(list.returned.to->value, "r@example.net");
  const std::vector<Part> ways = {
      {"Content-Type: message/rfc822\n", header + "\nbody\n"},
      {"Content-Type: text/rfc822-headers\n", header},
      {"Content-Type: message/rfc822\n", "Here it is:\n\n" + header + "\nbody\n"},
      {"", header + "\nbody\n"},
      {"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n",
       "UmV0dXJuLVBhdGg6IDxzZW5kZXJAZXhhbXBsZS5jb20+"
       "Ck1lc3NhZ2UtSUQ6IDxtMUBleGFtcGxlLmNvbT4KU3ViamVj\n"
       "dDogPT91dGYtOD9RP0dyPUMzPUJDPUMzPTlGZT89Cgpib2R5Cg==\n"}};
  for (const Part& way : ways) {
    const Report report = Parse(Multipart(kReportHeader, {kText, Status(kFields), way}));
    SCOPED_TRACE(way.header);
    ExpectUsual(report);
    ASSERT_TRUE(report.returned.message_id);
    EXPECT_EQ(report.returned.message_id->value, "<m1@example.com>");
    EXPECT_EQ(report.returned.message_id->provenance, Provenance::kDerived);
    EXPECT_EQ(report.returned.return_path->value, "sender@example.com");
    EXPECT_EQ(report.returned.subject->value, "Gr\xC3\xBC\xC3\x9F\x65");
  }
}

TEST(Parser, D82TheTextHelpsOutAGenericStatus) {
  const std::string status =
      "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; r@example.net\nAction: failed\n"
      "Status: 5.0.0\n\nFinal-Recipient: rfc822; s@example.net\nAction: failed\nStatus: 5.0.0\n";
  const Part text = {
      "Content-Type: text/plain\n",
      "Sorry:\n\nr@example.net: 550 5.1.1 no such user\ns@example.net: 552 5.2.2 full\n"};
  const Report report = Parse(Multipart(kReportHeader, {text, Status(status)}));
  ASSERT_EQ(report.recipients.size(), 2u);
  EXPECT_EQ(ToString(report.recipients[0].enhanced_status->value), "5.1.1");
  EXPECT_EQ(report.recipients[0].enhanced_status->provenance, Provenance::kGuessed);
  EXPECT_EQ(ToString(report.recipients[0].stated_status->value), "5.0.0");
  EXPECT_EQ(report.recipients[0].reply_code->provenance, Provenance::kGuessed);
  EXPECT_EQ(report.recipients[0].diagnostic->value, "no such user");
  EXPECT_EQ(ToString(report.recipients[1].enhanced_status->value), "5.2.2");
}

TEST(Parser, D82TheTextNeverTouchesWhatTheFieldsSay) {
  const Part text = {
      "Content-Type: text/plain\n",
      "<r@example.net>: host mx said: 452 4.2.2 full (in reply to end of DATA command)\n"};
  const Report report = Parse(Multipart(kReportHeader, {text, Status(kFields)}));
  ExpectUsual(report);
  EXPECT_EQ(report.recipients[0].stage, Stage::kData);
}

struct WordsForPeople {
  std::string_view name;
  std::string_view text;  // behind the address
  std::string_view want;  // of the host that it quotes
};
class WordsForPeopleTest : public testing::TestWithParam<WordsForPeople> {};

TEST_P(WordsForPeopleTest, AreOfTheHostThatTheyQuoteAlone) {
  const Part text = {"Content-Type: text/plain\n",
                     absl::StrCat("<r@example.net>:\n  ", Absl(GetParam().text), "\n")};
  const Report report = Parse(Multipart(
      kReportHeader, {text, Status("Final-Recipient: r@example.net\nAction: failed\n"
                                   "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1\n")}));
  const Recipient& recipient = report.recipients[0];
  EXPECT_EQ(recipient.reply_code->value, 550);
  EXPECT_EQ(recipient.diagnostic ? recipient.diagnostic->value : "", GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    , WordsForPeopleTest,
    testing::ValuesIn<WordsForPeople>({
        {"Postfix", "host mx said: 550 5.1.1 no such user (in reply to RCPT TO\n    command)",
         "no such user"},
        {"PostfixWithoutWords", "host mx said: 550 5.1.1 (in reply to RCPT TO command)", ""},
        {"Qmail", "Remote host said: 550 5.1.1 no such user\n  Giving up on 192.0.2.1.",
         "no such user"},
        {"QmailWithoutWords", "Remote host said: 550 5.1.1\n  Giving up on 192.0.2.1.", ""},
        {"HostsOwnAreLeft", "host mx said: 550 5.1.1 (in reply to RCPT) no such user",
         "(in reply to RCPT) no such user"},
        {"HostGivesUp", "host mx said: 550 5.1.1 Giving up on that user", "Giving up on that user"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Parser, D84TheTextIsReadInItsCharset) {
  const Part text = {"Content-Type: text/plain; charset=iso-2022-jp\n",
                     "<r@example.net>: \x1B$BG-\x1B(B\n"};
  const Report report = Parse(
      Multipart(kReportHeader,
                {text, Status("Final-Recipient: r@example.net\nAction: failed\nStatus: 5.0.0\n")}));
  EXPECT_EQ(report.recipients[0].diagnostic->value, "\xE7\x8C\xAB");
}

TEST(Parser, D85D100DiagnosticsAreFitToShow) {
  const Recipient r = ParseRecipient(
      "Final-Recipient: r@example.net\nAction: failed\nDiagnostic-Code: smtp; "
      "550 unzul\xE4ssig \xE2\x80\xAE\x07 x\n");
  EXPECT_TRUE(IsValidUtf8(r.diagnostic->value));
  EXPECT_EQ(r.diagnostic->value.find('\x07'), std::string::npos);
}

TEST(Parser, D86ItsOwnHeaderIsDecoded) {
  const Report report = ParseFields(kFields);
  EXPECT_EQ(report.subject->value, "Zur\xC3\xBC\x63k");
  EXPECT_EQ(report.message_id->value, "<r1@mx.example>");
}

TEST(Parser, D90DatesHaveTheirInstantsBesideThem) {
  const Report report = Parse(Multipart(
      "Date: 26 Nov 26 13:07 EST\n" + std::string(kReportHeader),
      {kText,
       Status("Reporting-MTA: dns; x\nArrival-Date: 2026-11-26T13:07:58+01:00\n\n"
              "Final-Recipient: r@example.net\nAction: failed\n"),
       {"Content-Type: message/rfc822\n", "Date: yesterday\nSubject: hello\n\nhello\n"}}));
  EXPECT_EQ(report.date->value, "26 Nov 26 13:07 EST");
  EXPECT_EQ(report.date->time, absl::FromUnixSeconds(1'795'716'420));
  EXPECT_EQ(report.arrival_date->value, "2026-11-26T13:07:58+01:00");
  EXPECT_EQ(report.arrival_date->time, absl::FromUnixSeconds(1'795'694'878));
  EXPECT_EQ(report.returned.date->value, "yesterday");
  EXPECT_FALSE(report.returned.date->time);
}

TEST(Parser, D89NoDateDropsAReport) {
  for (const std::string_view date :
       {"", "Thu, 1 Jan 1970 00:00:00 +0000", "Thu, 31 Dec 2099 23:59:59 -1200", "2 Nov 26 10:00",
        "yesterday", "99999999999999999999"}) {
    const std::string value(date);
    const Report report =
        Parse("Date: " + value + "\n" +
              Multipart(kReportHeader,
                        {kText, Status("Arrival-Date: " + value + "\n" + std::string(kFields) +
                                       "Last-Attempt-Date: " + value + "\n")}));
    SCOPED_TRACE(date);
    ExpectUsual(report);
    EXPECT_EQ(report.date ? report.date->value : "", date);
    EXPECT_EQ(report.arrival_date ? report.arrival_date->value : "", date);
    EXPECT_EQ(Further(report.recipients[0].further_fields, "Last-Attempt-Date"), date);
  }
}

TEST(Parser, SpansQuoteWhatWasRead) {
  const std::string message = Multipart(kReportHeader, {kText, Status(kFields), kReturned});
  const Recipient r = Parse(message).recipients[0];
  const auto quoted = [&](Span where) { return message.substr(where.offset, where.length); };
  EXPECT_EQ(quoted(r.final_recipient->where), "rfc822; r@example.net");
  EXPECT_EQ(quoted(r.enhanced_status->where), "5.1.1");
  EXPECT_EQ(quoted(r.reply_code->where), "550");
  EXPECT_EQ(quoted(r.diagnostic->where), "550 5.1.1 no such user");
}

TEST(Parser, SeveralStatusPartsAreAllRead) {
  const Report report = Parse(Multipart(
      kReportHeader,
      {kText, Status(kFields),
       Status("Reporting-MTA: dns;x\n\nFinal-Recipient: s@example.net\nAction: failed\n")}));
  ASSERT_EQ(report.recipients.size(), 2u);
  EXPECT_EQ(report.recipients[1].final_recipient->value, "s@example.net");
}

// --- What is about no delivery

constexpr std::string_view kFeedbackHeader =
    "From: Feedback Loop <fbl@provider.example>\nSubject: FW: news\n"
    "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n";

Report ParseFeedback(std::string_view fields, const Part& returned = kReturned) {
  return Parse(Multipart(
      kFeedbackHeader,
      {kText, {"Content-Type: message/feedback-report\n", std::string(fields)}, returned}));
}

TEST(Parser, D63AFeedbackReportIsAComplaint) {
  const Report report = ParseFeedback(
      "Feedback-Type: abuse\nUser-Agent: Loop/1\nVersion: 1\nOriginal-Mail-From: <s@example.com>\n"
      "Original-Rcpt-To: <R@example.net>\nSource-IP: 192.0.2.1\n");
  EXPECT_EQ(report.kind, Kind::kComplaint);
  EXPECT_EQ(report.form, "rfc5965");
  ASSERT_EQ(report.recipients.size(), 1u);
  const Recipient& recipient = report.recipients[0];
  EXPECT_EQ(recipient.kind, Kind::kComplaint);
  ASSERT_TRUE(recipient.final_recipient);
  EXPECT_EQ(recipient.final_recipient->value, "R@example.net");
  EXPECT_EQ(recipient.final_recipient->provenance, Provenance::kReported);
  EXPECT_EQ(recipient.classification.reason, Reason::kComplaintAbuse);
  EXPECT_EQ(recipient.classification.bounce_class, BounceClass::kNone);
  EXPECT_EQ(recipient.classification.matched_text, "abuse");
  ASSERT_TRUE(report.feedback && report.feedback->original_mail_from);
  EXPECT_EQ(report.feedback->original_mail_from->value, "s@example.com");
  ASSERT_TRUE(report.returned.return_path);
  EXPECT_EQ(report.returned.return_path->value, "sender@example.com");
}

TEST(Parser, D65TheBareFormTakesItsRecipientFromTheReturnedMessage) {
  constexpr std::string_view kBare = "Feedback-Type: abuse\nUser-Agent: Loop/1\nVersion: 1\n";
  struct Row {
    std::string_view header;
    std::string_view want;  // empty: nobody
  };
  for (const Row& row :
       {Row{"To: <r@example.net>\n", "r@example.net"},
        Row{"To: list@example.net\nDelivered-To: r@example.net\n", "r@example.net"},
        Row{"To: x\nX-HmXmrOriginalRecipient: r@example.net\n", "r@example.net"},
        Row{"X-Apparently-To: r@example.net via 192.0.2.45; Thu\n", "r@example.net"},
        Row{"To: a@example.net, b@example.net\n", ""}, Row{"To: <Undisclosed Recipients>\n", ""}}) {
    const Report report = ParseFeedback(kBare, {"Content-Type: message/rfc822\n",
                                                std::string(row.header) + "Subject: news\n\nx\n"});
    ASSERT_EQ(report.recipients.size(), 1u) << row.header;
    const std::optional<Found<std::string>>& found = report.recipients[0].final_recipient;
    EXPECT_EQ(found ? found->value : "", row.want) << row.header;
    if (found) {
      EXPECT_EQ(found->provenance, Provenance::kDerived) << row.header;
    }
  }
}

std::vector<std::string> NamedInWords(std::string_view message) {
  std::vector<std::string> named;
  for (const Found<std::string>& address : Parser(RuleSet::BuiltIn()).NamedInWords(message)) {
    EXPECT_EQ(address.provenance, Provenance::kGuessed);
    EXPECT_EQ(message.substr(address.where.offset, address.where.length), address.value);
    named.push_back(address.value);
  }
  return named;
}

TEST(Parser, D36WordsNameManyBesideTheFailed) {
  const Part words = {"Content-Type: text/plain\n",
                      "Sorry. <r+tag@example.net> is an alias of\n  r@example.org. Ask\n"
                      "> postmaster@mx.example, not a@b or nobody.\n"};
  const Part html = {"Content-Type: text/html\n", "<p>Ask x@example.net</p>\n"};
  const std::vector<std::string> want = {"r+tag@example.net", "r@example.org",
                                         "postmaster@mx.example"};
  EXPECT_EQ(NamedInWords(Multipart(kReportHeader, {words, Status(kFields), kReturned})), want);
  EXPECT_EQ(NamedInWords(Multipart(kReportHeader, {words, Status(kFields), html})), want);
  EXPECT_EQ(NamedInWords(Multipart(kReportHeader, {Status(kFields), kReturned})),
            std::vector<std::string>());
  EXPECT_EQ(NamedInWords(""), std::vector<std::string>());
}

TEST(Parser, D36WordsNameNoMoreThanTheirBound) {
  for (const std::size_t count : {kMaxNamedInWords - 1, kMaxNamedInWords, kMaxNamedInWords + 1}) {
    std::string words = "Subject: failure\n\n";
    for (std::size_t i = 0; i < count; ++i) words += "r@example.net\n";
    EXPECT_EQ(NamedInWords(words).size(), std::min(count, kMaxNamedInWords));
  }
}

TEST(Parser, D67ARedactedRecipientIsNoAddress) {
  const Report report =
      ParseFeedback("Feedback-Type: abuse\nOriginal-Rcpt-To: redacted@example.net\n",
                    {"Content-Type: message/rfc822\n", "REDACTED\n"});
  EXPECT_EQ(report.kind, Kind::kComplaint);
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_FALSE(report.recipients[0].final_recipient);
}

TEST(Parser, D67NeitherInTheFieldsNorInWhatCameBack) {
  constexpr std::string_view kDigest = "rZ8cqXWGiKHzhz1MsFRGTysHia4=@example.net";
  const std::string feedback =
      absl::StrCat("Feedback-Type: abuse\nOriginal-Rcpt-To: <", Absl(kDigest), ">\n");
  const auto returned_to = [](std::string_view to) {
    return Part{"Content-Type: message/rfc822\n", absl::StrCat("To: ", Absl(to), "\n\nx\n")};
  };
  Report report = ParseFeedback(feedback, returned_to(kDigest));
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_FALSE(report.recipients[0].final_recipient);
  report = ParseFeedback(feedback, returned_to("r@example.net"));
  ASSERT_EQ(report.recipients.size(), 1u);
  ASSERT_TRUE(report.recipients[0].final_recipient);
  EXPECT_EQ(report.recipients[0].final_recipient->value, "r@example.net");
  // Elsewhere it is as good a name as any.
  report = ParseFields(absl::StrCat("Final-Recipient: rfc822; ", Absl(kDigest),
                                    "\nAction: failed\nStatus: 5.1.1\n"));
  EXPECT_EQ(report.recipients.at(0).final_recipient->value, kDigest);
}

// Whose it is, whoever knows the sender may say.
TEST(Parser, D68APlainForwardIsOtherAndItsHeaderIsRead) {
  for (const std::string_view more : {"", "Auto-Submitted: auto-generated\n"}) {
    const Report report = Parse(
        Multipart(absl::StrCat("From: feedback@loop.example\nSubject: FW: news\n", Absl(more),
                               "Content-Type: multipart/mixed; boundary=b\n"),
                  {kText,
                   {"Content-Type: message/rfc822\n",
                    "Return-Path: <s@example.com>\nTo: r@example.net\nSubject: news\n\nx\n"}}));
    EXPECT_NE(report.kind, Kind::kComplaint) << more;
    EXPECT_NE(report.kind, Kind::kBounce) << more;
    ASSERT_TRUE(report.returned.return_path && report.returned.to) << more;
    EXPECT_EQ(report.returned.return_path->value, "s@example.com");
    EXPECT_EQ(report.returned.to->value, "r@example.net");
    EXPECT_EQ(report.returned.to->provenance, Provenance::kDerived);
  }
}

TEST(Parser, D69ManyIncidentsAreOneComplaint) {
  const Report report =
      ParseFeedback("Feedback-Type: abuse\nOriginal-Rcpt-To: r@example.net\nIncidents: 7\n");
  ASSERT_EQ(report.recipients.size(), 1u);
  ASSERT_TRUE(report.feedback->incidents);
  EXPECT_EQ(report.feedback->incidents->value, "7");
}

TEST(Parser, D70AFailedAuthenticationIsNoComplaint) {
  const Report report =
      ParseFeedback("Feedback-Type: auth-failure\nOriginal-Rcpt-To: r@example.net\n");
  EXPECT_EQ(report.kind, Kind::kOther);
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].classification.reason, Reason::kComplaintOther);
}

TEST(Parser, AFeedbackReportThatAPersonSendsOnIsOther) {
  ExpectOther(Parse(Multipart(
      "From: dana@example.org\nContent-Type: multipart/mixed; boundary=b\n",
      {kText, {"Content-Type: message/feedback-report\n", "Feedback-Type: abuse\n"}, kReturned})));
}

void ExpectReadReceipt(const Report& report) {
  EXPECT_EQ(report.kind, Kind::kOther);
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].classification.reason, Reason::kReadReceipt);
}

TEST(Parser, D71D72AReadReceiptKeepsWhomItIsFromAndDoesNothing) {
  for (const std::string_view type :
       {"disposition-notification", "global-disposition-notification"}) {
    const Report report = Parse(Multipart(
        "From: dana@example.org\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n",
        {kText,
         {"Content-Type: message/" + std::string(type) + "\n",
          "Original-Recipient: rfc822;dana@example.org\nFinal-Recipient: rfc822;d@example.org\n"
          "Original-Message-ID: <m9@example.com>\n"
          "Disposition: manual-action/MDN-sent-manually; displayed\n"}}));
    EXPECT_EQ(report.kind, Kind::kOther);
    EXPECT_EQ(report.form, "rfc8098");
    ASSERT_EQ(report.recipients.size(), 1u);
    const Recipient& recipient = report.recipients[0];
    EXPECT_EQ(recipient.kind, Kind::kOther);
    EXPECT_EQ(recipient.classification.reason, Reason::kReadReceipt);
    EXPECT_EQ(recipient.classification.bounce_class, BounceClass::kNone);
    ASSERT_TRUE(recipient.final_recipient && recipient.original_recipient);
    EXPECT_EQ(recipient.final_recipient->value, "d@example.org");
    EXPECT_EQ(recipient.original_recipient->value, "dana@example.org");
    ASSERT_TRUE(report.returned.message_id);
    EXPECT_EQ(report.returned.message_id->value, "<m9@example.com>");
  }
}

// Sieve's reject (RFC 5429, 2.2), as Dovecot sends it; a receipt for what was deleted unread is of
// the same type.
TEST(Parser, D71ARefusalInTheFormOfAReadReceiptIsABounce) {
  const auto parse = [](std::string_view words, std::string_view disposition) {
    return Parse(Multipart(
        "Return-Path: <>\nFrom: Mail Delivery Subsystem <postmaster@mx.example>\n"
        "Auto-Submitted: auto-replied (rejected)\nSubject: Rejected: news\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n",
        {{"Content-Type: text/plain\n", std::string(words)},
         {"Content-Type: message/disposition-notification\n",
          "Final-Recipient: rfc822; r@example.net\nOriginal-Message-ID: <m9@example.com>\n"
          "Disposition: " +
              std::string(disposition) + "\n"}}));
  };
  constexpr std::string_view kRefused = "automatic-action/MDN-sent-automatically; deleted";
  const Report report = parse(
      "Your message to <r@example.net> was automatically rejected:\nQuota exceeded (mailbox for "
      "user is full)\n",
      kRefused);
  EXPECT_EQ(report.kind, Kind::kBounce);
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].classification.reason, Reason::kMailboxFull);
  EXPECT_EQ(report.recipients[0].final_recipient->value, "r@example.net");
  EXPECT_EQ(parse("Your message was automatically rejected:\nI want no news.\n", kRefused)
                .recipients[0]
                .classification.bounce_class,
            BounceClass::kSoft);
  ExpectReadReceipt(parse("Your message was deleted without being read.\n", kRefused));
  ExpectReadReceipt(
      parse("Your message could not be delivered.\n", "manual-action/MDN-sent-manually; deleted"));
}

TEST(Parser, D18AFormFeedIsABlankWhereverItStands) {
  for (const std::string_view diagnostic :
       {"x-unix; \f no", "smtp; \v550 5.1.1 no", "\f", "smtp;\v"}) {
    const Recipient recipient = ParseRecipient(
        "Final-Recipient: rfc822; r@example.net\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: " +
        std::string(diagnostic) + "\n");
    EXPECT_EQ(recipient.classification.reason, Reason::kNoSuchUser) << diagnostic;
  }
}

TEST(Parser, D73D74AnAutomaticReplyIsOneWhateverItSays) {
  const Report report = Parse(
      "Return-Path: <>\nFrom: Dana <dana@example.org>\nAuto-Submitted: auto-replied\n"
      "Subject: Re: news\n\nI have left the company. My address is no longer valid:\n\n"
      "dana@example.org: mail could not be delivered, user unknown\n");
  EXPECT_EQ(report.kind, Kind::kAutoReply);
  EXPECT_EQ(report.form, "reply");
  ASSERT_EQ(report.recipients.size(), 1u);
  const Recipient& recipient = report.recipients[0];
  EXPECT_EQ(recipient.classification.reason, Reason::kAutoReply);
  EXPECT_EQ(recipient.classification.bounce_class, BounceClass::kNone);
  ASSERT_TRUE(recipient.final_recipient);
  EXPECT_EQ(recipient.final_recipient->value, "dana@example.org");
  EXPECT_EQ(recipient.final_recipient->provenance, Provenance::kDerived);
}

TEST(Parser, D73AReportInWordsByAMailSystemIsNoReply) {
  const Report report = Parse(
      "From: Mail Delivery System <mailer-daemon@mx.example>\nAuto-Submitted: auto-replied\n"
      "Subject: Mail delivery failed: returning message to sender\n\n"
      "A message that you sent could not be delivered:\n\n  r@example.net\n    Unknown user\n");
  EXPECT_EQ(report.kind, Kind::kBounce);
  EXPECT_EQ(report.form, "prose");
}

// Gateways and small products mark their reports as replies, and their From is no known name.
TEST(Parser, D73AReportThatIsMarkedAsAReplyHasASubjectThatTellsTheFailure) {
  const auto parse = [](std::string_view subject, std::string_view text) {
    return Parse(
        "Return-Path: <>\nFrom: Mail Router <router@mx.example>\n"
        "Auto-Submitted: auto-replied\nSubject: " +
        std::string(subject) + "\n\n" + std::string(text));
  };
  constexpr std::string_view kReportText =
      "Delivery to these recipients failed:\n\nr@example.net\n550 5.1.1 User unknown\n";
  const Report report = parse("Undeliverable: news", kReportText);
  EXPECT_EQ(report.kind, Kind::kBounce);
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].final_recipient->value, "r@example.net");
  EXPECT_EQ(parse("Automatic reply: Undeliverable: news", kReportText).kind, Kind::kAutoReply);
  EXPECT_EQ(parse("Re: Undeliverable: news", kReportText).kind, Kind::kAutoReply);
  EXPECT_EQ(parse("News", kReportText).kind, Kind::kAutoReply);
  EXPECT_EQ(parse("Undeliverable: news", "I have left: r@example.net\n").kind, Kind::kAutoReply);
}

TEST(Parser, D2APostmasterWhoAnswersHimselfSendsNoReport) {
  const std::string header =
      "From: Postmaster <postmaster@example.net>\nSubject: Re: delivery problems\n"
      "In-Reply-To: <m1@example.com>\n";
  const std::string text =
      "\nThe message to <r@example.net> was rejected with 550 5.1.1 User unknown, but he is still "
      "here; our directory was down.\n";
  ExpectOther(Parse("Return-Path: <postmaster@example.net>\n" + header + text));
}

TEST(Parser, D73WhatAMachineMadeByItselfIsAReplyUnlessItCarriesFiles) {
  const std::string header =
      "From: robot@example.org\nAuto-Submitted: auto-generated\nSubject: x\n";
  EXPECT_EQ(Parse(header + "\nThank you for your mail.\n").kind, Kind::kAutoReply);
  ExpectOther(Parse(Multipart(header + "Content-Type: multipart/mixed; boundary=b\n",
                              {kText, {"Content-Type: application/gzip\n", "x"}})));
}

TEST(Parser, D75AChallengeIsAReply) {
  const Report report = Parse(
      "From: dana@example.org\nAuto-Submitted: auto-replied\nSubject: Please confirm your "
      "message\n\n"
      "Click to prove you are human.\n");
  EXPECT_EQ(report.kind, Kind::kAutoReply);
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].classification.reason, Reason::kChallengeResponse);
}

TEST(Parser, D76AMailProgramUnsubscribes) {
  const Report report = Parse("From: dana@example.org\nSubject: unsubscribe\n\n");
  EXPECT_EQ(report.kind, Kind::kUnsubscribe);
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_EQ(report.recipients[0].classification.reason, Reason::kUnsubscribe);
}

TEST(Path, TellsEachStepWhereItStands) {
  const std::string message =
      Multipart(kReportHeader,
                {kText,
                 Status("Final-Recipient: rfc822; r@example.net\nAction: failed\nStatus: 5.0.0\n"
                        "Diagnostic-Code: smtp; 550 5.1.1 no such user\n"),
                 kReturned});
  const Parser parser(RuleSet::BuiltIn());
  const Report report = parser.Parse(message, Detail::kFull);
  EXPECT_THAT(StepsOf(report),
              testing::ElementsAre(
                  "parts: multipart/report, text/plain, message/delivery-status, message/rfc822",
                  "a mail system wrote it: by its From or a null return path",
                  "a part of its type is read as a delivery status (RFC 3464)",
                  "the message that came back begins here",
                  "the status 5.0.0 says less than 5.1.1, which takes its place",
                  "the Diagnostic-Code is what the rules look at",
                  "Action says what became of the message"));
  const auto text_of = [&](std::size_t step) {
    return message.substr(report.path[step].where.offset, report.path[step].where.length);
  };
  EXPECT_EQ(text_of(4), "5.1.1");
  EXPECT_EQ(text_of(5), "550 5.1.1 no such user");
  EXPECT_EQ(text_of(6), "failed");
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_FALSE(report.recipients[0].candidates.empty());
}

TEST(Path, TellsWhyNothingWasRead) {
  const Report report =
      Parser(RuleSet::BuiltIn())
          .Parse("From: a@example.net\nSubject: failure\n\nUser unknown\n", Detail::kFull);
  EXPECT_THAT(StepsOf(report),
              testing::ElementsAre("one part: text/plain",
                                   "somebody wrote it who is no mail system: by its From",
                                   "its text is not searched for a report, as no mail system wrote "
                                   "it"));
}

TEST(Path, IsNotToldUnasked) {
  const Report report = ParseFields(kFields);
  EXPECT_TRUE(report.path.empty());
  ASSERT_EQ(report.recipients.size(), 1u);
  EXPECT_TRUE(report.recipients[0].candidates.empty());
}

// A report of thousands goes the same way for each.
TEST(Path, HoldsItsBound) {
  std::string fields = "Reporting-MTA: dns; mx.example\n";
  for (int i = 0; i < 300; ++i) {
    absl::StrAppend(&fields, "\nFinal-Recipient: rfc822; r", i, "@example.net\nAction: failed\n");
  }
  const Report report =
      Parser(RuleSet::BuiltIn())
          .Parse(Multipart(kReportHeader, {kText, Status(fields)}), Detail::kFull);
  EXPECT_EQ(report.recipients.size(), 300u);
  EXPECT_EQ(report.path.size(), Trail::kMaxSteps);
}

TEST(Parser, AnAddressTakenFromTheReturnedMessageKeepsToTheBound) {
  const std::string address = std::string(50, 'r') + "@example.net";  // 62 octets
  const std::string message =
      "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\n"
      "Subject: Delivery Notification: Delivery has failed\n\nSorry.\n\n"
      "Received: from a by b\nTo: " +
      address + "\nSubject: news\n";
  for (const std::size_t bound : {address.size() - 1, address.size()}) {
    ParserLimits limits;
    limits.max_diagnostic = bound;
    const Report report = Parse(message, limits);
    ASSERT_EQ(report.recipients.size(), 1u);
    EXPECT_EQ(report.recipients[0].final_recipient.has_value(), bound == address.size());
  }
}

}  // namespace
}  // namespace bounced
