// TLS between real mail servers' clients and the daemon.
#include <signal.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/mail_system.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

// A certificate for mx.example that an authority of the test's own has signed.
class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    OpenSsl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
             "/CN=authority", "-keyout", dir_ / "ca.key", "-out", dir_ / "ca.pem"});
    MakeCertificate("first");
  }

  // A new one in place of the old.
  void MakeCertificate(const std::string& name) {
    OpenSsl({"req",
             "-x509",
             "-newkey",
             "ec",
             "-pkeyopt",
             "ec_paramgen_curve:P-256",
             "-nodes",
             "-days",
             "30",
             "-subj",
             "/CN=" + name,
             "-addext",
             "subjectAltName=DNS:mx.example",
             "-CA",
             dir_ / "ca.pem",
             "-CAkey",
             dir_ / "ca.key",
             "-keyout",
             dir_ / "mx.key",
             "-out",
             dir_ / "mx.pem"});
  }
  std::string Section() const {
    return "[[smtp.certificate]]\nchain_file = '" + (dir_ / "mx.pem") + "'\nkey_file = '" +
           (dir_ / "mx.key") + "'\n";
  }
  static void OpenSsl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const Outcome outcome = RunProgram(arguments);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  // What openssl's client says of the connection.
  std::string Connect(const Daemon& daemon) const {
    return RunProgram({"openssl", "s_client", "-connect",
                       "127.0.0.1:" + std::to_string(daemon.smtp_port()), "-starttls", "smtp",
                       "-CAfile", dir_ / "ca.pem", "-verify_hostname", "mx.example"},
                      {}, "QUIT\r\n")
        .out;
  }
  static void Reload(Daemon& daemon, const std::string& word) {
    const std::string before = daemon.log();
    daemon.Signal(SIGHUP);
    EXPECT_TRUE(Eventually([&] {
      return daemon.log().find(word, before.size()) != std::string::npos;
    })) << word;
  }

  TempDir dir_;
};

TEST_F(TlsTest, S142SighupTakesANewCertificateAndKeepsTheOldIfItIsBroken) {
  Daemon daemon({.sections = Section()});
  EXPECT_THAT(Connect(daemon), HasSubstr("subject=CN = first"));
  EXPECT_THAT(Connect(daemon), HasSubstr("Verification: OK"));

  MakeCertificate("second");
  Reload(daemon, "config.reloaded");
  EXPECT_THAT(Connect(daemon), HasSubstr("subject=CN = second"));

  WriteFile(dir_ / "mx.pem", "-----BEGIN CERTIFICATE-----\n");
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
  const auto key = [](const std::string& text) {
    const std::size_t begin = text.find("-----BEGIN");
    return text.substr(begin, text.find("-----END") - begin);
  };
  EXPECT_EQ(key(Connect(daemon)), key(before));
}

TEST_F(TlsTest, ABrokenCertificateStopsTheStart) {
  WriteFile(dir_ / "mx.key", "no key", 0600);
  const auto outcome = Daemon::FailToStart({.sections = Section()});
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
  const Outcome hashed = RunProgram({Program("bouncectl"), "hash-password"}, {}, "pencil\n");
  ASSERT_EQ(hashed.status, 0) << hashed.err;
  Daemon daemon({.smtp = "submission_listen = ['127.0.0.1:0']\ntls_listen = ['127.0.0.1:0']\n"
                         "[[smtp.user]]\nname = 'relay'\nsecret = '" +
                         hashed.out.substr(0, hashed.out.size() - 1) + "'\n"});
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

}  // namespace
}  // namespace bounced::e2e
