// TLS between real mail servers' clients and the daemon.
#include <signal.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/authority.h"
#include "tests/e2e/harness/mail_system.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class TlsTest : public testing::Test {
 protected:
  // What openssl's client says of a connection by STARTTLS, on its output and its errors.
  std::string Connect(const Daemon& daemon, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> command = {
        "openssl",          "s_client",
        "-connect",         "127.0.0.1:" + std::to_string(daemon.smtp_port()),
        "-starttls",        "smtp",
        "-CAfile",          authority_.own_file(),
        "-verify_hostname", "mx.example"};
    command.insert(command.end(), options.begin(), options.end());
    const Outcome outcome = RunProgram(command, {}, "QUIT\r\n");
    return outcome.out + outcome.err;
  }
  // The server's certificate, out of what Connect() gave.
  static std::string Certificate(const std::string& text) {
    const std::size_t begin = text.find("-----BEGIN");
    return text.substr(begin, text.find("-----END") - begin);
  }
  static void Reload(Daemon& daemon, const std::string& word) {
    const std::string before = daemon.log();
    daemon.Signal(SIGHUP);
    EXPECT_TRUE(Eventually([&] {
      return daemon.log().find(word, before.size()) != std::string::npos;
    })) << word;
  }

  const Authority authority_;
};

TEST_F(TlsTest, S142SighupTakesANewCertificateAndKeepsTheOldIfItIsBroken) {
  Daemon daemon({.sections = authority_.Section()});
  EXPECT_THAT(Connect(daemon), HasSubstr("subject=CN = first"));
  EXPECT_THAT(Connect(daemon), HasSubstr("Verification: OK"));

  authority_.Issue("second");
  Reload(daemon, "config.reloaded");
  EXPECT_THAT(Connect(daemon), HasSubstr("subject=CN = second"));

  WriteFile(authority_.chain_file(), "-----BEGIN CERTIFICATE-----\n");
  Reload(daemon, "config.kept");
  EXPECT_THAT(daemon.log(), HasSubstr("mx.pem: no certificate in it"));
  EXPECT_THAT(Connect(daemon), HasSubstr("subject=CN = second"));
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
}

TEST_F(TlsTest, WithoutACertificateOneIsMade) {
  Daemon daemon;
  EXPECT_THAT(Connect(daemon), HasSubstr("subject=CN = mx.bounces.example"));
  // It lasts, whatever is reloaded.
  const std::string before = Connect(daemon);
  Reload(daemon, "rules.reloaded");
  EXPECT_EQ(Certificate(Connect(daemon)), Certificate(before));
}

TEST_F(TlsTest, OneIsMadeAtAReloadThatTakesTheOthersOut) {
  Daemon daemon({.sections = authority_.Section()});
  EXPECT_THAT(Connect(daemon), HasSubstr("subject=CN = first"));
  ASSERT_TRUE(daemon.Reconfigure({}, "config.reloaded"));
  const std::string made = Connect(daemon);
  EXPECT_THAT(made, HasSubstr("subject=CN = mx.bounces.example"));
  ASSERT_TRUE(daemon.Reconfigure({}, "config.reloaded"));
  EXPECT_EQ(Certificate(Connect(daemon)), Certificate(made));
  ASSERT_TRUE(daemon.Reconfigure({.sections = authority_.Section()}, "config.reloaded"));
  EXPECT_THAT(Connect(daemon), HasSubstr("subject=CN = first"));
}

TEST_F(TlsTest, EachCertificateThatEndsSoonIsNamed) {
  const TempDir dir;
  std::string sections = authority_.Section();
  for (const std::string days : {"5", "9"}) {
    const std::string chain = dir / (days + ".pem");
    const std::string key = dir / (days + ".key");
    ASSERT_EQ(RunProgram({"openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
                          "ec_paramgen_curve:P-256", "-subj", "/CN=mx.example", "-days", days,
                          "-keyout", key, "-out", chain})
                  .status,
              0);
    sections += "[[smtp.certificate]]\nchain_file = '" + chain + "'\nkey_file = '" + key + "'\n";
  }
  const Daemon daemon({.sections = sections});
  EXPECT_THAT(daemon.log(),
              HasSubstr("smtp.certificate_ends chain_file=" + (dir / "5.pem") + " days=4\n"));
  EXPECT_THAT(daemon.log(),
              HasSubstr("smtp.certificate_ends chain_file=" + (dir / "9.pem") + " days=8\n"));
  EXPECT_THAT(daemon.log(), Not(HasSubstr("chain_file=" + authority_.chain_file())));
}

TEST_F(TlsTest, ABrokenCertificateStopsTheStart) {
  WriteFile(authority_.key_file(), "no key", 0600);
  const auto outcome = Daemon::FailToStart({.sections = authority_.Section()});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, 2);
  EXPECT_THAT(outcome->err, HasSubstr("mx.key: no key without a passphrase in it"));
}

TEST_F(TlsTest, PostfixUsesTlsWhereItIsOffered) {
  const std::string reason = Postfix::Unavailable();
  if (!reason.empty()) BOUNCED_SKIP(reason);
  MailSystem system({.tls = true});
  const std::string recipient = "nouser@rcpt.example";
  ASSERT_EQ(system.SendOut(system.daemon().Mint(recipient), {recipient}).code, 250);
  const std::vector<v1::Event> events = system.AwaitEvents(recipient);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].reason(), "no_such_user");
  EXPECT_TRUE(
      Eventually([&] { return system.daemon().log().find("tls=TLSv1.3") != std::string::npos; }));
}

TEST_F(TlsTest, S143SwaksTalksToAllKindsOfPort) {
  Daemon daemon({.smtp = LoginPorts()});
  struct Case {
    std::uint16_t port;
    std::vector<std::string> options;
  };
  const std::vector<Case> cases = {
      {daemon.smtp_port(), {"--tls"}},
      {daemon.port("smtps"),
       {"--tls-on-connect", "--auth", "PLAIN", "-au", "relay", "-ap", "pencil"}},
      {daemon.port("smtps"),
       {"--tls-on-connect", "--auth", "LOGIN", "-au", "relay", "-ap", "pencil"}},
      {daemon.port("submission"), {"--tls", "--auth", "LOGIN", "-au", "relay", "-ap", "pencil"}},
  };
  int number = 0;
  for (const Case& c : cases) {
    const std::string recipient = "r" + std::to_string(++number) + "@rcpt.example";
    std::vector<std::string> command = {"swaks",
                                        "--server",
                                        "127.0.0.1:" + std::to_string(c.port),
                                        "--from",
                                        "<>",
                                        "--to",
                                        daemon.Mint(recipient),
                                        "--body",
                                        "no report"};
    command.insert(command.end(), c.options.begin(), c.options.end());
    const Outcome outcome = RunProgram(command);
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("TLS started"));
    EXPECT_EQ(daemon.api().Events(recipient).size(), 1u);
  }
  // No login, no mail.
  const Outcome refused =
      RunProgram({"swaks", "--server", "127.0.0.1:" + std::to_string(daemon.port("submission")),
                  "--tls", "--from", "<>", "--to", daemon.Mint("r@rcpt.example")});
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.out, HasSubstr("530 5.7.0"));
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
  EXPECT_THAT(daemon.log(), Not(HasSubstr("tls_failed")));
  EXPECT_THAT(daemon.log(), HasSubstr("user=relay"));
}

TEST_F(TlsTest, S53OpenSslGetsInWithWhatIsGoodEnoughAndWithNothingElse) {
  Daemon daemon({.sections = authority_.Section()});
  struct Case {
    std::vector<std::string> options;
    std::string_view expected;
  };
  const std::vector<Case> cases = {
      {{"-tls1_3"}, "New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384"},
      {{"-tls1_2"}, "New, TLSv1.2, Cipher is ECDHE-ECDSA-AES256-GCM-SHA384"},
      {{"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"}, "Cipher is ECDHE-ECDSA-AES128-SHA256"},
      // The security level 0 lets the client offer what its own library would refuse.
      {{"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}, "alert protocol version"},
      {{"-tls1", "-cipher", "ALL:@SECLEVEL=0"}, "alert protocol version"},
      {{"-tls1_2", "-cipher", "AES128-GCM-SHA256"}, "alert handshake failure"},
      {{"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"}, "alert handshake failure"},
      {{"-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-CCM8"}, "alert handshake failure"},
      {{"-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"}, "alert handshake failure"},
      {{"-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"}, "alert handshake failure"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.options.back());
    EXPECT_THAT(Connect(daemon, c.options), HasSubstr(c.expected));
  }
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
}

TEST_F(TlsTest, S46T31WhatComesWithStarttlsInOnePacketIsNotRun) {
  Daemon daemon({.sections = authority_.Section()});
  SmtpClient client(daemon.smtp_port());
  ASSERT_EQ(client.Greet().code, 250);
  client.Write("STARTTLS\r\nMAIL FROM:<>\r\n");
  const SmtpReply reply = client.Read();
  EXPECT_EQ(reply.code, 554) << reply.text;
  EXPECT_TRUE(client.Closed());
}

TEST_F(TlsTest, S48TlsIsNotOfferedInsideTls) {
  Daemon daemon({.sections = authority_.Section()});
  // Swaks marks the lines that it reads with "<-", under TLS with "<~".
  const std::string dialogue =
      RunProgram({"swaks", "--server", "127.0.0.1:" + std::to_string(daemon.smtp_port()), "--tls",
                  "--to", "r@bounces.example", "--quit-after", "EHLO"})
          .out;
  EXPECT_THAT(dialogue, HasSubstr("<-  250-STARTTLS"));
  EXPECT_THAT(dialogue, HasSubstr("<~  250-PIPELINING"));
  EXPECT_THAT(dialogue, Not(HasSubstr("<~  250-STARTTLS")));
}

TEST_F(TlsTest, S117WhoTakesAPortForAnotherIsSentAway) {
  Daemon daemon({.smtp = LoginPorts(), .sections = authority_.Section()});
  {
    SCOPED_TRACE("a browser on the port of SMTP");
    SmtpClient browser(daemon.smtp_port());
    EXPECT_EQ(browser.Read().code, 220);
    browser.Write("GET / HTTP/1.1\r\nHost: mx.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n");
    EXPECT_EQ(browser.Read().code, 500);
    EXPECT_TRUE(browser.Closed());
  }
  {
    SCOPED_TRACE("a client of implicit TLS on the port of SMTP");
    const Outcome outcome = RunProgram(
        {"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(daemon.smtp_port())});
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.err, HasSubstr("wrong version number"));
  }
  {
    SCOPED_TRACE("a client of SMTP on the port of implicit TLS");
    SmtpClient client(daemon.port("smtps"));
    client.Write("EHLO client.sender.example\r\n");
    EXPECT_EQ(client.Read().code, 0);
  }
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
  EXPECT_THAT(daemon.log(), Not(HasSubstr("smtp.session_failed")));
}

TEST_F(TlsTest, S55S56NoLoginInTheClearNorOnThePortForEverybody) {
  Daemon daemon({.smtp = LoginPorts(), .sections = authority_.Section()});
  SmtpClient relay(daemon.port("submission"));
  EXPECT_THAT(relay.Greet().text, Not(HasSubstr("AUTH")));
  EXPECT_EQ(relay.Command("AUTH PLAIN AHJlbGF5AHBlbmNpbA==").code, 538);
  EXPECT_EQ(relay.Command("MAIL FROM:<>").code, 530);
  SmtpClient anybody(daemon.smtp_port());
  EXPECT_THAT(anybody.Greet().text, Not(HasSubstr("AUTH")));
  EXPECT_EQ(anybody.Command("AUTH PLAIN AHJlbGF5AHBlbmNpbA==").code, 503);
}

// msmtp takes the mechanism that it is told, and checks that the server knows the password, too.
TEST_F(TlsTest, S56MsmtpLogsInByScram) {
  if (RunProgram({"msmtp", "--version"}).status != 0) BOUNCED_SKIP("msmtp is not installed");
  Daemon daemon({.smtp = LoginPorts(), .sections = authority_.Section()});
  struct Case {
    std::string_view port;
    std::string_view password;
    bool good;
  };
  const std::vector<Case> cases = {
      {"submission", "pencil", true}, {"smtps", "pencil", true}, {"submission", "pen", false}};
  int number = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.port);
    const std::string recipient = "r" + std::to_string(++number) + "@rcpt.example";
    const TempDir dir;
    WriteFile(dir / "msmtprc",
              "account default\nhost 127.0.0.1\nport " + std::to_string(daemon.port(c.port)) +
                  "\ntls on\ntls_starttls " + (c.port == "submission" ? "on" : "off") +
                  "\ntls_trust_file " + authority_.own_file() +
                  "\ntls_host_override mx.example\nauth scram-sha-256\nuser relay\npassword " +
                  std::string(c.password) + "\nfrom mailer-daemon@sender.example\n",
              0600);
    const Outcome outcome = RunProgram({"msmtp", "-C", dir / "msmtprc", daemon.Mint(recipient)}, {},
                                       "Subject: no report\n\nHello.\n");
    EXPECT_EQ(outcome.status == 0, c.good) << outcome.out << outcome.err;
    EXPECT_EQ(daemon.api().Events(recipient).size(), c.good ? 1u : 0u);
    EXPECT_EQ(outcome.err.find("535 5.7.8") != std::string::npos, !c.good) << outcome.err;
  }
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
  EXPECT_THAT(daemon.log(), HasSubstr("user=relay"));
}

}  // namespace
}  // namespace bounced::e2e
