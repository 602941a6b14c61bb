// What holds of every message and every session, seen from outside.
#include <signal.h>

#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/report.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kRecipient = "nobody@rcpt.example";

std::string HardReport(std::string_view recipient = kRecipient) {
  return Compose({.recipient = std::string(recipient)});
}

TEST(Commit, S77S126ACheckAfterThe250SeesTheSuppressionAlsoAfterACrash) {
  Daemon daemon;
  const std::string recipient(kRecipient);
  const SmtpReply reply = daemon.Send("", daemon.Mint(recipient), HardReport());
  EXPECT_EQ(reply.code, 250) << reply.text;
  EXPECT_EQ(daemon.Check(recipient), v1::VERDICT_SUPPRESSED);
  daemon.Stop(SIGKILL);
  daemon.Restart();
  EXPECT_EQ(daemon.Check(recipient), v1::VERDICT_SUPPRESSED);
}

// Many at once: a check by another connection right after each 250 never sees less.
TEST(Commit, EachOfManyIsSeenRightAfterIts250) {
  // All are of one domain.
  Daemon daemon({.sections = "[policy]\ndomain_burst = 0\n"});
  SmtpClient session(daemon.smtp_port());
  ASSERT_EQ(session.Greet().code, 250);
  for (int i = 0; i < 100; ++i) {
    const std::string recipient = "nobody" + std::to_string(i) + "@rcpt.example";
    ASSERT_EQ(session.Command("MAIL FROM:<>").code, 250);
    ASSERT_EQ(session.Command("RCPT TO:<" + daemon.Mint(recipient) + ">").code, 250);
    const SmtpReply reply = session.Data(HardReport(recipient));
    ASSERT_EQ(reply.code, 250) << reply.text;
    ASSERT_EQ(daemon.Check(recipient), v1::VERDICT_SUPPRESSED) << i;
  }
}

TEST(Commit, S127TheReplyNamesTheMessageOfTheEvents) {
  Daemon daemon;
  const std::string recipient(kRecipient);
  const SmtpReply reply = daemon.Send("", daemon.Mint(recipient), HardReport());
  const std::vector<v1::Event> events = daemon.api().Events(recipient);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(reply.id(), std::to_string(events[0].message_id())) << reply.text;
}

TEST(Once, S128TheSameMessageTwiceIsOneEventWithTheSameId) {
  Daemon daemon;
  const std::string recipient(kRecipient);
  const std::string return_path = daemon.Mint(recipient);
  const SmtpReply first = daemon.Send("", return_path, HardReport());
  const SmtpReply second = daemon.Send("", return_path, HardReport());
  EXPECT_EQ(first.code, 250);
  EXPECT_EQ(second.code, 250);
  EXPECT_NE(first.id(), "");
  EXPECT_EQ(first.id(), second.id());
  EXPECT_EQ(daemon.api().Events().size(), 1U);
}

TEST(Once, S128ASenderThatLostTheReplyAndADaemonThatCrashedStillMakeOneEvent) {
  Daemon daemon;
  const std::string recipient(kRecipient);
  const std::string return_path = daemon.Mint(recipient);
  const SmtpReply first = daemon.Send("", return_path, HardReport());
  daemon.Stop(SIGKILL);
  daemon.Restart();
  const SmtpReply second = daemon.Send("", return_path, HardReport());
  EXPECT_EQ(second.code, 250);
  EXPECT_EQ(first.id(), second.id());
  EXPECT_EQ(daemon.api().Events().size(), 1U);
}

// S137.
TEST(Once, S137ASenderThatLeavesBeforeTheReplyHasSentItsMessage) {
  Daemon daemon;
  const std::string recipient(kRecipient);
  const std::string return_path = daemon.Mint(recipient);
  {
    SmtpClient session(daemon.smtp_port());
    ASSERT_EQ(session.Greet().code, 250);
    ASSERT_EQ(session.Command("MAIL FROM:<>").code, 250);
    ASSERT_EQ(session.Command("RCPT TO:<" + return_path + ">").code, 250);
    ASSERT_EQ(session.Command("DATA").code, 354);
    ASSERT_TRUE(session.Write(DotStuffed(HardReport())));
  }
  ASSERT_TRUE(Eventually([&] { return daemon.api().Events(recipient).size() == 1; }));
  EXPECT_EQ(daemon.Check(recipient), v1::VERDICT_SUPPRESSED);
  const SmtpReply again = daemon.Send("", return_path, HardReport());
  EXPECT_EQ(again.id(), std::to_string(daemon.api().Events(recipient).at(0).message_id()));
  EXPECT_EQ(daemon.api().Events().size(), 1U);
}

TEST(Once, S129S134AMessageForTwoReturnPathsIsTwoEventsInOneTransaction) {
  Daemon daemon;
  const std::string one = "one@rcpt.example";
  const std::string two = "two@rcpt.example";
  const SmtpReply reply = SendMail(daemon.smtp_port(), "", {daemon.Mint(one), daemon.Mint(two)},
                                   "Subject: no report at all\n\nhello\n");
  EXPECT_EQ(reply.code, 250) << reply.text;
  EXPECT_EQ(daemon.api().Events().size(), 2U);
}

TEST(Evidence, S138IsTheMessageOctetForOctet) {
  Daemon daemon;
  // A dot that was doubled on the way, octets that are no text, and lines of odd lengths.
  std::string message = "Subject: odd\r\n\r\n.\r\n..two dots\r\n\xff\xfe\x01\r\n";
  message += std::string(900, 'x') + "\r\n\r\n";
  const SmtpReply reply = daemon.Send("", daemon.Mint(std::string(kRecipient)), message);
  ASSERT_EQ(reply.code, 250) << reply.text;
  const std::vector<v1::Event> events = daemon.api().Events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind(), v1::KIND_OTHER);
  EXPECT_EQ(daemon.api().Evidence(events[0].id()), message);
}

// What the parser gives up on, by its bounds, and what nobody could read at all.
std::vector<std::string> Unreadable() {
  std::vector<std::string> messages;
  std::string nested = "MIME-Version: 1.0\r\n";
  for (int i = 0; i < 200; ++i) {
    const std::string boundary = "b" + std::to_string(i);
    nested +=
        "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  messages.push_back(nested);
  std::string parts = "Content-Type: multipart/report; boundary=b\r\n\r\n";
  for (int i = 0; i < 5000; ++i) parts += "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n";
  messages.push_back(parts);
  messages.push_back("X: " + std::string(600'000, 'h') + "\r\n\r\nbody\r\n");
  messages.push_back("Subject: " + std::string(100'000, '(') + "\r\n\r\n");
  std::mt19937 random(20261124);
  for (int i = 0; i < 50; ++i) {
    std::string octets(1 + random() % 5000, '\0');
    // Without dots, since one alone on a line ended by LF is a matter of framing, and without LF,
    // of which the client makes CRLF.
    for (char& c : octets) {
      do c = static_cast<char>(random() % 256);
      while (c == '.' || c == '\n');
    }
    messages.push_back(octets + "\r\n");
  }
  return messages;
}

TEST(Evidence, S135S136WhateverTheMessageIsItIsKeptAndAcknowledged) {
  Daemon daemon;
  int number = 0;
  for (const std::string& message : Unreadable()) {
    const std::string recipient = "r" + std::to_string(number++) + "@rcpt.example";
    const SmtpReply reply = daemon.Send("", daemon.Mint(recipient), message);
    ASSERT_EQ(reply.code, 250) << number << ": " << reply.text;
    const std::vector<v1::Event> events = daemon.api().Events();
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events[0].kind(), v1::KIND_OTHER) << number;
    EXPECT_EQ(events[0].effect(), v1::EFFECT_NONE) << number;
    EXPECT_EQ(daemon.api().Evidence(events[0].id()), message) << number;
  }
}

TEST(Trust, S78T1T19AForgedOrForeignReturnPathIsRefusedAndLeavesNothing) {
  Daemon daemon;
  std::string forged = daemon.Mint(std::string(kRecipient));
  const std::size_t name = forged.find("nobody=");
  ASSERT_NE(name, std::string::npos) << forged;
  forged.replace(name, 6, "person");
  for (const std::string& return_path :
       {forged, std::string("b-person@bounces.example"), std::string("x@bounces.example")}) {
    const SmtpReply reply = daemon.Send("", return_path, HardReport("person@rcpt.example"));
    EXPECT_EQ(reply.code, 550) << return_path;
    EXPECT_THAT(reply.text, StartsWith("5.1.1"));
  }
  EXPECT_EQ(daemon.api().Events().size(), 0U);
  EXPECT_EQ(daemon.Check("person@rcpt.example"), v1::VERDICT_SEND);
}

// Whoever tries return paths learns nothing of what was wrong with one.
TEST(Trust, T13AllThatIsRefusedIsRefusedInTheSameWords) {
  Daemon daemon;
  const std::string good = daemon.Mint(std::string(kRecipient));
  const auto changed = [&](std::string_view what, std::string_view by) {
    std::string return_path = good;
    const std::size_t at = return_path.find(what);
    EXPECT_NE(at, std::string::npos) << good;
    return return_path.replace(at, what.size(), by);
  };
  std::set<std::string> replies;
  for (const std::string& return_path :
       {changed("nobody=", "person="), changed("bo-a-", "bo-b-"), changed("bo-a---", "bo-a---a"),
        changed("-nobody=", "a-nobody="), std::string("x@bounces.example"),
        std::string("bo-a---aaaaaaaaaaaaaaa-r=example.net@bounces.example")}) {
    const SmtpReply reply = daemon.Send("", return_path, HardReport());
    EXPECT_EQ(reply.code, 550) << return_path;
    replies.insert(reply.text.substr(0, reply.text.find('[')));
  }
  EXPECT_EQ(replies.size(), 1U) << testing::PrintToString(replies);
}

TEST(Trust, S80T1AnUnsignedReportHasNoEffectWhereSigningIsOptional) {
  Daemon daemon({.return_path = "signing = 'optional'"});
  const SmtpReply reply = daemon.Send("", "bounces@bounces.example", HardReport());
  EXPECT_EQ(reply.code, 250) << reply.text;
  const std::vector<v1::Event> events = daemon.api().Events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].trust(), v1::TRUST_UNVERIFIED);
  EXPECT_EQ(events[0].effect(), v1::EFFECT_NONE);
  EXPECT_EQ(daemon.Check(std::string(kRecipient)), v1::VERDICT_SEND);
}

TEST(Dialogue, S70S81PostmasterIsAcceptedAndNobodyElsesMailIs) {
  Daemon daemon;
  SmtpClient session(daemon.smtp_port());
  ASSERT_EQ(session.Greet().code, 250);
  EXPECT_EQ(session.Command("VRFY nobody@rcpt.example").code, 252);
  EXPECT_EQ(session.Command("EXPN staff").code, 502);
  ASSERT_EQ(session.Command("MAIL FROM:<someone@sender.example>").code, 250);
  const SmtpReply relay = session.Command("RCPT TO:<victim@elsewhere.example>");
  EXPECT_EQ(relay.code, 550);
  EXPECT_THAT(relay.text, StartsWith("5.7.1"));
  EXPECT_EQ(session.Command("RCPT TO:<postmaster@bounces.example>").code, 250);
  EXPECT_EQ(session.Command("RCPT TO:<Postmaster>").code, 250);
  EXPECT_EQ(session.Data("Subject: hello\n\nDear postmaster\n").code, 250);
  EXPECT_EQ(session.Command("QUIT").code, 221);
  EXPECT_TRUE(session.Closed());
}

TEST(Privacy, T46TheLogNamesNoAddressAndNoTextOfAMessage) {
  Daemon daemon;
  const std::string recipient = "secret.reader@rcpt.example";
  std::string report = HardReport(recipient);
  const std::string return_path = daemon.Mint(recipient);
  EXPECT_EQ(daemon.Send("envelope.sender@sender.example", return_path, report).code, 250);
  EXPECT_EQ(daemon.Send("", "secret.reader@bounces.example", report).code, 550);
  daemon.Check(recipient);
  daemon.Stop(SIGTERM);
  const std::string log = daemon.log();
  for (std::string_view word : {"secret.reader", "envelope.sender", "User unknown", "garden"}) {
    EXPECT_THAT(log, Not(HasSubstr(std::string(word))));
  }
  EXPECT_THAT(log, Not(HasSubstr(return_path.substr(0, return_path.find('@')))));
}

}  // namespace
}  // namespace bounced::e2e
