// SIGHUP: what the configuration says anew holds at once, and what is broken changes nothing.
#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/report.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

// More lines of [[return_path]]: another key, which verifies beside the first.
std::string SecondKey(const TempDir& dir) {
  WriteFile(dir / "b.key", std::string(64, 'b'), 0600);
  return "[[return_path.key]]\nid = 'b'\nsecret_file = '" + (dir / "b.key") + "'\n";
}

TEST(ReloadTest, T17KeysRotateWithoutAGap) {
  const TempDir dir;
  Daemon daemon;
  const std::string before = daemon.Mint("before@rcpt.example");
  EXPECT_THAT(before, HasSubstr("bo-a-"));
  // Key a stands behind it in the file, so b would sign only if it stood last: a is dated.
  std::atomic<bool> done = false;
  std::atomic<int> refused = 0;
  std::thread sender([&] {
    for (int i = 0; !done; ++i) {
      const std::string recipient = "r" + std::to_string(i) + "@rcpt.example";
      const SmtpReply reply = daemon.Send("", daemon.Mint(recipient), "Subject: x\r\n\r\n");
      if (reply.code != 250) ++refused;
    }
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(daemon.Reconfigure({.return_path = SecondKey(dir)}, "config.reloaded"));
    EXPECT_TRUE(daemon.Reconfigure({}, "config.reloaded"));
  }
  EXPECT_TRUE(daemon.Reconfigure({.return_path = SecondKey(dir)}, "config.reloaded"));
  done = true;
  sender.join();
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(daemon.Send("", before, "Subject: x\r\n\r\n").code, 250);
}

TEST(ReloadTest, PolicyHoldsForTheNextBounce) {
  Daemon daemon;
  const auto bounce = [&daemon](const std::string& recipient) {
    const FailureReport report{
        .recipient = recipient, .status = "5.2.2", .diagnostic = "smtp; 552 5.2.2 mailbox full"};
    EXPECT_EQ(daemon.Send("", daemon.Mint(recipient), Compose(report)).code, 250);
  };
  bounce("a@rcpt.example");
  EXPECT_EQ(daemon.Check("a@rcpt.example"), v1::VERDICT_RISKY);
  EXPECT_TRUE(
      daemon.Reconfigure({.sections = "[policy]\nsoft_threshold = 1\n"}, "config.reloaded"));
  bounce("b@rcpt.example");
  EXPECT_EQ(daemon.Check("b@rcpt.example"), v1::VERDICT_SUPPRESSED);
}

TEST(ReloadTest, PoliciesThatAreAppliedHoldOverARestartAndUnderAReload) {
  const TempDir dir;
  Daemon daemon;
  const auto bounce = [&daemon](const std::string& recipient) {
    const FailureReport report{
        .recipient = recipient, .status = "5.2.2", .diagnostic = "smtp; 552 5.2.2 mailbox full"};
    EXPECT_EQ(daemon.Send("", daemon.Mint(recipient), Compose(report)).code, 250);
    return daemon.Check(recipient);
  };
  WriteFile(dir / "policies.toml",
            "[[tenant]]\nname = 'default'\npolicy = { soft_threshold = 1 }\n");
  EXPECT_EQ(daemon.Bouncectl({"apply", dir / "policies.toml", "--dry-run"}).status, 1);
  EXPECT_EQ(bounce("a@rcpt.example"), v1::VERDICT_RISKY);
  EXPECT_EQ(daemon.Bouncectl({"apply", dir / "policies.toml"}).status, 0);
  EXPECT_EQ(bounce("b@rcpt.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_TRUE(daemon.Reconfigure({.sections = "[policy]\nhard_days = 8\n"}, "config.reloaded"));
  EXPECT_EQ(bounce("c@rcpt.example"), v1::VERDICT_SUPPRESSED);
  daemon.Stop(SIGTERM);
  daemon.Restart();
  EXPECT_EQ(bounce("d@rcpt.example"), v1::VERDICT_SUPPRESSED);
  const Outcome policies = daemon.Bouncectl({"policies"});
  EXPECT_THAT(policies.out, HasSubstr("default\tapplied\thard_confidence=80 hard_days=8 "));
}

TEST(ReloadTest, ABrokenConfigurationKeepsAllOfTheOld) {
  const TempDir dir;
  Daemon daemon;
  const std::string minted = daemon.Mint("a@rcpt.example");
  struct Case {
    DaemonOptions options;
    std::string why;
  };
  const Case cases[] = {
      {{.sections = "[polizy]\n"}, "polizy: unknown key"},
      {{.return_path = "[[return_path.key]]\nid = 'c'\nsecret_file = '/none'\n",
        .sections = "[policy]\nsoft_threshold = 1\n"},
       "key file /none: No such file or directory: make it"},
      {{.sections = "[policy]\nsoft_days = 481\n"}, "policy.soft_days"},
      {{.sections = "[[smtp.certificate]]\nchain_file = '/none'\nkey_file = '/none'\n"},
       "why=\"/none: No such file or directory\""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    EXPECT_TRUE(daemon.Reconfigure(c.options, "config.kept"));
    EXPECT_THAT(daemon.log(), HasSubstr(c.why));
    EXPECT_EQ(daemon.Send("", minted, "Subject: x\r\n\r\n").code, 250);
    EXPECT_EQ(daemon.Check("b@rcpt.example"), v1::VERDICT_SEND);
  }
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
}

TEST(ReloadTest, WhatWaitsForARestartIsNamed) {
  Daemon daemon;
  EXPECT_TRUE(
      daemon.Reconfigure({.smtp = "max_errors = 5\n",
                          .sections = "[log]\nlevel = 'debug'\n[policy]\nsoft_threshold = 1\n"},
                         "config.reloaded"));
  EXPECT_THAT(daemon.log(), HasSubstr("config.waits_for_restart keys=smtp.max_errors,log.level\n"));
  // All is as it was at the start.
  const std::size_t before = daemon.log().size();
  EXPECT_TRUE(daemon.Reconfigure({}, "config.reloaded"));
  EXPECT_THAT(daemon.log().substr(before), Not(HasSubstr("config.waits_for_restart")));
}

TEST(ReloadTest, APipeInPlaceOfAFileIsRefusedAndHoldsUpNothing) {
  const TempDir dir;
  const std::string pipe = dir / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  Daemon daemon;
  EXPECT_TRUE(
      daemon.Reconfigure({.sections = "[rules]\nfiles = ['" + pipe + "']\n"}, "rules.kept"));
  EXPECT_TRUE(daemon.Reconfigure({.sections = "[[smtp.certificate]]\nchain_file = '" + pipe +
                                              "'\nkey_file = '" + pipe + "'\n"},
                                 "config.kept"));
  EXPECT_THAT(daemon.log(), HasSubstr(pipe + ": is no plain file"));
  const std::string file = daemon.dir() / "bounced.toml";
  std::filesystem::remove(file);
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  daemon.Signal(SIGHUP);
  EXPECT_TRUE(Eventually(
      [&] { return daemon.log().find(file + ": is no plain file") != std::string::npos; }));
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
}

TEST(ReloadTest, T16AKeyThatIsTakenOutRefusesAllThatItSigned) {
  const TempDir dir;
  WriteFile(dir / "b.key", std::string(64, 'b'), 0600);
  Daemon daemon;
  const std::string minted = daemon.Mint("a@rcpt.example");
  EXPECT_EQ(daemon.Send("", minted, "Subject: x\r\n\r\n").code, 250);
  // In the harness's configuration key a always stands: its secret is another one now.
  WriteFile(daemon.dir() / "return-path.key", std::string(64, 'n'), 0600);
  EXPECT_TRUE(daemon.Reconfigure({}, "config.reloaded"));
  EXPECT_EQ(daemon.Send("", minted, "Subject: x\r\n\r\n").code, 550);
  EXPECT_EQ(daemon.Send("", daemon.Mint("a@rcpt.example"), "Subject: x\r\n\r\n").code, 250);
}

}  // namespace
}  // namespace bounced::e2e
