// What is brought back of a damaged database: every row on a page that is whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "fixture.h"
#include "storage/maintenance.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/page_rows.h"
#include "storage/sqlite/statement.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::size_t kPage = 4'096;

bool GoOn(const WorkProgress&) { return true; }

std::string Mailbox(int number) { return absl::StrCat("R", number, "@example.net"); }

constexpr int kRows = 400;

// Rows of every table, some with evidence that takes pages of its own.
void Fill(Store& store) {
  std::mt19937 random(1);
  std::vector<NewMessage> messages;
  for (int i = 0; i < kRows; ++i) {
    messages.push_back(Bounce(Mailbox(i), i));
    std::string text(i % 10 == 0 ? 12'000 : 300, '\0');
    for (char& c : text) c = static_cast<char>(random());
    messages.back().evidence = Evidence::Pack(text);
  }
  Put(store, std::move(messages));
  Work revoke = RevokeKey{.domain = "bounces.example.net", .key_id = "a", .author = "me"};
  ASSERT_TRUE(Apply(store, {&revoke}).ok());
}

std::int64_t Saved(const Salvaged& salvaged, std::string_view table) {
  for (const SalvagedTable& row : salvaged.tables) {
    if (row.name == table) return row.saved;
  }
  return -1;
}

class SalvageTest : public testing::Test {
 protected:
  Salvaged Salvage() {
    fs::remove(out_);
    const std::string before = ReadFile(directory_.database());
    absl::StatusOr<Salvaged> salvaged = SalvageDatabase(directory_.path(), out_, GoOn);
    EXPECT_TRUE(salvaged.ok()) << salvaged.status();
    EXPECT_TRUE(ReadFile(directory_.database()) == before) << "it was written to";
    if (!salvaged.ok()) return {};
    EXPECT_EQ(salvaged->findings.count, 0) << salvaged->findings.shown.front();
    // A restore takes it, which checks all of it.
    TemporaryDirectory other;
    absl::Status restored = RestoreDatabase(other.path() + "/data", out_, Noon(), GoOn).status();
    EXPECT_TRUE(restored.ok()) << restored;
    return *std::move(salvaged);
  }

  TemporaryDirectory directory_;
  TemporaryDirectory other_;
  const std::string out_ = other_.path() + "/saved";
};

TEST_F(SalvageTest, OfAWholeOneAllIsSaved) {
  Fill(*Open(directory_.path()));
  const Salvaged salvaged = Salvage();
  for (const char* table : {"address", "message", "event", "suppression", "change", "evidence"}) {
    EXPECT_EQ(Saved(salvaged, table), kRows) << table;
  }
  EXPECT_EQ(Saved(salvaged, "revocation"), 1);
  EXPECT_TRUE(salvaged.has_secret);
  EXPECT_EQ(salvaged.broken_rows, 0);
  EXPECT_EQ(salvaged.unknown_pages, 0);
  fs::create_directory(other_.path() + "/data");
  fs::rename(out_, other_.path() + "/data/bounced.db");
  std::unique_ptr<Store> store = Open(other_.path() + "/data");
  for (int i = 0; i < kRows; ++i) {
    EXPECT_EQ(CheckIndex(*store, ParseAddress(Mailbox(i)).canonical()), IndexAnswer::kSuppressed);
  }
  EXPECT_EQ(store->GetEvidence("t", 1)->size(), 12'000u);
  EXPECT_EQ(store->ListRevocations()->size(), 1u);
}

TEST_F(SalvageTest, AlsoOfWhatIsInTheWalAlone) {
  TemporaryDirectory live;
  std::unique_ptr<Store> store = Open(live.path());
  Fill(*store);
  fs::copy_file(live.database(), directory_.database());
  fs::copy_file(live.database() + "-wal", directory_.database() + "-wal");
  EXPECT_EQ(Saved(Salvage(), "suppression"), kRows);
  // A frame in the middle that is damaged costs what is on its page.
  std::string wal = ReadFile(live.database() + "-wal");
  wal[wal.size() / 2] = static_cast<char>(wal[wal.size() / 2] ^ 1);
  WriteFile(directory_.database() + "-wal", wal);
  const Salvaged salvaged = Salvage();
  EXPECT_GT(Saved(salvaged, "suppression") + Saved(salvaged, "message"), kRows);
}

TEST_F(SalvageTest, WithoutItsFirstPage) {
  Fill(*Open(directory_.path()));
  std::string octets = ReadFile(directory_.database());
  octets.replace(0, kPage, std::string(kPage, '\x55'));
  WriteFile(directory_.database(), octets);
  const Salvaged salvaged = Salvage();
  EXPECT_EQ(Saved(salvaged, "suppression"), kRows);
  EXPECT_EQ(Saved(salvaged, "change"), kRows);
}

// Which rows of `table` lie on which page, by SQLite's own word.
TEST_F(SalvageTest, T55EveryRowOnAWholePageIsSavedWhicheverPageIsDamaged) {
  Fill(*Open(directory_.path()));
  const std::string whole = ReadFile(directory_.database());
  std::map<std::int64_t, std::int64_t> addresses_on;
  {
    absl::StatusOr<PageFile> pages = PageFile::Open(directory_.database());
    ASSERT_TRUE(pages.ok());
    for (std::int64_t page = 1; page <= pages->pages(); ++page) {
      ASSERT_TRUE(pages
                      ->ForEachRow(page,
                                   [&](const PageRow& row) {
                                     // Those of `address`: (NULL, hash, risky_until, tenant, ...).
                                     if (row.rowid && row.values.size() == 7) ++addresses_on[page];
                                   })
                      .ok());
    }
  }
  std::int64_t all = 0;
  for (const auto& [page, rows] : addresses_on) all += rows;
  ASSERT_EQ(all, kRows);
  int pages_with_addresses = 0;
  for (std::size_t at = 0; at < whole.size(); at += kPage) {
    const auto page = static_cast<std::int64_t>(at / kPage) + 1;
    // All pages of addresses, and some others, trees among them.
    if (!addresses_on.contains(page) && page % 7 != 1) continue;
    SCOPED_TRACE(page);
    std::string damaged = whole;
    damaged.replace(at, kPage, std::string(kPage, '\xAA'));
    WriteFile(directory_.database(), damaged);
    const std::int64_t lost = addresses_on.contains(page) ? addresses_on[page] : 0;
    pages_with_addresses += lost > 0;
    const Salvaged salvaged = Salvage();
    EXPECT_EQ(Saved(salvaged, "address"), kRows - lost);
    // Rows of others may go on elsewhere, and take those pages with them.
    if (lost > 0) {
      EXPECT_EQ(salvaged.unknown_pages, 1);
    }
  }
  EXPECT_GT(pages_with_addresses, 2);
}

TEST_F(SalvageTest, TellsUnknownPagesFromFreeOnes) {
  Fill(*Open(directory_.path()));
  {
    absl::StatusOr<Connection> connection =
        Connection::Open(directory_.database(), "", Access::kWrite);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(
        connection->Execute("UPDATE message SET evidence_id = NULL; DELETE FROM evidence;").ok());
    EXPECT_GT(*connection->AskNumber("PRAGMA freelist_count"), 100);
    connection->CheckpointOnClose();
  }
  EXPECT_EQ(Salvage().unknown_pages, 0);
  // Three behind the end, which were never written to; then the list of free ones is lost as well.
  std::string octets = ReadFile(directory_.database());
  octets.append(3 * kPage, '\0');
  WriteFile(directory_.database(), octets);
  EXPECT_EQ(Salvage().unknown_pages, 3);
  octets.replace(32, 8, std::string(8, '\xFF'));
  WriteFile(directory_.database(), octets);
  EXPECT_GT(Salvage().unknown_pages, 3);
}

TEST_F(SalvageTest, WithoutTheSecretHashesAreMadeAnew) {
  Fill(*Open(directory_.path()));
  {
    absl::StatusOr<Connection> connection =
        Connection::Open(directory_.database(), "", Access::kWrite);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(connection->Execute("DELETE FROM meta WHERE name = 'index_secret'").ok());
    connection->CheckpointOnClose();
  }
  const Salvaged salvaged = Salvage();
  EXPECT_FALSE(salvaged.has_secret);
  EXPECT_EQ(Saved(salvaged, "suppression"), kRows);
}

// A text that is not what was stored is not taken for it.
TEST_F(SalvageTest, AChangedAddressIsDropped) {
  Fill(*Open(directory_.path()));
  {
    absl::StatusOr<Connection> connection =
        Connection::Open(directory_.database(), "", Access::kWrite);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(
        connection->Execute("UPDATE address SET canonical = 's5@example.net' WHERE id = 6").ok());
    connection->CheckpointOnClose();
  }
  const Salvaged salvaged = Salvage();
  EXPECT_EQ(Saved(salvaged, "address"), kRows - 1);
  EXPECT_EQ(Saved(salvaged, "suppression"), kRows - 1);
  EXPECT_EQ(Saved(salvaged, "change"), kRows - 1);
  EXPECT_EQ(Saved(salvaged, "event"), kRows) << "about nobody, now";
}

// Rows from before columns were added have fewer than the tables have now.
TEST_F(SalvageTest, AlsoOfOlderSchemas) {
  constexpr const char* kTables[] = {"address",     "message", "event",
                                     "suppression", "change",  "evidence"};
  for (int version = 1; version < Migrations().back().number; ++version) {
    const std::string dump =
        ReadFile(absl::StrCat(BOUNCED_SOURCE_DIR "/tests/storage/schema_", version, ".sql"));
    SCOPED_TRACE(version);
    ASSERT_FALSE(dump.empty());
    fs::remove(directory_.database());
    std::map<std::string, std::int64_t> want;
    {
      absl::StatusOr<Connection> connection =
          Connection::Open(directory_.database(), "", Access::kCreate);
      ASSERT_TRUE(connection.ok());
      ASSERT_TRUE(connection->Execute(dump).ok());
      for (const char* table : kTables) {
        want[table] = *connection->AskNumber(absl::StrCat("SELECT count(*) FROM ", table));
      }
    }
    const Salvaged salvaged = Salvage();
    for (const char* table : kTables) EXPECT_EQ(Saved(salvaged, table), want[table]) << table;
    EXPECT_GT(want["change"], 0);
  }
}

// The newest change of a suppression is lost: history ends with what stands.
TEST_F(SalvageTest, HistoryIsCompleted) {
  {
    std::unique_ptr<Store> store = Open(directory_.path());
    Fill(*store);
    Suppression longer = Manual("r1@example.net");
    Suppression shorter = longer;
    shorter.expire_time = Noon(kToday + 5);
    Work put = PutSuppressions{.suppressions = {shorter}, .author = "me", .cause = "x"};
    ASSERT_TRUE(Apply(*store, {&put}).ok());
    put = PutSuppressions{.suppressions = {longer}, .author = "me", .cause = "x", .replace = true};
    ASSERT_TRUE(Apply(*store, {&put}).ok());
  }
  {
    absl::StatusOr<Connection> connection =
        Connection::Open(directory_.database(), "", Access::kWrite);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(
        connection->Execute(absl::StrCat("DELETE FROM change WHERE number = ", kRows + 2)).ok());
    connection->CheckpointOnClose();
  }
  EXPECT_EQ(Saved(Salvage(), "change"), kRows + 1);
  absl::StatusOr<Connection> saved = Connection::Open(out_, "", Access::kRead);
  ASSERT_TRUE(saved.ok());
  absl::StatusOr<std::int64_t> changes = saved->AskNumber("SELECT count(*) FROM change");
  ASSERT_TRUE(changes.ok());
  EXPECT_EQ(*changes, kRows + 2);
}

TEST_F(SalvageTest, WhatItMakesItselfIsNotCountedAsSaved) {
  Fill(*Open(directory_.path()));
  {
    absl::StatusOr<Connection> connection =
        Connection::Open(directory_.database(), "", Access::kWrite);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(connection->Execute("DELETE FROM change").ok());
    connection->CheckpointOnClose();
  }
  const Salvaged salvaged = Salvage();
  EXPECT_EQ(Saved(salvaged, "change"), 0);
  EXPECT_EQ(Saved(salvaged, "suppression"), kRows);
  for (const SalvagedTable& table : salvaged.tables) EXPECT_GE(table.dropped, 0) << table.name;
}

// Numbers are given anew; what one call made stays together, and what was undone is named.
TEST_F(SalvageTest, OfACompactedHistoryBatchesAndUndoesStay) {
  constexpr std::string_view kMailboxes[] = {"a@example.net", "b@example.net", "c@example.net"};
  {
    std::unique_ptr<Store> store = Open(directory_.path());
    auto batch = std::make_shared<Batch>();
    PutSuppressions put{.suppressions = {}, .author = "ann", .cause = "asked"};
    put.batch = batch;
    for (const std::string_view mailbox : kMailboxes) {
      put.suppressions.push_back(Manual(std::string(mailbox)));
    }
    Work work = std::move(put);
    ASSERT_TRUE(Apply(*store, {&work}).ok());  // 1 to 3
    const ChangeFilter third{.tenant = "t", .number = 3};
    work = UndoChanges{.selection = third,
                       .numbers = {3},
                       .author = "bob",
                       .cause = "",
                       .batch = std::make_shared<Batch>()};
    ASSERT_TRUE(Apply(*store, {&work}).ok());  // 4
    work = DropOld{.ids = {1}};
    ASSERT_TRUE(Apply(*store, {&work}).ok());
  }
  EXPECT_EQ(Saved(Salvage(), "change"), 3) << "2 to 4; the one that says what a@ is was made";
  TemporaryDirectory restored;
  ASSERT_TRUE(RestoreDatabase(restored.path() + "/data", out_, Noon(), GoOn).ok());
  std::unique_ptr<Store> store = Open(restored.path() + "/data");
  const absl::StatusOr<ChangesAfter> all = store->ListChangesAfter("t", std::nullopt, 10);
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->changes.size(), 4u);
  EXPECT_EQ(all->changes[0].suppression.address.canonical(), "b@example.net");
  EXPECT_EQ(all->changes[0].number, 1);
  EXPECT_EQ(all->changes[0].batch, 1);
  EXPECT_EQ(all->changes[1].batch, 1);
  EXPECT_EQ(all->changes[2].undoes, 2);
  EXPECT_EQ(all->changes[3].author, "salvage");
  EXPECT_EQ(all->changes[3].suppression.tenant, "t");
}

TEST_F(SalvageTest, OfNoiseNothingIsSaved) {
  std::mt19937 random(3);
  std::string noise(kPage * 50, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  for (std::size_t at = 0; at < noise.size(); at += kPage) noise[at] = '\x0D';
  WriteFile(directory_.database(), noise);
  const Salvaged salvaged = Salvage();
  EXPECT_EQ(Saved(salvaged, "suppression"), 0);
  EXPECT_GT(salvaged.broken_rows, 0);
}

TEST_F(SalvageTest, WritesToNothingThatIsThere) {
  Fill(*Open(directory_.path()));
  WriteFile(out_, "mine");
  const absl::Status status = SalvageDatabase(directory_.path(), out_, GoOn).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(ReadFile(out_), "mine");
}

struct RecordCase {
  std::string_view name;
  std::string payload;
  int values;  // -1: it is no record
};
class PageRecordTest : public testing::TestWithParam<RecordCase> {};

TEST_P(PageRecordTest, IsReadOrRefused) {
  const auto values = DecodePageRecord(GetParam().payload);
  EXPECT_EQ(values ? static_cast<int>(values->size()) : -1, GetParam().values);
}
INSTANTIATE_TEST_SUITE_P(, PageRecordTest,
                         testing::ValuesIn<RecordCase>({
                             {"Nothing", "", -1},
                             {"NoColumns", std::string("\x01", 1), 0},
                             {"NullAndOne", std::string("\x03\x00\x09", 3), 2},
                             {"Integer", std::string("\x02\x01\xFF", 3), 1},
                             {"Text", std::string("\x02\x13zzz", 5), 1},
                             {"TextIsCut", std::string("\x02\x13zz", 4), -1},
                             {"MoreThanItTells", std::string("\x02\x13zzzz", 6), -1},
                             {"ReservedType", std::string("\x02\x0A", 2), -1},
                             {"HeaderIsCut", std::string("\x05\x01", 2), -1},
                             {"HeaderIsNone", std::string("\x00\x01", 2), -1},
                             {"VarintIsCut", std::string("\x02\x81", 2), -1},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bounced
