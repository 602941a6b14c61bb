// A list of another system, taken over by the real programs, and back again.
#include <signal.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/files.h"

namespace bounced::e2e {
namespace {

using testing::HasSubstr;

std::string Sample(const std::string& name) {
  return std::string(BOUNCED_SOURCE_DIR) + "/tests/cli/lists/" + name;
}

TEST(Import, AListOfAnotherSystemComesInAndGoesOutAndInAgain) {
  Daemon daemon;
  Outcome outcome = daemon.Bouncectl({"import", "--dry-run", Sample("postmark_suppressions.json")});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("nothing was stored; it would be 4 created"));
  EXPECT_EQ(daemon.Check("complained@a.example"), v1::VERDICT_SEND);

  outcome = daemon.Bouncectl({"import", "--stream", "news", Sample("postmark_suppressions.json")});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("4 created"));
  EXPECT_EQ(daemon.Check("complained@a.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(daemon.Check("left@a.example"), v1::VERDICT_SEND) << "of one stream only";
  EXPECT_EQ(daemon.Bouncectl({"check", "--stream", "news", "left@a.example"}).status, 1);
  EXPECT_THAT(daemon.Bouncectl({"explain", "complained@a.example"}).out,
              HasSubstr("import: postmark-suppressions"));

  for (const std::string format : {"csv", "json"}) {
    const Outcome exported = daemon.Bouncectl({"export", "--format", format});
    EXPECT_EQ(exported.status, 0) << exported.err;
    const std::string file = daemon.dir() / ("export." + format);
    WriteFile(file, exported.out);
    EXPECT_THAT(daemon.Bouncectl({"import", file}).out, HasSubstr("4 unchanged"));
    Daemon other;
    EXPECT_THAT(other.Bouncectl({"import", file}).out, HasSubstr("4 created"));
    // Rows of one moment may come in another order.
    const auto sorted = [](const Outcome& list) {
      std::vector<std::string> lines;
      for (std::size_t at = 0; at < list.out.size();) {
        const std::size_t end = list.out.find('\n', at);
        lines.push_back(list.out.substr(at, end - at));
        at = end + 1;
      }
      std::sort(lines.begin(), lines.end());
      return lines;
    };
    EXPECT_EQ(sorted(other.Bouncectl({"export"})), sorted(daemon.Bouncectl({"export"})));
  }
}

TEST(Import, GoesOnWhereADaemonThatStoppedHadCome) {
  std::string list = "address\n";
  for (int i = 0; i < 5'000; ++i) list += "a" + std::to_string(i) + "@a.example\n";
  Daemon daemon;
  EXPECT_THAT(daemon.Bouncectl({"import", "--start-line", "4002"}, list).out,
              HasSubstr("1,000 created"));
  EXPECT_THAT(daemon.Bouncectl({"import"}, list).out,
              HasSubstr("4,000 created, 0 replaced, 1,000 existing"));
  EXPECT_THAT(daemon.Bouncectl({"import"}, list).out, HasSubstr("0 created, 0 replaced, 5,000"));
  daemon.Stop(SIGKILL);
  daemon.Restart();
  EXPECT_EQ(daemon.Check("a4999@a.example"), v1::VERDICT_SUPPRESSED);
}

}  // namespace
}  // namespace bounced::e2e
