// Complaints that come to a feedback loop, and mail that comes to unsubscribe.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/dkim.h"
#include "tests/e2e/harness/report.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kRecipient[] = "reader@rcpt.example";
constexpr char kLoop[] = "fbl@bounces.example";
constexpr char kUnsubscribe[] = "unsubscribe@lists.example";

// As Yahoo and others write it (RFC 5965).
std::string Arf(std::string_view original_recipient, std::string_view return_path) {
  std::string text =
      "From: Complaints <feedback@loop.example>\r\nTo: fbl@bounces.example\r\n"
      "Subject: FW: news of the week\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/plain\r\n\r\nThis is an email abuse report.\r\n"
      "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
      "Feedback-Type: abuse\r\nUser-Agent: Loop/1.0\r\nVersion: 1\r\nOriginal-Rcpt-To: ";
  text.append(original_recipient);
  text += "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nReturn-Path: <";
  text.append(return_path);
  text += ">\r\nFrom: news@sender.example\r\nSubject: news of the week\r\n\r\nNews.\r\n--b--\r\n";
  return text;
}

std::string Wish(std::string_view subject, std::string_view from = kRecipient) {
  return "From: <" + std::string(from) + ">\r\nSubject: " + std::string(subject) +
         "\r\n\r\nNo more, please.\r\n";
}

class FeedbackTest : public testing::Test {
 protected:
  FeedbackTest() { WriteFile(dir_ / "u.key", std::string(64, 'u'), 0600); }

  // `loop` and `more`: more lines of [[feedback_loop]], more sections.
  DaemonOptions Options(std::string_view loop = "", std::string_view more = "") {
    return {.sections = std::string(more) + "[[feedback_loop]]\naddress = 'FBL@bounces.example'\n" +
                        std::string(loop) +
                        "\n[[unsubscribe]]\naddress = 'unsubscribe@lists.example'\n"
                        "[[unsubscribe.key]]\nid = 'a'\nsecret_file = '" +
                        (dir_ / "u.key") + "'\n"};
  }

  // A mailto: URI, as the programs of readers take it apart: address and subject.
  static std::string AddressOf(std::string uri) {
    uri = uri.substr(7, uri.find('?') - 7);
    for (std::size_t at = 0; (at = uri.find('%', at)) != std::string::npos; ++at) {
      uri.replace(at, 3, 1, static_cast<char>(std::stoi(uri.substr(at + 1, 2), nullptr, 16)));
    }
    return uri;
  }

  static std::string MintUnsubscribe(const Daemon& daemon, const std::string& stream,
                                     std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"return-path", "mint", "--recipient",  kRecipient,
                                          "--stream",    stream, "--unsubscribe"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome minted = daemon.Bouncectl(arguments);
    EXPECT_EQ(minted.status, 0) << minted.err;
    EXPECT_THAT(minted.out, StartsWith("mailto:"));
    EXPECT_THAT(minted.out, EndsWith("@lists.example?subject=unsubscribe\n"));
    return AddressOf(minted.out);
  }

  // What `bouncectl check` says: 1, it must not be mailed; 0, it may.
  static int Check(const Daemon& daemon, const std::string& stream) {
    std::vector<std::string> arguments = {"check", kRecipient};
    if (!stream.empty()) arguments.insert(arguments.end(), {"--stream", stream});
    return daemon.Bouncectl(arguments).status;
  }

  TempDir dir_;
};

TEST_F(FeedbackTest, D63D67AComplaintWithOurReturnPathInItSuppressesInAllStreamsAtOnce) {
  Daemon daemon(Options());
  const std::string report = Arf("redacted@rcpt.example", daemon.Mint(kRecipient));
  // An open sender, as any would be.
  const SmtpReply reply = daemon.Send("feedback@loop.example", kLoop, report);
  ASSERT_EQ(reply.code, 250) << reply.text;
  EXPECT_EQ(Check(daemon, ""), 1);
  EXPECT_EQ(Check(daemon, "news"), 1);
  EXPECT_EQ(Check(daemon, "offers"), 1);
  const std::vector<v1::Suppression> suppressions = daemon.api().Suppressions();
  ASSERT_EQ(suppressions.size(), 1U);
  EXPECT_EQ(suppressions[0].source(), v1::SOURCE_COMPLAINT);
  EXPECT_EQ(suppressions[0].reason(), "complaint_abuse");
  EXPECT_EQ(suppressions[0].stream(), "");
  const Outcome explained = daemon.Bouncectl({"explain", kRecipient});
  EXPECT_THAT(explained.out, HasSubstr("complaint"));
  EXPECT_THAT(explained.out, HasSubstr("returned"));
  // The same report once more is the same event.
  EXPECT_EQ(daemon.Send("feedback@loop.example", kLoop, report).code, 250);
  EXPECT_EQ(daemon.api().Events().size(), 1U);
}

TEST_F(FeedbackTest, T7AForgedComplaintIsShownAndHasNoEffect) {
  Daemon daemon(Options());
  ASSERT_EQ(daemon.Send("", kLoop, Arf(kRecipient, "news@sender.example")).code, 250);
  const std::vector<v1::Event> events = daemon.api().Events(kRecipient);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind(), v1::KIND_COMPLAINT);
  EXPECT_EQ(events[0].trust(), v1::TRUST_UNVERIFIED);
  EXPECT_EQ(events[0].policy_rule(), "trust_too_low");
  EXPECT_THAT(daemon.Bouncectl({"events"}).out, HasSubstr("complaint"));
  EXPECT_EQ(Check(daemon, ""), 0);
  EXPECT_EQ(Check(daemon, "news"), 0);
}

TEST_F(FeedbackTest, NoOtherAddressIsTaken) {
  Daemon daemon(Options());
  EXPECT_EQ(daemon.Send("", "FBL@Bounces.Example", Arf(kRecipient, "x@y.example")).code, 250);
  for (const std::string address :
       {"fbl2@bounces.example", "someone@lists.example",
        "uo-a-news--ckfaaaaaaaaaaaa-reader=rcpt.example@lists.example"}) {
    EXPECT_EQ(daemon.Send("", address, "Subject: x\r\n\r\n").code, 550) << address;
  }
}

TEST_F(FeedbackTest, D67WhatAKnownOperatorHasSignedActs) {
  if (!CanSign()) BOUNCED_SKIP("python3-dkim is not installed");
  const SignedMessage report = SignWithDkim("loop.example", Arf(kRecipient, "news@sender.example"));
  dns::NameServer server(Having("s._domainkey.loop.example", report.record));
  const std::string dns = "[authentication]\nservers = ['" + server.address() + "']\n";
  // Of whom it is not an operator, it is a stranger.
  DaemonOptions options = Options("operators = ['other.example']", dns);
  Daemon daemon(options);
  ASSERT_EQ(daemon.Send("", kLoop, report.message).code, 250);
  EXPECT_EQ(Check(daemon, ""), 0);
  EXPECT_THAT(daemon.api().Events().at(0).authentication(),
              HasSubstr("dkim=pass header.d=loop.example"));

  ASSERT_TRUE(daemon.Reconfigure(Options("operators = ['loop.example']", dns), "config.reloaded"));
  // What was changed on the way is a stranger's, too.
  std::string changed = report.message;
  changed.replace(changed.find("reader@"), 7, "victim@");
  ASSERT_EQ(daemon.Send("", kLoop, changed).code, 250);
  EXPECT_EQ(daemon.Check("victim@rcpt.example"), v1::VERDICT_SEND);
  const std::string again = "X-Way: another\r\n" + report.message;
  ASSERT_EQ(daemon.Send("", kLoop, again).code, 250);
  EXPECT_EQ(Check(daemon, "news"), 1);
  const std::vector<v1::Event> events = daemon.api().Events(kRecipient);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].trust(), v1::TRUST_AUTHENTICATED);
  EXPECT_EQ(events[0].policy_rule(), "complaint");
}

TEST_F(FeedbackTest, D76MailToUnsubscribeEndsThatStreamAndNoOther) {
  Daemon daemon(Options());
  const std::string address = MintUnsubscribe(daemon, "news");
  ASSERT_EQ(daemon.Send(kRecipient, address, Wish("unsubscribe")).code, 250);
  EXPECT_EQ(Check(daemon, "news"), 1);
  EXPECT_EQ(Check(daemon, "offers"), 0);
  EXPECT_EQ(Check(daemon, ""), 0);
  const std::vector<v1::Suppression> suppressions = daemon.api().Suppressions();
  ASSERT_EQ(suppressions.size(), 1U);
  EXPECT_EQ(suppressions[0].source(), v1::SOURCE_UNSUBSCRIBE);
  EXPECT_THAT(daemon.Bouncectl({"explain", kRecipient, "--stream", "news"}).out,
              HasSubstr("No mail may be sent in stream news: unsubscribed (event 1)"));
  EXPECT_EQ(suppressions[0].stream(), "news");
  // By the subject.
  const std::string other = MintUnsubscribe(daemon, "offers", {"--form", "sealed"});
  const std::string token = other.substr(0, other.rfind('@'));
  ASSERT_EQ(daemon.Send("", kUnsubscribe, Wish(token, "stranger@rcpt.example")).code, 250);
  EXPECT_EQ(Check(daemon, "offers"), 0) << "it is somebody else's mail";
  ASSERT_EQ(daemon.Send("", kUnsubscribe, Wish(token)).code, 250);
  EXPECT_EQ(Check(daemon, "offers"), 1);
  EXPECT_EQ(Check(daemon, "receipts"), 0);
}

TEST_F(FeedbackTest, T8T14ATokenOfAReturnPathUnsubscribesNobody) {
  Daemon daemon(Options());
  const std::string path = daemon.Mint(kRecipient);
  const std::string token = path.substr(0, path.rfind('@'));
  ASSERT_EQ(daemon.Send("", kUnsubscribe, Wish(token)).code, 250);
  ASSERT_EQ(daemon.Send("", kUnsubscribe, Wish("unsubscribe")).code, 250);
  EXPECT_EQ(daemon.Send("", token + "@lists.example", Wish("unsubscribe")).code, 550);
  EXPECT_EQ(daemon.api().Suppressions().size(), 0U);
  EXPECT_EQ(daemon.api().Events().size(), 2U);
  // And the other way round.
  const std::string unsubscribe = MintUnsubscribe(daemon, "");
  EXPECT_EQ(daemon
                .Send("", unsubscribe.substr(0, unsubscribe.rfind('@')) + "@bounces.example",
                      Compose({.recipient = kRecipient}))
                .code,
            550);
  EXPECT_EQ(daemon.Send("", kLoop, Arf(kRecipient, unsubscribe)).code, 250);
  EXPECT_EQ(daemon.api().Suppressions().size(), 0U);
}

TEST_F(FeedbackTest, AReloadTakesThemUp) {
  Daemon daemon;
  EXPECT_EQ(daemon.Send("", kUnsubscribe, Wish("unsubscribe")).code, 550);
  EXPECT_EQ(daemon.Send("", kLoop, Wish("unsubscribe")).code, 550);
  ASSERT_TRUE(daemon.Reconfigure(Options(), "config.reloaded"));
  EXPECT_EQ(daemon.Send("", kUnsubscribe, Wish("unsubscribe")).code, 250);
  EXPECT_EQ(daemon.Send("", kLoop, Arf(kRecipient, "x@y.example")).code, 250);
  const std::string address = MintUnsubscribe(daemon, "news");
  ASSERT_TRUE(daemon.Reconfigure({}, "config.reloaded"));
  EXPECT_EQ(daemon.Send("", address, Wish("unsubscribe")).code, 550);
  EXPECT_EQ(daemon.Send("", kLoop, Arf(kRecipient, "x@y.example")).code, 550);
}

}  // namespace
}  // namespace bounced::e2e
