// The power goes at every write and every sync of a run in turn: all that was acknowledged is there
// afterwards, and the rest as a whole or not at all. From Intake to the disk, in this process, on
// files that forget what was not synced.
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "parser/parser.h"
#include "parser/rules.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/intake/committer.h"
#include "server/intake/intake.h"
#include "server/intake/return_path.h"
#include "storage/store.h"
#include "tests/e2e/harness/files.h"
#include "tests/e2e/harness/report.h"
#include "tests/storage/faulty_vfs.h"

namespace bounced::e2e {
namespace {

constexpr int kMessages = 16;

std::string Recipient(int number) { return "nobody" + std::to_string(number) + "@rcpt.example"; }

std::string ReportAbout(int number) {
  return Compose({.recipient = Recipient(number),
                  .message_id = std::to_string(number) + "@sender.example",
                  .returned_octets = static_cast<std::size_t>(number) * 700});
}

// When a sender is told that its message is safe.
enum class Acknowledge { kWhenCommitted, kWhenReceived };

// What a disk may hold of the sectors that were written and not synced.
enum class Unsynced { kNone, kAnyOfThem };

class PowerCutTest : public testing::Test {
 protected:
  PowerCutTest() : now_(SystemClock().Now()), rules_(RuleSet::BuiltIn(), now_) {
    ReturnPathDomain domain;
    domain.domain = "bounces.example";
    domain.keys.push_back({.id = "a", .secret = std::string(64, 'k')});
    paths_.emplace(*ReturnPaths::Create({domain}));
  }

  // What is left of a run that was cut: how many of the acknowledged messages are missing. All else
  // that may not be fails the test.
  int LostAfterCut(FaultyVfs::Call call, int n, Unsynced unsynced,
                   Acknowledge acknowledge = Acknowledge::kWhenCommitted) {
    TempDir dir;
    FaultyVfs vfs;
    vfs.CutPowerAt(call, n);
    const std::set<int> acknowledged = Send(Open(vfs, dir), 0, kMessages, acknowledge);
    was_cut_ = vfs.is_off();
    if (!was_cut_) vfs.CutPower();
    vfs.Restart(unsynced == Unsynced::kNone ? std::nullopt
                                            : std::optional(static_cast<std::uint32_t>(n)));
    const int lost = CountLost(vfs, dir, acknowledged);
    // A sender repeats what was not acknowledged, and may repeat what was.
    const std::set<int> repeated = Send(Open(vfs, dir), 0, kMessages, Acknowledge::kWhenCommitted);
    EXPECT_EQ(repeated.size(), static_cast<std::size_t>(kMessages));
    EXPECT_EQ(CountLost(vfs, dir, repeated), 0);
    return lost;
  }

  // Whether the last run came as far as the call at which it was to be cut.
  bool was_cut() const { return was_cut_; }

 private:
  std::unique_ptr<Store> Open(FaultyVfs& vfs, const TempDir& dir) {
    auto store = OpenSqliteStore({.directory = dir / "data", .vfs = vfs.name()}, now_);
    // Without power it may fail to open, and then nothing can be acknowledged.
    return store.ok() ? *std::move(store) : nullptr;
  }

  // Sends the messages of these numbers, several to a commit; those acknowledged.
  std::set<int> Send(std::unique_ptr<Store> store, int first, int end, Acknowledge acknowledge) {
    std::set<int> acknowledged;
    if (store == nullptr) return acknowledged;
    Counters counters;
    Committer committer(*store, Policy{}, SystemClock(), counters);
    Intake intake(rules_, *paths_, committer, SystemClock(), counters);
    for (int number = first; number < end; ++number) {
      intake.Receive(ReportAbout(number), {VoucherFor(number)}, Arrival{},
                     [&acknowledged, number](const auto& receipts) {
                       if (receipts.ok()) acknowledged.insert(number);
                     });
      if (acknowledge == Acknowledge::kWhenReceived) acknowledged.insert(number);
      if (number % 3 == 2) committer.Step();
    }
    while (committer.Step()) continue;
    return acknowledged;
  }

  Voucher VoucherFor(int number) {
    MintRequest request;
    request.domain = "bounces.example";
    const std::string minted =
        *paths_->Get()->Mint(request, *Address::Parse(Recipient(number)), now_);
    return *paths_->Get()->Vouch(minted.substr(0, minted.find('@')), request.domain, now_).voucher;
  }

  int CountLost(FaultyVfs& vfs, const TempDir& dir, const std::set<int>& acknowledged) {
    const std::unique_ptr<Store> store = Open(vfs, dir);
    EXPECT_NE(store, nullptr) << "the database is damaged";
    int lost = 0;
    for (int number = 0; store != nullptr && number < kMessages; ++number) {
      lost += !IsThere(*store, number) && acknowledged.contains(number);
    }
    return lost;
  }

  // Whether a message is there, and as a whole.
  bool IsThere(const Store& store, int number) {
    const Address address = *Address::Parse(Recipient(number));
    EventFilter filter;
    filter.tenant = "default";
    filter.address = address;
    const auto events = store.ListEvents(filter, 10, 0);
    EXPECT_TRUE(events.ok()) << events.status();
    const std::size_t count = events.ok() ? events->rows.size() : 0;
    EXPECT_LE(count, 1U) << "stored twice";
    const IndexAnswer answer = store.index().Check("default", "", address.canonical(), now_);
    EXPECT_EQ(answer, count == 0 ? IndexAnswer::kSend : IndexAnswer::kSuppressed)
        << "index and rows differ";
    const auto suppressions = store.FindSuppressions("default", address);
    EXPECT_TRUE(suppressions.ok());
    EXPECT_EQ(suppressions->size(), count) << "half of a commit";
    if (count == 0) return false;
    const auto evidence = store.GetEvidence("default", events->rows[0].event.id);
    EXPECT_TRUE(evidence.ok()) << evidence.status();
    EXPECT_EQ(evidence.value_or(""), ReportAbout(number));
    return true;
  }

  const absl::Time now_;
  const LiveRules rules_;
  std::optional<Live<ReturnPaths>> paths_;
  bool was_cut_ = false;
};

struct Cut {
  std::string_view name;
  FaultyVfs::Call call;
  Unsynced unsynced;
};

class PowerCutAtEveryCallTest : public PowerCutTest, public testing::WithParamInterface<Cut> {};

TEST_P(PowerCutAtEveryCallTest, LosesNothingThatWasAcknowledged) {
  int cuts = 0;
  for (int n = 1;; ++n) {
    SCOPED_TRACE("cut at call " + std::to_string(n));
    const int lost = LostAfterCut(GetParam().call, n, GetParam().unsynced);
    if (!was_cut()) break;
    ++cuts;
    ASSERT_EQ(lost, 0);
    ASSERT_FALSE(HasFailure());
  }
  // More than one commit was cut, or nothing was proved.
  EXPECT_GT(cuts, 5);
}
INSTANTIATE_TEST_SUITE_P(
    , PowerCutAtEveryCallTest,
    testing::Values(Cut{"AtEachSync", FaultyVfs::Call::kSync, Unsynced::kNone},
                    Cut{"AtEachWrite", FaultyVfs::Call::kWrite, Unsynced::kNone},
                    Cut{"AtEachSyncInPart", FaultyVfs::Call::kSync, Unsynced::kAnyOfThem},
                    Cut{"AtEachWriteInPart", FaultyVfs::Call::kWrite, Unsynced::kAnyOfThem}),
    [](const auto& row) { return std::string(row.param.name); });

// The two tests below are the proof that the one above can fail.

TEST_F(PowerCutTest, FindsTheLossOfADaemonThatDoesNotSync) {
  SynchronousOff off;
  int lost = 0;
  for (int n = 20; n < 200 && lost == 0; n += 10) {
    lost = LostAfterCut(FaultyVfs::Call::kWrite, n, Unsynced::kNone);
  }
  EXPECT_GT(lost, 0);
}

TEST_F(PowerCutTest, FindsTheLossOfADaemonThatAcknowledgesBeforeItCommits) {
  int lost = 0;
  for (int n = 1; n < 20 && lost == 0; ++n) {
    lost = LostAfterCut(FaultyVfs::Call::kSync, n, Unsynced::kNone, Acknowledge::kWhenReceived);
  }
  EXPECT_GT(lost, 0);
}

}  // namespace
}  // namespace bounced::e2e
