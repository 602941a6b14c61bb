// A rule that was wrong, mended: what it did is seen, then undone for good, while the daemon dies
// again and again.
#include <signal.h>

#include <chrono>
#include <random>
#include <set>
#include <sstream>
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

std::string Rule(std::string_view reason) {
  return "[[rule]]\nid = 'frobnicated'\nreason = '" + std::string(reason) +
         "'\nconfidence = 90\nwhen.text = [{ phrases = ['quux', 'frobnicated'], within = 10 }]\n"
         "source = 'our peers'\nwhy = 'so they say'\nexample = ['550 the quux is frobnicated']\n";
}

// The rest of the line behind the last `key` in `text`, up to a quote or a comma.
std::string ValueOf(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(key);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + key.size();
  return line.substr(begin, line.find_first_of("\",", begin) - begin);
}

TEST(Reclassify, AMendedRuleTakesBackWhatItDidAlsoWhenTheDaemonIsKilled) {
  constexpr int kMany = 90;
  TempDir dir;
  const std::string rules = dir / "ours.toml";
  WriteFile(rules, Rule("no_such_user"));
  // One text from one domain would be held.
  Daemon daemon({.sections = "[rules]\nfiles = ['" + rules + "']\n[policy]\ndomain_burst = 0\n"});
  std::vector<std::string> addresses;
  for (int i = 0; i < kMany; ++i) {
    addresses.push_back("r" + std::to_string(i) + "@rcpt.example");
    const FailureReport report{.recipient = addresses.back(),
                               .status = "5.0.0",
                               .diagnostic = "smtp; 550 the quux is frobnicated"};
    EXPECT_EQ(daemon.Send("", daemon.Mint(addresses.back()), Compose(report)).code, 250);
  }
  EXPECT_EQ(daemon.api().CountSuppressed(addresses), addresses.size());
  EXPECT_EQ(daemon.Bouncectl({"reclassify"}).status, 0) << "nothing has changed yet";

  WriteFile(rules, Rule("spam_content"));
  daemon.Stop(SIGTERM);
  daemon.Restart();
  const Outcome dry = daemon.Bouncectl({"reclassify"});
  EXPECT_EQ(dry.status, 1);
  EXPECT_THAT(dry.out, HasSubstr("released\tr0@rcpt.example\n"
                                 "  was: no_such_user (hard), until it is taken off\n"
                                 "  is:  not suppressed\n"));
  EXPECT_THAT(dry.err, HasSubstr("90 released"));
  EXPECT_EQ(daemon.api().CountSuppressed(addresses), addresses.size());

  const std::string here = dir / "here";
  const std::vector<std::string> apply = {"reclassify", "--apply", "--resume-file", here};
  std::mt19937 random(7);
  int kills = 0;
  for (int i = 0; i < 8; ++i) {
    const auto pause = std::chrono::milliseconds(1 + random() % 60);
    std::thread killer([&] {
      std::this_thread::sleep_for(pause);
      daemon.Stop(SIGKILL);
    });
    if (daemon.Bouncectl(apply).status != 0) ++kills;
    killer.join();
    daemon.Restart();
  }
  EXPECT_GT(kills, 0) << "no run was cut";
  Outcome last = daemon.Bouncectl(apply);
  EXPECT_EQ(last.status, 0) << last.err;
  EXPECT_EQ(daemon.api().CountSuppressed(addresses), 0u);

  // Runs that ended have begun anew, and found nothing to do: each address was done once.
  std::set<std::string> batches;
  std::multiset<std::string> done;
  std::istringstream history(daemon.Bouncectl({"history", "--json"}).out);
  for (std::string line; std::getline(history, line);) {
    if (line.find("ACTION_RECLASSIFIED") == std::string::npos) continue;
    done.insert(ValueOf(line, "\"address\":\""));
    batches.insert(ValueOf(line, "\"batch\":\""));
  }
  EXPECT_EQ(done.size(), addresses.size());
  EXPECT_EQ(std::set<std::string>(done.begin(), done.end()).size(), addresses.size());
  // One batch, unless a kill came before its token did.
  EXPECT_LE(batches.size(), 1u + static_cast<std::size_t>(kills));
  EXPECT_EQ(daemon.Bouncectl({"integrity"}).status, 0);

  for (const std::string& batch : batches) {
    EXPECT_EQ(daemon.Bouncectl({"undo", "--batch", batch}).status, 0);
  }
  EXPECT_EQ(daemon.api().CountSuppressed(addresses), addresses.size());
  const std::string explained = daemon.Bouncectl({"explain", addresses[0]}).out;
  EXPECT_THAT(explained, HasSubstr("policy line hard_certain"));
  EXPECT_THAT(explained, HasSubstr("there is no mailbox of this name"));
}

}  // namespace
}  // namespace bounced::e2e
