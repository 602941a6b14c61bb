// SIGHUP: what the configuration says anew holds at once, and what is broken changes nothing.
#include <signal.h>

#include <atomic>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/report.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;

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
       "key file /none cannot be read"},
      {{.sections = "[policy]\nsoft_days = 481\n"}, "policy.soft_days"},
      {{.sections = "[[smtp.certificate]]\nchain_file = '/none'\nkey_file = '/none'\n"},
       "/none: cannot be read"},
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
