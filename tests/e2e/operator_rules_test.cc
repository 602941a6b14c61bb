// An operator's rules: at the start, at SIGHUP, and how often they decided.
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/report.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

// What a server of somebody's says, which no rule that ships knows.
constexpr std::string_view kDiagnostic = "smtp; 550 the quux is frobnicated";

std::string Rule(std::string_view reason) {
  return "[[rule]]\nid = 'frobnicated'\nreason = '" + std::string(reason) +
         "'\nconfidence = 90\nwhen.text = [{ phrases = ['quux', 'frobnicated'], within = 10 }]\n"
         "source = 'our peers'\nwhy = 'so they say'\nexample = ['550 the quux is frobnicated']\n";
}

// A daemon with a folder of rules.
class OperatorRulesTest : public testing::Test {
 protected:
  OperatorRulesTest() { WriteFile(file_, Rule("mailbox_full")); }

  static std::string Section(const std::string& path) {
    return "[rules]\nfiles = ['" + path + "']\n";
  }

  // The reason that the event of one more such bounce has.
  static std::string ReasonOfOneMore(Daemon& daemon) {
    static int number = 0;
    const std::string recipient = "r" + std::to_string(++number) + "@rcpt.example";
    const FailureReport report{
        .recipient = recipient, .status = "5.0.0", .diagnostic = std::string(kDiagnostic)};
    const SmtpReply reply = daemon.Send("", daemon.Mint(recipient), Compose(report));
    EXPECT_EQ(reply.code, 250) << reply.text;
    const std::vector<v1::Event> events = daemon.api().Events(recipient);
    return events.size() == 1 ? events[0].reason() : "no event";
  }

  // Sends SIGHUP and waits until the log says `word` once more.
  static void Reload(Daemon& daemon, const std::string& word) {
    const std::string before = daemon.log();
    daemon.Signal(SIGHUP);
    EXPECT_TRUE(Eventually([&] {
      return daemon.log().find(word, before.size()) != std::string::npos;
    })) << word;
  }

  TempDir dir_;
  const std::string file_ = dir_ / "ours.toml";
};

TEST_F(OperatorRulesTest, AreTakenUpAtSighupUnlessAnythingIsWrong) {
  Daemon daemon({.sections = Section(dir_.path())});
  EXPECT_EQ(ReasonOfOneMore(daemon), "mailbox_full");
  EXPECT_EQ(ReasonOfOneMore(daemon), "mailbox_full");
  EXPECT_THAT(daemon.Bouncectl({"rules", "stats"}).out,
              HasSubstr("2\tfrobnicated\tmailbox_full\toperator\t" + file_ + ":1\n"));

  WriteFile(file_, Rule("rate_limited"));
  EXPECT_EQ(ReasonOfOneMore(daemon), "mailbox_full") << "before the signal";
  Reload(daemon, "rules.reloaded");
  EXPECT_EQ(ReasonOfOneMore(daemon), "rate_limited");
  EXPECT_THAT(daemon.Bouncectl({"rules", "stats"}).out,
              HasSubstr("1\tfrobnicated\trate_limited\toperator\t"));

  WriteFile(file_, Rule("mailbox_fool"));
  Reload(daemon, "rules.kept");
  EXPECT_EQ(ReasonOfOneMore(daemon), "rate_limited");
  EXPECT_THAT(daemon.log(), HasSubstr("rules.refused why=\"" + file_ + ":3: rule "));
  EXPECT_THAT(daemon.log(), HasSubstr("mailbox_fool"));
  EXPECT_THAT(daemon.Bouncectl({"rules", "stats"}).out, HasSubstr("2\tfrobnicated\trate_limited"));

  WriteFile(file_, "");
  Reload(daemon, "rules.reloaded");
  EXPECT_EQ(ReasonOfOneMore(daemon), "unclassified");
  EXPECT_EQ(daemon.Stop(SIGTERM), 0);
}

TEST_F(OperatorRulesTest, AReloadLosesNoMessage) {
  Daemon daemon({.sections = Section(file_)});
  std::atomic<bool> done = false;
  std::thread reloads([&] {
    for (bool full = false; !done; full = !full) {
      WriteFile(file_ + ".new", Rule(full ? "mailbox_full" : "rate_limited"));
      ::rename((file_ + ".new").c_str(), file_.c_str());
      daemon.Signal(SIGHUP);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(ReasonOfOneMore(daemon), testing::AnyOf("mailbox_full", "rate_limited"));
  }
  done = true;
  reloads.join();
  EXPECT_THAT(daemon.log(), HasSubstr("rules.reloaded"));
  EXPECT_THAT(daemon.log(), Not(HasSubstr("rules.refused")));
}

TEST_F(OperatorRulesTest, WithAnythingWrongItDoesNotStartAndSaysWhere) {
  WriteFile(file_, Rule("mailbox_fool"));
  const auto outcome = Daemon::FailToStart({.sections = Section(dir_.path())});
  ASSERT_TRUE(outcome.has_value()) << "it started";
  EXPECT_EQ(outcome->status, 2);
  EXPECT_EQ(outcome->err,
            "bounced: " + file_ + ":3: rule \"frobnicated\": unknown reason \"mailbox_fool\"\n");
  const auto none = Daemon::FailToStart({.sections = Section("/none")});
  ASSERT_TRUE(none.has_value()) << "it started";
  EXPECT_EQ(none->status, 2);
  EXPECT_THAT(none->err, HasSubstr("/none: "));
}

TEST_F(OperatorRulesTest, CheckConfigReadsThem) {
  WriteFile(dir_ / "bounced.conf", Section(file_));
  const auto check = [&] {
    return RunProgram({Program("bounced"), "--check-config", "--config", dir_ / "bounced.conf"});
  };
  EXPECT_EQ(check().status, 0);
  WriteFile(file_, Rule("mailbox_fool"));
  EXPECT_EQ(check().status, 2);
  EXPECT_THAT(check().err, HasSubstr(file_ + ":3: rule \"frobnicated\""));
}

}  // namespace
}  // namespace bounced::e2e
