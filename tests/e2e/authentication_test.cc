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
#include "tests/e2e/harness/report.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using dns::NameServer;
using dns::WireQuery;
using testing::HasSubstr;

constexpr char kPython[] = "/usr/bin/python3";  // where Debian puts what python3-dkim holds
constexpr char kRecipient[] = "nobody@rcpt.example";
constexpr char kReturnPath[] = "bounces@bounces.example";

// Has the TXT record of one name, and says of all others that they are not there.
NameServer::Handler Having(std::string name, std::string text) {
  return [name = std::move(name), text = std::move(text)](const WireQuery& query) {
    dns::WireMessage reply = query.reply;
    if (query.question.name != name) {
      reply.flags |= 3;  // NXDOMAIN
    } else if (query.question.type == dns::Type::kTxt) {
      std::string data;
      for (std::size_t i = 0; i < text.size(); i += 255) data += dns::Counted(text.substr(i, 255));
      reply.answers.push_back({dns::Pointer(12), 16, 60, data});
    }
    return std::vector<std::string>{reply.Octets()};
  };
}

DaemonOptions Asking(const NameServer& server, std::string_view more = "") {
  return {
      .return_path = "signing = 'optional'\ntrust = 'authenticated'",
      .sections = "[authentication]\nservers = ['" + server.address() + "']\n" + std::string(more)};
}

struct SignedReport {
  std::string message;
  std::string record;
};

class AuthenticationTest : public testing::Test {
 protected:
  void SetUp() override {
    if (RunProgram({kPython, "-c", "import dkim"}).status != 0) {
      BOUNCED_SKIP("python3-dkim is not installed");
    }
  }

  SignedReport SignedBy(const std::string& domain, const std::string& algorithm = "rsa-sha256") {
    const Outcome signer = RunProgram(
        {kPython, BOUNCED_SOURCE_DIR "/tests/e2e/sign.py", domain, algorithm, dir_ / "record"}, {},
        Compose({.recipient = kRecipient}));
    EXPECT_EQ(signer.status, 0) << signer.err;
    return {signer.out, ReadFile(dir_ / "record")};
  }

  // The one event of a report that has come with a 250.
  v1::Event EventOf(Daemon& daemon, const std::string& message) {
    const SmtpReply reply = daemon.Send("", kReturnPath, message);
    EXPECT_EQ(reply.code, 250) << reply.text;
    const std::vector<v1::Event> events = daemon.api().Events();
    EXPECT_EQ(events.size(), 1U);
    return events.empty() ? v1::Event() : events[0];
  }

  TempDir dir_;
};

TEST_F(AuthenticationTest, WhatTheDomainOfTheAddressHasSignedSuppresses) {
  const SignedReport report = SignedBy("rcpt.example");
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
  const SignedReport report = SignedBy("rcpt.example");
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
  const SignedReport report = SignedBy("other.example");
  NameServer server(Having("s._domainkey.other.example", report.record));
  Daemon daemon(Asking(server));
  const v1::Event event = EventOf(daemon, report.message);
  EXPECT_EQ(event.trust(), v1::TRUST_UNVERIFIED);
  EXPECT_THAT(event.authentication(), HasSubstr("dkim=pass header.d=other.example"));
  EXPECT_EQ(event.policy_rule(), "trust_too_low");
  EXPECT_EQ(daemon.Check(kRecipient), v1::VERDICT_SEND);
}

TEST_F(AuthenticationTest, T11AWeakSignatureDoesNot) {
  const SignedReport report = SignedBy("rcpt.example", "rsa-sha1");
  NameServer server(Having("s._domainkey.rcpt.example", report.record));
  Daemon daemon(Asking(server));
  const v1::Event event = EventOf(daemon, report.message);
  EXPECT_EQ(event.trust(), v1::TRUST_UNVERIFIED);
  EXPECT_THAT(event.authentication(), HasSubstr("dkim=policy"));
  EXPECT_EQ(daemon.Check(kRecipient), v1::VERDICT_SEND);
}

TEST_F(AuthenticationTest, S132WhereDnsIsSilentTheReportIsTakenInTime) {
  const SignedReport report = SignedBy("rcpt.example");
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
