// Mail that speaks of failures and is no report: none of it may name a recipient.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "parser/parser.h"

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view header;
  std::string_view text;
};
class OrdinaryMailTest : public testing::TestWithParam<Case> {};

TEST_P(OrdinaryMailTest, NamesNobodyWhoFailed) {
  const Parser parser(RuleSet::BuiltIn());
  const Report report = parser.Parse(std::string(GetParam().header) + "To: team@example.com\n\n" +
                                     std::string(GetParam().text));
  // A machine that answers is named as what it is.
  EXPECT_TRUE(report.kind == Kind::kOther || report.kind == Kind::kAutoReply)
      << ToString(report.kind);
  for (const Recipient& recipient : report.recipients) {
    EXPECT_EQ(ToString(recipient.kind), ToString(Kind::kAutoReply))
        << (recipient.final_recipient ? recipient.final_recipient->value : "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    D83, OrdinaryMailTest,
    testing::ValuesIn<Case>({
        {"UserAsksWhy",
         "From: Dana Field <dana@example.org>\nSubject: Fwd: Undelivered Mail Returned to Sender\n",
         "Why did this bounce?\n\n"
         "> <r@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 User unknown\n"},
        {"UserPastesItWhole",
         "From: Dana Field <dana@example.org>\nSubject: Delivery Status Notification (Failure)\n",
         "<r@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 User unknown\n"},
        {"HelpDeskAnswers",
         "From: Support <noreply@help.example.org>\nAuto-Submitted: auto-replied\n"
         "Subject: [Ticket#17] Undelivered Mail Returned to Sender\n",
         "We got your request:\n\n"
         "<r@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 User unknown\n"},
        {"HelpDeskQuotes",
         "From: Support <noreply@help.example.org>\nSubject: Re: Undelivered Mail\n",
         "You wrote:\n> <r@example.net>: said: 550 5.1.1 User unknown\n"},
        {"Newsletter",
         "From: The Failure Letter <news@example.org>\nSubject: Delivery failed: lessons learned\n",
         "Failure is an option.\n\nr@example.net\n\nMessages that could not be delivered teach.\n"},
        {"NewsletterFromNoreply",
         "From: Post Weekly <noreply@example.org>\nSubject: Delivery failure is not an option\n",
         "Write to us:\n\nletters@example.net\n"},
        {"Parcel",
         "From: Parcels <noreply@parcel.example>\nSubject: Delivery failed: your parcel\n",
         "Your parcel could not be delivered. Call us or write:\n\nservice@parcel.example\n"},
        {"QuotaWarning", "From: postmaster@example.net\nSubject: Your mailbox is almost full\n",
         "The mailbox\n\n  bob@example.net\n\nuses 95% of its quota. Messages to it may soon be "
         "refused.\n"},
        {"QuotaWarningToAnAdmin", "From: postmaster@example.net\nSubject: Mailbox quota report\n",
         "These mailboxes are over quota:\n\nbob@example.net\ncarol@example.net\n"},
        {"Maintenance", "From: postmaster@example.net\nSubject: Planned maintenance on Saturday\n",
         "The relay restarts at 22:00. Questions to:\n\nhelpdesk@example.net\n"},
        {"MaintenanceWithDelays",
         "From: postmaster@example.net\nSubject: Planned maintenance on Saturday\n",
         "Mail may be delayed, but nothing is lost. For help contact bob@example.net.\n"},
        {"QuarantineDigest", "From: postmaster@example.net\nSubject: Quarantine summary\n",
         "Messages held for you:\n\n<spammer@example.org> Cheap watches\n"
         "<other@example.org> You won\n"},
        {"AccountRequest",
         "From: System Administrator <sysadmin@example.net>\nSubject: Account request\n",
         "Your request was rejected.\nUser: bob@example.net\n"},
        {"Monitoring",
         "From: Monitoring Daemon <monitor@example.net>\nSubject: PROBLEM: smtp on mx1 is down\n",
         "Check failed: connect to mx1 refused.\nContact: oncall@example.net\n"},
        {"MonitoringQueue",
         "From: root <daemon@mx1.example.net>\nSubject: mail queue on mx1 is long\n",
         "412 messages wait. Oldest sender:\n\nbatch@example.net\n"},
        {"Cron", "From: Cron Daemon <root@mx1.example.net>\nSubject: Cron <root@mx1> backup\n",
         "tar: could not complete backup\nroot@mx1.example.net\n"},
        {"ListHold",
         "From: list-bounces@lists.example.net\n"
         "Subject: Your message to list awaits moderator approval\n",
         "Your mail to 'list' with the subject\n\n    hello\n\nIs being held until the list "
         "moderator can review it for approval.\n\nlist-owner@lists.example.net\n"},
        {"ListAdmin", "From: mailman@lists.example.net\nSubject: Bounce action notification\n",
         "This is a Mailman mailing list bounce action notice:\n\n    List:       list\n"
         "    Member:     r@example.net\n    Action:     Subscription disabled.\n"
         "    Reason:     Excessive or fatal bounces.\n"},
        {"Vacation",
         "Return-Path: <>\nFrom: Bob <bob@example.net>\nAuto-Submitted: auto-replied\n"
         "Subject: Out of office\n",
         "I am away until Monday. In urgent cases please contact carol@example.net.\n"},
        {"AddressMoved",
         "Return-Path: <>\nFrom: Bob <bob@example.net>\nAuto-Submitted: auto-replied\n"
         "Subject: My address has changed\n",
         "This mailbox is no longer read. My new address is bob@new.example.net.\n"},
        {"ThanksForWriting",
         "Return-Path: <>\nFrom: Desk <desk@example.net>\nSubject: We got your mail\n",
         "Thanks. If something could not be completed, write to:\n\nother@example.net\n"},
        {"NoLongerHere",
         "Return-Path: <>\nFrom: Bob <bob@example.net>\nAuto-Submitted: auto-replied\n"
         "Subject: Automatic reply: news\n",
         "Bob no longer works here, and your message was not delivered to him. Please direct your "
         "inquiries to Carol at carol@example.net.\n"},
        {"NoLongerHereWithoutAHint",
         "Return-Path: <>\nFrom: Bob <bob@example.net>\nSubject: Automatic reply: news\n",
         "Bob no longer works here, and your message was not delivered to him.\n"
         "Carol (carol@example.net) does his work.\n"},
        {"AnswerQuotesAReport",
         "Return-Path: <>\nFrom: Bob <bob@example.net>\nSubject: Automatic reply: Undelivered "
         "Mail\n",
         "I am away.\n\n> Your message could not be delivered.\n"
         "> <r@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 User unknown\n"},
        {"AnswerQuotesFields",
         "Return-Path: <>\nFrom: Bob <bob@example.net>\nAuto-Submitted: auto-replied\n"
         "Subject: Undelivered Mail\n",
         "I am away.\n\nFinal-Recipient: rfc822; r@example.net\nAction: failed\nStatus: 5.1.1\n"},
        {"Success", "From: postmaster@example.net\nSubject: Delivery report\n",
         "Delivery to the following recipients was successful:\n\nr@example.net\n"},
        {"SuccessRelayed",
         "From: postmaster@example.net\nSubject: Delivery Status Notification (Relay)\n",
         "Your message has been successfully relayed to the following recipients, but the "
         "requested delivery status notifications may not be generated.\n\nr@example.net\n"},
        {"LogSummary", "From: postmaster@example.net\nSubject: Postfix log summaries for Nov 2\n",
         "message reject detail\n---------------------\n  RCPT\n    User unknown (total: 1)\n"
         "      1   550 5.1.1 from=<s@example.org> to=<r@example.net>\n"},
        {"Statistics",
         "From: postmaster@example.net\nSubject: Undeliverable mail statistics for October\n",
         "Top domains:\n\nexample.net 12\nexample.org 3\n\nAsk bob@example.net\n"},
        {"Welcome", "From: postmaster@example.net\nSubject: Welcome to your new mailbox\n",
         "Your address is\n\nbob@example.net\n\nIf mail cannot be delivered to you, tell us.\n"},
        {"PasswordExpires",
         "From: System Administrator <postmaster@example.net>\nSubject: Password expires\n",
         "Account: bob@example.net\nMail cannot be delivered after it expires.\n"},
        {"SpamReport", "From: postmaster@example.net\nSubject: Spam report\n",
         "The following messages were rejected:\n\na@example.org\nb@example.org\n"},
        {"ResendIt",
         "Return-Path: <>\nFrom: Desk <desk@example.net>\nSubject: Unmonitored mailbox\n",
         "Your mail was not delivered to anybody. Please resend your message to:\n\n"
         "info@example.net\n"},
        {"ParcelWithFields", "From: Parcels <noreply@parcel.example>\nSubject: Delivery failed\n",
         "Parcel 550 4.2.1\n\nservice@parcel.example\n\nFrom: Berlin\nTo: Paris\n"
         "Date: Monday\n"},
        {"VersionNumber", "From: postmaster@example.net\nSubject: New version\n",
         "Postbox 5.1.2 is here; mail that was rejected by 5.1.1 is taken. Tell\n\n"
         "bob@example.net\n"},
        {"RussianNotice",
         "From: postmaster@example.net\nSubject: =?utf-8?B?0KDQsNCx0L7RgtGL?=\n"
         "Content-Type: text/plain; charset=utf-8\n",
         "В субботу возможны задержки почты. Вопросы: bob@example.net\n"},
        {"JapaneseNotice",
         "From: postmaster@example.net\nSubject: x\nContent-Type: text/plain; charset=utf-8\n",
         "メンテナンスのお知らせ。お問い合わせ：bob@example.net\n"},
        {"JsonFromAPerson", "From: Dana Field <dana@example.org>\nSubject: Look at this event\n",
         "{\"notificationType\":\"Bounce\",\"bounce\":{\"bouncedRecipients\":[{\"emailAddress\":"
         "\"r@example.net\",\"action\":\"failed\",\"status\":\"5.1.1\"}]}}\n"},
        {"AlarmOfSns",
         "From: Alerts <no-reply@sns.example>\nx-amz-sns-message-id: 1\nSubject: ALARM\n",
         "{\"AlarmName\":\"bounces\",\"NewStateReason\":\"r@example.net\"}\n"},
        {"PostmasterAnswersWithAQuote",
         "From: Postmaster <postmaster@example.net>\n"
         "Subject: Re: Delivery Status Notification (Failure)\n",
         "r@example.net left us in May.\n\n> <r@example.net>: host mx.example.net[192.0.2.1] "
         "said:\n"
         ">     550 5.1.1 User unknown\n"},
        {"PostmasterForwards",
         "From: Postmaster <postmaster@example.net>\nSubject: Fwd: Undelivered Mail\n",
         "FYI\n\n<r@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 User unknown\n"},
        {"TicketByTheNullPath",
         "Return-Path: <>\nFrom: Help Desk <desk@help.example>\n"
         "Subject: Ticket 17: bounces of r@example.net\n",
         "We have received your request:\n\nYour message wasn't delivered to r@example.net.\n"
         "550 5.1.1 The email account does not exist.\n"},
        {"ParcelByTheNullPath",
         "Return-Path: <>\nFrom: Shop <shop@example.org>\n"
         "Subject: Delivery failed - we could not deliver your parcel\n",
         "The courier was unable to deliver your order.\nAccount: r@example.net\n"},
        {"BankByTheNullPath",
         "Return-Path: <>\nFrom: Bank <bank@example.org>\nSubject: Your transfer was rejected\n",
         "Transfer to r@example.net failed: account not found.\nError code 550.\n"},
        {"TipsByTheNullPath",
         "Return-Path: <>\nFrom: Tips <tips@example.org>\nSubject: Mail delivery failed? 5 tips\n",
         "1. Verify.\n2. Warm up.\n\nAsk us:\n\nask@example.org\n"},
        {"CronByTheNullPath",
         "Return-Path: <>\nFrom: Cron Daemon <root@mx1.example.net>\nSubject: Cron backup.sh\n",
         "rsync: failed to send file list to r@example.net (code 12)\n"},
        {"AddressChangeByTheNullPath",
         "Return-Path: <>\nFrom: Forum <forum@example.org>\n"
         "Subject: E-mail address change could not be completed\n",
         "The change of your e-mail address to r@example.net could not be completed.\n"},
        {"NetworkByTheNullPath",
         "Return-Path: <>\nFrom: Network <messages@network.example>\n"
         "Subject: Undelivered: your message to Anna\n",
         "Anna did not take your message. anna@example.net\n"},
        {"MonitoringByTheNullPath",
         "Return-Path: <>\nFrom: nagios <MAILER-DAEMON@mon.example>\n"
         "Subject: ** PROBLEM Service Alert: mail/SMTP is CRITICAL **\n",
         "Service: SMTP\nInfo: SMTP CRITICAL - 550 5.1.1 user unknown for probe@example.net\n"},
        {"SensorByTheNullPath",
         "Return-Path: <>\nFrom: MAILER-DAEMON@mon.example\nSubject: [mon] Sensor SMTP Down\n",
         "Message: test mail to probe@example.net: 550 5.1.1 User unknown\n"},
        {"OldAddressesByTheNullPath",
         "Return-Path: <>\nFrom: Postmaster <postmaster@example.net>\n"
         "Subject: Old addresses will be rejected\n",
         "From 1 April mail to bob@old.example will be rejected with \"550 5.1.1 user unknown\". "
         "Use bob@new.example.\n"},
        {"HowToByTheNullPath",
         "Return-Path: <>\nFrom: Postmaster <postmaster@example.net>\nSubject: How to read "
         "reports\n",
         "If you see\n\n  <bob@example.net>: 550 5.1.1 user unknown\n\nthe address does not "
         "exist.\n"},
        {"OwnMailboxIsFull", "From: postmaster@example.net\nSubject: Your mailbox is full\n",
         "Your mailbox r@example.net has reached its quota. You cannot receive mail.\n"},
        {"QuarantineOfReports",
         "From: postmaster@example.net\nSubject: Spam Notification: 2 New Messages\n",
         "You have 2 new spam-quarantined messages.\n\nr@example.net  Delivery failed\n"
         "s@example.org  Hello\n"},
        {"QuarantineSummary",
         "From: postmaster@example.net\nSubject: Quarantine summary: 3 messages\n",
         "Held for you:\n\n<r@example.net>  Undelivered Mail Returned to Sender\n"},
        {"BounceReport", "From: postmaster@example.net\nSubject: Weekly bounce report\n",
         "Bounces of the last week:\n\nr@example.net   550 5.1.1 User unknown   3\n"},
        {"ListCleanup", "From: postmaster@example.net\nSubject: Address list cleanup\n",
         "The following addresses had errors and were removed:\n\nr@example.net\n"},
        {"AccountDisabled", "From: postmaster@example.net\nSubject: Account disabled\n",
         "The account r@example.net has been disabled by the administrator.\n"},
        {"MigrationFailed", "From: postmaster@example.net\nSubject: Migration failed\n",
         "The migration of user r@example.net failed permanently.\nError: 550 quota on target\n"},
        {"PolicyChange", "From: postmaster@example.net\nSubject: Changes to spam filtering\n",
         "From Monday mail without SPF is refused with \"550 5.7.23\". Senders such as "
         "r@example.net will see that mail could not be delivered.\n"},
        {"ExchangeDelivered",
         "From: System Administrator <postmaster@example.net>\nSubject: Delivered: news\n",
         "Your message\n\n  To:      r@example.net\n  Subject: news\n\nwas delivered to the "
         "following recipient(s):\n\nr@example.net on Mon, 2 Nov 2026 10:00:00 +0000\n"},
        {"SomebodysQuota",
         "From: postmaster@example.net\nSubject: Mailbox r@example.net is over quota\n",
         "The mailbox r@example.net is over quota (105%). Mail to it will be refused.\n"},
        {"RecallFailed", "From: postmaster@example.net\nSubject: Message Recall Failure: news\n",
         "Your attempt to recall the message failed for:\n\nr@example.net\n"},
        {"EverybodyGotIt", "From: postmaster@example.net\nSubject: Delivery Status Notification\n",
         "This is about your message, not the ones that were rejected.\n\n"
         "r@example.net: delivered\ns@example.net: 250 2.1.5 Ok\n"},
        {"AddressIsGone",
         "From: postmaster@example.net\nSubject: New address\n"
         "Content-Type: text/plain; charset=utf-8\n",
         "Die Adresse r@example.net ist ungültig. Nachrichten dorthin können nicht zugestellt "
         "werden.\n"},
        {"StatisticsWithACount",
         "From: MAILER-DAEMON@example.net\nSubject: Undelivered Mail statistics\n",
         "Yesterday 12 mails could not be delivered. Questions to r@example.net.\n"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bounced
