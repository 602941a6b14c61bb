// Starting, stopping, and refusing to start.
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/report.h"

namespace bounced::e2e {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// S141.
TEST(Shutdown, S141AnIdleSessionIsToldAndAMessageUnderWayMayEnd) {
  Daemon daemon;
  const std::string recipient = "nobody@rcpt.example";
  const std::string return_path = daemon.Mint(recipient);
  SmtpClient idle(daemon.smtp_port());
  ASSERT_EQ(idle.Greet().code, 250);
  SmtpClient busy(daemon.smtp_port());
  ASSERT_EQ(busy.Greet().code, 250);
  ASSERT_EQ(busy.Command("MAIL FROM:<>").code, 250);
  ASSERT_EQ(busy.Command("RCPT TO:<" + return_path + ">").code, 250);
  ASSERT_EQ(busy.Command("DATA").code, 354);
  const std::string wire = DotStuffed(Compose({.recipient = recipient}));
  ASSERT_TRUE(busy.Write(std::string_view(wire).substr(0, 1000)));

  daemon.Signal(SIGTERM);
  const SmtpReply told = idle.Read();
  EXPECT_EQ(told.code, 421);
  EXPECT_THAT(told.text, StartsWith("4.3.2"));
  EXPECT_TRUE(idle.Closed());
  // Nobody else gets in, while the message may still end.
  EXPECT_THROW(SmtpClient(daemon.smtp_port()), std::runtime_error);
  ASSERT_TRUE(busy.Write(std::string_view(wire).substr(1000)));
  const SmtpReply committed = busy.Read();
  EXPECT_EQ(committed.code, 250) << committed.text;
  EXPECT_EQ(daemon.Wait(), 0);

  daemon.Restart();
  EXPECT_EQ(daemon.Check(recipient), v1::VERDICT_SUPPRESSED);
}

TEST(Shutdown, S141AMessageThatDoesNotEndIsCutOffWhenTheDrainIsOver) {
  Daemon daemon({.smtp = "drain = '1s'"});
  SmtpClient busy(daemon.smtp_port());
  ASSERT_EQ(busy.Greet().code, 250);
  ASSERT_EQ(busy.Command("MAIL FROM:<>").code, 250);
  ASSERT_EQ(busy.Command("RCPT TO:<postmaster@bounces.example>").code, 250);
  ASSERT_EQ(busy.Command("DATA").code, 354);
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
  EXPECT_EQ(busy.Read().code, 421);
  daemon.Restart();
  EXPECT_EQ(daemon.api().Events().size(), 0U);
}

TEST(Shutdown, ALogThatNobodyReadsStopsNeitherMailNorTheEnd) {
  TempDir dir;
  // A pipe that is open for reading and never read.
  Daemon daemon({.wrapper = {"sh", "-c",
                             "mkfifo '" + (dir / "pipe") + "' && exec \"$0\" \"$@\" 2<>'" +
                                 (dir / "pipe") + "'"}});
  // A line each, of which the pipe holds some hundred.
  for (int i = 0; i < 1000; ++i) {
    SmtpClient client(daemon.smtp_port());
    ASSERT_EQ(client.Read().code, 220);
    ASSERT_EQ(client.Command("QUIT").code, 221);
  }
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
}

TEST(Shutdown, TheLastLineCountsWhatWasDone) {
  Daemon daemon;
  const std::string recipient = "nobody@rcpt.example";
  ASSERT_EQ(daemon.Send("", daemon.Mint(recipient), Compose({.recipient = recipient})).code, 250);
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
  EXPECT_THAT(daemon.log(), HasSubstr("daemon.counters smtp_sessions=1"));
  EXPECT_THAT(daemon.log(), HasSubstr("messages_committed=1"));
  EXPECT_THAT(daemon.log(), HasSubstr("suppressions=1"));
}

TEST(Start, ASecondDaemonOnTheSameDataIsRefusedAndSaysWhy) {
  Daemon daemon;
  const auto second = Daemon::FailToStart({.data_dir = daemon.data_dir()});
  ASSERT_TRUE(second.has_value()) << "it started";
  EXPECT_EQ(second->status, 1);
  EXPECT_THAT(second->err, HasSubstr(daemon.data_dir()));
  EXPECT_EQ(daemon.Check("reader@rcpt.example"), v1::VERDICT_SEND);
}

TEST(Start, ASecondDaemonOnTheSamePortIsRefusedAndNamesThePort) {
  Daemon daemon;
  const std::string smtp = "127.0.0.1:" + std::to_string(daemon.smtp_port());
  const auto by_smtp = Daemon::FailToStart({.smtp_listen = smtp});
  ASSERT_TRUE(by_smtp.has_value()) << "it started";
  EXPECT_EQ(by_smtp->status, 1);
  EXPECT_THAT(by_smtp->err, HasSubstr(smtp));
  EXPECT_THAT(by_smtp->err, Not(HasSubstr("daemon.counters"))) << "it never served";

  const auto by_grpc = Daemon::FailToStart({.grpc_listen = daemon.grpc_address()});
  ASSERT_TRUE(by_grpc.has_value()) << "it started";
  EXPECT_EQ(by_grpc->status, 1);
  EXPECT_THAT(by_grpc->err, HasSubstr(daemon.grpc_address()));
  EXPECT_THAT(by_grpc->err, Not(HasSubstr("daemon.counters"))) << "it never served";
}

TEST(Start, OffLoopbackTheApiDoesNotStart) {
  const auto open = Daemon::FailToStart({.grpc_listen = "0.0.0.0:0"});
  ASSERT_TRUE(open.has_value()) << "it started";
  EXPECT_NE(open->status, 0);
  EXPECT_THAT(open->err, HasSubstr("may not listen on 0.0.0.0:0"));
}

struct BadConfiguration {
  std::string_view name;
  DaemonOptions options;
  std::string says;
};

TEST(Start, AWrongConfigurationIsNamedByKey) {
  const std::vector<BadConfiguration> cases = {
      {"UnknownKey", {.smtp = "max_sesions = 5"}, "max_sessions"},
      {"WrongType", {.smtp = "max_sessions = 'many'"}, "max_sessions"},
      {"UnknownSection", {.sections = "[stroe]"}, "store"},
      {"NotToml", {.smtp = "= 5"}, "bounced.toml"},
      {"BadSigning", {.return_path = "signing = 'perhaps'"}, "signing"},
      {"BadPort", {.smtp_listen = "127.0.0.1:port"}, "listen"},
  };
  for (const BadConfiguration& row : cases) {
    SCOPED_TRACE(row.name);
    const auto outcome = Daemon::FailToStart(row.options);
    ASSERT_TRUE(outcome.has_value()) << "it started";
    EXPECT_EQ(outcome->status, 2) << outcome->err;
    EXPECT_THAT(outcome->err, HasSubstr(row.says));
  }
}

TEST(Start, ADataDirectoryThatCannotBeMadeIsNamed) {
  const auto outcome = Daemon::FailToStart({.data_dir = "/proc/no/such/folder"});
  ASSERT_TRUE(outcome.has_value()) << "it started";
  EXPECT_EQ(outcome->status, 1);
  EXPECT_THAT(outcome->err, HasSubstr("/proc/no/such/folder"));
}

TEST(Start, WhereStandardErrorIsClosedTheLogGoesNowhere) {
  Daemon daemon({.wrapper = {"sh", "-c", "exec \"$0\" \"$@\" 2>&-"}});
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(daemon.pid()) + "/fd/2"),
            "/dev/null");
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
}

TEST(Start, ADataDirectoryThatIsOpenToOthersIsWarnedOf) {
  const TempDir dir;
  const Daemon open({.data_dir = dir.path()});
  EXPECT_THAT(open.log(),
              HasSubstr("data_dir " + dir.path() + " is open to others, its mode is 0755"));
  const Daemon made;
  EXPECT_THAT(made.log(), Not(HasSubstr("is open to others")));
}

TEST(Start, AKeyThatOthersCanReadIsRefused) {
  TempDir dir;
  WriteFile(dir / "open.key", std::string(64, 'a'), 0644);
  const std::string key =
      "\n[[return_path]]\ndomain = 'other.example'\n[[return_path.key]]\n"
      "id = 'b'\nsecret_file = '" +
      dir / "open.key" + "'\n";
  const auto outcome = Daemon::FailToStart({.sections = key});
  ASSERT_TRUE(outcome.has_value()) << "it started";
  EXPECT_NE(outcome->status, 0);
  EXPECT_THAT(outcome->err, HasSubstr("open.key"));
}

TEST(Start, T49AsRootItServesOnlyIfToldWhereItHasAUser) {
  const auto outcome = Daemon::FailToStart({.flags = {}});
  if (geteuid() != 0 || getpwnam("bounced") == nullptr) {
    EXPECT_FALSE(outcome.has_value()) << outcome->err;
    return;
  }
  ASSERT_TRUE(outcome.has_value()) << "it started";
  EXPECT_EQ(outcome->status, 2);
  EXPECT_THAT(outcome->err, HasSubstr("--allow-root"));
}

TEST(Program, T50LeavesNoCoreAndLetsNobodyReadItsMemory) {
  const TempDir dir;
  Daemon daemon(
      {.wrapper = {"sh", "-c", "ulimit -S -c \"$(ulimit -H -c)\" && cd \"$0\" && exec \"$@\"",
                   dir.path()}});
  const std::string proc = "/proc/" + std::to_string(daemon.pid());
  EXPECT_THAT(ReadFile(proc + "/limits"), ContainsRegex("Max core file size +0 +0"));
  if (geteuid() != 0) {
    EXPECT_EQ(open((proc + "/mem").c_str(), O_RDONLY | O_CLOEXEC), -1);
  }
  EXPECT_EQ(daemon.Stop(SIGSEGV), 128 + SIGSEGV);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(Program, ChecksAConfigurationWithoutStarting) {
  Daemon daemon;
  const Outcome good =
      RunProgram({Program("bounced"), "--check-config", "--config", daemon.dir() / "bounced.toml"});
  EXPECT_EQ(good.status, 0) << good.err;
  TempDir dir;
  WriteFile(dir / "bad.toml", "[smtp]\nlissen = []\n");
  const Outcome bad =
      RunProgram({Program("bounced"), "--check-config", "--config", dir / "bad.toml"});
  EXPECT_EQ(bad.status, 2);
  EXPECT_THAT(bad.err, HasSubstr("listen"));
  EXPECT_EQ(RunProgram({Program("bounced"), "--version"}).status, 0);
}

}  // namespace
}  // namespace bounced::e2e
