// Reports to unsigned return paths, whose senders DNS is asked about.
#include <signal.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/dns/name_server.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/dkim.h"
#include "tests/e2e/harness/report.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using dns::NameServer;
using dns::WireQuery;
using testing::HasSubstr;

constexpr char kRecipient[] = "nobody@rcpt.example";
constexpr char kReturnPath[] = "bounces@bounces.example";

DaemonOptions Asking(const NameServer& server, std::string_view more = "") {
  return {
      .return_path = "signing = 'optional'\ntrust = 'authenticated'",
      .sections = "[authentication]\nservers = ['" + server.address() + "']\n" + std::string(more)};
}

class AuthenticationTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!CanSign()) BOUNCED_SKIP("python3-dkim is not installed");
  }

  static SignedMessage SignedBy(const std::string& domain,
                                const std::string& algorithm = "rsa-sha256") {
    return SignWithDkim(domain, Compose({.recipient = kRecipient}), algorithm);
  }

  // The one event of a report that has come with a 250.
  v1::Event EventOf(Daemon& daemon, const std::string& message) {
    const SmtpReply reply = daemon.Send("", kReturnPath, message);
    EXPECT_EQ(reply.code, 250) << reply.text;
    const std::vector<v1::Event> events = daemon.api().Events();
    EXPECT_EQ(events.size(), 1U);
    return events.empty() ? v1::Event() : events[0];
  }
};

TEST_F(AuthenticationTest, WhatTheDomainOfTheAddressHasSignedSuppresses) {
  const SignedMessage report = SignedBy("rcpt.example");
  NameServer server(Having("s._domainkey.rcpt.example", report.record));
  Daemon daemon(Asking(server));
  const v1::Event event = EventOf(daemon, report.message);
  EXPECT_EQ(event.trust(), v1::TRUST_AUTHENTICATED);
  EXPECT_THAT(event.authentication(), HasSubstr("dkim=pass header.d=rcpt.example"));
  EXPECT_EQ(event.effect(), v1::EFFECT_SUPPRESSED);
  EXPECT_EQ(daemon.Check(kRecipient), v1::VERDICT_SUPPRESSED);
  EXPECT_THAT(daemon.Bouncectl({"explain", kRecipient}).out,
              HasSubstr("dkim=pass header.d=rcpt.example"));
}

// By default it takes a key of ours.
TEST_F(AuthenticationTest, WhereTheBarIsHigherItIsShownAndHasNoEffect) {
  const SignedMessage report = SignedBy("rcpt.example");
  NameServer server(Having("s._domainkey.rcpt.example", report.record));
  DaemonOptions options = Asking(server);
  options.return_path = "signing = 'optional'";
  Daemon daemon(options);
  const v1::Event event = EventOf(daemon, report.message);
  EXPECT_EQ(event.trust(), v1::TRUST_AUTHENTICATED);
  EXPECT_EQ(event.policy_rule(), "trust_too_low");
  EXPECT_EQ(daemon.Check(kRecipient), v1::VERDICT_SEND);
}

TEST_F(AuthenticationTest, T10WhatAnotherDomainHasSignedDoesNot) {
  const SignedMessage report = SignedBy("other.example");
  NameServer server(Having("s._domainkey.other.example", report.record));
  Daemon daemon(Asking(server));
  const v1::Event event = EventOf(daemon, report.message);
  EXPECT_EQ(event.trust(), v1::TRUST_UNVERIFIED);
  EXPECT_THAT(event.authentication(), HasSubstr("dkim=pass header.d=other.example"));
  EXPECT_EQ(event.policy_rule(), "trust_too_low");
  EXPECT_EQ(daemon.Check(kRecipient), v1::VERDICT_SEND);
}

TEST_F(AuthenticationTest, T11AWeakSignatureDoesNot) {
  const SignedMessage report = SignedBy("rcpt.example", "rsa-sha1");
  NameServer server(Having("s._domainkey.rcpt.example", report.record));
  Daemon daemon(Asking(server));
  const v1::Event event = EventOf(daemon, report.message);
  EXPECT_EQ(event.trust(), v1::TRUST_UNVERIFIED);
  EXPECT_THAT(event.authentication(), HasSubstr("dkim=policy"));
  EXPECT_EQ(daemon.Check(kRecipient), v1::VERDICT_SEND);
}

TEST_F(AuthenticationTest, S132WhereDnsIsSilentTheReportIsTakenInTime) {
  const SignedMessage report = SignedBy("rcpt.example");
  NameServer server([](const WireQuery&) { return std::vector<std::string>(); });
  Daemon daemon(Asking(server, "timeout = '1s'\n"));
  const auto begin = std::chrono::steady_clock::now();
  const v1::Event event = EventOf(daemon, report.message);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(took, kPatience);
  EXPECT_GE(took, std::chrono::milliseconds(900)) << "it was asked";
  EXPECT_EQ(event.trust(), v1::TRUST_UNVERIFIED);
  EXPECT_THAT(event.authentication(), HasSubstr("dkim=temperror"));
  EXPECT_EQ(daemon.Check(kRecipient), v1::VERDICT_SEND);
}

TEST_F(AuthenticationTest, ASignedReturnPathIsNotAskedAbout) {
  std::atomic<int> asked = 0;
  NameServer server([&asked](const WireQuery& query) {
    ++asked;
    return std::vector<std::string>{query.reply.Octets()};
  });
  Daemon daemon(Asking(server));
  const SmtpReply reply =
      daemon.Send("", daemon.Mint(kRecipient), Compose({.recipient = kRecipient}));
  EXPECT_EQ(reply.code, 250) << reply.text;
  EXPECT_EQ(daemon.Check(kRecipient), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(asked, 0);
}

// SIGTERM while DNS is asked: what was taken is committed.
TEST_F(AuthenticationTest, AStopWaitsForNoAnswerLongerThanItsTime) {
  NameServer server([](const WireQuery&) { return std::vector<std::string>(); });
  Daemon daemon(Asking(server, "timeout = '1s'\n"));
  SmtpClient client(daemon.smtp_port());
  ASSERT_EQ(client.Greet().code, 250);
  ASSERT_EQ(client.Command("MAIL FROM:<>").code, 250);
  ASSERT_EQ(client.Command("RCPT TO:<" + std::string(kReturnPath) + ">").code, 250);
  ASSERT_EQ(client.Command("DATA").code, 354);
  ASSERT_TRUE(client.Write(DotStuffed(Compose({.recipient = kRecipient}))));
  daemon.Signal(SIGTERM);
  const SmtpReply reply = client.Read();
  EXPECT_EQ(daemon.Wait(), 0);
  daemon.Restart();
  EXPECT_EQ(daemon.api().Events().size(), reply.code == 250 ? 1U : 0U) << reply.text;
}

}  // namespace
}  // namespace bounced::e2e
