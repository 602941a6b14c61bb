// A disk that fails at every call in turn, and power that goes at every call in turn: whatever was
// acknowledged is there afterwards, and nothing is half there.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "../sanitized.h"
#include "absl/strings/str_cat.h"
#include "faulty_vfs.h"
#include "fixture.h"
#include "sqlite3.h"
#include "storage/store.h"

namespace bounced {
namespace {

using Call = FaultyVfs::Call;
using Neighbours = FaultyVfs::Neighbours;

constexpr int kBatches = 6;

// How far it is to the next call that is tried. Under a sanitizer some are left out where there are
// many.
int StepOf(Neighbours neighbours) {
  return kIsSanitized && neighbours == Neighbours::kSpoiled ? 5 : 1;
}

std::string Mailbox(int batch, int which) {
  return absl::StrCat("a", batch, "-", which, "@example.net");
}

// Messages for two addresses and one by hand, with enough evidence that the WAL begins anew now and
// then under the small bounds below.
absl::Status ApplyBatch(Store& store, int batch) {
  std::vector<NewMessage> messages = {Bounce(Mailbox(batch, 0), 10 * batch),
                                      Bounce(Mailbox(batch, 1), 10 * batch + 1)};
  std::string body(20'000, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * i >> 3);
  messages[0].evidence = Evidence::Pack(body);
  Work store_messages = StoreMessages{.messages = std::move(messages)};
  Work put =
      PutSuppressions{.suppressions = {Manual(Mailbox(batch, 2))}, .author = "ann", .cause = ""};
  return Apply(store, {&store_messages, &put});
}

absl::StatusOr<std::unique_ptr<Store>> OpenSmall(const std::string& directory,
                                                 const std::string& vfs) {
  return OpenSqliteStore({.directory = directory, .max_wal_octets = 60'000, .vfs = vfs}, Noon());
}

// How a run went: what opening said, and each batch.
struct Outcome {
  absl::Status opened;
  std::vector<absl::Status> batches;
};

Outcome RunBatches(const std::string& directory, const FaultyVfs& vfs) {
  Outcome outcome;
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSmall(directory, vfs.name());
  outcome.opened = store.status();
  if (!store.ok()) return outcome;
  for (int batch = 0; batch < kBatches; ++batch) {
    outcome.batches.push_back(ApplyBatch(**store, batch));
    bool suppressed = CheckIndex(**store, Mailbox(batch, 0)) == IndexAnswer::kSuppressed;
    EXPECT_EQ(suppressed, outcome.batches.back().ok()) << outcome.batches.back();
  }
  return outcome;
}

// How many batches are there, each of which must be there as a whole or not at all; `lost` counts
// those that were acknowledged and are not.
struct Found {
  int there = 0;
  int lost = 0;
};
Found Inspect(const std::string& directory, const FaultyVfs& vfs, const Outcome& outcome) {
  Found found;
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSmall(directory, vfs.name());
  EXPECT_TRUE(store.ok()) << store.status();
  if (!store.ok()) return found;
  std::set<std::int64_t> numbers;
  for (int batch = 0; batch < kBatches; ++batch) {
    int parts = 0;
    for (int which = 0; which < 3; ++which) {
      absl::StatusOr<AddressDossier> dossier =
          (*store)->GetDossier("t", ParseAddress(Mailbox(batch, which)), 10, 10);
      EXPECT_TRUE(dossier.ok()) << dossier.status();
      bool suppressed = CheckIndex(**store, Mailbox(batch, which)) == IndexAnswer::kSuppressed;
      EXPECT_EQ(suppressed, dossier->standing.suppressions.size() == 1);
      EXPECT_EQ(dossier->changes.size(), dossier->standing.suppressions.size());
      for (const Change& change : dossier->changes) numbers.insert(change.number);
      if (which == 2) {
        parts += suppressed ? 1 : 0;
        continue;
      }
      EXPECT_EQ(suppressed, dossier->events.size() == 1);
      if (dossier->events.empty()) continue;
      absl::StatusOr<std::string> evidence =
          (*store)->GetEvidence("t", dossier->events[0].event.id);
      EXPECT_TRUE(evidence.ok()) << evidence.status();
      ++parts;
    }
    EXPECT_TRUE(parts == 0 || parts == 3) << parts << " of batch " << batch;
    bool acknowledged = static_cast<std::size_t>(batch) < outcome.batches.size() &&
                        outcome.batches[static_cast<std::size_t>(batch)].ok();
    if (parts == 3) ++found.there;
    if (acknowledged && parts != 3) ++found.lost;
  }
  // Gap-free from 1.
  EXPECT_TRUE(numbers.empty() || (*numbers.begin() == 1 &&
                                  *numbers.rbegin() == static_cast<std::int64_t>(numbers.size())));
  // And it takes more.
  EXPECT_TRUE(ApplyBatch(**store, kBatches).ok());
  return found;
}

struct FaultCase {
  std::string_view name;
  Neighbours neighbours;
  Call call;
  int code;
  absl::StatusCode want;  // of the batch that it strikes, if it strikes one
  bool lasts;             // all after it are refused
};
class FaultTest : public testing::TestWithParam<FaultCase> {};

TEST_P(FaultTest, AtEveryCallInTurnLosesNothingAcknowledged) {
  const FaultCase& fault = GetParam();
  int struck = 0;
  int refused = 0;
  for (int n = 1;; n += StepOf(fault.neighbours)) {
    SCOPED_TRACE(absl::StrCat("call ", n));
    TemporaryDirectory directory;
    FaultyVfs vfs(fault.neighbours);
    vfs.Fail(fault.call, n, fault.code);
    Outcome outcome = RunBatches(directory.path(), vfs);
    if (!vfs.struck()) break;
    ++struck;
    bool failed = false;
    for (const absl::Status& status : outcome.batches) {
      if (failed && fault.lasts) {
        EXPECT_TRUE(absl::IsDataLoss(status)) << status;
      } else if (failed) {
        EXPECT_TRUE(status.ok()) << status;
      } else if (!status.ok()) {
        EXPECT_EQ(status.code(), fault.want) << status;
        failed = true;
        ++refused;
      }
    }
    vfs.Heal();
    EXPECT_EQ(Inspect(directory.path(), vfs, outcome).lost, 0);
    if (HasFailure()) break;
  }
  // It was a test of something.
  EXPECT_GT(struck, kBatches);
  EXPECT_GT(refused, 0);
}
INSTANTIATE_TEST_SUITE_P(, FaultTest,
                         testing::ValuesIn<FaultCase>({
                             {"WriteFails", Neighbours::kSpared, Call::kWrite, SQLITE_IOERR_WRITE,
                              absl::StatusCode::kDataLoss, true},
                             {"DiskIsFull", Neighbours::kSpared, Call::kWrite, SQLITE_FULL,
                              absl::StatusCode::kResourceExhausted, false},
                             {"SyncFails", Neighbours::kSpared, Call::kSync, SQLITE_IOERR_FSYNC,
                              absl::StatusCode::kDataLoss, true},
                             {"WriteFailsWithPadding", Neighbours::kSpoiled, Call::kWrite,
                              SQLITE_IOERR_WRITE, absl::StatusCode::kDataLoss, true},
                             {"DiskIsFullWithPadding", Neighbours::kSpoiled, Call::kWrite,
                              SQLITE_FULL, absl::StatusCode::kResourceExhausted, false},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

// Opens and reads happen while it opens, mostly: then it says so and can be opened again.
struct OpenFaultCase {
  std::string_view name;
  Call call;
  int code;
};
class OpenFaultTest : public testing::TestWithParam<OpenFaultCase> {};

TEST_P(OpenFaultTest, AtEveryCallInTurnLosesNothingAcknowledged) {
  int not_opened = 0;
  for (int n = 1;; ++n) {
    SCOPED_TRACE(absl::StrCat("call ", n));
    TemporaryDirectory directory;
    FaultyVfs vfs;
    vfs.Fail(GetParam().call, n, GetParam().code);
    Outcome outcome = RunBatches(directory.path(), vfs);
    if (!vfs.struck()) break;
    if (!outcome.opened.ok()) ++not_opened;
    vfs.Heal();
    EXPECT_EQ(Inspect(directory.path(), vfs, outcome).lost, 0);
    if (HasFailure()) break;
  }
  EXPECT_GT(not_opened, 0);
}
INSTANTIATE_TEST_SUITE_P(, OpenFaultTest,
                         testing::ValuesIn<OpenFaultCase>({
                             {"OpenFails", Call::kOpen, SQLITE_CANTOPEN},
                             {"OpenFailsHard", Call::kOpen, SQLITE_IOERR},
                             {"ReadFails", Call::kRead, SQLITE_IOERR_READ},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(FullDisk, WorksAgainWhenSpaceReturns) {
  TemporaryDirectory directory;
  FaultyVfs vfs;
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSmall(directory.path(), vfs.name());
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE(ApplyBatch(**store, 0).ok());
  vfs.Fail(Call::kWrite, 1, SQLITE_FULL, /*for_good=*/true);
  for (int i = 0; i < 3; ++i) {
    absl::Status status = ApplyBatch(**store, 1);
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_NE(status.message().find("free space"), absl::string_view::npos) << status;
    EXPECT_EQ(CheckIndex(**store, Mailbox(0, 0)), IndexAnswer::kSuppressed);
    EXPECT_EQ((*store)->FindSuppressions("t", ParseAddress(Mailbox(0, 0)))->size(), 1u);
  }
  vfs.Heal();
  EXPECT_TRUE(ApplyBatch(**store, 1).ok());
}

struct FailedSyncCase {
  std::string_view name;
  std::int64_t max_wal_octets;
  // The sync that fails may be that of a checkpoint beside a commit, whereupon the next commit is
  // refused; or the commit's, while a checkpoint writes what earlier ones have brought to the disk.
  bool checkpoints;
};
class FailedSyncTest : public testing::TestWithParam<FailedSyncCase> {};

TEST_P(FailedSyncTest, IsNeverTriedAgain) {
  TemporaryDirectory directory;
  FaultyVfs vfs;
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path(),
                       .max_wal_octets = GetParam().max_wal_octets,
                       .vfs = vfs.name()},
                      Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE(ApplyBatch(**store, 0).ok());
  vfs.Fail(Call::kSync, 1, SQLITE_IOERR_FSYNC);
  absl::Status status;
  for (int i = 0; i < 10'000 && status.ok(); ++i) status = ApplyBatch(**store, 1);
  ASSERT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_NE(status.message().find(directory.database()), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find("restart"), absl::string_view::npos) << status;
  vfs.Heal();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(absl::IsDataLoss(ApplyBatch(**store, 1)));
  store->reset();
  if (!GetParam().checkpoints) {
    EXPECT_EQ(vfs.Count(Call::kSync), 0);
    EXPECT_EQ(vfs.Count(Call::kWrite), 0);
  }
  EXPECT_TRUE(ApplyBatch(*Open(directory.path()), 1).ok());
}
INSTANTIATE_TEST_SUITE_P(, FailedSyncTest,
                         testing::ValuesIn<FailedSyncCase>({
                             {"OfACommit", std::int64_t{1} << 30, false},
                             {"BesideCheckpoints", 60'000, true},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

// Sends all batches once more, as whoever was not told that they are stored does; then the power
// goes. How many of those that were acknowledged are gone.
int LostAfterSendingAgain(const std::string& directory, FaultyVfs& vfs) {
  Outcome again;
  {
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenSqliteStore({.directory = directory, .vfs = vfs.name()}, Noon());
    EXPECT_TRUE(store.ok()) << store.status();
    if (!store.ok()) return kBatches;
    for (int batch = 0; batch < kBatches; ++batch) {
      again.batches.push_back(ApplyBatch(**store, batch));
      EXPECT_TRUE(again.batches.back().ok()) << again.batches.back();
    }
    vfs.CutPower();
  }
  vfs.Restart(std::nullopt);
  return Inspect(directory, vfs, again).lost;
}

// After the restart programs read what no sync has brought to the disk, and none will.
TEST(FailedSync, T53WhatWasReadAfterItIsOnTheDiskBeforeItCounts) {
  int refused = 0;
  for (int n = 1;; ++n) {
    SCOPED_TRACE(absl::StrCat("sync ", n));
    TemporaryDirectory directory;
    FaultyVfs vfs;
    vfs.Fail(Call::kSync, n, SQLITE_IOERR_FSYNC);
    const Outcome outcome = RunBatches(directory.path(), vfs);
    if (!vfs.struck()) break;
    vfs.Heal();
    if (!outcome.batches.empty() && !outcome.batches.back().ok()) ++refused;
    EXPECT_EQ(LostAfterSendingAgain(directory.path(), vfs), 0);
    if (HasFailure()) break;
  }
  EXPECT_GT(refused, kBatches / 2);
}

TEST(Kill, WhatWasReadAfterItIsOnTheDiskBeforeItCounts) {
  int kills = 0;
  for (int n = 1;; ++n) {
    SCOPED_TRACE(absl::StrCat("sync ", n));
    TemporaryDirectory directory;
    FaultyVfs vfs;
    vfs.CutPowerAt(Call::kSync, n);
    RunBatches(directory.path(), vfs);
    if (!vfs.is_off()) break;
    vfs.Revive();
    ++kills;
    EXPECT_EQ(LostAfterSendingAgain(directory.path(), vfs), 0);
    if (HasFailure()) break;
  }
  EXPECT_GT(kills, kBatches);
}

// --- Power cuts

// Applies until the power goes at the `n`th call, or at the end; what is there afterwards. None: it
// did not go.
std::optional<Found> CutAt(Neighbours neighbours, Call call, int n,
                           std::optional<std::uint32_t> seed) {
  TemporaryDirectory directory;
  FaultyVfs vfs(neighbours);
  vfs.CutPowerAt(call, n);
  Outcome outcome = RunBatches(directory.path(), vfs);
  if (!vfs.is_off()) return std::nullopt;
  vfs.Restart(seed);
  return Inspect(directory.path(), vfs, outcome);
}

struct CutCase {
  std::string_view name;
  Neighbours neighbours;
  Call call;
  std::optional<std::uint32_t> seed;
};
class PowerCutTest : public testing::TestWithParam<CutCase> {};

TEST_P(PowerCutTest, AtEveryCallInTurnLosesNothingAcknowledged) {
  int cuts = 0;
  for (int n = 1;; n += StepOf(GetParam().neighbours)) {
    SCOPED_TRACE(absl::StrCat("call ", n));
    std::optional<std::uint32_t> seed = GetParam().seed;
    if (seed) *seed += static_cast<std::uint32_t>(n);
    std::optional<Found> found = CutAt(GetParam().neighbours, GetParam().call, n, seed);
    if (!found) break;
    ++cuts;
    EXPECT_EQ(found->lost, 0);
    if (HasFailure()) break;
  }
  EXPECT_GT(cuts, kBatches);
}
INSTANTIATE_TEST_SUITE_P(, PowerCutTest,
                         testing::ValuesIn<CutCase>({
                             {"WriteAllLost", Neighbours::kSpared, Call::kWrite, std::nullopt},
                             {"WriteSomeKept", Neighbours::kSpared, Call::kWrite, 1},
                             {"WriteOthersKept", Neighbours::kSpared, Call::kWrite, 1'000},
                             {"SyncAllLost", Neighbours::kSpared, Call::kSync, std::nullopt},
                             {"SyncSomeKept", Neighbours::kSpared, Call::kSync, 2'000},
                             {"WriteAllLostWithPadding", Neighbours::kSpoiled, Call::kWrite,
                              std::nullopt},
                             {"WriteSomeKeptWithPadding", Neighbours::kSpoiled, Call::kWrite, 1},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

// Acknowledges all batches, then cuts the power.
Found CutAtTheEnd(Neighbours neighbours) {
  TemporaryDirectory directory;
  FaultyVfs vfs(neighbours);
  Outcome outcome;
  {
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenSqliteStore({.directory = directory.path(), .vfs = vfs.name()}, Noon());
    EXPECT_TRUE(store.ok()) << store.status();
    for (int batch = 0; batch < kBatches; ++batch) {
      outcome.batches.push_back(ApplyBatch(**store, batch));
      EXPECT_TRUE(outcome.batches.back().ok()) << outcome.batches.back();
    }
    vfs.CutPower();
  }
  vfs.Restart(std::nullopt);
  return Inspect(directory.path(), vfs, outcome);
}

TEST(PowerCut, AfterOkEverythingIsThere) {
  for (const Neighbours neighbours : {Neighbours::kSpared, Neighbours::kSpoiled}) {
    Found found = CutAtTheEnd(neighbours);
    EXPECT_EQ(found.lost, 0);
    EXPECT_EQ(found.there, kBatches);
  }
}

// The same without syncs must lose what was acknowledged: else the tests above could not fail.
TEST(PowerCut, WithoutSyncsTheTestSeesTheLoss) {
  SynchronousOff off;
  // Where writes wait for a sync (gathering_vfs.h), without one not even a reader sees them.
  EXPECT_EQ(CutAtTheEnd(Neighbours::kSpoiled).lost, kBatches);
}

}  // namespace
}  // namespace bounced
