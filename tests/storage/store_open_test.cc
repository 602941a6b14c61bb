// Opening: what is made, what is refused, and that nothing is written to what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "faulty_vfs.h"
#include "fixture.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/migrations.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

absl::Status TryOpen(const std::string& directory, const std::string& vfs = "") {
  return OpenSqliteStore({.directory = directory, .vfs = vfs}, Noon()).status();
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

TEST(Open, MakesTheDirectoryAndADatabaseOfOurs) {
  TemporaryDirectory directory;
  std::string path = directory.path() + "/data";
  Open(path).reset();
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  std::string file = path + "/bounced.db";
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  absl::StatusOr<Connection> connection = Connection::Open(file, "", Access::kRead);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(*connection->AskNumber("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(*connection->AskNumber("PRAGMA user_version"), Migrations().back().number);
  EXPECT_EQ(*connection->AskNumber("SELECT count(*) FROM pragma_table_list"
                                   " WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
                                   " AND strict = 0"),
            0);
  EXPECT_GT(*connection->AskNumber("SELECT count(*) FROM pragma_table_list WHERE strict = 1"), 5);
}

TEST(Open, TheWritingConnectionKeepsWhatWasPromised) {
  TemporaryDirectory directory;
  absl::StatusOr<DataDirectory> held = DataDirectory::Hold(directory.path());
  ASSERT_TRUE(held.ok()) << held.status();
  for (int i = 0; i < 2; ++i) {  // one that was made, and one that was there
    absl::StatusOr<Connection> connection = OpenDatabase(*held, "", 8 << 20);
    ASSERT_TRUE(connection.ok()) << connection.status();
    EXPECT_EQ(*connection->Ask("PRAGMA journal_mode"), "wal");
    EXPECT_EQ(*connection->Ask("PRAGMA synchronous"), "2");  // FULL
    EXPECT_EQ(*connection->Ask("PRAGMA foreign_keys"), "1");
    EXPECT_EQ(*connection->Ask("PRAGMA wal_autocheckpoint"), "0");
    EXPECT_EQ(*connection->Ask("PRAGMA mmap_size"), "0");
    EXPECT_EQ(*connection->AskNumber("PRAGMA busy_timeout"), kBusyTimeoutMillis);
    EXPECT_EQ(*connection->AskNumber("PRAGMA cache_size"), -(8 << 10));
  }
}

// One that is said to reach to 1 GiB is made by its header alone.
TEST(Open, TheCacheIsSmallWhereALargeOneIsSlower) {
  TemporaryDirectory directory;
  absl::StatusOr<DataDirectory> held = DataDirectory::Hold(directory.path());
  ASSERT_TRUE(held.ok()) << held.status();
  const auto cache = [&](std::int64_t octets) {
    absl::StatusOr<Connection> connection = OpenDatabase(*held, "", octets);
    EXPECT_TRUE(connection.ok()) << connection.status();
    connection->CheckpointOnClose();
    return -*connection->AskNumber("PRAGMA cache_size") * 1024;
  };
  EXPECT_EQ(cache(64 << 20), kSmallCacheOctets);
  EXPECT_EQ(cache(kSmallCacheOctets + (1 << 20)), kSmallCacheOctets);
  EXPECT_EQ(cache(4 << 20), 4 << 20);
  for (const std::uint32_t missing : {1U, 0U}) {
    const std::uint32_t pages = kLockByte / 4096 - missing;
    std::fstream file(directory.database(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(28);  // the size of the database in pages, big-endian (SQLite file format, 1.3.8)
    for (const int shift : {24, 16, 8, 0}) file.put(static_cast<char>(pages >> shift));
    file.close();
    fs::resize_file(directory.database(), std::uint64_t{pages} * 4096);
    EXPECT_EQ(cache(64 << 20), missing == 1 ? kSmallCacheOctets : 64 << 20);
  }
}

TEST(Open, AgainFindsWhatWasThere) {
  TemporaryDirectory directory;
  Put(*Open(directory.path()), {Bounce("a@example.net", 1)});
  EXPECT_FALSE(fs::exists(directory.database() + "-wal")) << "the sign of a clean end";
  std::unique_ptr<Store> store = Open(directory.path());
  EXPECT_EQ(CheckIndex(*store, "a@example.net"), IndexAnswer::kSuppressed);
  EXPECT_EQ(ChangesOf(*store, "a@example.net").size(), 1u);
}

TEST(Open, ClearsAwayWhatAnEarlierStartDidNotFinish) {
  TemporaryDirectory directory;
  for (const char* suffix : {".new", ".new-wal", ".new-journal", ".new-shm"}) {
    WriteFile(directory.database() + suffix, "half a database");
  }
  EXPECT_TRUE(TryOpen(directory.path()).ok());
  EXPECT_FALSE(fs::exists(directory.database() + ".new"));
}

TEST(Migrations, AreNumberedFromOne) {
  int number = 0;
  for (const Migration& migration : Migrations()) EXPECT_EQ(migration.number, ++number);
  EXPECT_STREQ(Migrations()[0].name, "0001_initial");
}

TEST(Migrations, AreAppliedWholeOrNotAtAll) {
  TemporaryDirectory directory;
  absl::StatusOr<Connection> connection =
      Connection::Open(directory.path() + "/x.db", "", Access::kCreate);
  ASSERT_TRUE(connection.ok()) << connection.status();
  ASSERT_TRUE(connection->Execute("CREATE TABLE event (in_the_way)").ok());
  EXPECT_FALSE(Migrate(*connection).ok());
  EXPECT_EQ(*connection->AskNumber("PRAGMA user_version"), 0);
  EXPECT_EQ(*connection->AskNumber("SELECT count(*) FROM sqlite_master"), 1);
  ASSERT_TRUE(connection->Execute("DROP TABLE event").ok());
  EXPECT_TRUE(Migrate(*connection).ok());
  EXPECT_TRUE(Migrate(*connection).ok());
  EXPECT_EQ(*connection->AskNumber("PRAGMA user_version"), Migrations().back().number);
}

// schema_1.sql is the dump of a database that a program of version 1 left: a signed bounce that
// suppressed, and an unsigned one.
TEST(Migrations, BringADatabaseOfVersionOneUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_1.sql"));
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->index().Check("default", "", "r@example.org", Noon()),
            IndexAnswer::kSuppressed);
  const Trust trusts[] = {Trust::kSigned, Trust::kUnverified};
  for (std::int64_t id = 1; id <= 2; ++id) {
    absl::StatusOr<StoredEvent> stored = (*store)->GetEvent("default", id);
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ(stored->event.trust, trusts[id - 1]) << "that of its message";
    EXPECT_EQ(stored->message.trust, trusts[id - 1]);
    EXPECT_EQ(stored->event.diagnostic, "user unknown");
    EXPECT_EQ(stored->message.client_helo, "mx.example.org");
    EXPECT_EQ(stored->message.tls_version, "");
    EXPECT_EQ(stored->message.login, "");
    EXPECT_EQ(stored->message.authentication, "");
  }
  Put(**store, {Bounce("a@example.net", 1)});
  store->reset();
  EXPECT_TRUE(TryOpen(directory.path()).ok());
}

// schema_2.sql is the dump of a database that a program of version 2 left: a bounce that
// suppressed, under key a, and one of what was returned, under the same.
TEST(Migrations, BringADatabaseOfVersionTwoUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_2.sql"));
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->ListRevocations()->empty());
  SuppressionFilter filter;
  filter.tenant = "default";
  filter.return_path_key = "a";
  filter.return_path_domain = "bounces.example.net";
  absl::StatusOr<Page<Suppression>> page = (*store)->ListSuppressions(filter, 10, 0);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].address.canonical(), "r@example.org");
  absl::StatusOr<StoredEvent> returned = (*store)->GetEvent("default", 2);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(KeyDomainOf(returned->message), "bounces.example.net");
  EXPECT_EQ(returned->message.login, "relay");
}

// schema_3.sql is the dump of a database that a program of version 3 left: a bounce that
// suppressed, under a key that was revoked afterwards.
TEST(Migrations, BringADatabaseOfVersionThreeUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_3.sql"));
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  absl::StatusOr<std::vector<Revocation>> revocations = (*store)->ListRevocations();
  ASSERT_TRUE(revocations.ok()) << revocations.status();
  ASSERT_EQ(revocations->size(), 1u);
  EXPECT_EQ((*revocations)[0].domain, "bounces.example");
  absl::StatusOr<StoredEvent> event = (*store)->GetEvent("default", 1);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->message.original_return_path, "");
  EXPECT_EQ(event->event.reason, Reason::kNoSuchUser);
}

// schema_4.sql is the dump of a database that a program of version 4 left: a bounce that
// suppressed, an entry of a stream, and one that was made and taken off.
TEST(Migrations, BringADatabaseOfVersionFourUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_4.sql"));
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->wide_index().empty());
  absl::StatusOr<Page<Allowance>> allowances = (*store)->ListAllowances("default", 10, 0);
  ASSERT_TRUE(allowances.ok()) << allowances.status();
  EXPECT_TRUE(allowances->rows.empty());
  const absl::StatusOr<AddressDossier> kept =
      (*store)->GetDossier("default", ParseAddress("kept@rcpt.example"), 10, 10);
  ASSERT_TRUE(kept.ok()) << kept.status();
  ASSERT_EQ(kept->standing.suppressions.size(), 1u);
  EXPECT_EQ(kept->standing.suppressions[0].stream, "news");
  const absl::StatusOr<AddressDossier> gone =
      (*store)->GetDossier("default", ParseAddress("gone@rcpt.example"), 10, 10);
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_TRUE(gone->standing.suppressions.empty());
  ASSERT_EQ(gone->changes.size(), 2u);
  EXPECT_EQ(gone->changes[0].what, Change::What::kRemoved);
}

// schema_5.sql is the dump of a database that a program of version 5 left: the same.
TEST(Migrations, BringADatabaseOfVersionFiveUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_5.sql"));
  std::int64_t history = 0;
  for (int i = 0; i < 2; ++i) {
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenSqliteStore({.directory = directory.path()}, Noon());
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_GT((*store)->history(), 0);
    if (i == 1) {
      EXPECT_EQ((*store)->history(), history);
    }
    history = (*store)->history();
    EXPECT_TRUE((*store)->ListAllowances("default", 10, 0)->rows.empty());
  }
}

// schema_6.sql is the dump of that database as a program of version 6 had brought it up to date.
TEST(Migrations, BringADatabaseOfVersionSixUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_6.sql"));
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  absl::StatusOr<std::vector<ApiKey>> keys = (*store)->ListApiKeys();
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_TRUE(keys->empty());
  Work made = PutApiKeys{.keys = {ApiKey{.id = "k",
                                         .name = "ops",
                                         .tenant = std::nullopt,
                                         .roles = 64,
                                         .token_hash = "h",
                                         .create_time = Noon(),
                                         .author = ""}}};
  ASSERT_TRUE(Apply(**store, {&made}).ok());
  EXPECT_EQ((*store)->ListApiKeys()->size(), 1u);
  const absl::StatusOr<AddressDossier> kept =
      (*store)->GetDossier("default", ParseAddress("kept@rcpt.example"), 10, 10);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->standing.suppressions.size(), 1u);
}

// schema_7.sql is that database as the migrations up to 7 leave it, with a key that a mailer uses.
TEST(Migrations, BringADatabaseOfVersionSevenUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_7.sql"));
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  absl::StatusOr<std::vector<ApiKey>> keys = (*store)->ListApiKeys();
  ASSERT_TRUE(keys.ok()) << keys.status();
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ(keys->front().name, "mailer");
  EXPECT_EQ(keys->front().tenant, "t");
  EXPECT_NE((*store)->history(), 0);
}

// schema_8.sql is that database as the migrations up to 8 leave it, with an address allowed.
TEST(Migrations, BringADatabaseOfVersionEightUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_8.sql"));
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->wide_index().IsAllowed("default", "kept@rcpt.example"));
  EXPECT_EQ((*store)->change_feed().newest(), 5);
  EXPECT_FALSE((*store)->token_secret().empty());
  absl::StatusOr<ChangesAfter> changes = (*store)->ListChangesAfter("default", FeedPosition{}, 10);
  ASSERT_TRUE(changes.ok()) << changes.status();
  ASSERT_EQ(changes->changes.size(), 5u);
  EXPECT_EQ(changes->changes[3].what, Change::What::kRemoved);
  EXPECT_EQ(changes->changes[3].suppression.tenant, "default");
  EXPECT_EQ(changes->changes[3].batch, 0);
  EXPECT_EQ(changes->changes[4].what, Change::What::kAllowed);
}

// schema_10.sql is that of version 9 as migration 10 leaves it, with policies that were applied.
TEST(Migrations, BringADatabaseOfVersionTenUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_10.sql"));
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  const absl::StatusOr<PolicyDocument> policies = (*store)->GetPolicies(0);
  ASSERT_TRUE(policies.ok()) << policies.status();
  EXPECT_EQ(policies->revision, 1);
  EXPECT_EQ(policies->document, "[[tenant]]\nname = \"acme\"\n");
}

// schema_11.sql is that one as migration 11 leaves it, with an incident of refusals.
TEST(Migrations, BringADatabaseOfVersionElevenUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_11.sql"));
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  const absl::StatusOr<Page<Incident>> incidents =
      (*store)->ListIncidents({.tenant = "default"}, 10, 0);
  ASSERT_TRUE(incidents.ok()) << incidents.status();
  ASSERT_FALSE(incidents->rows.empty());
  EXPECT_EQ(incidents->rows.front().kind, Incident::Kind::kRefusal);
  EXPECT_EQ(incidents->rows.front().provider, "gmail");
}

// schema_9.sql is that of version 8 as migration 9 leaves it, without its third change, which was
// dropped; schema_12.sql is that of version 11 as migration 12 leaves it.
TEST(Migrations, WhatOlderOnesLeftIsForgottenAndDropped) {
  for (const char* file : {"schema_9.sql", "schema_12.sql"}) {
    SCOPED_TRACE(file);
    TemporaryDirectory directory;
    Execute(directory.database(),
            ReadFile(std::string(BOUNCED_SOURCE_DIR "/tests/storage/") + file));
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenSqliteStore({.directory = directory.path()}, Noon());
    ASSERT_TRUE(store.ok()) << store.status();
    absl::StatusOr<Address> address = Address::Parse("kept@rcpt.example");
    Work forget = ForgetAddress{.tenant = "default", .address = *address};
    ASSERT_TRUE(Apply(**store, {&forget}).ok());
    absl::StatusOr<AddressDossier> dossier = (*store)->GetDossier("default", *address, 0, 10);
    ASSERT_TRUE(dossier.ok()) << dossier.status();
    EXPECT_TRUE(dossier->forgotten);
    EXPECT_EQ(dossier->standing.suppressions.size(), 1u);
    absl::StatusOr<Page<std::int64_t>> old =
        (*store)->ListOld(Aged::kMessages, absl::InfiniteFuture(), 10, 0);
    ASSERT_TRUE(old.ok()) << old.status();
    Work drop = DropOld{.what = Aged::kMessages, .ids = old->rows};
    ASSERT_TRUE(Apply(**store, {&drop}).ok());
    store->reset();
    absl::StatusOr<Findings> findings =
        CheckDatabase(directory.path(), {.full = true}, [](const WorkProgress&) { return true; });
    ASSERT_TRUE(findings.ok()) << findings.status();
    EXPECT_THAT(findings->shown, testing::IsEmpty());
  }
}

TEST(Migrations, WhatWasStoredBeforeTheIndexOfReturnPathsWasMadeAnewIsOnceStill) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_13.sql"));
  const std::unique_ptr<Store> store = Open(directory.path());
  const absl::StatusOr<StoredEvent> event = store->GetEvent("default", 1);
  ASSERT_TRUE(event.ok()) << event.status();
  NewMessage again;
  again.message = event->message;
  again.events.push_back(event->event);
  const std::vector<MessageReceipt> receipts = Put(*store, {again});
  ASSERT_EQ(receipts.size(), 1u);
  EXPECT_TRUE(receipts.front().duplicate);
  EXPECT_EQ(receipts.front().event_ids, std::vector<std::int64_t>{1});
}

// schema_13.sql is that of version 12 as migration 13 leaves it, with a message of three events
// over the edge of a block of ids, three hours older than the one before it; an old one behind it,
// and one that is newer.
TEST(Migrations, BringADatabaseOfVersionThirteenUpToDate) {
  TemporaryDirectory directory;
  Execute(directory.database(), ReadFile(BOUNCED_SOURCE_DIR "/tests/storage/schema_13.sql"));
  absl::StatusOr<Findings> findings =
      CheckDatabase(directory.path(), {}, [](const WorkProgress&) { return true; });
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_THAT(findings->shown, testing::IsEmpty());
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  absl::StatusOr<Connection> connection = Connection::Open(directory.database(), "", Access::kRead);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ(*connection->Ask("SELECT group_concat(what || ' ' || block || ' ' || first_hour || ' '"
                             " || last_hour, '; ') FROM"
                             " (SELECT * FROM block_hours ORDER BY what, block)"),
            "1 0 498824 498827; 1 1 439728 498829; 2 0 498827 498827");
  const absl::Time first = absl::UnixEpoch() + absl::Hours(498'824);
  struct {
    absl::Time from;
    std::vector<std::int64_t> want;
  } const cases[] = {{first, {4097, 4096, 4095}},
                     {first + absl::Hours(1), {}},
                     {first + absl::Hours(3), {1}},
                     {first + absl::Hours(5), {4099}},
                     {absl::UnixEpoch() + absl::Hours(439'728), {4098}}};
  for (const auto& [from, want] : cases) {
    EventFilter filter;
    filter.tenant = "default";
    filter.received_from = from;
    filter.received_before = from + absl::Hours(1);
    absl::StatusOr<Page<StoredEvent>> page = (*store)->ListEvents(filter, 10, 0);
    ASSERT_TRUE(page.ok()) << page.status();
    std::vector<std::int64_t> ids;
    for (const StoredEvent& row : page->rows) ids.push_back(row.event.id);
    EXPECT_EQ(ids, want) << from;
  }
}

TEST(Open, ASecondDaemonIsRefused) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> first = Open(directory.path());
  absl::Status status = TryOpen(directory.path());
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(Text(status), HasSubstr(directory.database() + ": another daemon holds it"));
  first.reset();
  EXPECT_TRUE(TryOpen(directory.path()).ok());
}

// --- Files that are refused

const std::string kNewest = absl::StrCat(Migrations().back().number);

struct RefusedCase {
  std::string_view name;
  void (*spoil)(const std::string& file);  // a database of ours, cleanly closed
  absl::StatusCode want;
  std::string says;
};
class RefusedTest : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedTest, SaysWhyAndIsLeftAsItWas) {
  TemporaryDirectory directory;
  Put(*Open(directory.path()), {Bounce("a@example.net", 1), Bounce("b@example.net", 2)});
  GetParam().spoil(directory.database());
  std::string before = ReadFile(directory.database());
  absl::Status status = TryOpen(directory.path());
  EXPECT_EQ(status.code(), GetParam().want) << status;
  EXPECT_THAT(Text(status), HasSubstr(directory.database()));
  EXPECT_THAT(Text(status), HasSubstr(std::string(GetParam().says)));
  EXPECT_TRUE(ReadFile(directory.database()) == before);
}
INSTANTIATE_TEST_SUITE_P(
    , RefusedTest,
    testing::ValuesIn<RefusedCase>({
        {"Newer", [](const std::string& file) { Execute(file, "PRAGMA user_version = 99"); },
         absl::StatusCode::kFailedPrecondition,
         "has version 99, and this program knows versions up to " + kNewest},
        {"WithoutItsVersion",
         [](const std::string& file) { Execute(file, "PRAGMA user_version = 0"); },
         absl::StatusCode::kDataLoss, "its tables are not those of version 0"},
        {"WithoutAnIndex",
         [](const std::string& file) { Execute(file, "DROP INDEX message_once"); },
         absl::StatusCode::kDataLoss, "its tables are not those of version " + kNewest},
        {"OfAnotherProgram",
         [](const std::string& file) { Execute(file, "PRAGMA application_id = 7"); },
         absl::StatusCode::kFailedPrecondition, "belongs to another program"},
        {"OfNoProgram",
         [](const std::string& file) {
           fs::remove(file);
           Execute(file, "CREATE TABLE t (x)");
         },
         absl::StatusCode::kFailedPrecondition, "move it away"},
        {"Empty", [](const std::string& file) { WriteFile(file, ""); }, absl::StatusCode::kDataLoss,
         "is empty; it was left as it is: restore a backup"},
        {"ShorterThanAHeader", [](const std::string& file) { fs::resize_file(file, 99); },
         absl::StatusCode::kDataLoss, "is damaged, or not a SQLite database"},
        {"Text", [](const std::string& file) { WriteFile(file, std::string(8'192, 'x')); },
         absl::StatusCode::kDataLoss, "is damaged, or not a SQLite database"},
        {"CutInHalf",
         [](const std::string& file) {
           fs::resize_file(file, fs::file_size(file) / 2 / 4096 * 4096);
         },
         absl::StatusCode::kDataLoss, "restore"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// A directory as a crash leaves it: the files of a store that is still open.
void CopyAsAfterACrash(const std::string& to, int messages) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  for (int i = 0; i < messages; ++i) {
    Put(*store, {Bounce(absl::StrCat("a", i, "@example.net"), i)});
  }
  fs::copy_file(directory.database(), to + "/bounced.db");
  fs::copy_file(directory.database() + "-wal", to + "/bounced.db-wal");
}

TEST(AfterACrash, TheWalIsReadAndTheDatabaseChecked) {
  TemporaryDirectory directory;
  CopyAsAfterACrash(directory.path(), 3);
  std::unique_ptr<Store> store = Open(directory.path());
  for (const char* mailbox : {"a0@example.net", "a1@example.net", "a2@example.net"}) {
    EXPECT_EQ(CheckIndex(*store, mailbox), IndexAnswer::kSuppressed);
  }
}

TEST(AfterACrash, ADamagedPageIsFoundAlsoWhereNothingWouldReadIt) {
  TemporaryDirectory directory;
  Put(*Open(directory.path()), {Bounce("a@example.net", 1)});
  const std::string whole = ReadFile(directory.database());
  constexpr std::size_t kPage = 4'096;
  int found_by_the_check_alone = 0;
  for (std::size_t page = kPage; page < whole.size(); page += kPage) {
    std::string damaged = whole;
    damaged[page] = '\x55';  // no type of page
    TemporaryDirectory copy;
    WriteFile(copy.database(), damaged);
    if (TryOpen(copy.path()).ok()) ++found_by_the_check_alone;
    WriteFile(copy.database(), damaged);
    WriteFile(copy.database() + "-wal", std::string(32, '\0'));  // left behind, and holds nothing
    absl::Status status = TryOpen(copy.path());
    EXPECT_TRUE(absl::IsDataLoss(status)) << page << status;
    EXPECT_TRUE(ReadFile(copy.database()) == damaged);
  }
  EXPECT_GT(found_by_the_check_alone, 0);
}

// Whatever one bit does: it opens, or is refused with a reason and left as it was. It never crashes
// and never hangs.
TEST(AfterACrash, OneBitInAThousandPlaces) {
  TemporaryDirectory crashed;
  CopyAsAfterACrash(crashed.path(), 2);
  const std::string database = ReadFile(crashed.database());
  const std::string wal = ReadFile(crashed.database() + "-wal");
  std::mt19937 random(7);
  FaultyVfs vfs;  // for the time that its syncs do not take
  int refused = 0;
  for (int i = 0; i < 1'000; ++i) {
    TemporaryDirectory directory;
    std::string spoiled_database = database;
    std::string spoiled_wal = wal;
    std::string& spoiled = i % 2 == 0 ? spoiled_database : spoiled_wal;
    std::size_t at = random() % spoiled.size();
    spoiled[at] = static_cast<char>(spoiled[at] ^ (1 << random() % 8));
    WriteFile(directory.database(), spoiled_database);
    WriteFile(directory.database() + "-wal", spoiled_wal);
    absl::Status status = TryOpen(directory.path(), vfs.name());
    if (status.ok()) continue;
    ++refused;
    EXPECT_TRUE(absl::IsDataLoss(status) || absl::IsFailedPrecondition(status)) << at << status;
    EXPECT_TRUE(ReadFile(directory.database()) == spoiled_database) << at << status;
  }
  EXPECT_GT(refused, 0);
}

// Puts `messages` in one commit, and copies the files of the open store to `to` as a power cut
// leaves them that comes while that commit is written: one of its pages has not reached the disk,
// and what comes behind has.
void PutAsBeforeAPowerCut(Store& store, std::vector<NewMessage> messages, const std::string& from,
                          const std::string& to) {
  constexpr std::size_t kHeader = 32;
  constexpr std::size_t kFrame = 24 + 4'096;
  const std::string before = ReadFile(from + "/bounced.db-wal");
  Put(store, std::move(messages));
  fs::copy_file(from + "/bounced.db", to + "/bounced.db");
  std::string wal = ReadFile(from + "/bounced.db-wal");
  const auto [is, was] = std::mismatch(wal.begin(), wal.end(), before.begin(), before.end());
  const auto at = std::max(static_cast<std::size_t>(is - wal.begin()), kHeader);
  const std::size_t torn = kHeader + (at - kHeader) / kFrame * kFrame + 24;
  wal[torn] = static_cast<char>(~wal[torn]);
  WriteFile(to + "/bounced.db-wal", wal);
}

// Of what the first leaves in the WAL the second must not make damage.
TEST(AfterACrash, TwoPowerCutsAreNoDamage) {
  TemporaryDirectory first;
  TemporaryDirectory second;
  {
    TemporaryDirectory live;
    std::unique_ptr<Store> store = Open(live.path());
    Put(*store, {Bounce("a@example.net", 0)});
    std::vector<NewMessage> many;
    for (int i = 1; i <= 200; ++i) many.push_back(Bounce(absl::StrCat("b", i, "@example.net"), i));
    PutAsBeforeAPowerCut(*store, std::move(many), live.path(), first.path());
  }
  {
    std::unique_ptr<Store> store = Open(first.path());
    EXPECT_EQ(CheckIndex(*store, "b1@example.net"), IndexAnswer::kSend) << "it was cut off";
    PutAsBeforeAPowerCut(*store, {Bounce("c@example.net", 1'000)}, first.path(), second.path());
  }
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = second.path()}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(CheckIndex(**store, "a@example.net"), IndexAnswer::kSuppressed);
  EXPECT_EQ(CheckIndex(**store, "c@example.net"), IndexAnswer::kSend);
}

TEST(AfterACrash, TheWalOfAnotherFileIsNotTakenForOurs) {
  TemporaryDirectory one;
  TemporaryDirectory other;
  CopyAsAfterACrash(one.path(), 1);
  CopyAsAfterACrash(other.path(), 40);
  fs::resize_file(one.database(), fs::file_size(one.database()));
  fs::copy_file(other.database() + "-wal", one.database() + "-wal",
                fs::copy_options::overwrite_existing);
  std::string before = ReadFile(one.database());
  absl::Status status = TryOpen(one.path());
  // Both began as the same tables, so its pages may even fit: then they are one database.
  if (!status.ok()) {
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_TRUE(ReadFile(one.database()) == before);
  }
}

// --- Directories

struct DirectoryCase {
  std::string_view name;
  void (*prepare)(const std::string& path);  // does not exist yet
  std::string_view beneath;
  std::string_view says;
};
class DirectoryTest : public testing::TestWithParam<DirectoryCase> {};

TEST_P(DirectoryTest, IsRefusedWithWhatToDo) {
  TemporaryDirectory directory;
  std::string path = directory.path() + "/data";
  GetParam().prepare(path);
  path += GetParam().beneath;
  absl::Status status = TryOpen(path);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(Text(status), HasSubstr(path));
  EXPECT_THAT(Text(status), HasSubstr(std::string(GetParam().says)));
}
INSTANTIATE_TEST_SUITE_P(
    , DirectoryTest,
    testing::ValuesIn<DirectoryCase>({
        {"WithoutParent", [](const std::string&) {}, "/not/there", "make the folder above it"},
        {"IsAFile", [](const std::string& path) { WriteFile(path, "x"); }, "",
         "set data_dir to a folder of the daemon's own"},
        {"DatabaseIsAFolder",
         [](const std::string& path) { fs::create_directories(path + "/bounced.db"); }, "",
         "set data_dir"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Open, AnEmptyNameIsRefused) { EXPECT_TRUE(absl::IsFailedPrecondition(TryOpen(""))); }

// Runs as a user who may not write there: root may write anywhere.
void ExpectRefusedToOthers(const std::string& directory, std::string_view says) {
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) _exit(3);
    absl::Status status = TryOpen(directory);
    if (!absl::IsFailedPrecondition(status)) _exit(4);
    _exit(Text(status).find(says) == std::string::npos ? 5 : 0);
  }
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_TRUE(WIFEXITED(result));
  EXPECT_EQ(WEXITSTATUS(result), 0);
}

TEST(Open, AReadOnlyDirectoryOrFileIsRefused) {
  TemporaryDirectory directory;
  constexpr fs::perms kReadOnly = fs::perms::owner_read | fs::perms::owner_exec |
                                  fs::perms::others_read | fs::perms::others_exec;
  fs::permissions(directory.path(), kReadOnly);
  ExpectRefusedToOthers(directory.path(), "give the daemon's user the right");
  fs::permissions(directory.path(), fs::perms::all);
  Open(directory.path()).reset();
  fs::permissions(directory.path() + "/bounced.lock", fs::perms::all);
  fs::permissions(directory.database(), fs::perms::owner_read | fs::perms::others_read);
  ExpectRefusedToOthers(directory.path(), "bounced.db: Permission denied; give the daemon's user");
}

}  // namespace
}  // namespace bounced
