// The ways in beside port 25: behind HAProxy, from a local Postfix over LMTP, on systemd's sockets.
#include <signal.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/mail_server.h"
#include "tests/e2e/harness/mail_system.h"
#include "tests/skip.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;

// A HAProxy in front of a port, on a port of its own.
class HaProxy {
 public:
  // `option`: "send-proxy" or "send-proxy-v2".
  HaProxy(std::uint16_t server_port, const std::string& option) {
    // Somebody may take the port before HAProxy does: then another is tried.
    for (int attempt = 0; attempt < 3; ++attempt) {
      port_ = FreePort();
      WriteFile(dir_ / "haproxy.cfg",
                "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n"
                "  timeout server 60s\nlisten mail\n  bind 127.0.0.1:" +
                    std::to_string(port_) + "\n  server bounced 127.0.0.1:" +
                    std::to_string(server_port) + " " + option + "\n");
      process_.emplace(ProcessOptions{.argv = {"haproxy", "-db", "-f", dir_ / "haproxy.cfg"},
                                      .stderr_path = dir_ / "log"});
      const bool listens = Eventually([this] { return process_->Poll() || Listens(port_); });
      if (listens && !process_->Poll()) return;
    }
    throw std::runtime_error("HAProxy did not start: " + ReadFile(dir_ / "log"));
  }
  std::uint16_t port() const { return port_; }

 private:
  static bool Listens(std::uint16_t port) {
    const Outcome listing = RunProgram({"ss", "-Hltn", "sport = :" + std::to_string(port)});
    return !listing.out.empty();
  }

  TempDir dir_;
  std::optional<Process> process_;
  std::uint16_t port_ = 0;
};

TEST(WaysInTest, S145HaProxyNamesTheClient) {
  if (RunProgram({"haproxy", "-v"}).status != 0) BOUNCED_SKIP("haproxy is not installed");
  Daemon daemon({.smtp = "proxy_listen = ['127.0.0.1:0']\ntrusted_proxies = ['127.0.0.1']\n"});
  int number = 0;
  for (const char* option : {"send-proxy", "send-proxy-v2"}) {
    SCOPED_TRACE(option);
    const HaProxy proxy(daemon.port("proxy"), option);
    const std::string recipient = "r" + std::to_string(++number) + "@rcpt.example";
    const Outcome outcome = RunProgram(
        {"swaks", "--server", "127.0.0.1:" + std::to_string(proxy.port()), "--local-interface",
         "127.0.0.9", "--tls", "--from", "<>", "--to", daemon.Mint(recipient)});
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
    const std::vector<v1::Event> events = daemon.api().Events(recipient);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].client_address(), "127.0.0.9");
  }
}

TEST(WaysInTest, PostfixDeliversOverLmtp) {
  const std::string reason = Postfix::Unavailable();
  if (!reason.empty()) BOUNCED_SKIP(reason);
  const TempDir dir;
  MailSystem system({.postfix = {.bounces_hop = "lmtp:unix:" + (dir / "lmtp")},
                     .smtp = "lmtp_listen = ['" + (dir / "lmtp") + "']\n"});
  const std::string recipient = "nouser@rcpt.example";
  ASSERT_EQ(system.SendOut(system.daemon().Mint(recipient), {recipient}).code, 250);
  const std::vector<v1::Event> events = system.AwaitEvents(recipient);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].reason(), "no_such_user");
  EXPECT_EQ(events[0].client_address(), "");
}

// What systemd does for a unit with a socket: it binds, and hands over what it bound.
constexpr const char* kHandOver = R"(
import os, socket, sys
names, command = sys.argv[1].split(','), sys.argv[2:]
sockets = []
for name in names:
    s = socket.socket()
    s.bind(('127.0.0.1', 0))
    s.listen()
    sockets.append(s)
for i, s in enumerate(sockets):
    os.dup2(s.fileno(), 100 + i)
for i in range(len(sockets)):
    os.dup2(100 + i, 3 + i)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=':'.join(names))
os.execvp(command[0], command)
)";

TEST(WaysInTest, S144SocketsOfSystemdTakeThePlaceOfAddresses) {
  // Port 1 of an address that is not ours: whoever binds it fails.
  Daemon daemon(
      {.smtp_listen = "192.0.2.1:1", .wrapper = {"python3", "-c", kHandOver, "smtp,lmtp"}});
  const std::string recipient = "r@rcpt.example";
  EXPECT_EQ(daemon.Send("", daemon.Mint(recipient), "Subject: x\r\n\r\n").code, 250);
  EXPECT_NE(daemon.port("lmtp"), 0);
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
}

TEST(WaysInTest, S144TheApiTakesASocketOfSystemd) {
  Daemon daemon({.wrapper = {"python3", "-c", kHandOver, "grpc,smtp"}});
  const std::string recipient = "r@rcpt.example";
  EXPECT_EQ(daemon.Send("", daemon.Mint(recipient), "Subject: x\r\n\r\n").code, 250);
  EXPECT_EQ(daemon.api().Events(recipient).size(), 1u);
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
}

TEST(WaysInTest, S144WhatIsHandedOverWronglyStopsTheStart) {
  struct Case {
    std::string names;
    std::string why;
  };
  for (const Case& c : {
           Case{"grpc,grpc", "more than one socket was handed over for grpc"},
           {"smtp,imap",
            "a socket was handed over as \"imap\": its FileDescriptorName= must be one of smtp, "
            "submission, smtps, lmtp, proxy, proxy_tls, grpc\n"},
           {"submission",
            "a socket was handed over as \"submission\", for who logs in, and there is"},
           {"proxy", "a socket was handed over as \"proxy\", which believes smtp.trusted_proxies"},
           // One socket, two names.
           {"smtp:lmtp", "LISTEN_FDS and LISTEN_FDNAMES do not name sockets"},
       }) {
    const auto outcome = Daemon::FailToStart({.wrapper = {"python3", "-c", kHandOver, c.names}});
    ASSERT_TRUE(outcome.has_value()) << c.names;
    EXPECT_EQ(outcome->status, 2) << "or systemd would start it again and again";
    EXPECT_THAT(outcome->err, HasSubstr(c.why));
  }
}

}  // namespace
}  // namespace bounced::e2e
