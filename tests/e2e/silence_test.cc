// That no message and no command makes the daemon turn to anybody.
#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/dns/name_server.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/report.h"

namespace bounced::e2e {
namespace {

constexpr char kReturnPath[] = "bounces@bounces.example";

class SilenceTest : public testing::Test {
 protected:
  DaemonOptions Watched(const std::string& sections = {}) {
    return {.return_path = "signing = 'optional'",
            .sections = sections,
            .wrapper = {"env", std::string("LD_PRELOAD=") + BOUNCED_CONNECT_LOG,
                        "CONNECT_LOG=" + log_}};
  }
  // Each connection, a line.
  std::string Connections() const {
    return std::filesystem::exists(log_) ? ReadFile(log_) : std::string();
  }

  TempDir dir_;
  const std::string log_ = dir_ / "connections";
};

// What asks other systems for an answer, a fetch, or a copy.
const char* const kMessages[] = {
    "From: a@sender.example\nTo: list@bounces.example\nSubject: [challenge] confirm that you are "
    "human\nX-Challenge: 1\n\nOpen http://192.0.2.1/confirm?id=1 or reply to this mail.\n",
    "From: a@sender.example\nSubject: receipt\nDisposition-Notification-To: a@sender.example\n"
    "Return-Receipt-To: a@sender.example\nErrors-To: a@sender.example\nGenerate-Delivery-Report: "
    "a@sender.example\n\nhello\n",
    "From: a@sender.example\nSubject: picture\nMIME-Version: 1.0\nContent-Type: text/html\n\n"
    "<img src=\"http://192.0.2.1/x.png\"><link rel=stylesheet href=\"http://192.0.2.1/x.css\">\n",
    "From: a@sender.example\nSubject: body elsewhere\nMIME-Version: 1.0\nContent-Type: "
    "message/external-body; access-type=anon-ftp; site=192.0.2.1; name=x\n\n"
    "Content-Type: text/plain\n\n",
    "From: a@sender.example\nSubject: vacation\nAuto-Submitted: auto-replied\nReply-To: "
    "b@sender.example\n\nI am away.\n",
};

TEST_F(SilenceTest, S10S139T20NoMessageAndNoCommandOpensAConnection) {
  Daemon daemon(Watched());
  for (const char* message : kMessages) {
    for (const std::string& return_path :
         {std::string(kReturnPath), daemon.Mint("r@rcpt.example")}) {
      const SmtpReply reply = daemon.Send("a@sender.example", return_path, message);
      EXPECT_EQ(reply.code, 250) << reply.text;
    }
  }
  EXPECT_EQ(
      daemon.Send("", daemon.Mint("s@rcpt.example"), Compose({.recipient = "s@rcpt.example"})).code,
      250);
  SmtpClient session(daemon.smtp_port());
  EXPECT_EQ(session.Greet().code, 250);
  for (const char* command :
       {"VRFY a@sender.example", "EXPN list", "ETRN sender.example", "TURN", "HELP"}) {
    session.Command(command);
  }
  EXPECT_EQ(session.Command("MAIL FROM:<a@sender.example> RET=FULL ENVID=x").code, 250);
  EXPECT_EQ(session.Command("RCPT TO:<victim@elsewhere.example> NOTIFY=SUCCESS").code, 550);
  EXPECT_EQ(session.Command("RCPT TO:<bounces@bounces.example> NOTIFY=SUCCESS,FAILURE").code, 250);
  EXPECT_EQ(session.Data("Subject: tell me that it came\n\n").code, 250);
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
  EXPECT_EQ(Connections(), "");
}

TEST_F(SilenceTest, T20OnlyTheResolverIsAsked) {
  dns::NameServer server(
      [](const dns::WireQuery& query) { return std::vector<std::string>{query.reply.Octets()}; });
  Daemon daemon(Watched("[authentication]\nservers = ['" + server.address() + "']\n"));
  EXPECT_EQ(daemon.Send("", kReturnPath, Compose({.recipient = "s@rcpt.example"})).code, 250);
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
  EXPECT_THAT(Connections(), testing::MatchesRegex("(" + server.address() + "\n)+"));
}

}  // namespace
}  // namespace bounced::e2e
