// Who wrote a report, by whole messages through Parse().
#include "parser/reporter/reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "corpus.h"
#include "parser/parser.h"

namespace bounced {
namespace {

struct Case {
  std::string_view name;  // D78 and whom it is of
  std::string_view reporter;
  std::string_view header;
  std::string_view text;
};
class ReporterTest : public testing::TestWithParam<Case> {};

std::string ReporterOf(std::string_view header, std::string_view text) {
  static const Parser parser(RuleSet::BuiltIn());
  return parser
      .Parse(std::string(header) + "Subject: Undeliverable mail\n\n" + std::string(text),
             Detail::kFull)
      .reporter;
}

TEST_P(ReporterTest, IsNamed) {
  EXPECT_EQ(ReporterOf(GetParam().header, GetParam().text), GetParam().reporter);
}

// Mail of which nothing but From tells who wrote it.
constexpr std::string_view kPlain =
    "Delivery to the following recipient failed:\n\n<r@example.net>\n";
// What Exim and those who have taken its words write.
constexpr std::string_view kExim =
    "This message was created automatically by mail delivery software.\n\n"
    "A message that you sent could not be delivered to one or more of its\nrecipients. This is a "
    "permanent error. The following address(es) failed:\n\n  r@example.net\n    550 no\n";

INSTANTIATE_TEST_SUITE_P(
    D78, ReporterTest,
    testing::ValuesIn<Case>({
        {"Google", "google", "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n",
         kPlain},
        {"GoogleByItsWords", "google", "From: postmaster@x.example\n",
         "Google tried to deliver your message, but it was rejected.\n\n<r@example.net>\n"},
        {"AmazonSes", "amazon-ses", "From: MAILER-DAEMON@amazonses.com\n", kPlain},
        {"AmazonSesOfOnesOwnDomain", "amazon-ses", "From: MAILER-DAEMON@email.example\n",
         "An error occurred while trying to deliver the mail to the following recipients:\n"
         "r@example.net\n"},
        {"Yahoo", "yahoo", "From: MAILER-DAEMON@yahoo.example\n",
         "Sorry, we were unable to deliver your message to the following address.\n\n"
         "<r@example.net>:\nRemote host said: 554 no\n"},
        {"Aol", "aol", "From: MAILER-DAEMON@aol.example\n",
         "Your mail to the following recipients could not be delivered because they are not\n"
         "accepting mail from sender@example.com:\n    r@example.net\n"},
        {"Apple", "apple", "From: postmaster@icloud.com\n", kPlain},
        {"Gmx", "gmx", "From: GMX Mailer Daemon <mailer-daemon@gmx.example>\n", kExim},
        {"GmxByItsDomain", "gmx", "From: mailer-daemon@web.de\n", kExim},
        {"MailRu", "mailru", "From: mailer-daemon@corp.mail.ru\n", kExim},
        {"Yandex", "yandex", "From: mailer-daemon@yandex.ru\n", kPlain},
        {"Zoho", "zoho", "From: mailer-daemon@mail.zoho.com\n", kExim},
        {"Tencent", "tencent", "From: \"postmaster\" <PostMaster@qq.com>\n", kPlain},
        {"NetEase", "netease", "From: Postmaster@163.com\n", kPlain},
        {"Sina", "sina", "From: MAILER-DAEMON@sina.com\n", kPlain},
        {"Docomo", "docomo", "From: mail-daemon@docomo.ne.jp\n", kPlain},
        {"Kddi", "kddi", "From: Postmaster@ezweb.ne.jp\n", kPlain},
        {"SoftBank", "softbank", "From: MAILER-DAEMON@softbank.ne.jp\n", kPlain},
        {"Biglobe", "biglobe", "From: postmaster@biglobe.ne.jp\n", kPlain},
        {"Mimecast", "mimecast", "From: postmaster@x.example\n",
         "This is a system-generated message to inform you that your email could not\n"
         "be delivered to one or more recipients. Details of the email and the error are as "
         "follows:\n\n<r@example.net>: host mx.example.net said: 451 try later\n"},
        {"Barracuda", "barracuda", "From: postmaster@x.example\n",
         "Your message to: r@example.net\nwas blocked by our Spam Firewall. The email you sent has "
         "NOT BEEN DELIVERED:\n\nReason: 554 5.7.1 rejected\n"},
        {"MessageLabs", "messagelabs", "From: MAILER-DAEMON@x.example\n",
         "This is the mail delivery agent at messagelabs.example.\n"
         "I was not able to deliver your message to the following addresses.\n\n"
         "<r@example.net>:\n192.0.2.1 does not like recipient.\n"},
        {"Exchange2003", "exchange", "From: System Administrator <postmaster@x.example>\n",
         "Your message\n\n  To:      r@example.net\n\ndid not reach the following recipient(s):\n\n"
         "r@example.net on Mon, 2 Nov 2026 10:00:02 -0400\n    Unknown Recipient\n"},
        {"Exchange2010", "exchange", "From: postmaster@x.example\n",
         "Delivery has failed to these recipients or groups:\n\nr@example.net\n"
         "Your message couldn't be delivered.\n"},
        {"ExchangeInHtml", "exchange", "From: postmaster@x.example\nContent-Type: text/html\n",
         "<html><head><style>p { color: red }</style></head><p>Delivery has failed to these "
         "recipients or&nbsp;groups:</p><p>r@example.net</p>\n"},
        {"ExchangeInBase64", "exchange",
         "From: postmaster@x.example\nContent-Type: text/plain\nContent-Transfer-Encoding: "
         "base64\n",
         "RGVsaXZlcnkgaGFzIGZhaWxlZCB0byB0aGVzZSByZWNpcGllbnRzIG9yIGdyb3VwczoKCnJAZXhh\n"
         "bXBsZS5uZXQK\n"},
        {"Domino", "domino", "From: Postmaster@x.example\nSubject: DELIVERY FAILURE: no\n",
         "Your message\n\n  Subject: news\n\nwas not delivered to:\n\n  r@example.net\n\n"
         "because:\n\n  User r (r@example.net) not listed in Domino Directory\n"},
        {"GroupWise", "groupwise", "From: Mailer-Daemon@x.example\n",
         "The message that you sent was undeliverable to the following:\n"
         "\tr@example.net (user not found)\n\nPossibly truncated original message follows:\n"},
        {"CcMail", "cc-mail", "From: postmaster@x.example\n",
         "cc:Mail SMTPLINK Undeliverable Message\n\nThe message could not be delivered to\n"
         "r@example.net\n"},
        {"Qmail", "qmail", "From: MAILER-DAEMON@x.example\n",
         "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver "
         "your message to the following addresses.\n\n<r@example.net>:\nno\n"},
        {"James", "james", "From: postmaster@x.example\n",
         "Hi. This is the James mail server at mx.example.net.\nI'm afraid I wasn't able to "
         "deliver "
         "your message to the following addresses.\nThis is a permanent error; I've given up.\n\n"
         "Failed recipient(s):\nr@example.net\n"},
        {"Courier", "courier", "From: \"Courier mail server at mx.example\" <@>\n",
         "This is a delivery status notification from mx.example,\nrunning the Courier mail "
         "server, "
         "version 1.0.\n\nYour message to the following recipients cannot be delivered:\n\n"
         "<r@example.net>:\n    no\n"},
        {"OpenSmtpd", "opensmtpd", "From: Mailer Daemon <MAILER-DAEMON@x.example>\n",
         "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n"
         "    An error has occurred while attempting to deliver a message for\n"
         "    the following list of recipients:\n\nr@example.net: 550 no\n"},
        {"DragonFly", "dragonfly", "From: MAILER-DAEMON <>\nX-Original-To: <r@example.net>\n",
         "This is the DragonFly Mail Agent v0.13 at mx.example.\n\n"
         "There was an error delivering your mail to <r@example.net>.\n\n550 no\n"},
        {"Zimbra", "zimbra", "From: MAILER-DAEMON@x.example\nX-Mailer: Zimbra 9.0\n", kPlain},
        {"IMail", "imail", "From: Postmaster <postmaster@x.example>\nX-Mailer: <SMTP32 v8.22>\n",
         "User mailbox exceeds allowed size: r@example.net\n\n\nOriginal message follows.\n"},
        {"IMailByItsWords", "imail", "From: Postmaster <postmaster@x.example>\n",
         "Unknown user: r@example.net\n\nRCPT TO generated following response:\n"
         "550 no such mailbox\n\nOriginal message follows.\n\nReceived: from x\n"},
        {"MailEnable", "mailenable", "From: postmaster@x.example\n",
         "Message could not be delivered to some recipients.\n"
         "The following recipient(s) could not be reached:\n\n\tRecipient: r@example.net\n"
         "\tReason: Remote SMTP Server Returned: 550 no\n"},
        {"MDaemon", "mdaemon", "From: postmaster@x.example\n",
         "The attached message had PERMANENT fatal delivery errors!\n\n"
         "YOUR MESSAGE WAS NOT DELIVERED!\n\n"
         "The following addresses did NOT receive a copy of your message: \n\n> r@example.net\n\n"
         "--- Session Transcript ---\n RCPT To:<r@example.net>\n 552 no\n QUIT\n"},
        {"HMailServer", "hmailserver", "From: mailer-daemon@x.example\n",
         "Your message did not reach some or all of the intended recipients.\n\n"
         "The following recipient(s) could not be reached:\n\nr@example.net\n"
         "   Error Type: SMTP\n   hMailServer sent: RCPT TO:<r@example.net>\n"},
        {"MailMarshal", "mailmarshal", "From: MailMarshal <postmaster@x.example>\n", kPlain},
        {"TrendMicro", "trendmicro", "From: postmaster@x.example\n",
         "****** Message from InterScan Messaging Security Suite ******\n\n"
         "Unable to deliver message to <r@example.net>.\n"},
        {"McAfee", "mcafee", "From: postmaster@x.example\n",
         "--- The following addresses had delivery problems ---\n\n<r@example.net>   (no)\n"},
        {"Kerio", "kerio", "From: \"Kerio Connect\" <postmaster@x.example>\n", kPlain},
        {"SurgeMail", "surgemail", "From: postmaster@x.example\n",
         "Failed to deliver message to <r@example.net>\nRemote server response was: 550 no\n"},
        {"MailFoundry", "mailfoundry", "From: MAILER-DAEMON@x.example\n",
         "Unable to deliver message to: <r@example.net>\nDelivery failed for the following "
         "reason:\n"
         "mx.example.net[192.0.2.1] responded with failure: 552 no\n"},
        {"CommuniGate", "communigate", "From: MAILER-DAEMON@x.example\n",
         "Failed to deliver to 'r@example.net'\nSMTP module(domain example.net) reports:\n no\n"},
        {"IronPort", "ironport", "From: MAILER-DAEMON@x.example\n",
         "The following message to <r@example.net> was undeliverable.\n"
         "The reason for the problem:\n5.1.0 - Unknown address error 550-'no'\n"},
        {"SurfControl", "surfcontrol", "From: postmaster@x.example\n",
         "Your message could not be sent.\nA transcript of the attempts to send the message "
         "follows.\nThe number of attempts made: 1\nAddressed To: r@example.net\n"},
        {"Netscape", "netscape", "From: postmaster@x.example\n",
         "This Message was undeliverable due to the following reason:\n\n"
         "The reasons given by the server are included to help you determine why\n"
         "each recipient was rejected.\n\n    Recipient: <r@example.net>\n"},
        {"PowerMta", "powermta", "From: postmaster@x.example\n",
         "Hello, this is the mail server on mx.example.\n\nI am sending you this message to inform "
         "you on the delivery status of a message you previously sent. The following recipients "
         "could not be reached:\n\nr@example.net\n"},
        {"Sendmail", "sendmail", "From: MAILER-DAEMON@x.example\n",
         "   ----- The following addresses had permanent fatal errors -----\n<r@example.net>\n\n"
         "   ----- Transcript of session follows -----\n550 no\n"},
        {"Postfix", "postfix", "From: MAILER-DAEMON@x.example\n",
         "This is the mail system at host mx.example.\n\nI'm sorry to have to inform you that your "
         "message could not\nbe delivered to one or more recipients.\n\n<r@example.net>: no\n"},
        {"Exim", "exim", "From: MAILER-DAEMON@x.example\n", kExim},
        {"Facebook", "facebook", "From: Facebook <mailer-daemon@mx.facebook.com>\n", kPlain},
        {"MessagingServer", "messaging-server", "From: postmaster@x.example\n",
         "This report relates to a message you sent with the following header fields:\n\n"
         "  Subject: news\n\nYour message cannot be delivered to the following recipients:\n\n"
         "  Recipient address: r@example.net\n  Reason: no\n"},
        {"Amavis", "amavis", "From: \"Content-filter at mx.example\" <postmaster@x.example>\n",
         kPlain},
        {"SendmailOfOld", "sendmail", "From: MAILER-DAEMON@x.example\n",
         "   ----- The following addresses had delivery problems -----\n<r@example.net>\n\n"
         "   ----- Transcript of session follows -----\n550 no\n"},
        {"Nobody", "", "From: MAILER-DAEMON@x.example\n", kPlain},
        {"WhatTheRemoteHostCallsItself", "postfix", "From: MAILER-DAEMON@x.example\n",
         "This is the mail system at host mx.example.\n\n<r@example.net>: host mx.example.net "
         "said:\n"
         "550 User not listed in Domino Directory, see Office 365 and hMailServer\n"},
        {"OtherMail", "", "From: jane@yahoo.com\nSubject: hello\n", "Hello.\n"},
        {"AReply", "", "From: jane@yahoo.com\nSubject: away\nAuto-Submitted: auto-replied\n",
         "Away.\n"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

std::string ReporterOfFields(std::string_view fields) {
  return ReporterOf("From: MAILER-DAEMON@x.example\nContent-Type: multipart/report; boundary=b\n",
                    "--b\nContent-Type: message/delivery-status\n\n" + std::string(fields) +
                        "\nFinal-Recipient: rfc822; r@example.net\nAction: failed\n--b--\n");
}

TEST(Reporter, D78AStatusNamesItToo) {
  EXPECT_EQ(ReporterOfFields("Reporting-MTA: dns; a1-2.prod.OUTLOOK.com\n"), "microsoft");
  EXPECT_EQ(ReporterOfFields("Reporting-MTA: dns; outlook.com.example\n"), "");
  EXPECT_EQ(ReporterOfFields("Reporting-MTA: dns; dispatch1-us1.ppe-hosted.com\n"), "proofpoint");
  EXPECT_EQ(ReporterOfFields("Reporting-MTA: dns; x.example\nX-Postfix-Queue-ID: 4Z\n"), "postfix");
  EXPECT_EQ(ReporterOfFields("Reporting-MTA: dns; x.example\n\nFinal-Recipient: s@example.net\n"
                             "Action: failed\nDiagnostic-Code: X-Notes; no such user\n"),
            "domino");
  EXPECT_EQ(ReporterOfFields("Reporting-MTA: dns; x.example\n"), "");
}

TEST(Reporter, OnlyTheBeginningIsLookedAt) {
  const std::string name = " this is the mail system at host";
  for (const std::size_t octets : {kMaxReporterOctets, kMaxReporterOctets + 1}) {
    const std::string filler(octets - name.size() - kPlain.size(), 'x');
    EXPECT_EQ(ReporterOf("From: MAILER-DAEMON@x.example\n", std::string(kPlain) + filler + name),
              octets == kMaxReporterOctets ? "postfix" : "");
  }
}

TEST(Reporter, D78RealReportsNameTheProgramThatMadeThem) {
  const std::string folder = std::string(BOUNCED_SOURCE_DIR) + "/tests/parser/captures/";
  const Parser parser(RuleSet::BuiltIn());
  for (const TruthRow& row : ReadTruth(folder + "truth-mta.tsv")) {
    const Report report = parser.Parse(ReadFile(folder + row.file), Detail::kFull);
    if (report.form == "none") continue;
    EXPECT_EQ(report.reporter, row.file.substr(0, row.file.find('-'))) << row.file;
  }
}

TEST(Reporter, AFileIsCheckedWhenItIsLoaded) {
  struct Row {
    std::string_view toml;
    std::string_view wrong;
  };
  for (const Row& row : {
           Row{"x = 1", "not a list of reporters"},
           Row{"[[reporter]]\nhosts = ['x']", "a reporter without a name"},
           Row{"[[reporter]]\nname = 'a'\nhosts = 'x'", ":3: not a list"},
           Row{"[[reporter]]\nname = 'a'\nhosts = ['X']", "no lower-case text"},
           Row{"[[reporter]]\nname = 'a'\nhosts = ['x', 'x']", "another reporter has it"},
           Row{"[[reporter]]\nname = 'a'\nheader = ['from']", "not a name and a phrase"},
           Row{"[[reporter]]\nname = 'a'\ntext = ['A']", "not a folded phrase"},
           Row{"[[reporter]]\nname = 'a'\ntext = [[]]", "no phrase"},
           Row{"[[reporter]]\nname = 'a'\nwords = ['x']", "unknown key words"},
           Row{"x =", "reporters.toml:1: "},
       }) {
    const absl::StatusOr<Reporters> loaded = Reporters::Load(row.toml);
    ASSERT_FALSE(loaded.ok()) << row.toml;
    EXPECT_THAT(std::string(loaded.status().message()), testing::HasSubstr(std::string(row.wrong)));
  }
}

}  // namespace
}  // namespace bounced
