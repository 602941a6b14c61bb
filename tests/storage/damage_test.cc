// What happens to a database: single bits, a file that is exchanged, a migration that is cut off.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "faulty_vfs.h"
#include "fixture.h"
#include "storage/maintenance.h"
#include "storage/sqlite/migrations.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

bool GoOn(const WorkProgress&) { return true; }

std::string Mailbox(int number) { return absl::StrCat("r", number, "@example.net"); }

TEST(Damage, OfOneMessageStopsNothingElse) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  NewMessage message = Bounce(Mailbox(0), 0);
  message.evidence = Evidence::Pack("Subject: it came back\r\n");
  Put(*store, {message});
  ASSERT_TRUE(store->GetEvidence("t", 1).ok());
  Execute(directory.database(), "UPDATE evidence SET data = x'00'");
  EXPECT_TRUE(absl::IsDataLoss(store->GetEvidence("t", 1).status()));
  Put(*store, {Bounce(Mailbox(1), 1)});
  EXPECT_EQ(CheckIndex(*store, Mailbox(1)), IndexAnswer::kSuppressed);
}

constexpr int kCommits = 40;

// A directory as a crash leaves it: `kCommits` commits, the first half of them written back.
void FillAsAfterACrash(const std::string& to) {
  TemporaryDirectory directory;
  for (int half = 0; half < 2; ++half) {
    std::unique_ptr<Store> store = Open(directory.path());
    for (int i = half * kCommits / 2; i < (half + 1) * kCommits / 2; ++i) {
      Put(*store, {Bounce(Mailbox(i), i)});
    }
    if (half == 0) continue;
    fs::copy_file(directory.database(), to + "/bounced.db");
    fs::copy_file(directory.database() + "-wal", to + "/bounced.db-wal");
  }
}

// Whether all that was committed is answered for, but for what is newer than `commits`. None: a
// call said that it cannot read the database.
std::optional<bool> AnswersRight(const std::string& directory, const std::string& vfs,
                                 int commits) {
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory, .vfs = vfs}, Noon());
  if (!store.ok()) return std::nullopt;
  bool right = true;
  for (int i = 0; i < commits; ++i) {
    right &= CheckIndex(**store, Mailbox(i)) == IndexAnswer::kSuppressed;
    absl::StatusOr<std::vector<Suppression>> rows =
        (*store)->FindSuppressions("t", ParseAddress(Mailbox(i)));
    if (!rows.ok()) return std::nullopt;
    right &= rows->size() == 1 && rows->front().expire_time == absl::InfiniteFuture() &&
             rows->front().source == Source::kBounce;
  }
  for (int i = kCommits; i < kCommits + 10; ++i) {
    right &= CheckIndex(**store, Mailbox(i)) == IndexAnswer::kSend;
  }
  return right;
}

// One bit of database or WAL: the file is refused with what to do and left as it was, or the
// answers are right, or a check finds what is wrong. BOUNCED_FLIPS: how many; the long run is of
// 10,000.
TEST(Damage, T55OneBitIsRefusedHarmlessOrFoundByACheck) {
  const char* asked = std::getenv("BOUNCED_FLIPS");
  const int flips = asked == nullptr ? 400 : std::atoi(asked);
  TemporaryDirectory crashed;
  FillAsAfterACrash(crashed.path());
  const std::string behind = ReadFile(crashed.database());  // what the WAL has not been written to
  const std::string wal = ReadFile(crashed.database() + "-wal");
  FaultyVfs vfs;  // for the time that its syncs do not take
  ASSERT_EQ(AnswersRight(crashed.path(), vfs.name(), kCommits), true);
  // After a clean end no page is looked at before it is needed.
  const std::string closed = ReadFile(crashed.database());
  ASSERT_FALSE(fs::exists(crashed.database() + "-wal"));
  std::mt19937 random(11);
  int refused = 0;
  int unreadable = 0;
  int right = 0;
  int found = 0;
  for (int i = 0; i < flips; ++i) {
    TemporaryDirectory directory;
    std::string spoiled_database = i % 2 == 0 ? closed : behind;
    std::string spoiled_wal = wal;
    std::string& spoiled = i % 2 == 0 ? spoiled_database : spoiled_wal;
    const std::size_t at = random() % spoiled.size();
    spoiled[at] = static_cast<char>(spoiled[at] ^ (1 << random() % 8));
    WriteFile(directory.database(), spoiled_database);
    if (i % 2 == 1) WriteFile(directory.database() + "-wal", spoiled_wal);
    SCOPED_TRACE(absl::StrCat(i % 2 == 0 ? "database " : "WAL ", at));
    const absl::Status opened =
        OpenSqliteStore({.directory = directory.path(), .vfs = vfs.name()}, Noon()).status();
    if (!opened.ok()) {
      ++refused;
      EXPECT_THAT(std::string(opened.message()), HasSubstr(directory.database()));
      EXPECT_TRUE(ReadFile(directory.database()) == spoiled_database);
      continue;
    }
    // The end of the WAL is where the power may have been cut: of the last two commits nobody can
    // say whether they were there.
    const std::optional<bool> answers =
        AnswersRight(directory.path(), vfs.name(), i % 2 == 0 ? kCommits : kCommits - 2);
    if (!answers) {
      ++unreadable;
    } else if (*answers) {
      ++right;
    } else {
      absl::StatusOr<Findings> findings = CheckDatabase(directory.path(), {.full = true}, GoOn);
      ASSERT_TRUE(findings.ok()) << findings.status();
      EXPECT_GT(findings->count, 0) << "a wrong answer without a word";
      ++found;
    }
  }
  std::printf("%d refused, %d unreadable, %d right, %d found by a check\n", refused, unreadable,
              right, found);
  EXPECT_GT(refused, 0);
  EXPECT_GT(right, 0);
}

TEST(Damage, T55AWalThatIsBrokenInTheMiddleIsRefused) {
  TemporaryDirectory directory;
  FillAsAfterACrash(directory.path());
  const std::string wal = ReadFile(directory.database() + "-wal");
  std::string broken = wal;
  broken[wal.size() / 2] = static_cast<char>(broken[wal.size() / 2] ^ 1);
  WriteFile(directory.database() + "-wal", broken);
  const std::string before = ReadFile(directory.database());
  const absl::Status status = OpenSqliteStore({.directory = directory.path()}, Noon()).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("its write-ahead log is damaged, with "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("bounced --salvage"));
  EXPECT_TRUE(ReadFile(directory.database()) == before);
  EXPECT_TRUE(ReadFile(directory.database() + "-wal") == broken);
}

// --- A file that is exchanged

struct ExchangeCase {
  std::string_view name;
  void (*exchange)(const std::string& database);
  std::string says;
};
class ExchangeTest : public testing::TestWithParam<ExchangeCase> {};

TEST_P(ExchangeTest, EndsTheCommits) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  Put(*store, {Bounce(Mailbox(0), 0)});
  GetParam().exchange(directory.database());
  for (int i = 1; i < 3; ++i) {
    StoreMessages work{.messages = {Bounce(Mailbox(i), i)}};
    Work one = std::move(work);
    const absl::Status status = Apply(*store, {&one});
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().says));
  }
  EXPECT_EQ(CheckIndex(*store, Mailbox(0)), IndexAnswer::kSuppressed) << "checks are answered";
  EXPECT_EQ(CheckIndex(*store, Mailbox(1)), IndexAnswer::kSend);
}
INSTANTIATE_TEST_SUITE_P(
    , ExchangeTest,
    testing::ValuesIn<ExchangeCase>({
        {"Replaced",
         [](const std::string& database) {
           fs::copy_file(database, database + "2");
           fs::rename(database + "2", database);
         },
         "bounced.db: was replaced while it was open"},
        {"Renamed", [](const std::string& database) { fs::rename(database, database + "2"); },
         "bounced.db: was removed while it was open"},
        {"WalRemoved", [](const std::string& database) { fs::remove(database + "-wal"); },
         "bounced.db-wal: was removed while it was open"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// A WAL that has no end yet would be played into whatever lies in the place of its database.
TEST(Damage, T55TheDatabaseThatReplacesAnotherIsAsItWas) {
  TemporaryDirectory other;
  Put(*Open(other.path()), {Bounce("other@example.net", 7)});
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  Put(*store, {Bounce(Mailbox(0), 0), Bounce(Mailbox(1), 1)});
  fs::copy_file(other.database(), directory.database() + "2");
  fs::rename(directory.database() + "2", directory.database());
  Work work = StoreMessages{.messages = {Bounce(Mailbox(2), 2)}};
  const absl::Status status = Apply(*store, {&work});
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  const std::string says(status.message());
  const std::size_t name = says.rfind(directory.path());
  ASSERT_NE(name, std::string::npos) << says;
  EXPECT_TRUE(fs::exists(says.substr(name))) << says;
  store.reset();

  store = Open(directory.path());
  EXPECT_EQ(CheckIndex(*store, "other@example.net"), IndexAnswer::kSuppressed);
  EXPECT_EQ(CheckIndex(*store, Mailbox(0)), IndexAnswer::kSend);
  store.reset();
  EXPECT_EQ(CheckDatabase(directory.path(), {.full = true}, GoOn)->count, 0);
}

// --- A migration that is cut off

struct CutCase {
  std::string_view name;
  FaultyVfs::Call call;
  std::optional<std::uint32_t> seed;
};
class CutMigrationTest : public testing::TestWithParam<CutCase> {};

TEST_P(CutMigrationTest, LeavesTheOldSchemaOrTheNewWhole) {
  const std::string dump = ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_1.sql");
  TemporaryDirectory old;
  Execute(old.database(), dump);
  const std::string whole = ReadFile(old.database());
  int cuts = 0;
  for (int n = 1;; ++n) {
    SCOPED_TRACE(n);
    TemporaryDirectory directory;
    WriteFile(directory.database(), whole);
    FaultyVfs vfs;
    vfs.CutPowerAt(GetParam().call, n);
    absl::Status status =
        OpenSqliteStore({.directory = directory.path(), .vfs = vfs.name()}, Noon()).status();
    if (!vfs.is_off()) {
      EXPECT_TRUE(status.ok()) << status;
      break;
    }
    ++cuts;
    vfs.Restart(GetParam().seed ? std::optional(*GetParam().seed + static_cast<std::uint32_t>(n))
                                : std::nullopt);
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenSqliteStore({.directory = directory.path(), .vfs = vfs.name()}, Noon());
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->index().Check("default", "", "r@example.org", Noon()),
              IndexAnswer::kSuppressed);
    EXPECT_TRUE((*store)->GetEvent("default", 2).ok());
    store->reset();
    EXPECT_EQ(CheckDatabase(directory.path(), {.full = false}, GoOn)->count, 0);
    if (HasFailure()) break;
  }
  EXPECT_GT(cuts, GetParam().call == FaultyVfs::Call::kWrite ? 10 : 2);
}
INSTANTIATE_TEST_SUITE_P(, CutMigrationTest,
                         testing::ValuesIn<CutCase>({
                             {"WriteAllLost", FaultyVfs::Call::kWrite, std::nullopt},
                             {"WriteSomeKept", FaultyVfs::Call::kWrite, 1},
                             {"SyncAllLost", FaultyVfs::Call::kSync, std::nullopt},
                             {"SyncSomeKept", FaultyVfs::Call::kSync, 100},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bounced
