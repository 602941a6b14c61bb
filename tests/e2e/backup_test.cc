// The life of a database, by the programs: backup, restore, check, salvage.
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/report.h"

namespace bounced::e2e {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

class BackupTest : public testing::Test {
 protected:
  void Suppress(const std::string& recipient) {
    ASSERT_EQ(daemon_.Send("", daemon_.Mint(recipient), Compose({.recipient = recipient})).code,
              250);
  }
  // The program on the data of the daemon, which has stopped.
  Outcome Bounced(std::vector<std::string> flags, std::string_view input = {}) {
    std::vector<std::string> argv = {Program("bounced"), "--allow-root", "--config",
                                     daemon_.dir() / "bounced.toml"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    return RunProgram(argv, {}, input);
  }

  Daemon daemon_;
  TempDir dir_;
};

TEST_F(BackupTest, T47WhatWasBackedUpIsThereAfterARestore) {
  Suppress("before@rcpt.example");
  const Outcome backup = daemon_.Bouncectl({"backup", dir_ / "b"});
  ASSERT_EQ(backup.status, 0) << backup.err;
  EXPECT_THAT(backup.out, HasSubstr("octets"));
  struct stat status {};
  ASSERT_EQ(::stat((dir_ / "b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  const Outcome piped = daemon_.Bouncectl({"backup", "-"});
  ASSERT_EQ(piped.status, 0) << piped.err;
  Suppress("after@rcpt.example");
  EXPECT_EQ(daemon_.Bouncectl({"integrity", "--full"}).out, "ok\n");

  const Outcome held = Bounced({"--restore", dir_ / "b"});
  EXPECT_EQ(held.status, 1);
  EXPECT_THAT(held.err, HasSubstr("another daemon holds it"));
  EXPECT_EQ(Bounced({"--check"}).status, 1);

  ASSERT_EQ(daemon_.Stop(SIGTERM), 0);
  const Outcome restored = Bounced({"--restore", dir_ / "b"});
  ASSERT_EQ(restored.status, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("restored " + daemon_.data_dir()));
  EXPECT_THAT(restored.out,
              HasSubstr("kept what was there as " + daemon_.data_dir() + "/bounced.db.before-"));
  const Outcome check = Bounced({"--check", "--full"});
  EXPECT_EQ(check.status, 0) << check.err;
  EXPECT_EQ(check.out, "ok\n");
  daemon_.Restart();
  EXPECT_EQ(daemon_.Check("before@rcpt.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(daemon_.Check("after@rcpt.example"), v1::VERDICT_SEND);

  // The same through a pipe.
  ASSERT_EQ(daemon_.Stop(SIGTERM), 0);
  const Outcome from_pipe = Bounced({"--restore", "-"}, piped.out);
  EXPECT_EQ(from_pipe.status, 0) << from_pipe.err;
  daemon_.Restart();
  EXPECT_EQ(daemon_.Check("before@rcpt.example"), v1::VERDICT_SUPPRESSED);
}

TEST_F(BackupTest, WhatCannotBeTheFileIsMisuse) {
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--salvage", "-"}, {"--salvage", ""}, {"--restore", ""}}) {
    const Outcome outcome = Bounced(flags);
    EXPECT_EQ(outcome.status, 2) << flags[0] << " '" << flags[1] << "'";
    EXPECT_THAT(outcome.err, HasSubstr(flags[0] + ": " +
                                       (flags[1].empty() ? "the name is empty"
                                                         : "standard output is no place for it")));
  }
}

TEST_F(BackupTest, T55ADamagedDatabaseIsRefusedByNameAndSalvaged) {
  for (int i = 0; i < 20; ++i) Suppress("r" + std::to_string(i) + "@rcpt.example");
  ASSERT_EQ(daemon_.Stop(SIGTERM), 0);
  const std::string file = daemon_.data_dir() + "/bounced.db";
  std::string octets = ReadFile(file);
  octets.replace(0, 4096, std::string(4096, '\0'));  // the header, and which tables there are
  WriteFile(file, octets, 0600);

  const auto refused = Daemon::FailToStart({.data_dir = daemon_.data_dir()});
  ASSERT_TRUE(refused.has_value()) << "it started";
  EXPECT_EQ(refused->status, 1);
  EXPECT_THAT(refused->err, HasSubstr(file));
  EXPECT_THAT(refused->err, HasSubstr("bounced --salvage"));
  EXPECT_EQ(ReadFile(file), octets);
  const Outcome check = Bounced({"--check"});
  EXPECT_EQ(check.status, 1);
  EXPECT_THAT(check.out, HasSubstr("is damaged"));

  const Outcome salvage = Bounced({"--salvage", dir_ / "saved"});
  ASSERT_EQ(salvage.status, 0) << salvage.err;
  EXPECT_THAT(salvage.out, HasSubstr("suppression\t20 saved\t0 dropped"));
  EXPECT_THAT(salvage.out, HasSubstr("pages are no part of a table, nor free"));
  EXPECT_EQ(ReadFile(file), octets);
  ASSERT_EQ(Bounced({"--restore", dir_ / "saved"}).status, 0);
  daemon_.Restart();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(daemon_.Check("r" + std::to_string(i) + "@rcpt.example"), v1::VERDICT_SUPPRESSED);
  }
}

}  // namespace
}  // namespace bounced::e2e
