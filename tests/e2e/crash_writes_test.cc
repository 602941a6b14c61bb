// kill -9 at random instants while somebody has the daemon write: import, undo, reclassify, forget,
// resolve an incident. What the client was told is there, nothing is there in part or twice, and
// who goes on, or asks again, ends where a run ends that nobody disturbs.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/authority.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/database.h"
#include "tests/e2e/harness/instants.h"
#include "tests/e2e/harness/minter.h"
#include "tests/e2e/harness/report.h"
#include "tests/e2e/harness/watcher.h"
#include "tests/storage/fixture.h"

namespace bounced::e2e {
namespace {

constexpr std::uint64_t kRounds = 4;
// So many more, until one has fallen into the midst of a run.
constexpr std::uint64_t kMoreRounds = 60;
// A run that was cut as often is let through: one that is a single commit begins anew each time.
constexpr int kMostKillsOfOneRun = 8;

// What one call of bouncectl has the daemon write.
struct Write {
  std::vector<std::string> command;
  std::set<int> done = {0};      // exit codes
  std::string resume_file = {};  // that goes with a run
  bool is_one_commit = false;
  // Compares what the client of a run that was cut was told with the database that the kill left.
  std::function<void(const Outcome& cut, const std::string& database)> check_told = {};
  // Looks at the files behind a run that is done.
  std::function<void(const std::string& database)> check_done = {};
  // With which command a run that was cut goes on; none: with the same.
  std::function<std::vector<std::string>(const Outcome& cut)> go_on = {};
};

// What differs between two runs to the same end: when it was, and how often somebody began.
bool IsOfTheEnd(std::string_view table, std::string_view column) {
  return table != "tally" && table != "reclassification" && column != "time" &&
         !column.ends_with("_time") && column != "batch";
}

class CrashWritesTest : public testing::Test {
 protected:
  // Kills `daemon`, which has what is there before, again and again while it writes.
  void KillDuring(Daemon& daemon, const Write& write) {
    SCOPED_TRACE(instants_.trace());
    ASSERT_NO_FATAL_FAILURE(RunUndisturbed(daemon, write));
    while (kills_ < instants_.rounds() ||
           (within_ == 0 && kills_ < instants_.rounds() + kMoreRounds)) {
      SCOPED_TRACE(absl::StrCat("after ", kills_, " kills"));
      RunCut(daemon, write);
      ASSERT_FALSE(HasFailure());
    }
    EXPECT_GT(within_, 0u) << "no run was cut in its midst";
    CheckAnswers(daemon);
    RecordProperty("kills", std::to_string(kills_));
    RecordProperty("within", std::to_string(within_));
    RecordProperty("run_micros", std::to_string(whole_.count()));
  }

  Instants instants_{kRounds};
  TempDir dir_;
  // To make a certificate takes longer than all else at a start.
  const Authority authority_;

 private:
  void RunUndisturbed(Daemon& daemon, const Write& write) {
    daemon.Stop(SIGKILL);
    CopyDatabase(daemon.data_dir(), before_.path());
    first_ = ReadRows(before_.path(), IsOfTheEnd);
    CopyDatabase(daemon.data_dir(), before_.path());
    daemon.Restart();
    const auto begin = std::chrono::steady_clock::now();
    const Outcome run = daemon.Bouncectl(write.command);
    whole_ = Since(begin);
    ASSERT_TRUE(write.done.contains(run.status)) << run.err;
    ASSERT_EQ(daemon.Stop(SIGTERM), 0);
    last_ = ReadRows(daemon.data_dir(), IsOfTheEnd);
    ASSERT_NE(Difference(first_, last_), "") << "nothing was written";
  }

  // From the beginning to the end, however often it is killed on its way.
  void RunCut(Daemon& daemon, const Write& write) {
    daemon.Stop(SIGKILL);
    CopyDatabase(before_.path(), daemon.data_dir());
    if (!write.resume_file.empty()) std::filesystem::remove(write.resume_file);
    Watcher watcher;
    std::vector<std::string> command = write.command;
    bool is_done = false;
    for (int kills = 0; !is_done && !HasFailure(); ++kills) {
      Start(daemon, watcher);
      const bool is_let_through = kills == kMostKillsOfOneRun;
      const Outcome run = is_let_through ? RunToTheEnd(daemon, command)
                                         : RunUntilKilled(daemon, command, kills == 0);
      is_done = write.done.contains(run.status);
      // 1: not all is done that can be, as the text of it says.
      EXPECT_TRUE(is_done || run.status == 3 || run.status == 1) << run.status << run.err;
      EXPECT_TRUE(is_done || !is_let_through) << run.err;
      Compare(daemon, write, run, is_done, watcher);
      if (!is_done && write.go_on) command = write.go_on(run);
    }
    Start(daemon, watcher);
    const std::int64_t changes = AskNumberOfLive(daemon.data_dir(), "SELECT count(*) FROM change");
    EXPECT_TRUE(Eventually([&] { return std::ssize(watcher.numbers()) >= changes; }));
    CheckFeed(watcher, changes);
  }

  void Start(Daemon& daemon, Watcher& watcher) {
    daemon.Restart();
    watcher.Follow(daemon.grpc_address());
    // That the index says what the rows say.
    const Outcome check = daemon.Bouncectl({"integrity"});
    EXPECT_EQ(check.status, 0) << check.out << check.err;
  }

  std::unique_ptr<Process> Call(const Daemon& daemon, std::vector<std::string> command) {
    command.insert(command.begin(), Program("bouncectl"));
    for (const char* name : {"out", "err"}) std::filesystem::remove(dir_ / name);
    return std::make_unique<Process>(
        ProcessOptions{.argv = std::move(command),
                       .environment = {"BOUNCED_SERVER=" + daemon.grpc_address()},
                       .stdout_path = dir_ / "out",
                       .stderr_path = dir_ / "err"});
  }
  Outcome OutcomeOf(Process& client) const {
    const int status = client.Wait().value_or(-1);
    return {status, ReadFile(dir_ / "out"), ReadFile(dir_ / "err")};
  }

  // The daemon is killed when all is done.
  Outcome RunToTheEnd(Daemon& daemon, const std::vector<std::string>& command) {
    const std::unique_ptr<Process> client = Call(daemon, command);
    const Outcome outcome = OutcomeOf(*client);
    EXPECT_EQ(daemon.Stop(SIGKILL), 128 + SIGKILL);
    return outcome;
  }

  // The daemon is killed at an instant of the run, or at once behind it.
  Outcome RunUntilKilled(Daemon& daemon, const std::vector<std::string>& command, bool is_whole) {
    const auto begin = std::chrono::steady_clock::now();
    const auto instant = begin + instants_.Within(whole_);
    const std::unique_ptr<Process> client = Call(daemon, command);
    const auto left = [&] {
      return std::chrono::floor<std::chrono::milliseconds>(instant -
                                                           std::chrono::steady_clock::now());
    };
    if (!client->Wait(left())) {
      std::this_thread::sleep_until(instant);
    } else if (is_whole) {
      // It was slower when it was measured.
      whole_ = std::min(whole_, Since(begin));
    }
    EXPECT_EQ(daemon.Stop(SIGKILL), 128 + SIGKILL) << "it had ended by itself";
    ++kills_;
    return OutcomeOf(*client);
  }

  static std::chrono::microseconds Since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 begin);
  }

  void Compare(Daemon& daemon, const Write& write, const Outcome& run, bool is_done,
               const Watcher& watcher) {
    if (is_done && write.check_done) write.check_done(daemon.data_dir());
    TempDir copy;
    CopyDatabase(daemon.data_dir(), copy.path());
    ExpectWhole(copy.path());
    const Rows rows = ReadRows(copy.path(), IsOfTheEnd);
    if (is_done) {
      EXPECT_EQ(Difference(rows, last_), "") << "it was said to be done";
    } else if (write.check_told) {
      write.check_told(run, copy.path());
    }
    const bool is_within = rows != first_ && rows != last_;
    EXPECT_FALSE(write.is_one_commit && is_within) << Difference(rows, last_);
    // Of what is one commit that is seen in no row: somebody waited for it.
    within_ += write.is_one_commit ? !is_done : is_within;
    CheckFeed(watcher, AskNumber(copy.path(), "SELECT count(*) FROM change"));
  }

  // Each change once, in order, and none that was lost; `changes` there are.
  static void CheckFeed(const Watcher& watcher, std::int64_t changes) {
    const std::vector<std::int64_t> numbers = watcher.numbers();
    ASSERT_LE(std::ssize(numbers), changes) << "seen, and not there";
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      ASSERT_EQ(numbers[i], static_cast<std::int64_t>(i + 1)) << "each once, and in order";
    }
  }

  // The daemon, which runs, says the same of its suppressions in all ways.
  void CheckAnswers(Daemon& daemon) {
    EXPECT_EQ(daemon.Bouncectl({"integrity", "--full"}).out, "ok\n");
    std::multiset<std::string> listed;
    for (const v1::Suppression& row : daemon.api().Suppressions()) listed.insert(row.address());
    std::multiset<std::string> exported;
    for (const v1::Suppression& row : daemon.api().Export()) exported.insert(row.address());
    EXPECT_EQ(listed, exported);
    const std::set<std::string> once(listed.begin(), listed.end());
    EXPECT_EQ(once.size(), listed.size()) << "listed twice";
    std::vector<std::string> addresses(once.begin(), once.end());
    // Whoever was forgotten is found by the true name alone.
    std::erase_if(addresses, [](const std::string& each) {
      return absl::EndsWith(each, "@forgotten.invalid");
    });
    EXPECT_EQ(daemon.api().CountSuppressed(addresses), addresses.size());
    for (std::size_t i = 0; i < addresses.size(); i += addresses.size() / 5 + 1) {
      EXPECT_EQ(daemon.api().Explain(addresses[i]).suppressions_size(), 1) << addresses[i];
    }
  }

  TempDir before_;
  Rows first_;
  Rows last_;
  std::chrono::microseconds whole_{0};
  std::uint64_t kills_ = 0;
  std::uint64_t within_ = 0;
};

// The numbers that follow `word` in `text`.
std::vector<std::int64_t> NumbersBehind(const std::string& text, std::string_view word) {
  std::vector<std::int64_t> numbers;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    numbers.push_back(std::strtoll(text.c_str() + at + word.size(), nullptr, 10));
  }
  return numbers;
}

std::string ListOf(int rows) {
  std::string list = "address\n";
  for (int i = 0; i < rows; ++i) list += absl::StrCat("a", i, "@a.example\n");
  return list;
}

// Those about whom reports came, many to a message.
std::vector<std::string> SendReports(Daemon& daemon, int recipients, FailureReport report) {
  constexpr int kOfOneMessage = 50;
  const Minter minter(kBounceDomain, kReturnPathSecret);
  std::vector<std::string> all;
  for (int i = 0; i < recipients; i += kOfOneMessage) {
    std::vector<std::string> return_paths;
    report.recipient = absl::StrCat("r", i, "@rcpt.example");
    report.message_id = absl::StrCat(i, "@sender.example");
    for (int j = i; j < std::min(recipients, i + kOfOneMessage); ++j) {
      all.push_back(absl::StrCat("r", j, "@rcpt.example"));
      return_paths.push_back(minter.Mint(all.back()));
    }
    EXPECT_EQ(SendMail(daemon.smtp_port(), "", return_paths, Compose(report)).code, 250);
  }
  EXPECT_EQ(daemon.api().Events(all.back()).size(), 1u);
  return all;
}

TEST_F(CrashWritesTest, T56AnImportGoesOnBehindWhatItWasToldIsStored) {
  constexpr int kRows = 6'000;
  WriteFile(dir_ / "list", ListOf(kRows));
  Daemon daemon({.sections = authority_.Section()});
  const std::vector<std::string> whole = {"import", dir_ / "list"};
  // "all before line N is stored": row 0 is on line 2.
  const auto told = [](const Outcome& cut) {
    const std::vector<std::int64_t> lines = NumbersBehind(cut.err, "--start-line ");
    return lines.empty() ? 0 : lines.front();
  };
  KillDuring(daemon,
             {.command = whole,
              .check_told =
                  [&](const Outcome& cut, const std::string& database) {
                    const std::int64_t rows = std::max<std::int64_t>(told(cut) - 2, 0);
                    const std::string sql =
                        "SELECT count(*) FROM suppression JOIN address ON address.id = address_id"
                        " WHERE CAST(substr(canonical, 2) AS INTEGER) < ";
                    EXPECT_EQ(AskNumber(database, absl::StrCat(sql, rows)), rows) << cut.err;
                  },
              .go_on =
                  [&](const Outcome& cut) {
                    if (told(cut) == 0 || instants_.Below(2) == 0) return whole;
                    return std::vector<std::string>{"import", "--start-line",
                                                    absl::StrCat(told(cut)), dir_ / "list"};
                  }});
  EXPECT_EQ(daemon.api().Export().size(), static_cast<std::size_t>(kRows));
}

TEST_F(CrashWritesTest, T56AnUndoThatWasCutIsDoneAgain) {
  constexpr int kRows = 3'000;
  WriteFile(dir_ / "former", ListOf(kRows / 2));
  WriteFile(dir_ / "list", ListOf(kRows));
  Daemon daemon({.sections = authority_.Section()});
  ASSERT_EQ(daemon.Bouncectl({"import", dir_ / "former"}).status, 0);
  const Outcome import =
      daemon.Bouncectl({"import", "--replace", "--reason", "other", "--json", dir_ / "list"});
  const std::vector<std::int64_t> batch = NumbersBehind(import.out, "\"batch\":");
  ASSERT_EQ(batch.size(), 1u) << import.out << import.err;
  KillDuring(daemon, {.command = {"undo", "--batch", absl::StrCat(batch.front())},
                      .done = {0, 1},  // 1: some were undone before
                      .check_told = [](const Outcome& cut, const std::string& database) {
                        const std::set<std::string> undone =
                            AskTexts(database, "SELECT undoes FROM change WHERE undoes > 0");
                        for (const std::int64_t number : NumbersBehind(cut.out, "undone\t")) {
                          ASSERT_TRUE(undone.contains(absl::StrCat(number))) << number;
                        }
                      }});
  EXPECT_EQ(daemon.api().Export().size(), static_cast<std::size_t>(kRows / 2));
}

TEST_F(CrashWritesTest, T56ReclassifyingForGoodGoesOnByItsToken) {
  const auto rule = [](std::string_view reason) {
    return absl::StrCat(
        "[[rule]]\nid = 'frobnicated'\nreason = '", std::string(reason),
        "'\nconfidence = 90\nwhen.text = [{ phrases = ['quux', 'frobnicated'], within = 10 }]\n"
        "source = 'our peers'\nwhy = 'so they say'\nexample = ['550 the quux is frobnicated']\n");
  };
  const std::string rules = dir_ / "ours.toml";
  WriteFile(rules, rule("no_such_user"));
  // One text from one domain would be held.
  Daemon daemon({.sections = authority_.Section() + "[rules]\nfiles = ['" + rules +
                             "']\n[policy]\ndomain_burst = 0\n"});
  const std::vector<std::string> addresses = SendReports(
      daemon, 600,
      {.recipient = "", .status = "5.0.0", .diagnostic = "smtp; 550 the quux is frobnicated"});
  ASSERT_EQ(daemon.api().CountSuppressed(addresses), addresses.size());
  WriteFile(rules, rule("spam_content"));
  const std::string here = dir_ / "here";
  KillDuring(daemon,
             {.command = {"reclassify", "--apply", "--resume-file", here},
              .resume_file = here,
              .check_told = [](const Outcome& cut, const std::string& database) {
                const std::set<std::string> suppressed =
                    AskTexts(database,
                             "SELECT canonical FROM suppression"
                             " JOIN address ON address.id = address_id");
                std::istringstream lines(cut.out);
                for (std::string line; std::getline(lines, line);) {
                  if (!line.starts_with("released\t")) continue;
                  ASSERT_FALSE(suppressed.contains(line.substr(9))) << line;
                }
                const std::int64_t twice = AskNumber(
                    database,
                    "SELECT count(*) - count(DISTINCT address_id) FROM change WHERE what = 6");
                EXPECT_EQ(twice, 0) << "reclassified twice";
              }});
  EXPECT_EQ(daemon.api().CountSuppressed(addresses), 0u);
}

TEST_F(CrashWritesTest, T56AQuarantineIsResolvedAsAWholeOrNotAtAll) {
  Daemon daemon({.sections = authority_.Section()});
  const std::vector<std::string> addresses = SendReports(daemon, 400, {.recipient = ""});
  ASSERT_EQ(daemon.api().CountSuppressed(addresses), 0u) << "they are not held";
  KillDuring(daemon, {.command = {"resolve", "1", "--confirm"},
                      .done = {0, 1},  // 1: it was resolved before
                      .is_one_commit = true});
  EXPECT_EQ(daemon.api().CountSuppressed(addresses), addresses.size());
}

// The request names the address by other letters than those in which it came and is mentioned.
TEST_F(CrashWritesTest, T56T48WhoIsForgottenOnceMoreLeavesNoOctetBehind) {
  constexpr int kOwn = 450;  // in several steps
  constexpr int kAll = 900;
  const std::string name =
      "Marked.One@B\xC3\xBC"
      "cher.example";
  const std::string asked = "marked.one@xn--bcher-kva.example";
  Daemon daemon({.sections = authority_.Section()});
  daemon.Stop(SIGTERM);
  std::vector<NewMessage> messages;
  for (int i = 0; i < kAll; ++i) {
    const bool is_own = i < kOwn;
    NewMessage message = Bounce(is_own ? name : absl::StrCat("r", i, "@rcpt.example"), i);
    message.message.tenant = "default";
    message.message.receive_time = absl::Now();  // what is older is dropped
    Event& event = message.events.front();
    const std::string& named = i % 3 == 0 && !is_own ? event.address->spelling() : name;
    if (is_own) event.final_recipient = name;
    event.forwarded_to = named;
    event.diagnostic = "550 5.1.1 <" + named + ">: user unknown";
    message.evidence = Evidence::Pack(absl::StrCat("To: ", named, "\r\n\r\nNumber ", i, "\r\n"));
    messages.push_back(std::move(message));
  }
  Put(*Open(daemon.data_dir()), std::move(messages));
  const auto is_named_in = [](const std::string& database) {
    return RawOctets(database).find("marked.one") != std::string::npos;
  };
  ASSERT_TRUE(is_named_in(daemon.data_dir()));
  KillDuring(daemon, {.command = {"forget", asked}, .check_done = [&](const std::string& database) {
                        EXPECT_FALSE(is_named_in(database)) << "some octets of it are left";
                      }});
  EXPECT_EQ(daemon.Check(asked), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(daemon.Check(name), v1::VERDICT_SUPPRESSED);
}

}  // namespace
}  // namespace bounced::e2e
