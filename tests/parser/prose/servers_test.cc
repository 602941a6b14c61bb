// Reports that follow no standard, by the servers that write them: whole messages through Parse().
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parser/parser.h"

namespace bounced {
namespace {

struct Expected {
  std::string_view address;
  int code = 0;                  // 0: none
  std::string_view status = "";  // empty: none
};

struct Case {
  std::string_view name;
  std::string_view header;  // From and Subject
  std::string_view text;
  std::vector<Expected> recipients;
  Kind kind = Kind::kBounce;
};
class ServersTest : public testing::TestWithParam<Case> {};

TEST_P(ServersTest, AreRead) {
  const Parser parser(RuleSet::BuiltIn());
  const Report report = parser.Parse(std::string(GetParam().header) + "To: sender@example.com\n\n" +
                                     std::string(GetParam().text));
  ASSERT_EQ(report.recipients.size(), GetParam().recipients.size());
  EXPECT_EQ(report.kind, GetParam().kind);
  for (std::size_t i = 0; i < report.recipients.size(); ++i) {
    const Recipient& recipient = report.recipients[i];
    const Expected& want = GetParam().recipients[i];
    EXPECT_EQ(recipient.final_recipient ? recipient.final_recipient->value : "", want.address);
    EXPECT_EQ(recipient.reply_code ? recipient.reply_code->value : 0, want.code);
    EXPECT_EQ(recipient.enhanced_status ? ToString(recipient.enhanced_status->value) : "",
              want.status);
    EXPECT_EQ(recipient.kind, GetParam().kind);
  }
}

INSTANTIATE_TEST_SUITE_P(
    D78, ServersTest,
    testing::ValuesIn<Case>({
        {"PostfixText",
         "From: MAILER-DAEMON@mx.example (Mail Delivery System)\n"
         "Subject: Undelivered Mail Returned to Sender\n",
         "This is the Postfix program at host mx.example.\n\n"
         "I'm sorry to have to inform you that the message returned\n"
         "below could not be delivered to one or more destinations.\n\n"
         "For further assistance, please send mail to <postmaster>\n\n"
         "If you do so, please include this problem report. You can\n"
         "delete your own text from the message returned below.\n\n"
         "                        The Postfix program\n\n"
         "<r@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 <r@example.net>:\n"
         "    Recipient address rejected: User unknown (in reply to RCPT TO command)\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"SendmailTranscript",
         "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>\n"
         "Subject: Returned mail: User unknown\n",
         "The original message was received at Mon, 2 Nov 2026 10:00:00 GMT\n"
         "from localhost [127.0.0.1]\n\n"
         "   ----- The following addresses had permanent fatal errors -----\n"
         "<r@example.net>\n\n   ----- Transcript of session follows -----\n"
         "... while talking to mx.example.net.:\n>>> RCPT To:<r@example.net>\n"
         "<<< 553 5.3.0 <r@example.net>... No such user\n"
         "550 <r@example.net>... User unknown\n"
         ">>> DATA\n<<< 503 5.0.0 Need RCPT (recipient)\n\n"
         "   ----- Original message follows -----\n\nReturn-Path: <sender@example.com>\n",
         {{"r@example.net", 553, "5.3.0"}}},
        {"SendmailUnsent",
         "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>\n"
         "Subject: Returned mail: Host unknown\n",
         "   ----- Transcript of session follows -----\n"
         "501 <r@example.net>... 550 Host unknown (Name server: mx.example.net: no data known)\n\n"
         "   ----- Unsent message follows -----\nReceived: from x by y\nTo: z@example.org\n",
         {{"r@example.net", 550}}},
        {"SendmailWarning",
         "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>\n"
         "Subject: Warning: could not send message for past 4 hours\n",
         "    **********************************************\n"
         "    **      THIS IS A WARNING MESSAGE ONLY      **\n"
         "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n"
         "    **********************************************\n\n"
         "   ----- The following addresses had transient non-fatal errors -----\n"
         "<r@example.net>\n\n   ----- Transcript of session follows -----\n"
         "<<< 452 4.2.2 Mailbox full\n<r@example.net>... Deferred: 452 4.2.2 Mailbox full\n"
         "Warning: message still undelivered after 4 hours\n"
         "Will keep trying until message is 5 days old\n",
         {{"r@example.net", 452, "4.2.2"}},
         Kind::kDelay},
        {"Exim",
         "From: Mail Delivery System <Mailer-Daemon@mx.example>\n"
         "Subject: Mail delivery failed: returning message to sender\n",
         "This message was created automatically by mail delivery software.\n\n"
         "A message that you sent could not be delivered to one or more of its\n"
         "recipients. This is a permanent error. The following address(es) failed:\n\n"
         "  r@example.net\n    host mx.example.net [192.0.2.1]\n"
         "    SMTP error from remote mail server after RCPT TO:<r@example.net>:\n"
         "    550 5.2.1 The email account is disabled\n  s@example.org\n"
         "    Unrouteable address\n",
         {{"r@example.net", 550, "5.2.1"}, {"s@example.org"}}},
        {"Courier",
         "From: \"Courier mail server at mx.example\" <>\nSubject: NOTICE: mail delivery status.\n",
         "This is a delivery status notification from mx.example,\n"
         "running the Courier mail server, version 1.0.\n\n"
         "The original message was received on Mon, 02 Nov 2026 10:00:00 +0000\n\n"
         "                           UNDELIVERABLE MAIL\n\n"
         "Your message to the following recipients cannot be delivered:\n\n"
         "<r@example.net>:\n    mx.example.net [192.0.2.1]:\n>>> RCPT TO:<r@example.net>\n"
         "<<< 550 5.1.1 User unknown\n\n"
         "If your message was also sent to additional recipients, their delivery\n"
         "status is not included in this report.\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"OpenSmtpd",
         "From: Mailer Daemon <MAILER-DAEMON@mx.example>\nSubject: Delivery status notification: "
         "error\n",
         "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n"
         "    An error has occurred while attempting to deliver a message for\n"
         "    the following list of recipients:\n\n"
         "r@example.net: 550 5.1.1 No such user here\n\n"
         "    Below is a copy of the original message:\n\nReceived: from x\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"DragonFly",
         "X-Original-To: <r@example.net>\nFrom: MAILER-DAEMON <>\nSubject: Mail delivery failed\n",
         "This is the DragonFly Mail Agent v0.13 at mx.example.\n\n"
         "There was an error delivering your mail to <r@example.net>.\n\n"
         "mx.example.net [192.0.2.1] did not like our RCPT TO:\n550 5.1.1 no such user\n\n"
         "Message headers follow.\n\nReceived: from root\nTo: <r@example.net>\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"DragonFlyToPostmaster",
         "From: MAILER-DAEMON <>\nSubject: Mail delivery failed\n",
         "This is the DragonFly Mail Agent v0.13 at mx.example.\n\n"
         "There was an error delivering your mail to <postmaster@example.net>.\n\n"
         "DNS lookup failure: host example.net not found\n\nMessage headers follow.\n\n",
         {{"postmaster@example.net"}}},
        {"Exchange2003",
         "From: System Administrator <postmaster@example.net>\n"
         "Subject: Undeliverable: news\n",
         "Your message\n\n  To:      old@example.net\n  Subject: news\n"
         "  Sent:    Mon, 2 Nov 2026 10:00:00 -0400\n\n"
         "did not reach the following recipient(s):\n\n"
         "r@example.net on Mon, 2 Nov 2026 10:00:02 -0400\n"
         "    The recipient name is not recognized\n"
         "    MSEXCH:IMS:Org:Site:HOST 0 (000C05A6) Unknown Recipient\n",
         {{"r@example.net"}}},
        {"X400DomainDefined",
         "From: System Administrator <postmaster@example.net>\nSubject: Undeliverable: news\n",
         "Your message\n\n  To:      x\n\ndid not reach the following recipient(s):\n\n"
         "c=US;a= ;p=Org;o=Site;dda:SMTP=r@example.net; on Mon, 2 Nov 2026 10:00\n"
         "    The recipient name is not recognized\n",
         {{"r@example.net"}}},
        {"OutlookText",
         "From: postmaster@example.net\nSubject: Undeliverable: news\n",
         "Delivery has failed to these recipients or groups:\n\n"
         "R. Name (r@example.net)<mailto:r@example.net>\n"
         "The e-mail address you entered couldn't be found. Please check the address.\n\n"
         "Diagnostic information for administrators:\n\nGenerating server: mx.example.net\n\n"
         "r@example.net\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\n"
         "Original message headers:\n\nReceived: from x\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"Gmail",
         "From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>\n"
         "Subject: Delivery Status Notification (Failure)\n",
         "** Address not found **\n\nYour message wasn't delivered to r@example.net because the "
         "address couldn't be found, or is unable to receive mail.\n\n"
         "The response from the remote server was:\n550 5.1.1 No such user\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"GmailDelay",
         "From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>\n"
         "Subject: Delivery Status Notification (Delay)\n",
         "This is an automatically generated Delivery Status Notification\n\n"
         "THIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\n"
         "Delivery to the following recipient has been delayed:\n\n     r@example.net\n\n"
         "Message will be retried for 2 more day(s)\n\nTechnical details of temporary failure:\n"
         "The recipient server did not accept our requests to connect.\n",
         {{"r@example.net"}},
         Kind::kDelay},
        {"Yahoo",
         "From: MAILER-DAEMON@yahoo.example\nSubject: Failure Notice\n",
         "Sorry, we were unable to deliver your message to the following address.\n\n"
         "<r@example.net>:\nRemote host said: 554 delivery error: dd This user doesn't have an "
         "account (r@example.net) [0] - mta.example.net [BODY]\n\n"
         "--- Below this line is a copy of the message.\n\n",
         {{"r@example.net", 554}}},
        {"Aol",
         "From: Mail Delivery Subsystem <MAILER-DAEMON@aol.example>\n"
         "Subject: Returned mail: User unknown\n",
         "Your mail to the following recipients could not be delivered because they are not\n"
         "accepting mail from sender@example.com:\n    r@example.net\n\n"
         "--- Returned message ---\nReceived: from x\n",
         {{"r@example.net"}}},
        {"Yandex",
         "From: mailer-daemon@yandex.example\n"
         "Subject: =?utf-8?B?0J3QtdC00L7RgdGC0LDQstC70LXQvdC90L7QtSDRgdC+0L7QsdGJ0LXQvdC40LU=?=\n"
         "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n",
         "Это письмо создано автоматически сервером.\n\nК сожалению, мы вынуждены сообщить Вам, "
         "что Ваше письмо не может быть отправлено одному или нескольким адресатам.\n\n"
         "<r@example.net>: host mx.example.net[192.0.2.1] said: 550 No such user\n",
         {{"r@example.net", 550}}},
        {"MailRu",
         "From: mailer-daemon@corp.mail.example\nSubject: Mail delivery failed\n",
         "This message was created automatically by mail delivery software.\n\n"
         "A message that you sent could not be delivered to one or more of its recipients.\n"
         "This is a permanent error. The following address(es) failed:\n\n  r@example.net\n"
         "    SMTP error from remote mail server after RCPT TO:<r@example.net>:\n"
         "    host mx.example.net [192.0.2.1]: 550 Message was not accepted -- invalid mailbox.  "
         "Local mailbox r@example.net is unavailable: user not found\n",
         {{"r@example.net", 550}}},
        {"Zoho",
         "From: mailer-daemon@mail.zoho.example\nSubject: Undelivered Mail Returned to Sender\n",
         "This message was created automatically by mail delivery software.\n"
         "A message that you sent could not be delivered to one or more of its recipients. This is "
         "a permanent error.\n\nr@example.net Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 "
         "<r@example.net>... User Unknown\n\nReceived:from x\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"ZohoBrackets",
         "From: mailer-daemon@mail.zoho.example\nSubject: Undelivered Mail Returned to Sender\n",
         "----- The following addresses had fatal errors ----- \n"
         "[Status: Error, Address: <r@example.net>, ResponseCode 554, , Host not reachable.]\n",
         {{"r@example.net", 554}}},
        {"Gmx",
         "From: GMX Mailer Daemon <mailer-daemon@gmx.example>\n"
         "Subject: Mail delivery failed: returning message to sender\n",
         "This message was created automatically by mail delivery software.\n\n"
         "A message that you sent could not be delivered to one or more of\n"
         "its recipients. This is a permanent error. The following address\nfailed:\n\n"
         "\"r@example.net\":\nSMTP error from remote server after RCPT command:\n"
         "host: mx.example.net\n5.1.1 <r@example.net>: Recipient address rejected: User unknown\n\n"
         "--- The header of the original message is following. ---\n\nReceived: from x\n",
         {{"r@example.net", 0, "5.1.1"}}},
        {"SesText",
         "From: MAILER-DAEMON@email.example\nSubject: Delivery Status Notification (Failure)\n",
         "An error occurred while trying to deliver the mail to the following recipients:\n"
         "r@example.net\n",
         {{"r@example.net"}}},
        {"Domino",
         "From: Postmaster@example.net\n"
         "Subject: DELIVERY FAILURE: User r (r@example.net) not listed in Domino Directory\n",
         "Your message\n\n  Subject: news\n\nwas not delivered to:\n\n  r@example.net\n\n"
         "because:\n\n  User r (r@example.net) not listed in Domino Directory\n",
         {{"r@example.net"}}},
        {"GroupWise",
         "From: Mailer-Daemon@example.net\nSubject: Message status - undeliverable\n",
         "The message that you sent was undeliverable to the following:\n"
         "\tr@example.net (user not found)\n\nPossibly truncated original message follows:\n\n",
         {{"r@example.net"}}},
        {"IMail",
         "From: Postmaster <postmaster@example.net>\nSubject: Undeliverable Mail\n",
         "User mailbox exceeds allowed size: r@example.net\n\n\nOriginal message follows.\n\n"
         "Received: from x\nTo: z@example.net\n",
         {{"r@example.net"}}},
        {"IMailUnknown",
         "From: Postmaster <postmaster@example.net>\nSubject: Undeliverable Mail\n",
         "Unknown user: r@example.net\n\nRCPT TO generated following response:\n"
         "550 no such mailbox\n\nOriginal message follows.\n\nReceived: from x\n",
         {{"r@example.net", 550}}},
        {"MailMarshal",
         "From: MailMarshal <postmaster@example.net>\nSubject: Undeliverable Mail: \"news\"\n",
         "Your message:\n   From:    sender@example.com\n   Subject: news\n"
         "Could not be delivered because of\n\n550 5.1.1 User unknown\n\n"
         "The following recipients were affected:\n    r@example.net\n\n"
         "Additional Information\n======================\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"TrendMicro",
         "From: \"Mail Delivery Subsystem\" <postmaster@example.net>\n"
         "Subject: Mail could not be delivered\n",
         "****** Message from InterScan Messaging Security Suite ******\n\n"
         "Sent <<< RCPT TO:<r@example.net>\nReceived >>> 550 5.1.1 User unknown\n\n"
         "Unable to deliver message to <r@example.net>.\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"McAfee",
         "From: postmaster@example.net\nSubject: Delivery Status\n",
         "--- The following addresses had delivery problems ---\n\n<r@example.net>   (User unknown)"
         "\n\n",
         {{"r@example.net"}}},
        {"Barracuda",
         "From: postmaster@example.net\n"
         "Subject: **Message you sent blocked by our bulk email filter**\n",
         "Your message to: r@example.net\nwas blocked by our Spam Firewall. The email you sent "
         "with "
         "the following subject has NOT BEEN DELIVERED:\n\nSubject: news\n\n"
         "Reason: 554 5.7.1 rejected\n",
         {{"r@example.net", 554, "5.7.1"}}},
        {"Mimecast",
         "From: postmaster@example.net\nSubject: [Postmaster] Email Delivery Failure\n",
         "This is a system-generated message to inform you that your email could not\n"
         "be delivered to one or more recipients. Details of the email and the error are as "
         "follows:\n\n<r@example.net>: host mx.example.net said: 451 try later\n",
         {{"r@example.net", 451}}},
        {"MessageLabs",
         "From: MAILER-DAEMON@messagelabs.example\nSubject: Mail Delivery Failure\n",
         "This is the mail delivery agent at messagelabs.example.\n"
         "I was not able to deliver your message to the following addresses.\n\n"
         "<r@example.net>:\n192.0.2.1 does not like recipient.\n"
         "Remote host said: 550 5.1.1 Unknown user\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"Sina",
         "From: MAILER-DAEMON@sina.example\nSubject: =?utf-8?B?57O757uf6YCA5L+h?=\n"
         "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n",
         "您的邮件无法送达以下收件人：\n\nr@example.net\n\n原因：550 用户不存在\n",
         {{"r@example.net", 550}}},
        {"Tencent",
         "From: \"postmaster\" <PostMaster@qq.example>\nSubject: "
         "=?utf-8?B?5p2l6IeqcXEuY29t55qE6YCA5L+h?=\n"
         "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n",
         "<p>抱歉，您的邮件被退回来了……</p><table><tr><td>无法发送到</td><td>r@example.net</td></"
         "tr>"
         "<tr><td>退信原因</td><td>host mx.example.net[192.0.2.1] said: 550 5.1.1 Mailbox not found"
         "</td></tr></table>\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"NetEase",
         "From: Postmaster@163.example\nSubject: =?utf-8?B?57O757uf6YCA5L+h?=\n"
         "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n",
         "<div>抱歉，您的邮件被退回来了……</div><div>收件人：</div><div>r@example.net</div>"
         "<div>退信原因：</div><div>SMTP error, RCPT TO: 550 User not found</div>\n",
         {{"r@example.net", 550}}},
        {"Kddi",
         "From: Postmaster@ezweb.example\nSubject: Mail System Error - Returned Mail\n"
         "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n",
         "次のあて先へのメッセージはエラーのため送信できませんでした。\n\n"
         "Each of the following recipients was rejected by a remote\nmail server.\n\n"
         "    Recipient: <r@example.net>\n    >>> RCPT TO:<r@example.net>\n"
         "    <<< 550 <r@example.net>: User unknown\n",
         {{"r@example.net", 550}}},
        {"Docomo",
         "From: mail-daemon@docomo.example\nSubject: Mail System Error - Returned Mail\n",
         "The user(s) account is temporarily over quota.\n\n<r@example.net>\n",
         {{"r@example.net"}}},
        {"Biglobe",
         "From: postmaster@biglobe.example\nSubject: Returned mail: Service unavailable\n",
         "   ----- The following addresses had delivery problems -----\nr@example.net\n\n"
         "   ----- Non-delivered information -----\n"
         "The number of messages in recipient's mailbox exceeded the local limit.\n",
         {{"r@example.net"}}},
        {"James",
         "From: post_master@example.net\nSubject: Re:Test message\n",
         "Error: Invalid user address\n\nError message below:\n"
         "550 - Requested action not taken: no such user here\n\nMessage details:\n"
         "  Subject: Test message\n  MAIL FROM: sender@example.com\n  RCPT TO: r@example.net\n"
         "  From: other@example.com\n  Size (in bytes): 552\n",
         {{"r@example.net", 550}}},
        {"JamesDsnText",
         "From: postmaster@example.net\nSubject: Re: news\n",
         "Hi. This is the James mail server at mx.example.net.\n"
         "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
         "This is a permanent error; I've given up. Sorry it didn't work out.  Below\n"
         "I include the list of recipients and the reason why I was unable to deliver\n"
         "your message.\n\nFailed recipient(s):\nr@example.net\n\nError message:\n"
         "550 5.1.1 no such user\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"MDaemon",
         "From: MDaemon@example.net\nSubject: Permanent Delivery Failure\n",
         "The attached message had PERMANENT fatal delivery errors!\n\n"
         "YOUR MESSAGE WAS NOT DELIVERED!\n\n"
         "The following addresses did NOT receive a copy of your message: \n\n> r@example.net\n\n"
         "--- Session Transcript ---\n Waiting for protocol initiation...\n"
         " 220 example.net ESMTP ready\n RCPT To:<r@example.net>\n"
         " 552 Message for <r@example.net> would exceed mailbox quota\n QUIT\n",
         {{"r@example.net", 552}}},
        {"MDaemonUnknown",
         "From: MDaemon@example.net\nSubject: Warning: r@example.net - User unknown!\n",
         "r@example.net - no such user here.\n\nThere is no user by that name at this server.\n",
         {{"r@example.net"}}},
        {"HMailServer",
         "From: mailer-daemon@example.net\nSubject: Message undeliverable: news\n",
         "Your message did not reach some or all of the intended recipients.\n\n"
         "   Sent: Mon, 2 Nov 2026 10:00:00 +0000\n   Subject: news\n\n"
         "The following recipient(s) could not be reached:\n\nr@example.net\n"
         "   Error Type: SMTP\n   Remote server (192.0.2.1) issued an error.\n"
         "   hMailServer sent: RCPT TO:<r@example.net>\n"
         "   Remote server replied: 550 5.1.1 User unknown\n\nhMailServer\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"Kerio",
         "From: \"Kerio Connect\" <postmaster@example.net>\nSubject: Delivery failure "
         "notification\n",
         "Your message could not be delivered to the following recipient:\n\nr@example.net\n\n"
         "Reason: 550 5.1.1 User unknown\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"Axigen",
         "From: Mail Delivery System <postmaster@example.net>\n"
         "Subject: Delivery status notification (failure)\n",
         "This is an automatically generated message.\n\n"
         "Delivery to the following recipients failed:\n\n* r@example.net: 550 5.2.2 Over quota\n",
         {{"r@example.net", 550, "5.2.2"}}},
        {"SurgeMail",
         "From: \"Mail Delivery Subsystem\" <surgemail@example.net>\n"
         "Subject: Failed mail: News from us\n",
         "Failed to deliver message to <r@example.net>\n"
         "Remote server response was: 550 5.1.1 Unknown user\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"MailFoundry",
         "From: MAILER-DAEMON@example.net\nSubject: Message delivery has failed\n",
         "Unable to deliver message to: <r@example.net>\n"
         "Delivery failed for the following reason:\n"
         "mx.example.net[192.0.2.1] responded with failure: 552 sorry, over quota (#5.2.2)\n",
         {{"r@example.net", 552, "5.2.2"}}},
        {"QmailLoop",
         "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n",
         "Hi. This is the qmail-send program at mx.example.\n"
         "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
         "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
         "<r@example.net>:\nThis message is looping: it already has my Delivered-To line. "
         "(#5.4.6)\n\n--- Below this line is a copy of the message.\n\n",
         {{"r@example.net", 0, "5.4.6"}}},
        {"Compuserve",
         "From: postmaster@example.net\nSubject: Undeliverable message\n",
         "Your message could not be delivered as addressed.\n\n"
         "Invalid receiver address: r@example.net\n\n--- Returned message ---\n\n",
         {{"r@example.net"}}},
        {"DidNotReceive",
         "From: postmaster@example.net\nSubject: Delivery Notification\n",
         "The following recipients did not receive this message:\n\n\t<r@example.net>\n",
         {{"r@example.net"}}},
        {"Netscape",
         "From: Mail Administrator <Postmaster@example.net>\n"
         "Subject: Mail System Error - Returned Mail\n",
         "This Message was undeliverable due to the following reason:\n\n"
         "Each of the following recipients was rejected by a remote mail server.\n"
         "The reasons given by the server are included to help you determine why\n"
         "each recipient was rejected.\n\n    Recipient: <r@example.net>\n"
         "    Reason:    5.1.1 <r@example.net>... User unknown\n\n\n"
         "Please reply to <Postmaster@example.net>\nif you feel this message to be in error.\n",
         {{"r@example.net", 0, "5.1.1"}}},
        {"ExchangeDelay",
         "From: postmaster@example.net\nSubject: Delivery Status Notification (Delay)\n",
         "This is an automatically generated Delivery Status Notification.\n\n"
         "THIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\n"
         "Delivery to the following recipients has been delayed.\n\n       r@example.net\n",
         {{"r@example.net"}},
         Kind::kDelay},
        {"OpenSmtpdDelay",
         "From: Mailer Daemon <MAILER-DAEMON@mx.example>\n"
         "Subject: Delivery status notification: warning\n",
         "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n"
         "    A message is delayed for more than 4 hours for the following\n"
         "    list of recipients:\n\nr@example.net: 451 4.3.0 try later\n\n"
         "    Please note that this is only a temporary failure report.\n",
         {{"r@example.net", 451, "4.3.0"}},
         Kind::kDelay},
        {"IronPort",
         "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nSubject: Delivery failure\n",
         "The following message to <r@example.net> was undeliverable.\n"
         "The reason for the problem:\n5.1.0 - Unknown address error 550-'5.1.1 User unknown'\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"CommuniGate",
         "From: MAILER-DAEMON@mx.example\nSubject: Undeliverable mail: news\n",
         "Failed to deliver to 'r@example.net'\nSMTP module(domain example.net) reports:\n"
         " host mx.example.net says:\n 550 5.1.1 unknown user\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"RespondedAsFollows",
         "From: MAILER-DAEMON@mx.example\nSubject: Failed to deliver your message\n",
         "We had trouble delivering your message. Full details follow:\n\nSubject: 'news'\n\n"
         "1 error(s):\n\nSMTP Server <mx.example.net> rejected recipient <r@example.net> (Error "
         "following RCPT command). It responded as follows: [550 5.1.1 User unknown]\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"BetweenArrows",
         "From: MAILER-DAEMON@mx.example\nSubject: FAILURE NOTICE :\n",
         "This is an automatically generated message. Delivery failed:\n\n"
         ">>> r@example.net <<<\n\n550 sorry, no mailbox here by that name\n",
         {{"r@example.net", 550}}},
        {"SurfControl",
         "From: Postmaster <postmaster@example.net>\nSubject: Message delivery failure\n",
         "Your message could not be sent.\nA transcript of the attempts to send the message "
         "follows.\nThe number of attempts made: 1\nAddressed To: r@example.net\n\n"
         "Mon, 2 Nov 2026 10:00:00\nFailed to send to identified host,\n"
         "r@example.net: [192.0.2.1], 550 no such user\n--- Message non-deliverable.\n",
         {{"r@example.net", 550}}},
        {"ServerMessage",
         "From: postmaster@example.net\nSubject: failure notice\n",
         "-------server message\n550 5.1.1 unknown user <r@example.net>\n\n"
         "-------original message\nReceived: from x\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"Fml",
         "From: list-admin@example.net\nX-MLServer: fml [fml 4.0.3 release]\n"
         "Message-ID: <202611021000.FMLAAA1.list@example.net>\n"
         "Subject: You sender@example.com are not member (list ML)\n",
         "You are not a member of this mailing list <list@example.net>.\n\n"
         "If you know the general guide of this list, please send mail with\n"
         "the mail body \n\n\tguide\n\nto the address\n\n\tlist-ctl@example.net\n",
         {{"list@example.net"}}},
        {"NobodyNamed",
         "From: MAILER-DAEMON@mx.example\nSubject: Undeliverable mail\n",
         "Your message could not be delivered.\n\n--- Original message ---\n"
         "Return-Path: <sender@example.com>\nTo: R. Name <r@example.net>\nSubject: news\n",
         {{"r@example.net"}}},
        {"NobodyNamedOfMany",
         "From: MAILER-DAEMON@mx.example\nSubject: Undeliverable mail\n",
         "Your message could not be delivered.\n\n--- Original message ---\n"
         "Return-Path: <sender@example.com>\nTo: r@example.net, s@example.net\n",
         {{""}}},
        {"NobodyNamedOfAList",
         "From: MAILER-DAEMON@mx.example\nSubject: Undeliverable mail\n",
         "Your message could not be delivered.\n\n--- Original message ---\n"
         "Return-Path: <sender@example.com>\nList-Id: <list.example.net>\nTo: list@example.net\n",
         {{""}}},
        {"HtmlWithEntities",
         "From: postmaster@example.net\nSubject: x\nMIME-Version: 1.0\n"
         "Content-Type: text/html; charset=us-ascii\n",
         "<p>Votre message n&rsquo;a pas pu &ecirc;tre remis &agrave;&nbsp;:</p>"
         "<p>r@example.net</p><p>550 inconnu</p>\n",
         {{"r@example.net", 550}}},
        {"OnlyTheHtmlFormTells",
         "From: postmaster@example.net\nSubject: Undeliverable: news\nMIME-Version: 1.0\n"
         "Content-Type: multipart/alternative; boundary=b\n",
         "\n--b\nContent-Type: text/plain\n\nThis message needs HTML.\n--b\n"
         "Content-Type: text/html\n\n<p>Your message could not be delivered to:</p>"
         "<p>r@example.net</p>\n--b--\n",
         {{"r@example.net"}}},
        {"ListInALine",
         "From: MAILER-DAEMON@mx.example\nSubject: Undelivered mail\n",
         "The following recipients could not be reached: r@example.net, <s@example.net>\n",
         {{"r@example.net"}, {"s@example.net"}}},
        {"NumberedList",
         "From: MAILER-DAEMON@mx.example\nSubject: Undelivered mail\n",
         "Failed recipients:\n\n1. r@example.net\n2. s@example.net\n",
         {{"r@example.net"}, {"s@example.net"}}},
        {"GeneratedBy",
         "From: MAILER-DAEMON@mx.example\nSubject: Undelivered mail\n",
         "The following address(es) failed:\n\n  pipe to |/usr/bin/x\n"
         "    generated by r@example.net\n",
         {{"r@example.net"}}},
        {"InternationalDomain",
         "From: MAILER-DAEMON@mx.example\nSubject: Undelivered mail\n"
         "Content-Type: text/plain; charset=utf-8\n",
         "Your message could not be delivered:\n\n<r@bücher.example>: 550 5.1.1 unknown\n",
         {{"r@bücher.example", 550, "5.1.1"}}},
        {"InternationalAddress",
         "From: MAILER-DAEMON@mx.example\nSubject: Undelivered mail\n"
         "Content-Type: text/plain; charset=utf-8\n",
         "Your message could not be delivered:\n\n<почта@example.net>: 550 5.1.1 unknown\n",
         {{"почта@example.net", 550, "5.1.1"}}},
        {"OctalOfExim",
         "From: MAILER-DAEMON@mx.example\nSubject: Undelivered mail\n",
         "The following address failed:\n\n  \\320\\277@example.net\n    550 unknown\n",
         {{"п@example.net", 550}}},
        {"SeveralOfExchange",
         "From: postmaster@example.net\nSubject: Undeliverable: x\n",
         "Delivery has failed to these recipients or groups:\n\nr@example.net\n"
         "Your message couldn't be delivered.\n\ns@example.net\n"
         "The recipient's mailbox is full.\n\nDiagnostic information for administrators:\n\n"
         "r@example.net\nRemote Server returned '550 5.1.1 no such user'\n\n"
         "s@example.net\nRemote Server returned '554 5.2.2 mailbox full'\n",
         {{"r@example.net", 550, "5.1.1"}, {"s@example.net", 554, "5.2.2"}}},
        {"GatewayByItsName",
         "From: E500_SMTP_Mail_Service@example.org\nSubject: Returned Mail - Error During "
         "Delivery\n",
         "------ Failed Recipients ------\n\n"
         "<r@example.net>: Requested action not taken: mailbox unavailable. [SMTP Error Code 550]\n"
         "-------- Returned Mail --------\n\nReceived: from x\n",
         {{"r@example.net", 550}}},
        {"DelayThenFailure",
         "From: Mail Delivery System <mailer-daemon@mx.example>\nSubject: Delivery report\n",
         "Delivery of your message to the following recipient has been delayed, and has now\n"
         "failed permanently:\n\n  r@example.net\n\n451 4.3.0 try later\n",
         {{"r@example.net", 451, "4.3.0"}}},
        {"French",
         "From: postmaster@example.net\nSubject: =?utf-8?Q?=C3=89chec_de_la_remise?=\n"
         "Content-Type: text/plain; charset=utf-8\n",
         "Votre message n'a pas pu être remis aux destinataires suivants :\n\n"
         "Destinataire : r@example.net\nRaison : 550 5.1.1 utilisateur inconnu\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"Spanish",
         "From: postmaster@example.net\nSubject: No se puede entregar: noticias\n"
         "Content-Type: text/plain; charset=utf-8\n",
         "No se pudo entregar el mensaje a los siguientes destinatarios:\n\nr@example.net\n"
         "Motivo: 550 usuario desconocido\n",
         {{"r@example.net", 550}}},
        {"Portuguese",
         "From: postmaster@example.net\nSubject: Falha na entrega\n"
         "Content-Type: text/plain; charset=utf-8\n",
         "Sua mensagem não pôde ser entregue ao destinatário: r@example.net\n"
         "Motivo: 552 caixa cheia\n",
         {{"r@example.net", 552}}},
        {"Italian",
         "From: postmaster@example.net\nSubject: Mancata consegna\n"
         "Content-Type: text/plain; charset=utf-8\n",
         "Non è stato possibile recapitare il messaggio al destinatario r@example.net\n"
         "Errore: 550 utente sconosciuto\n",
         {{"r@example.net", 550}}},
        {"Dutch",
         "From: postmaster@example.net\nSubject: Onbestelbaar: nieuws\n",
         "Uw bericht kon niet worden bezorgd aan de volgende ontvanger: r@example.net\n",
         {{"r@example.net"}}},
        {"Polish",
         "From: postmaster@example.net\nSubject: Zwrot\nContent-Type: text/plain; charset=utf-8\n",
         "Wiadomość nie została dostarczona.\nOdbiorca: r@example.net\nPowód: 550 nieznany\n",
         {{"r@example.net", 550}}},
        {"RussianCapitals",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "Не удалось доставить сообщение.\nПолучатель: r@example.net\n"
         "Причина: 550 пользователь не найден\n",
         {{"r@example.net", 550}}},
        {"Japanese",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "メールを配信できませんでした。\n宛先：r@example.net\n理由：550 "
         "ユーザーが見つかりません\n",
         {{"r@example.net", 550}}},
        {"TraditionalChinese",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "您的郵件無法送達。\n收件者：r@example.net\n原因：550 使用者不存在\n",
         {{"r@example.net", 550}}},
        {"Korean",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "메일을 전송하지 못했습니다.\n받는사람: r@example.net\n이유: 550 사용자 없음\n",
         {{"r@example.net", 550}}},
        {"Turkish",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "İletiniz teslim edilemedi.\nAlıcı: r@example.net\nNeden: 550 kullanıcı yok\n",
         {{"r@example.net", 550}}},
        {"Czech",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "Vaši zprávu nelze doručit.\nPříjemce: r@example.net\nDůvod: 550 neznámý uživatel\n",
         {{"r@example.net", 550}}},
        {"Swedish",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "Ditt meddelande kunde inte levereras.\nMottagare: r@example.net\nOrsak: 550 okänd\n",
         {{"r@example.net", 550}}},
        {"GermanDelay",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "Ihre Nachricht konnte noch nicht zugestellt werden.\nEmpfänger: r@example.net\n"
         "Die Zustellung wird weiterhin versucht.\n",
         {{"r@example.net"}},
         Kind::kDelay},
        {"RussianDelay",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "Доставка задерживается.\nПолучатель: r@example.net\n",
         {{"r@example.net"}},
         Kind::kDelay},
        {"SendmailCommandOfAnAlias",
         "From: MAILER-DAEMON@mx.example\nSubject: Returned mail: see transcript for details\n",
         "   ----- The following addresses had permanent fatal errors -----\n"
         "\"|/usr/local/bin/vacation\"\n    (reason: 127)\n    (expanded from: <r@example.net>)\n"
         "s@example.net\n    (reason: 550 5.2.2 Over quota)\n"
         "    (expanded from: <list@example.com>)\n\n",
         {{"r@example.net"}, {"s@example.net", 550, "5.2.2"}}},
        {"EximPipe",
         "From: Mailer-Daemon@mx.example\nSubject: Mail delivery failed\n",
         "A message that you sent could not be delivered to one or more of its\nrecipients. The "
         "following address(es) failed:\n\n  |/home/r/filter\n    (generated from r@example.net)\n"
         "    local delivery failed\n  s@example.net\n    (generated from list@example.com)\n"
         "    550 5.1.1 User unknown\n",
         {{"r@example.net"}, {"s@example.net", 550, "5.1.1"}}},
        {"SunNamesTheMessageFirst",
         "From: Internet Mail Delivery <postmaster@example.net>\n"
         "Subject: Delivery Notification: Delivery has failed\n",
         "This report relates to a message you sent with the following header fields:\n\n"
         "  Message-id: <1@example.com>\n  From: S <sender@example.com>\n"
         "  To: list@lists.example\n  Subject: news\n\n"
         "Your message cannot be delivered to the following recipients:\n\n"
         "  Recipient address: r@example.net\n  Reason: Over quota\n",
         {{"r@example.net"}}},
        {"FieldsInFrontOfTheFailure",
         "From: postmaster@example.net\nSubject: Undeliverable Message\n",
         "To: r@example.net\nCc:\nSubject: news\n\nMessage not delivered to recipients below.\n\n"
         "\tVNM3043:  r@example.net\n\nVNM3043 -- MAILBOX IS FULL\n",
         {{"r@example.net"}}},
        {"JamesDetails",
         "From: postmaster@example.net\nSubject: Delivery Failure Notification\n",
         "Message details:\n  Subject: news\n  MAIL FROM: sender@example.com\n"
         "  RCPT TO: r@example.net\n  From: S <sender@example.com>\n  To: list@lists.example\n\n"
         "The message could not be delivered: mailbox does not exist.\n",
         {{"r@example.net"}}},
        {"Exchange55Backtick",
         "From: System Administrator <postmaster@example.net>\nSubject: Undeliverable: news\n",
         "The following recipient(s) could not be reached:\n\n      `r@example.net' on 1/5/98 8:01 "
         "PM\n            Unable to deliver the message due to a communications failure\n",
         {{"r@example.net"}}},
        {"Exchange2003InAnyLanguage",
         "From: postmaster@example.net\nSubject: Non remis : news\n"
         "Content-Type: text/plain; charset=utf-8\n",
         "Votre message n'a pas atteint certains destinataires.\n\n"
         "      r@example.net le 12/03/2004 14:12\n            <mx.example #5.1.1>\n",
         {{"r@example.net", 0, "5.1.1"}}},
        {"Exchange2003TypedReply",
         "From: postmaster@example.net\nSubject: Undeliverable: news\n",
         "The following recipient(s) could not be reached:\n\n      r@example.net on 12/3/2004 "
         "2:12 "
         "PM\n            There was a SMTP communication problem.\n"
         "            <mx.example #5.5.0 smtp;554 <r@example.net>: Relay access denied>\n",
         {{"r@example.net", 554, "5.5.0"}}},
        {"Exchange2007CodeBehindAHost",
         "From: postmaster@example.net\nSubject: Undeliverable: news\n",
         "Delivery has failed to these recipients or distribution lists:\n\nr@example.net\n"
         "Please try resending this message.\n\nDiagnostic information for administrators:\n\n"
         "r@example.net\nmx.example.net #550 Requested action not taken ##\n",
         {{"r@example.net", 550}}},
        {"DominoSaysWhyInAnotherParagraph",
         "From: postmaster@example.net\nSubject: DELIVERY FAILURE: User r not listed\n",
         "Your message\n\n  Subject: news\n\nwas not delivered to:\n\n  r@example.net\n\n"
         "because:\n\n  User r (r@example.net) not listed in Domino Directory (550 5.1.1)\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"WarningWithAFailureInItsSubject",
         "From: MDaemon@example.net\nSubject: Warning: Delivery problem\n",
         "The attached message had TRANSIENT non-fatal delivery errors.\n"
         "This is a WARNING MESSAGE ONLY.\n\nFailed address: r@example.net\n\n"
         "452 4.2.2 Mailbox full\n",
         {{"r@example.net", 452, "4.2.2"}},
         Kind::kDelay},
        {"DovecotRejects",
         "From: Mail Delivery Subsystem <postmaster@example.net>\n"
         "Subject: Automatically rejected mail\n",
         "Your message to <r@example.net> was automatically rejected:\nQuota exceeded\n",
         {{"r@example.net"}}},
        {"ItalianUser",
         "From: postmaster@example.net\nSubject: MANCATA CONSEGNA: news\n"
         "Content-Type: text/plain; charset=utf-8\n",
         "Il messaggio \"news\" destinato all'utente r@example.net\nnon è stato consegnato:\n"
         "5.1.1 - utente sconosciuto\nIdentificativo messaggio: x1@pec.example\n",
         {{"r@example.net", 0, "5.1.1"}}},
        {"ReasonInFrontOfTheList",
         "From: postmaster@example.net\nSubject: Mail could not be delivered\n",
         "Over quota (552 5.2.2):\n\nr@example.net, s@example.net\n\nPlease try again.\n",
         {{"r@example.net", 552, "5.2.2"}, {"s@example.net", 552, "5.2.2"}}},
        {"NumbersInBrackets",
         "From: postmaster@example.net\nSubject: Undeliverable\n",
         "(1) r@example.net\n    550 5.1.1 unknown\n\n(2) s@example.net\n    550 5.7.1 refused\n",
         {{"r@example.net", 550, "5.1.1"}, {"s@example.net", 550, "5.7.1"}}},
        {"SomeGotIt",
         "From: postmaster@example.net\nSubject: Delivery failure\n",
         "r@example.net: delivered\ns@example.net: failed, 550 5.1.1 user unknown\n"
         "t@example.net: 250 2.1.5 Ok\n",
         {{"s@example.net", 550, "5.1.1"}}},
        {"Signature",
         "From: postmaster@example.net\nSubject: Delivery failure\n",
         "we were unable to deliver your message to r@example.net.\n550 5.1.1 unknown\n\n"
         "Regards,\nmail-admin@mx.example\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"TranscriptInBatch",
         "From: MAILER@example.net\nReturn-Path: <>\nSubject: mail delivery error\n",
         "Batch SMTP transaction log follows:\n\n250 Mail-from OK\nrcpt to:<r@example.net>\n"
         "550 r@example.net User not registered\n554 No valid recipients\n",
         {{"r@example.net", 550}}},
        {"KddiByTheNullPathAlone",
         "Return-Path: <>\nFrom: no-reply@example.net\nSubject: Mail\nMIME-Version: 1.0\n"
         "Content-Type: multipart/mixed; boundary=b\n",
         "--b\n\nYour mail sent on: Thu, 29 Apr 2013 00:00:00 +0900\n"
         "     Could not be delivered to: <r@example.net>\n     As their mailbox is full.\n"
         "--b\nContent-Type: message/rfc822\n\nTo: <r@example.net>\n\nx\n--b--\n",
         {{"r@example.net"}}},
        {"ColonOfAnIdeographicScript",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "您的邮件被退回。\n收件人：r@example.net\n联系：s@example.net\n",
         {{"r@example.net"}}},
        {"ReturnedByTheServer",
         "From: MAILER-DAEMON@mx.example\nSubject: Delivery Status Notification\n",
         "-- The following message has been returned by the server --\n\n"
         "No such user: r@example.net\n",
         {{"r@example.net"}}},
        {"FailedWith",
         "From: MAILER-DAEMON@mx.example\nSubject: Message delivery has failed\n",
         "Unable to deliver message to: <r@example.net>\n"
         "Server mx.example.net[192.0.2.1] failed with: 550 <r@example.net> No such user here\n",
         {{"r@example.net", 550}}},
        {"Postini",
         "From: postmaster@mx.example\nSubject: Delivery failure\n",
         "Delivery to the following recipient failed permanently:\n\n     r@example.net\n\n"
         "Technical details: 571 Message Refused - psmtp\n",
         {{"r@example.net", 571}}},
        {"WithErrorsCounted",
         "From: postmaster@mx.example\nSubject: There was an error sending your mail\n",
         "We had trouble delivering your message. Full details follow:\n\nSubject: 'news'\n"
         "Date:    'Mon, 2 Nov 2026 10:00:00 +0000'\n\n1 error(s):\n\n"
         "SMTP Server <mx.example.net> rejected recipient <r@example.net>\n  (Error following RCPT "
         "command). It responded as follows: [550 5.1.1 <r@example.net>... User Unknown]\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"IronPortWithAQuotedReply",
         "From: MAILER-DAEMON@mx.example\nSubject: Delivery Status Notification (Failure)\n",
         "The following message to <r@example.net> was undeliverable.\n"
         "The reason for the problem:\n"
         "5.3.0 - Other mail system problem 554-'5.7.1 Message refused'\n",
         {{"r@example.net", 554, "5.7.1"}}},
        {"IronPortWithAQuotedReplyWithoutAStatus",
         "From: MAILER-DAEMON@mx.example\nSubject: Delivery Status Notification (Failure)\n",
         "The following message to <r@example.net> was undeliverable.\n"
         "The reason for the problem:\n"
         "5.3.0 - Other mail system problem 550-'No such user'\n",
         {{"r@example.net", 550, "5.3.0"}}},
        {"OneAddressInASentence",
         "From: postmaster@mx.example\nSubject: Undeliverable: news\n",
         "The message you sent to mx.example/r was rejected because the user is not here: "
         "r@example.net\n",
         {{"r@example.net"}}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// Fields that say which message is meant stand in front of the reason, and are not the original.
constexpr std::string_view kReport =
    "From: MAILER-DAEMON@mx.example\nReturn-Path: <>\n"
    "Subject: Undelivered Mail Returned to Sender\nContent-Type: text/plain; charset=utf-8\n";

INSTANTIATE_TEST_SUITE_P(
    SummariesInFrontOfTheReason, ServersTest,
    testing::ValuesIn<Case>({
        {"LabelAmongTheFields",
         kReport,
         "The following message could not be delivered:\n\nFrom: sender@example.com\nTo: "
         "r@example.net\nSubject: News\nReason: 550 5.1.1 user unknown\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"FieldsAlone",
         kReport,
         "From: sender@example.com\nTo: r@example.net\nSubject: News\nError: 550 5.1.1 user "
         "unknown\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"Announced",
         kReport,
         "Mail could not be delivered.\n\nOriginal message details:\n  To: r@example.net\n  "
         "Subject: News\n\nError details:\n  550 5.1.1 No such user here\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"CodeWithoutALabel",
         kReport,
         "Mail could not be delivered.\n\nOriginal message:\n  To: r@example.net\n  Subject: "
         "News\n\n550 5.1.1 No such user here\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"German",
         kReport,
         "Ihre Nachricht konnte nicht zugestellt werden.\n\nDetails der ursprünglichen "
         "Nachricht:\nAn: r@example.net\nBetreff: News\n\nGrund: Empfänger unbekannt\n",
         {{"r@example.net"}}},
        {"NoCode",
         kReport,
         "Original message information:\nTime: 2024\nSubject: News\nTo: r@example.net\n\nReason: "
         "The mailbox does not exist, delivery failed.\n",
         {{"r@example.net"}}},
        {"Chinese",
         kReport,
         "抱歉,您的邮件被退回来了……\n\n原邮件信息:\n时间:2024年3月5日\n主题:News\n收件人:r@example."
         "net\n\n退信原因:\n收件人邮箱账号不存在,邮件无法投递。\nhost mx.example.net said: 550 "
         "5.1.1 user does not exist\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"OfAMessageWithItsHeader",
         kReport,
         "Could not deliver to r@example.net.\n\nOriginal message:\nReceived: from x by y\nTo: "
         "r@example.net\nSubject: News\n\nReason: 550 5.2.2 mailbox full\n",
         {{"r@example.net"}}},
        {"OfAMessageWithAnId",
         kReport,
         "Could not deliver to r@example.net.\n\nFrom: sender@example.com\nTo: "
         "r@example.net\nSubject: News\nMessage-ID: <1@x.example>\n\n550 5.2.2 mailbox full\n",
         {{"r@example.net"}}},
        {"BehindTheRefusal",
         kReport,
         "Could not deliver to r@example.net:\n550 5.1.1 user unknown\n\nOriginal message:\nTo: "
         "r@example.net\nSubject: News\n\nError: 552 5.2.2 mailbox full\n",
         {{"r@example.net", 550, "5.1.1"}}},
        {"OfAMessageWithWordsFirst",
         kReport,
         "Could not deliver to r@example.net.\n\nOriginal message:\nTo: r@example.net\nSubject: "
         "News\n\nHello,\nReason: 550 5.2.2 mailbox full\n",
         {{"r@example.net"}}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Servers, TellTheReasonBehindASummary) {
  const Parser parser(RuleSet::BuiltIn());
  for (const std::string_view text : {
           "Ihre Nachricht konnte nicht zugestellt werden.\n\nDetails der ursprünglichen "
           "Nachricht:\nAn: r@example.net\nBetreff: News\n\nGrund: Empfänger unbekannt\n",
           "Original message information:\nTime: 2024\nSubject: News\nTo: r@example.net\n\n"
           "Reason: The mailbox does not exist, delivery failed.\n",
       }) {
    const Report report =
        parser.Parse(std::string(kReport) + "To: sender@example.com\n\n" + std::string(text));
    ASSERT_EQ(report.recipients.size(), 1u) << text;
    EXPECT_EQ(ToString(report.recipients[0].classification.reason), "no_such_user") << text;
  }
}

}  // namespace
}  // namespace bounced
