// kill -9 at random instants while the daemon starts on a database that it has work with: what has
// had its time is dropped, and old tables are brought up to date. What must stay stays, nothing is
// there in part, and the start that is let through ends where one ends that nobody disturbs.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/authority.h"
#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/database.h"
#include "tests/e2e/harness/instants.h"
#include "tests/storage/fixture.h"

namespace bounced::e2e {
namespace {

constexpr std::uint64_t kRounds = 4;
// So many more, until one has fallen into the midst of the work.
constexpr std::uint64_t kMoreRounds = 60;

class CrashStartTest : public testing::Test {
 protected:
  // The daemon, which has stopped, starts again and is killed at an instant within `whole` from
  // then on, or from when `begins` first holds. Whether it was ready before that.
  bool StartAndKill(
      const Daemon& daemon, std::chrono::microseconds whole,
      const std::function<bool()>& begins = [] { return true; }) {
    std::filesystem::remove(dir_ / "out");
    Process process(
        {.argv = {Program("bounced"), "--allow-root", "--config", daemon.dir() / "bounced.toml"},
         .stdout_path = dir_ / "out",
         .stderr_path = dir_ / "err"});
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!begins() && !process.Poll() && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    std::this_thread::sleep_for(instants_.Within(whole));
    process.Signal(SIGKILL);
    EXPECT_EQ(process.Wait(), 128 + SIGKILL) << "it had ended: " << ReadFile(dir_ / "err");
    ++kills_;
    return !ReadFile(dir_ / "out").empty();
  }

  bool GoesOn(std::uint64_t within) const {
    return kills_ < instants_.rounds() ||
           (within == 0 && kills_ < instants_.rounds() + kMoreRounds);
  }

  static std::chrono::microseconds Since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 begin);
  }

  Instants instants_{kRounds};
  // To make a certificate takes longer than all else at a start.
  const Authority authority_;
  std::uint64_t kills_ = 0;
  TempDir dir_;
  TempDir before_;
};

// --- Retention

constexpr std::string_view kTenant = "default";
constexpr int kEach = 800;
constexpr int kYoung = 200;

// Stores bounces of addresses "NAME<i>@rcpt.example", received so long ago.
void PutBounces(Store& store, std::string_view name, int first, int count, absl::Duration age) {
  const absl::Time time = absl::Now() - age;
  std::vector<NewMessage> messages;
  for (int i = first; i < first + count; ++i) {
    messages.push_back(Bounce(absl::StrCat(std::string(name), i, "@rcpt.example"), i));
    messages.back().message.tenant = std::string(kTenant);
    messages.back().message.receive_time = time;
    messages.back().message.day = DayOf(time);
  }
  Put(store, std::move(messages), time);
}

// What goes last of the rows that FillWithOld() makes: addresses of which nothing is known any
// more.
constexpr const char* kGoneSql = "SELECT count(*) FROM address WHERE canonical GLOB 'gone*'";

void FillWithOld(const std::string& directory) {
  constexpr absl::Duration kDay = absl::Hours(24);
  const std::unique_ptr<Store> store = Open(directory, absl::Now());
  // Events and evidence go, the suppressions stay.
  PutBounces(*store, "old", 0, kEach, 500 * kDay);
  // Of these all goes: somebody took them off, long ago.
  PutBounces(*store, "gone", 1'000, kEach, 490 * kDay);
  std::vector<Work> removals;
  for (int i = 1'000; i < 1'000 + kEach; ++i) {
    removals.push_back(
        RemoveSuppressions{.tenant = std::string(kTenant),
                           .stream = "",
                           .address = ParseAddress(absl::StrCat("gone", i, "@rcpt.example")),
                           .source = std::nullopt,
                           .author = "ann",
                           .cause = "asked"});
  }
  std::vector<Work*> batch;
  for (Work& work : removals) batch.push_back(&work);
  ASSERT_TRUE(store->Apply(batch, SimplePolicy, absl::Now() - 480 * kDay).ok());
  // Evidence alone goes.
  PutBounces(*store, "some", 2'000, kEach, 200 * kDay);
  PutBounces(*store, "young", 3'000, kYoung, kDay);
}

// Evidence that is dropped goes from its message, too; which numbers were dropped is noted.
bool IsDroppedWhole(std::string_view table, std::string_view column) {
  return table != "tally" && table != "meta" && column != "evidence_id";
}

bool Contains(const Rows& all, const Rows& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

TEST_F(CrashStartTest, T56T47WhatIsOldGoesInTheEndAndNothingElse) {
  SCOPED_TRACE(instants_.trace());
  Daemon daemon({.sections = authority_.Section()});
  daemon.Stop(SIGTERM);
  ASSERT_NO_FATAL_FAILURE(FillWithOld(before_.path()));
  const Rows first = ReadRows(before_.path(), IsDroppedWhole);

  std::chrono::microseconds whole = kPatience;
  for (int run = 0; run < 2; ++run) {  // the quicker one counts
    CopyDatabase(before_.path(), daemon.data_dir());
    const auto begin = std::chrono::steady_clock::now();
    daemon.Restart();
    ASSERT_TRUE(Eventually([&] { return AskNumberOfLive(daemon.data_dir(), kGoneSql) == 0; }));
    whole = std::min(whole, Since(begin));
    ASSERT_EQ(daemon.Stop(SIGTERM), 0);
  }
  const Rows last = ReadRows(daemon.data_dir(), IsDroppedWhole);
  ASSERT_TRUE(Contains(first, last));
  EXPECT_EQ(AskNumber(daemon.data_dir(), "SELECT count(*) FROM message"), kEach + kYoung);
  EXPECT_EQ(AskNumber(daemon.data_dir(), "SELECT count(*) FROM evidence"), kYoung);
  EXPECT_EQ(AskNumber(daemon.data_dir(), "SELECT count(*) FROM suppression"), 2 * kEach + kYoung);

  std::uint64_t within = 0;
  while (GoesOn(within)) {
    SCOPED_TRACE(absl::StrCat("after ", kills_, " kills"));
    CopyDatabase(before_.path(), daemon.data_dir());
    for (bool is_done = false; !is_done && GoesOn(within);) {
      StartAndKill(daemon, whole);
      TempDir copy;
      CopyDatabase(daemon.data_dir(), copy.path());
      ExpectWhole(copy.path());
      const Rows rows = ReadRows(copy.path(), IsDroppedWhole);
      EXPECT_TRUE(Contains(rows, last)) << Difference(rows, last);
      EXPECT_TRUE(Contains(first, rows)) << Difference(rows, first);
      within += rows != first && rows != last;
      is_done = rows == last;
      ASSERT_FALSE(HasFailure());
    }
    daemon.Restart();
    const Outcome check = daemon.Bouncectl({"integrity", "--full"});
    EXPECT_EQ(check.out, "ok\n") << check.err;
    ASSERT_TRUE(Eventually([&] { return AskNumberOfLive(daemon.data_dir(), kGoneSql) == 0; }));
    EXPECT_EQ(daemon.Check("old0@rcpt.example"), v1::VERDICT_SUPPRESSED);
    EXPECT_EQ(daemon.Check("gone1000@rcpt.example"), v1::VERDICT_SEND);
    EXPECT_EQ(daemon.api().Events("young3000@rcpt.example").size(), 1u);
    daemon.Stop(SIGKILL);
    EXPECT_EQ(Difference(ReadRows(daemon.data_dir(), IsDroppedWhole), last), "");
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(within, 0u) << "none was cut in its midst";
  RecordProperty("kills", std::to_string(kills_));
  RecordProperty("within", std::to_string(within));
  RecordProperty("run_micros", std::to_string(whole.count()));
}

// --- Migrations

std::string DumpOf(int version) {
  return absl::StrCat(BOUNCED_SOURCE_DIR "/tests/storage/schema_", version, ".sql");
}

// From 1 on, without gaps.
int NewestDump() {
  int version = 0;
  while (std::filesystem::exists(DumpOf(version + 1))) ++version;
  return version;
}

// About as long as the new tables take to get into the log.
constexpr std::chrono::milliseconds kWriting{4};
// Of one old database, as the making of it takes its time.
constexpr int kUpgrades = 4;
// Rows of an old database, beside those of its dump.
constexpr int kManyRows = 10'000;

// Makes kManyRows further rows of `table` from the one of `id`; in the place of a column that
// `others` names its value. ?n is the number of the copy.
std::string ManyLike(const std::string& directory, const std::string& table, std::int64_t id,
                     const std::vector<std::pair<std::string, std::string>>& others) {
  std::vector<std::string> values;
  // In their order.
  const std::string names = absl::StrJoin(
      AskTexts(directory, "SELECT group_concat(name) FROM pragma_table_info('" + table + "')"), "");
  std::size_t at = 0;
  while (at < names.size()) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    std::string value = names.substr(at, end - at);
    for (const auto& [column, instead] : others) {
      if (column == value) value = instead;
    }
    values.push_back(std::move(value));
    at = end + 1;
  }
  return absl::StrCat("WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many",
                      " WHERE n < ", kManyRows, ") INSERT INTO ", table, " (", names, ") SELECT ",
                      absl::StrJoin(values, ", "), " FROM ", table, ", many WHERE ", table,
                      ".rowid = ", id, ";");
}

// A database of this version as its dump has it, grown to a size at which a start takes its time.
void MakeOld(int version, const std::string& directory) {
  Execute(directory, ReadFile(DumpOf(version)));
  // While a key counts nobody may call without one.
  if (version >= 7) Execute(directory, "UPDATE api_key SET revoke_time = create_time");
  const auto ask = [&](const std::string& sql) { return AskNumber(directory, sql); };
  const std::int64_t message = ask("SELECT min(id) FROM message WHERE events = 1");
  const std::int64_t event = ask(absl::StrCat("SELECT id FROM event WHERE message_id = ", message));
  const std::string messages = absl::StrCat(ask("SELECT max(id) FROM message"), " + n");
  const std::string events = absl::StrCat(ask("SELECT max(id) FROM event"), " + n");
  const std::int64_t changes = ask("SELECT max(number) FROM change");
  Execute(directory,
          absl::StrCat(
              "BEGIN;",
              ManyLike(directory, "message", message,
                       {{"id", messages},
                        {"first_event_id", events},
                        {"digest", "randomblob(16)"},
                        {"evidence_id", "NULL"}}),
              ManyLike(directory, "event", event, {{"id", events}, {"message_id", messages}}),
              ManyLike(directory, "change", changes, {{"number", absl::StrCat(changes, " + n")}}),
              "COMMIT;"));
}

// What a start may change of itself: incidents end by the clock, and secrets are made.
bool IsMigrated(std::string_view table, std::string_view column) {
  return table != "tally" && table != "incident" && (table != "meta" || column == "name");
}
bool IsAnything(std::string_view, std::string_view) { return true; }

std::int64_t VersionOf(const std::string& directory) {
  return AskNumber(directory, "PRAGMA user_version");
}

// -1: there is none.
std::int64_t WalOctets(const std::string& directory) {
  std::error_code none;
  const std::uintmax_t octets = std::filesystem::file_size(directory + "/bounced.db-wal", none);
  return none ? -1 : static_cast<std::int64_t>(octets);
}

TEST_F(CrashStartTest, T56AnUpgradeIsDoneAsAWholeOrNotAtAll) {
  SCOPED_TRACE(instants_.trace());
  // What has an end has it in the far future.
  Daemon daemon({.sections = authority_.Section() +
                             "[store]\nevidence_days = 36500\nevent_days = 36500\n"
                             "history_days = 36500\n"});
  daemon.Stop(SIGTERM);
  std::uint64_t begun = 0;    // killed behind the beginning of the transaction,
  std::uint64_t writing = 0;  // while it wrote that to the log,
  std::uint64_t written = 0;  // or when it had, and was not ready
  const auto goes_on = [&] { return GoesOn(begun + writing + written); };
  const int newest_dump = NewestDump();
  ASSERT_GE(newest_dump, 12);
  const int any = static_cast<int>(instants_.Below(static_cast<std::uint64_t>(newest_dump)));
  for (int run = 0; goes_on(); ++run) {
    const int version = 1 + (any + run) % newest_dump;
    SCOPED_TRACE(absl::StrCat("version ", version, ", after ", kills_, " kills"));
    std::filesystem::remove(before_ / "bounced.db");
    MakeOld(version, before_.path());
    const Rows first = ReadRows(before_.path(), IsAnything);

    CopyDatabase(before_.path(), daemon.data_dir());
    const auto begin = std::chrono::steady_clock::now();
    daemon.Restart();
    const std::chrono::microseconds whole = Since(begin);
    ASSERT_EQ(daemon.Stop(SIGTERM), 0);
    const std::int64_t newest = VersionOf(daemon.data_dir());
    ASSERT_GT(newest, version);
    const Rows last = ReadRows(daemon.data_dir(), IsMigrated);
    ASSERT_GT(last.size(), 3u * kManyRows);

    for (int upgrade = 0; upgrade < kUpgrades && goes_on(); ++upgrade) {
      CopyDatabase(before_.path(), daemon.data_dir());
      for (bool is_done = false; !is_done && goes_on();) {
        const std::int64_t wal_before = WalOctets(daemon.data_dir());
        // What takes longest is to find out what is to be written: each second one comes behind it.
        const bool was_ready =
            kills_ % 2 == 0
                ? StartAndKill(daemon, whole)
                : StartAndKill(daemon, kWriting, [&] { return WalOctets(daemon.data_dir()) > 0; });
        const std::int64_t wal = WalOctets(daemon.data_dir());
        TempDir copy;
        CopyDatabase(daemon.data_dir(), copy.path());
        is_done = VersionOf(copy.path()) == newest;
        EXPECT_TRUE(is_done || VersionOf(copy.path()) == version);
        // The old one had no log; one of a start before that was killed is empty, or is emptied.
        begun += !is_done && wal == 0 && wal_before < 0;
        writing += !is_done && wal > 0;
        written += is_done && !was_ready;
        EXPECT_TRUE(is_done || !was_ready);
        const Rows rows = ReadRows(copy.path(), is_done ? IsMigrated : IsAnything);
        EXPECT_EQ(Difference(rows, is_done ? last : first), "");
        if (is_done) ExpectWhole(copy.path());
        ASSERT_FALSE(HasFailure());
        // Not each goes on with what the one before it left.
        if (!is_done && instants_.Below(2) == 0) CopyDatabase(before_.path(), daemon.data_dir());
      }
      daemon.Restart();
      const Outcome check = daemon.Bouncectl({"integrity", "--full"});
      EXPECT_EQ(check.out, "ok\n") << check.err;
      EXPECT_EQ(daemon.Stop(SIGTERM), 0);
      EXPECT_EQ(VersionOf(daemon.data_dir()), newest);
      EXPECT_EQ(Difference(ReadRows(daemon.data_dir(), IsMigrated), last), "");
      ASSERT_FALSE(HasFailure());
    }
  }
  EXPECT_GT(begun + writing + written, 0u) << "none was cut in its midst";
  RecordProperty("kills", std::to_string(kills_));
  RecordProperty("begun", std::to_string(begun));
  RecordProperty("writing", std::to_string(writing));
  RecordProperty("written", std::to_string(written));
}

}  // namespace
}  // namespace bounced::e2e
