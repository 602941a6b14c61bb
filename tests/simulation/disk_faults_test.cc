// The disk fails at every call of a run in turn, once or for a while: what is promised holds all
// the same, while it fails, after it, after the restart that it needs, and when then the power
// goes.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "sqlite3.h"
#include "tests/sanitized.h"
#include "tests/simulation/simulation.h"

namespace bounced::simulation {
namespace {

using Call = FaultyVfs::Call;

// Each is tried, but under a sanitizer.
constexpr int kStep = kIsSanitized ? 20 : 1;

struct Case {
  std::string_view name;
  DiskFault fault;
  int least_struck;  // so many calls there are at least
};
class DiskFaultsTest : public testing::TestWithParam<Case> {};

TEST_P(DiskFaultsTest, T53AtEveryCallInTurnNoPromiseIsBroken) {
  static const World world;
  DiskFault fault = GetParam().fault;
  int struck = 0;
  int deferred = 0;
  for (fault.at = 1;; fault.at += kStep) {
    const Outcome outcome = Simulate(world, {.seed = 1,
                                             .events = 400,
                                             .has_disasters = false,
                                             .checkpoints = 30,
                                             .backups = 8,
                                             .fault = fault});
    ASSERT_EQ(outcome.violation, "") << outcome.last << "call " << fault.at;
    if (!outcome.struck) break;
    ++struck;
    deferred += outcome.deferred;
  }
  EXPECT_GE(struck * kStep, GetParam().least_struck);
  EXPECT_GT(deferred, 0);
  RecordProperty("struck", std::to_string(struck));
  RecordProperty("deferred", std::to_string(deferred));
}
INSTANTIATE_TEST_SUITE_P(
    , DiskFaultsTest,
    testing::ValuesIn<Case>({
        {"AWrite", {.call = Call::kWrite, .code = SQLITE_IOERR_WRITE}, 40},
        {"Writes", {.call = Call::kWrite, .code = SQLITE_IOERR_WRITE, .lasts = true}, 40},
        {"HalfAWrite", {.call = Call::kWrite, .code = SQLITE_IOERR_WRITE, .halfway = true}, 40},
        {"NoSpaceOnce", {.call = Call::kWrite, .code = SQLITE_FULL}, 40},
        {"NoSpace", {.call = Call::kWrite, .code = SQLITE_FULL, .lasts = true}, 40},
        {"NoSpaceHalfway",
         {.call = Call::kWrite, .code = SQLITE_FULL, .lasts = true, .halfway = true},
         40},
        {"ASync", {.call = Call::kSync, .code = SQLITE_IOERR_FSYNC}, 20},
        {"Syncs", {.call = Call::kSync, .code = SQLITE_IOERR_FSYNC, .lasts = true}, 20},
        {"ATruncation", {.call = Call::kTruncate, .code = SQLITE_IOERR_TRUNCATE}, 1},
        {"AnOpen", {.call = Call::kOpen, .code = SQLITE_CANTOPEN}, 20},
        {"Opens", {.call = Call::kOpen, .code = SQLITE_CANTOPEN, .lasts = true}, 20},
        {"ARead", {.call = Call::kRead, .code = SQLITE_IOERR_READ}, 150},
        {"Reads", {.call = Call::kRead, .code = SQLITE_IOERR_READ, .lasts = true}, 150},
    }),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bounced::simulation
