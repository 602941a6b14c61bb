// Copies of a database that is in use, and what becomes of them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

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

std::string Text(const absl::Status& status) { return std::string(status.message()); }

std::string AllOf(const Backup& backup) {
  std::string all;
  while (static_cast<std::int64_t>(all.size()) < backup.octets()) {
    absl::StatusOr<std::string> piece = backup.Read(static_cast<std::int64_t>(all.size()), 10'000);
    EXPECT_TRUE(piece.ok()) << piece.status();
    if (!piece.ok() || piece->empty()) break;
    all += *piece;
  }
  return all;
}

// A copy of `store` as a file.
void BackUp(Store& store, const std::string& to) {
  absl::StatusOr<std::unique_ptr<Backup>> backup = store.MakeBackup(0, GoOn);
  ASSERT_TRUE(backup.ok()) << backup.status();
  WriteFile(to, AllOf(**backup));
}

std::string Mailbox(int number) { return absl::StrCat("r", number, "@example.net"); }

void PutSome(Store& store, int begin, int end) {
  std::vector<NewMessage> messages;
  std::mt19937 random(static_cast<std::uint32_t>(begin));
  for (int i = begin; i < end; ++i) {
    messages.push_back(Bounce(Mailbox(i), i));
    std::string text(2'000, '\0');  // does not pack, so it takes its pages
    for (char& c : text) c = static_cast<char>(random());
    messages.back().evidence = Evidence::Pack(text);
  }
  Put(store, std::move(messages));
}

// Names in the directory beside the database, its WAL and the lock.
std::vector<std::string> Others(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    if (name == "bounced.db" || name == "bounced.db-wal" || name == "bounced.db-shm" ||
        name == "bounced.lock") {
      continue;
    }
    names.push_back(name);
  }
  return names;
}

Findings Check(const std::string& directory, CheckOptions options = {}) {
  absl::StatusOr<Findings> findings = CheckDatabase(directory, options, GoOn);
  EXPECT_TRUE(findings.ok()) << findings.status();
  return findings.value_or(Findings{});
}

TEST(MakeBackup, HasAllThatWasCommittedAndOpensAsADatabase) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  PutSome(*store, 0, 300);
  absl::StatusOr<std::unique_ptr<Backup>> backup = store->MakeBackup(0, GoOn);
  ASSERT_TRUE(backup.ok()) << backup.status();
  EXPECT_EQ((*backup)->schema_version(), Migrations().back().number);
  EXPECT_THAT(Others(directory.path()), testing::IsEmpty());
  PutSome(*store, 300, 301);
  TemporaryDirectory copy;
  WriteFile(copy.database(), AllOf(**backup));
  std::unique_ptr<Store> again = Open(copy.path());
  for (int i : {0, 150, 299}) {
    EXPECT_EQ(CheckIndex(*again, Mailbox(i)), IndexAnswer::kSuppressed) << i;
    EXPECT_EQ(ChangesOf(*again, Mailbox(i)).size(), 1u);
  }
  EXPECT_EQ(CheckIndex(*again, Mailbox(300)), IndexAnswer::kSend);
}

// What is committed while the copy is made is in it, or not, as a whole and in order.
TEST(MakeBackup, GoesOnBesideCommits) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  PutSome(*store, 0, 2'000);
  std::atomic<bool> stop = false;
  std::atomic<int> committed = 2'000;
  std::thread writer([&] {
    while (!stop) {
      PutSome(*store, committed, committed + 3);
      committed += 3;
    }
  });
  for (int round = 0; round < 3; ++round) {
    const int before = committed;
    // One commit at least comes between two turns.
    int seen = committed;
    int beside = 0;
    absl::StatusOr<std::unique_ptr<Backup>> backup =
        store->MakeBackup(0, [&](const WorkProgress& progress) {
          if (progress.phase == WorkProgress::Phase::kCopying && committed != seen) ++beside;
          seen = committed;
          return true;
        });
    ASSERT_TRUE(backup.ok()) << backup.status();
    const int after = committed + 3;
    EXPECT_GT(beside, 0);
    TemporaryDirectory copy;
    WriteFile(copy.database(), AllOf(**backup));
    EXPECT_EQ(Check(copy.path(), {.full = true}).count, 0);
    std::unique_ptr<Store> again = Open(copy.path());
    int there = 0;
    while (CheckIndex(*again, Mailbox(there)) == IndexAnswer::kSuppressed) ++there;
    EXPECT_GE(there, before);
    EXPECT_LE(there, after);
    EXPECT_EQ((there - 2'000) % 3, 0) << "half of a commit";
  }
  stop = true;
  writer.join();
}

TEST(MakeBackup, IsCancelledAndLeavesNothing) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  PutSome(*store, 0, 500);
  for (const WorkProgress::Phase phase :
       {WorkProgress::Phase::kCopying, WorkProgress::Phase::kChecking}) {
    absl::StatusOr<std::unique_ptr<Backup>> backup =
        store->MakeBackup(0, [phase](const WorkProgress& p) { return p.phase != phase; });
    EXPECT_TRUE(absl::IsCancelled(backup.status())) << backup.status();
    EXPECT_THAT(Others(directory.path()), testing::IsEmpty());
  }
  PutSome(*store, 500, 501);
  EXPECT_TRUE(store->MakeBackup(0, GoOn).ok());
}

TEST(MakeBackup, IsRefusedWhereItWouldFillTheDisk) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  absl::StatusOr<std::unique_ptr<Backup>> backup = store->MakeBackup(std::int64_t{1} << 50, GoOn);
  EXPECT_TRUE(absl::IsFailedPrecondition(backup.status())) << backup.status();
  EXPECT_THAT(Text(backup.status()), HasSubstr("store.min_free = 1125899906842624"));
}

TEST(MakeBackup, IsMadeOneAtATime) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  PutSome(*store, 0, 100);
  absl::Status second;
  absl::Status check;
  absl::StatusOr<std::unique_ptr<Backup>> first = store->MakeBackup(0, [&](const WorkProgress&) {
    // From another thread, as a mutex is asked.
    std::thread([&] {
      second = store->MakeBackup(0, GoOn).status();
      check = store->CheckIntegrity({}, 0, Noon(), GoOn).status();
    }).join();
    return true;
  });
  EXPECT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
  EXPECT_THAT(Text(second), HasSubstr("another backup or check of the database is under way"));
  EXPECT_TRUE(absl::IsFailedPrecondition(check)) << check;
}

// A disk that takes no copy is no reason to take no mail.
TEST(MakeBackup, AFailureOfTheCopyIsNotTheStores) {
  TemporaryDirectory directory;
  FaultyVfs vfs;
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path(), .vfs = vfs.name()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  PutSome(**store, 0, 1'000);
  for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE}) {
    int refused = 0;
    for (int n : {1, 2, 40, 200}) {
      vfs.Fail(FaultyVfs::Call::kWrite, n, code);
      absl::StatusOr<std::unique_ptr<Backup>> backup = (*store)->MakeBackup(0, GoOn);
      if (!vfs.struck()) break;
      vfs.Heal();
      refused += !backup.ok();
      EXPECT_FALSE(absl::IsDataLoss(backup.status())) << backup.status();
      EXPECT_THAT(Others(directory.path()), testing::IsEmpty()) << n;
    }
    EXPECT_GT(refused, 0);
    vfs.Heal();
    PutSome(**store, 1'000 + code, 1'001 + code);
  }
  EXPECT_TRUE((*store)->MakeBackup(0, GoOn).ok());
}

TEST(MakeBackup, WhatACrashLeftOfOneIsGoneAtTheNextStart) {
  TemporaryDirectory directory;
  Open(directory.path()).reset();
  for (const char* suffix : {".copy", ".copy-journal", ".incoming", ".incoming-wal"}) {
    WriteFile(directory.database() + suffix, "half a copy");
  }
  Open(directory.path()).reset();
  EXPECT_THAT(Others(directory.path()), testing::IsEmpty());
}

// How often the WAL has begun anew (SQLite's file format, 4.1).
std::string WalRound(const std::string& database) {
  return ReadFile(database + "-wal").substr(12, 4);
}

// A copy is no reader: with one the WAL would not begin anew until it has ended.
TEST(MakeBackup, TheWalBeginsAnewMeanwhile) {
  TemporaryDirectory directory;
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path(), .max_wal_octets = 256 << 10}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  PutSome(**store, 0, 1'000);
  const std::string round = WalRound(directory.database());
  int next = 1'000;
  bool copying = true;
  absl::StatusOr<std::unique_ptr<Backup>> backup =
      (*store)->MakeBackup(0, [&](const WorkProgress& progress) {
        copying = copying && progress.phase == WorkProgress::Phase::kCopying;
        while (copying && next < 20'000 && WalRound(directory.database()) == round) {
          PutSome(**store, next, next + 20);
          next += 20;
        }
        return true;
      });
  ASSERT_TRUE(backup.ok()) << backup.status();
  EXPECT_LT(next, 20'000);
  EXPECT_NE(WalRound(directory.database()), round);
}

// --- Restore

TEST(Restore, PutsACopyInThePlaceOfWhatIsThereAndKeepsThat) {
  TemporaryDirectory directory;
  const std::string file = directory.path() + "/backup";
  const std::string data = directory.path() + "/data";
  std::int64_t history = 0;
  {
    std::unique_ptr<Store> store = Open(data);
    history = store->history();
    PutSome(*store, 0, 10);
    BackUp(*store, file);
    PutSome(*store, 10, 20);
  }
  absl::StatusOr<Restored> restored = RestoreDatabase(data, file, Noon(), GoOn);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->octets, static_cast<std::int64_t>(fs::file_size(file)));
  EXPECT_EQ(restored->schema_version, Migrations().back().number);
  EXPECT_EQ(restored->kept, data + "/bounced.db.before-20260301T120000Z");
  EXPECT_EQ(fs::status(data + "/bounced.db").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  std::unique_ptr<Store> store = Open(data);
  EXPECT_EQ(CheckIndex(*store, Mailbox(9)), IndexAnswer::kSuppressed);
  EXPECT_EQ(CheckIndex(*store, Mailbox(10)), IndexAnswer::kSend);
  EXPECT_NE(store->history(), history) << "a number of a change would name another one";
  EXPECT_GT(store->history(), 0);
  const std::int64_t second = store->history();
  store.reset();
  EXPECT_EQ(Open(data)->history(), second);
  // And back again.
  absl::StatusOr<Restored> undone = RestoreDatabase(data, restored->kept, Noon(kToday + 1), GoOn);
  ASSERT_TRUE(undone.ok()) << undone.status();
  EXPECT_EQ(CheckIndex(*Open(data), Mailbox(19)), IndexAnswer::kSuppressed);
}

TEST(Restore, MakesTheDirectory) {
  TemporaryDirectory directory;
  const std::string file = directory.path() + "/backup";
  BackUp(*Open(directory.path() + "/one"), file);
  absl::StatusOr<Restored> restored =
      RestoreDatabase(directory.path() + "/other", file, Noon(), GoOn);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->kept, "");
  EXPECT_EQ(fs::status(directory.path() + "/other").permissions(), fs::perms::owner_all);
  Open(directory.path() + "/other").reset();
}

TEST(Restore, IsRefusedWhileADaemonHoldsTheDirectory) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path() + "/data");
  const std::string file = directory.path() + "/backup";
  BackUp(*store, file);
  absl::StatusOr<Restored> restored =
      RestoreDatabase(directory.path() + "/data", file, Noon(), GoOn);
  EXPECT_TRUE(absl::IsFailedPrecondition(restored.status())) << restored.status();
  EXPECT_THAT(Text(restored.status()), HasSubstr("another daemon holds it"));
}

// What a crash leaves is a database with its WAL, and both are kept.
TEST(Restore, KeepsTheWalOfWhatWasThere) {
  TemporaryDirectory directory;
  const std::string file = directory.path() + "/backup";
  const std::string data = directory.path() + "/data";
  fs::create_directory(data);
  {
    TemporaryDirectory live;
    std::unique_ptr<Store> store = Open(live.path());
    BackUp(*store, file);
    PutSome(*store, 0, 5);
    fs::copy_file(live.database(), data + "/bounced.db");
    fs::copy_file(live.database() + "-wal", data + "/bounced.db-wal");
  }
  absl::StatusOr<Restored> restored = RestoreDatabase(data, file, Noon(), GoOn);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_FALSE(fs::exists(data + "/bounced.db-wal")) << "it would be read into the new one";
  EXPECT_EQ(CheckIndex(*Open(data), Mailbox(0)), IndexAnswer::kSend);
  // And back again, with what was only in the WAL.
  const std::string kept = restored->kept;
  EXPECT_TRUE(fs::exists(kept + "-wal"));
  restored = RestoreDatabase(data, kept, Noon(), GoOn);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_NE(restored->kept, kept) << "within the same second";
  EXPECT_EQ(restored->octets, static_cast<std::int64_t>(fs::file_size(data + "/bounced.db")));
  EXPECT_EQ(CheckIndex(*Open(data), Mailbox(4)), IndexAnswer::kSuppressed);
  EXPECT_TRUE(fs::exists(kept + "-wal")) << "it is only read";
}

// A copy that was made by hand, by its link.
TEST(Restore, TakesInTheWalBesideACopy) {
  TemporaryDirectory directory;
  const std::string copy = directory.path() + "/copy.db";
  {
    TemporaryDirectory live;
    std::unique_ptr<Store> store = Open(live.path());
    PutSome(*store, 0, 200);
    fs::copy_file(live.database(), copy);
    fs::copy_file(live.database() + "-wal", copy + "-wal");
  }
  fs::create_symlink(copy, directory.path() + "/newest");
  absl::StatusOr<Restored> restored =
      RestoreDatabase(directory.path() + "/data", directory.path() + "/newest", Noon(), GoOn);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(CheckIndex(*Open(directory.path() + "/data"), Mailbox(199)), IndexAnswer::kSuppressed);
}

// A crash after each step of the change of places: what was kept and what was restored never share
// a file, and the WAL is never read into the wrong one.
TEST(Restore, IsFinishedByTheNextStart) {
  const std::vector<std::pair<std::string, std::string>> steps = {
      {".incoming", ".restored-T"},
      {"", ".before-T"},
      {"-wal", ".before-T-wal"},
      {".restored-T", ""},
  };
  for (std::size_t done = 0; done <= steps.size(); ++done) {
    SCOPED_TRACE(done);
    TemporaryDirectory directory;
    const std::string file = directory.path() + "/data/bounced.db";
    fs::create_directory(directory.path() + "/data");
    {
      TemporaryDirectory live;
      std::unique_ptr<Store> store = Open(live.path());
      PutSome(*store, 0, 1);
      BackUp(*store, file + ".incoming");
      PutSome(*store, 1, 2);
      fs::copy_file(live.database(), file);
      fs::copy_file(live.database() + "-wal", file + "-wal");
    }
    for (std::size_t i = 0; i < done; ++i) {
      fs::rename(file + steps[i].first, file + steps[i].second);
    }
    std::unique_ptr<Store> store = Open(directory.path() + "/data");
    EXPECT_EQ(CheckIndex(*store, Mailbox(0)), IndexAnswer::kSuppressed);
    if (done == 0) {
      EXPECT_EQ(CheckIndex(*store, Mailbox(1)), IndexAnswer::kSuppressed);
      EXPECT_THAT(Others(directory.path() + "/data"), testing::IsEmpty());
      continue;
    }
    EXPECT_EQ(CheckIndex(*store, Mailbox(1)), IndexAnswer::kSend);
    PutSome(*store, 2, 3);
    store.reset();
    EXPECT_THAT(Others(directory.path() + "/data"),
                testing::UnorderedElementsAre("bounced.db.before-T", "bounced.db.before-T-wal"));
    EXPECT_EQ(fs::hard_link_count(file), 1u);
    TemporaryDirectory old;
    fs::rename(file + ".before-T", old.database());
    fs::rename(file + ".before-T-wal", old.database() + "-wal");
    store = Open(old.path());
    EXPECT_EQ(CheckIndex(*store, Mailbox(1)), IndexAnswer::kSuppressed);
    EXPECT_EQ(CheckIndex(*store, Mailbox(2)), IndexAnswer::kSend);
  }
}

struct NotRestoredCase {
  std::string_view name;
  void (*spoil)(const std::string& file);  // a good copy
  absl::StatusCode want;
  std::string says;
};
class NotRestoredTest : public testing::TestWithParam<NotRestoredCase> {};

TEST_P(NotRestoredTest, SaysWhyAndTouchesNothing) {
  TemporaryDirectory directory;
  const std::string file = directory.path() + "/backup";
  const std::string data = directory.path() + "/data";
  {
    std::unique_ptr<Store> store = Open(data);
    PutSome(*store, 0, 200);
    BackUp(*store, file);
  }
  GetParam().spoil(file);
  const std::string before = ReadFile(data + "/bounced.db");
  const std::string given = ReadFile(file);
  absl::Status status = RestoreDatabase(data, file, Noon(), GoOn).status();
  EXPECT_EQ(status.code(), GetParam().want) << status;
  EXPECT_THAT(Text(status), HasSubstr(file));
  EXPECT_THAT(Text(status), HasSubstr(GetParam().says));
  EXPECT_TRUE(ReadFile(data + "/bounced.db") == before);
  EXPECT_TRUE(ReadFile(file) == given);
  EXPECT_THAT(Others(data), testing::IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(
    , NotRestoredTest,
    testing::ValuesIn<NotRestoredCase>({
        {"NotThere", [](const std::string& file) { fs::remove(file); },
         absl::StatusCode::kInvalidArgument, "cannot read"},
        {"Empty", [](const std::string& file) { WriteFile(file, ""); }, absl::StatusCode::kDataLoss,
         "is empty"},
        {"OtherText", [](const std::string& file) { WriteFile(file, "root:x:0:0:root\n"); },
         absl::StatusCode::kDataLoss,
         "is damaged, or not a SQLite database; name a file that `bouncectl backup` wrote"},
        {"Newer", [](const std::string& file) { Execute(file, "PRAGMA user_version = 99"); },
         absl::StatusCode::kFailedPrecondition, "has version 99"},
        {"OfAnotherProgram",
         [](const std::string& file) { Execute(file, "PRAGMA application_id = 7"); },
         absl::StatusCode::kFailedPrecondition, "belongs to another program"},
        {"Cut", [](const std::string& file) { fs::resize_file(file, fs::file_size(file) - 4'096); },
         absl::StatusCode::kDataLoss, "is damaged"},
        {"Longer",
         [](const std::string& file) { WriteFile(file, ReadFile(file) + std::string(4'096, 'x')); },
         absl::StatusCode::kDataLoss, "is damaged"},
        {"ABrokenPage",
         [](const std::string& file) {
           std::string octets = ReadFile(file);
           octets[octets.size() - 4'096] = '\x55';
           WriteFile(file, octets);
         },
         absl::StatusCode::kDataLoss, "is damaged"},
        {"AWalOfAnother",
         [](const std::string& file) {
           Execute(file, "PRAGMA journal_mode = DELETE");
           WriteFile(file + "-wal", "what lay here");
         },
         absl::StatusCode::kFailedPrecondition, "has no write-ahead log"},
        {"ADamagedWal",
         [](const std::string& file) {
           TemporaryDirectory live;
           std::unique_ptr<Store> store = Open(live.path());
           for (int i = 0; i < 4; ++i) PutSome(*store, i, i + 1);
           WriteFile(file, ReadFile(live.database()));
           std::string octets = ReadFile(live.database() + "-wal");
           octets[100] = static_cast<char>(~octets[100]);
           WriteFile(file + "-wal", octets);
         },
         absl::StatusCode::kDataLoss, "write-ahead log is damaged"},
        {"AWrongHash",
         [](const std::string& file) {
           Execute(file, "UPDATE suppression SET hash = hash + 1 WHERE id = 7");
         },
         absl::StatusCode::kDataLoss, "suppression 7: its hash is not that of its address"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// --- Checks

struct FindingCase {
  std::string_view name;
  std::string sql;
  std::string says;
  bool full = false;
};
class FindingTest : public testing::TestWithParam<FindingCase> {};

TEST_P(FindingTest, IsNamed) {
  TemporaryDirectory directory;
  {
    std::unique_ptr<Store> store = Open(directory.path());
    PutSome(*store, 0, 30);
  }
  EXPECT_EQ(Check(directory.path(), {.full = GetParam().full}).count, 0);
  Execute(directory.database(), "PRAGMA foreign_keys = OFF; " + GetParam().sql);
  const Findings findings = Check(directory.path(), {.full = GetParam().full});
  ASSERT_GT(findings.count, 0);
  EXPECT_THAT(findings.shown, testing::Contains(HasSubstr(GetParam().says)));
}
INSTANTIATE_TEST_SUITE_P(
    , FindingTest,
    testing::ValuesIn<FindingCase>({
        {"AddressGone", "DELETE FROM address WHERE id = 3", "suppression 3: its address"},
        {"AddressHash", "UPDATE address SET hash = hash + 1 WHERE id = 3",
         "address 3: its hash is not that of its text"},
        {"AddressText", "UPDATE address SET canonical = 'x@example.net' WHERE id = 3",
         "suppression 3: its hash is not that of its address"},
        {"AddressNone", "UPDATE address SET canonical = 'x' WHERE id = 3",
         "address 3: is no address"},
        {"AddressSpelling", "UPDATE address SET spelling = 'X@example.org' WHERE id = 3",
         "address 3: its spelling is of another"},
        {"AddressRecord", "UPDATE address SET record = x'09' WHERE id = 3",
         "address 3: its record cannot be read"},
        {"SuppressionHash", "UPDATE suppression SET hash = 0 WHERE id = 2",
         "suppression 2: its hash"},
        {"SuppressionEnd", "UPDATE suppression SET expire_time = 0 WHERE id = 2",
         "suppression 2: is not as its last change left it"},
        {"SuppressionWithoutChange",
         "DELETE FROM change WHERE number = 2;"
         " UPDATE meta SET value = 2 WHERE name = 'changes_dropped_up_to'",
         "suppression 2: is not as its last change left it"},
        {"ChangeGap", "DELETE FROM change WHERE number = 5",
         "change: there are 29 behind number 0, and the newest is 30"},
        {"ChangeFirst", "DELETE FROM change WHERE number = 1",
         "change: there are 29 behind number 0, and the newest is 30"},
        {"ChangeNewest",
         "DELETE FROM change; UPDATE meta SET value = 30 WHERE name = 'changes_dropped_up_to'",
         "change: there are 0 behind number 30, and the newest is 0"},
        {"EventGone", "DELETE FROM event WHERE id = 4", "message 4: has 0 of its 1 events"},
        {"EventTooMany", "UPDATE message SET events = 0 WHERE id = 4",
         "event: there are 30, and messages have 29"},
        {"MessageHash", "UPDATE message SET return_path = 'x@y' WHERE id = 4",
         "message 4: its hash is not that of its return path"},
        {"Evidence", "UPDATE evidence SET data = x'00' WHERE id = 4",
         "evidence 4: cannot be unpacked"},
        {"EvidenceFull", "UPDATE evidence SET octets = octets + 1 WHERE id = 4",
         "evidence 4: cannot be unpacked", true},
        {"HoursOfEvents", "UPDATE block_hours SET first_hour = last_hour + 1 WHERE what = 1",
         "block_hours 0: 30 messages with events of it are of other hours"},
        {"HoursOfChanges", "UPDATE block_hours SET last_hour = last_hour - 1 WHERE what = 2",
         "block_hours 0: 30 of its changes are of other hours"},
        {"Secret", "DELETE FROM meta WHERE name = 'index_secret'", "meta: has no index_secret"},
        {"TokenSecret", "DELETE FROM meta WHERE name = 'token_secret'",
         "meta: has no token_secret"},
        {"History", "DELETE FROM meta WHERE name = 'history'", "meta: has no history"},
        {"Index", "DROP INDEX suppression_once", "its tables are not those of version"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// What a backup of it is taken for, too.
TEST(Check, GapsThatRetentionLeftAreNone) {
  TemporaryDirectory directory;
  {
    std::unique_ptr<Store> store = Open(directory.path());
    PutSome(*store, 0, 30);
    Work work = RemoveSuppressions{.tenant = "t",
                                   .stream = "",
                                   .address = ParseAddress(Mailbox(4)),
                                   .source = std::nullopt,
                                   .author = "me",
                                   .cause = ""};
    ASSERT_TRUE(Apply(*store, {&work}).ok());
    absl::StatusOr<Page<std::int64_t>> old =
        store->ListOld(Aged::kChanges, absl::InfiniteFuture(), 100, 0);
    ASSERT_TRUE(old.ok()) << old.status();
    ASSERT_FALSE(old->rows.empty());
    work = DropOld{.ids = old->rows};
    ASSERT_TRUE(Apply(*store, {&work}).ok());
    PutSome(*store, 30, 31);
  }
  EXPECT_THAT(Check(directory.path(), {.full = true}).shown, testing::IsEmpty());
}

TEST(Check, SaysThatItIsNotThere) {
  TemporaryDirectory directory;
  EXPECT_TRUE(absl::IsNotFound(CheckDatabase(directory.path(), {}, GoOn).status()));
}

TEST(Check, OfWhatIsNoDatabaseThatIsTheFinding) {
  TemporaryDirectory directory;
  WriteFile(directory.database(), std::string(8'192, 'x'));
  EXPECT_THAT(Check(directory.path()).shown,
              testing::ElementsAre(HasSubstr("is damaged, or not a SQLite database")));
}

TEST(Check, WhileItServesAlsoComparesTheIndex) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  PutSome(*store, 0, 30);
  absl::StatusOr<Findings> findings = store->CheckIntegrity({.full = true}, 0, Noon(), GoOn);
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_EQ(findings->count, 0) << findings->shown.front();
  EXPECT_THAT(Others(directory.path()), testing::IsEmpty());
  // Rows that change behind its back: another process may do it.
  Execute(directory.database(), "DELETE FROM suppression WHERE id = 5");
  findings = store->CheckIntegrity({}, 0, Noon(), GoOn);
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_THAT(findings->shown, testing::ElementsAre(HasSubstr("index: says of address 5")));
}

TEST(Check, WhileItServesAlsoComparesWhatReachesFurther) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  Suppression domain = Manual("a@dead.example");
  domain.address = *Address::ParseEntry("@dead.example");
  Suppression of_all = Manual("a@b.example");
  of_all.tenant = "*";
  Work work =
      PutSuppressions{.suppressions = {domain, of_all}, .author = "ann", .cause = "to see it"};
  ASSERT_TRUE(Apply(*store, {&work}).ok());
  absl::StatusOr<Findings> findings = store->CheckIntegrity({.full = true}, 0, Noon(), GoOn);
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_EQ(findings->count, 0) << findings->shown.front();
  Execute(directory.database(), "DELETE FROM suppression");
  findings = store->CheckIntegrity({}, 0, Noon(), GoOn);
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_THAT(findings->shown, testing::SizeIs(2));
}

}  // namespace
}  // namespace bounced
