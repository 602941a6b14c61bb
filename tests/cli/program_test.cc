// The program itself: exit codes, environment, where its output goes.
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "server/base/sha256.h"
#include "tests/cli/fixture.h"

namespace bounced::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ProgramTest : public testing::Test {
 protected:
  // `command` is a line for the shell, in which $bouncectl stands for the program.
  Outcome Run(const std::string& command, const std::string& server = "") const {
    const std::string line = "bouncectl=" BOUNCECTL "; export BOUNCED_SERVER=" + server + "; (" +
                             command + ") >" + (folder_ / "out") + " 2>" + (folder_ / "err") +
                             " </dev/null";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, folder_.Read("out"), folder_.Read("err")};
  }

  // Starts the program with a pipe as its standard input, and sends SIGINT once `ready` returns.
  template <typename Ready>
  Outcome Interrupt(std::vector<std::string> arguments, const std::string& input, Ready ready) {
    arguments.insert(arguments.begin(), "bouncectl");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string out = folder_ / "out";
    const std::string err = folder_ / "err";
    int in[2];
    EXPECT_EQ(::pipe(in), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::close(in[1]);
      constexpr int kNew = O_WRONLY | O_CREAT | O_TRUNC;
      ::dup2(::open(out.c_str(), kNew, 0600), STDOUT_FILENO);
      ::dup2(::open(err.c_str(), kNew, 0600), STDERR_FILENO);
      ::signal(SIGINT, SIG_DFL);
      ::execv(BOUNCECTL, argv.data());
      ::_exit(127);
    }
    EXPECT_EQ(::write(in[1], input.data(), input.size()), static_cast<ssize_t>(input.size()));
    ready();
    ::kill(child, SIGINT);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    ::close(in[0]);
    ::close(in[1]);
    return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), folder_.Read("out"),
            folder_.Read("err")};
  }

  TemporaryFolder folder_;
};

TEST_F(ProgramTest, UsageErrorsEndWithTwo) {
  for (const char* arguments : {"", "nonsense", "check", "check --nonsense a@x", "list --limit x",
                                "--timeout 0 list", "return-path", "return-path nonsense",
                                "events --id -1", "clean /nonexistent", "classify /nonexistent"}) {
    const Outcome outcome = Run(std::string("$bouncectl ") + arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_THAT(outcome.err, StartsWith("bouncectl: ")) << arguments;
    EXPECT_THAT(outcome.out, IsEmpty()) << arguments;
  }
  EXPECT_THAT(Run("$bouncectl nonsense").err, HasSubstr("no verb is called nonsense"));
}

TEST_F(ProgramTest, HelpAndVersionEndWithZero) {
  EXPECT_EQ(Run("$bouncectl --help").code, 0);
  EXPECT_THAT(Run("$bouncectl --version").out, StartsWith("bouncectl "));
  EXPECT_EQ(Run("$bouncectl --version").code, 0);
}

TEST_F(ProgramTest, FindsTheServerByTheEnvironmentUnlessItIsTold) {
  FakeServer server;
  EXPECT_EQ(Run("$bouncectl check a@x", server.address()).out, "a@x\tsend\n");
  EXPECT_EQ(Run("$bouncectl check bad@x", server.address()).code, 1);
  EXPECT_EQ(Run("$bouncectl check a@x --server " + server.address(), "127.0.0.1:1").code, 0);
  EXPECT_EQ(Run("$bouncectl --server " + server.address() + " check a@x", "127.0.0.1:1").code, 0);
  const Outcome lost = Run("$bouncectl check a@x", "127.0.0.1:1");
  EXPECT_EQ(lost.code, 3);
  EXPECT_THAT(lost.err, StartsWith("bouncectl: could not reach 127.0.0.1:1: "));
}

TEST_F(ProgramTest, CleansThroughPipes) {
  FakeServer server;
  const Outcome outcome =
      Run("(echo email; seq 1 20000 | sed 's/$/@x/'; echo bad@x) | $bouncectl clean | wc -l",
          server.address());
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("20001"));
  EXPECT_EQ(outcome.err,
            "20,001 rows: 20,000 kept, 1 rejected (1 suppressed, 0 invalid, 0 empty); 0 risky "
            "kept\n");
}

TEST_F(ProgramTest, ACopyThatCouldNotBeWrittenIsNotToldAsOne) {
  FakeServer server;
  Sha256 sha256;
  sha256.Add("0123456789");
  const Sha256::Digest digest = sha256.Finish();
  server.maintenance.backup.resize(2);
  server.maintenance.backup[0].mutable_chunk()->set_data("0123456789");
  v1::BackupSummary& summary = *server.maintenance.backup[1].mutable_summary();
  summary.set_octets(10);
  summary.set_sha256(digest.data(), digest.size());
  const Outcome outcome = Run("$bouncectl backup - >/dev/full", server.address());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err, "bouncectl: cannot write standard output: No space left on device\n");
}

TEST_F(ProgramTest, AnswersADiagnosticBeforeTheNextIsThere) {
  for (const char* threads : {"1", "3"}) {
    const Outcome outcome =
        Run("cd " + folder_.path() + " && rm -f in answers && mkfifo in answers && " +
            "{ $bouncectl classify --json --diagnostic - --threads " + threads +
            " <in >answers & exec 3>in 4<answers; "
            "for said in '550 5.1.1 user unknown' '452 4.2.2 over quota'; do "
            "echo \"$said\" >&3; read -r answer <&4; echo \"$answer\"; done; exec 3>&-; wait; }");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("\"reason\":\"no_such_user\""));
    EXPECT_THAT(outcome.out, HasSubstr("\"reason\":\"mailbox_full\""));
  }
}

TEST_F(ProgramTest, ReadsRulesOutOfAPipe) {
  const std::string rules = folder_.Write(
      "rules.toml",
      "[[rule]]\nid = 'op-a'\nreason = 'mailbox_full'\nconfidence = 90\n"
      "when.text = [{ phrases = ['quux'] }]\nsource = 'us'\nwhy = 'so'\nexample = ['550 quux']\n");
  const Outcome outcome = Run("cat " + rules + " | $bouncectl rules test --mine /dev/stdin");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("ok\t/dev/stdin:8\top-a\t"));
  EXPECT_EQ(
      Run("cat " + rules + " | $bouncectl classify --rules /dev/stdin --diagnostic '550 quux'")
          .code,
      0);
}

TEST_F(ProgramTest, AnInterruptedImportTellsWhatIsIn) {
  FakeServer server;
  std::promise<void> came;
  server.suppressions.import_batch = 7;
  server.suppressions.import_outcome = [&came](std::int64_t row, const v1::Suppression&) {
    if (row == 0) came.set_value();
    return v1::IMPORT_OUTCOME_CREATED;
  };
  std::string rows;
  for (int i = 0; i < 1'000; ++i) rows += "a" + std::to_string(i) + "@x\n";
  const Outcome outcome =
      Interrupt({"import", "--server", server.address(), "--report", folder_ / "report"}, rows,
                [&came] { came.get_future().wait(); });
  EXPECT_EQ(outcome.code, 128 + SIGINT) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("1,000 created, "));
  EXPECT_THAT(outcome.err, HasSubstr("bouncectl undo --batch 7"));
  EXPECT_THAT(outcome.err, HasSubstr("go on with --start-line 1001"));
  EXPECT_THAT(folder_.Read("report"), HasSubstr("\n1000,a999@x,created,"));
}

TEST_F(ProgramTest, AnInterruptedReaderOfALogPrintsItsCounts) {
  const std::string line =
      "2026-11-07T10:30:00Z mta postfix/smtp[2]: 4AAAA1: to=<r@example.net>, "
      "relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 ok)\n";
  const std::string file = folder_.Write("mail.log", line);
  for (const std::string& log : {file, std::string("-")}) {
    FakeServer server;
    std::vector<std::string> arguments = {"ingest", "--postfix-log", log, "--server",
                                          server.address()};
    if (log != "-") arguments.emplace_back("--follow");
    const Outcome outcome = Interrupt(arguments, line, [&server] {
      while (server.bounces.recorded().empty()) std::this_thread::yield();
    });
    EXPECT_EQ(outcome.code, 128 + SIGINT) << outcome.err;
    EXPECT_THAT(outcome.out, StartsWith("1 lines: 1 delivered, "));
  }
}

TEST_F(ProgramTest, AnInterruptedReclassifyTellsWhatIsDone) {
  FakeServer server;
  v1::ReclassifyResponse step;
  step.mutable_progress()->set_addresses(20);
  step.set_resume_token("t1");
  step.set_batch(7);
  server.bounces.reclassify_answers = {step};
  server.bounces.reclassify_goes_on = true;
  const std::string here = folder_ / "here";
  const Outcome outcome = Interrupt(
      {"reclassify", "--apply", "--resume-file", here, "--server", server.address()}, "", [&here] {
        while (!std::filesystem::exists(here)) std::this_thread::yield();
      });
  EXPECT_EQ(outcome.code, 128 + SIGINT) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("bouncectl: interrupted (after 20 addresses, "));
  EXPECT_THAT(outcome.err, HasSubstr("`bouncectl undo --batch 7` takes that back"));
  EXPECT_THAT(outcome.err, HasSubstr("`bouncectl reclassify --apply --resume t1` goes on"));
}

TEST_F(ProgramTest, AFullDiskIsAnError) {
  FakeServer server;
  const Outcome outcome = Run("echo a@x | $bouncectl clean >/dev/full", server.address());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("cannot write standard output: No space left on device"));
}

}  // namespace
}  // namespace bounced::cli
