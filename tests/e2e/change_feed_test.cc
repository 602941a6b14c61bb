// bouncectl watch beside a daemon that is killed and started again while changes come.
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"

namespace bounced::e2e {
namespace {

constexpr int kRounds = 4;
constexpr int kRows = 5'000;  // of a round, in several commits

std::size_t LinesOf(const std::string& file) {
  const std::string text = ReadFile(file);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Watch, T28EachChangeComesOnceAndInOrderThoughTheDaemonIsKilled) {
  TempDir dir;
  // The same place at each start, so that it is found again.
  const std::string server = "unix:" + (dir / "grpc");
  Daemon daemon({.grpc_listen = server});
  Process watch(
      {.argv = {Program("bouncectl"), "watch", "--from-start", "--resume-file", dir / "resume"},
       .environment = {"BOUNCED_SERVER=" + server},
       .stdout_path = dir / "out",
       .stderr_path = dir / "err"});
  for (int round = 0; round < kRounds; ++round) {
    std::string list;
    for (int i = 0; i < kRows; ++i) {
      list += "r" + std::to_string(round) + "n" + std::to_string(i) + "@many.example\n";
    }
    WriteFile(dir / "list", list);
    const std::size_t printed = LinesOf(dir / "out");
    Process import({.argv = {Program("bouncectl"), "import", dir / "list"},
                    .environment = {"BOUNCED_SERVER=" + server}});
    ASSERT_TRUE(Eventually([&] { return LinesOf(dir / "out") > printed; }))
        << ReadFile(dir / "err");
    EXPECT_EQ(daemon.Stop(SIGKILL), 128 + SIGKILL);
    ASSERT_TRUE(import.Wait());
    daemon.Restart();
    const Outcome again = daemon.Bouncectl({"import", dir / "list"});
    EXPECT_EQ(again.status, 0) << again.err;
  }
  EXPECT_EQ(daemon.Bouncectl({"remove", "r0n0@many.example"}).status, 0);
  const Outcome newest = daemon.Bouncectl({"history", "--limit", "1"});
  ASSERT_EQ(newest.status, 0) << newest.err;
  const std::uint64_t changes = std::stoull(newest.out);
  EXPECT_EQ(changes, static_cast<std::uint64_t>(kRounds * kRows + 1));
  EXPECT_TRUE(Eventually([&] { return LinesOf(dir / "out") >= changes; })) << ReadFile(dir / "err");
  EXPECT_FALSE(watch.Poll()) << "it had ended: " << ReadFile(dir / "err");

  const std::string out = ReadFile(dir / "out");
  const std::vector<std::string> lines = absl::StrSplit(out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), changes);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(std::stoull(lines[i]), i + 1) << "each once, and in order";
  }
  EXPECT_NE(lines.back().find("\tremoved\tr0n0@many.example\t"), std::string::npos);

  // Another one goes on from the file, and an import is undone as a whole.
  watch.Signal(SIGTERM);
  ASSERT_TRUE(watch.Wait());
  const Outcome batch = daemon.Bouncectl({"history", "r1n0@many.example", "--json"});
  const std::string word = "\"batch\":\"";
  const std::size_t place = batch.out.find(word);
  ASSERT_NE(place, std::string::npos) << batch.out;
  const std::string id = std::to_string(std::stoull(batch.out.substr(place + word.size())));
  EXPECT_EQ(daemon.Bouncectl({"undo", "--batch", id}).status, 0);
  EXPECT_EQ(daemon.Check("r1n0@many.example"), v1::VERDICT_SEND);
  EXPECT_EQ(daemon.Check("r2n0@many.example"), v1::VERDICT_SUPPRESSED);
  Process resumed({.argv = {Program("bouncectl"), "watch", "--resume-file", dir / "resume"},
                   .environment = {"BOUNCED_SERVER=" + server},
                   .stdout_path = dir / "resumed"});
  EXPECT_TRUE(Eventually([&] { return LinesOf(dir / "resumed") > 0; }));
  EXPECT_EQ(std::stoull(ReadFile(dir / "resumed")), changes + 1);
}

TEST(Watch, T28GoesOnOverARestartAndSoDoesAReaderOfALog) {
  TempDir dir;
  const std::string server = "unix:" + (dir / "grpc");
  const std::vector<std::string> environment = {"BOUNCED_SERVER=" + server};
  Daemon daemon({.grpc_listen = server});
  WriteFile(dir / "mail.log", "");
  Process watch({.argv = {Program("bouncectl"), "watch", "--from-start"},
                 .environment = environment,
                 .stdout_path = dir / "out",
                 .stderr_path = dir / "err"});
  Process ingest(
      {.argv = {Program("bouncectl"), "ingest", "--postfix-log", dir / "mail.log", "--follow"},
       .environment = environment,
       .stderr_path = dir / "ingest_err"});
  for (int round = 0; round < kRounds; ++round) {
    const std::string recipient = "r" + std::to_string(round) + "@many.example";
    std::ofstream(dir / "mail.log", std::ios::app)
        << absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone())
        << " mta postfix/smtp[2]: 4AAAA" << round << ": to=<" << recipient
        << ">, relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host "
           "mx.example.net[192.0.2.1] said: 550 5.1.1 user unknown (in reply to RCPT TO))\n";
    ASSERT_TRUE(Eventually([&] { return LinesOf(dir / "out") == std::size_t(round) + 1; }))
        << ReadFile(dir / "err") << ReadFile(dir / "ingest_err");
    EXPECT_EQ(daemon.Stop(SIGTERM), 0);
    daemon.Restart();
  }
  EXPECT_FALSE(watch.Poll()) << "it had ended: " << ReadFile(dir / "err");
  EXPECT_FALSE(ingest.Poll()) << "it had ended: " << ReadFile(dir / "ingest_err");
}

}  // namespace
}  // namespace bounced::e2e
