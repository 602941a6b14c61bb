// The program itself: exit codes, environment, where its output goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/cli/fake_server.h"
#include "tests/cli/temporary_folder.h"

namespace bounced::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

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

TEST_F(ProgramTest, AFullDiskIsAnError) {
  FakeServer server;
  const Outcome outcome = Run("echo a@x | $bouncectl clean >/dev/full", server.address());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("cannot write standard output: No space left on device"));
}

}  // namespace
}  // namespace bounced::cli
