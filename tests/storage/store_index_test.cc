// The index in memory says what the rows say: after each commit, after a restart, and beside
// readers.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fixture.h"
#include "sqlite3.h"
#include "storage/store.h"

namespace bounced {
namespace {

constexpr int kAddresses = 6;
const std::vector<std::string> kStreams = {"", "news", "bills"};

std::string Mailbox(int i) { return absl::StrCat("a", i, "@example.net"); }

// What a check must answer, from the rows alone.
IndexAnswer FromRows(const AddressDossier& dossier, std::string_view stream, absl::Time now) {
  bool suppressed = false;
  for (const Suppression& row : dossier.standing.suppressions) {
    if (!row.stream.empty() && row.stream != stream) continue;
    if (row.expire_time > now) suppressed = true;
  }
  if (suppressed) return IndexAnswer::kSuppressed;
  return DayOf(now) < dossier.risky_until ? IndexAnswer::kRisky : IndexAnswer::kSend;
}

void ExpectIndexAgrees(const Store& store, absl::Time from) {
  for (int i = 0; i < kAddresses; ++i) {
    absl::StatusOr<AddressDossier> dossier = store.GetDossier("t", ParseAddress(Mailbox(i)), 0, 0);
    ASSERT_TRUE(dossier.ok()) << dossier.status();
    for (const std::string& stream : kStreams) {
      for (int days : {0, 1, 2, 5, 29, 30, 31, 400}) {
        absl::Time now = from + absl::Hours(24 * days);
        IndexAnswer answer = CheckIndex(store, Mailbox(i), stream, now);
        IndexAnswer rows = FromRows(*dossier, stream, now);
        if (answer == IndexAnswer::kAskRows) {
          // Only on the day of an expiry, and then the rest of the answer is right, too.
          bool ends_today = false;
          for (const Suppression& row : dossier->standing.suppressions) {
            if (row.expire_time == absl::InfiniteFuture()) continue;
            Day last = DayOf(row.expire_time - absl::Nanoseconds(1));
            if (last == DayOf(now)) ends_today = true;
          }
          EXPECT_TRUE(ends_today);
          EXPECT_EQ(store.index().IsRisky("t", stream, Mailbox(i), now),
                    DayOf(now) < dossier->risky_until);
          continue;
        }
        EXPECT_EQ(static_cast<int>(answer), static_cast<int>(rows))
            << Mailbox(i) << " stream '" << stream << "' day " << days;
      }
    }
  }
}

Work RandomWork(std::mt19937& random, int& number, absl::Time now) {
  std::string mailbox = Mailbox(static_cast<int>(random() % kAddresses));
  const std::string& stream = kStreams[random() % kStreams.size()];
  auto source = static_cast<Source>(1 + random() % 5);
  switch (random() % 4) {
    case 0: {
      absl::Time until = random() % 3 == 0 ? absl::InfiniteFuture()
                                           : now + absl::Hours(static_cast<int>(random() % 100));
      return PutSuppressions{.suppressions = {Manual(mailbox, stream, source, until)},
                             .author = "ann",
                             .cause = "",
                             .replace = random() % 2 == 0};
    }
    case 1:
      return RemoveSuppressions{
          .tenant = "t",
          .stream = stream,
          .address = ParseAddress(mailbox),
          .source = random() % 2 == 0 ? std::optional<Source>(source) : std::nullopt,
          .author = "ann",
          .cause = ""};
    default: {
      NewMessage message = Bounce(mailbox, random() % 5 == 0 ? number : ++number);
      message.message.day = DayOf(now);
      Event& event = message.events[0];
      if (random() % 3 != 0) event.bounce_class = BounceClass::kSoft;
      if (random() % 5 == 0) event.kind = Kind::kDelivery;
      return StoreMessages{.messages = {message}};
    }
  }
}

class IndexTest : public testing::TestWithParam<std::uint32_t> {};

TEST_P(IndexTest, AgreesWithTheRowsAfterEveryCommitAndRestart) {
  std::mt19937 random(GetParam());
  TemporaryDirectory directory;
  absl::Time now = Noon();
  std::unique_ptr<Store> store = Open(directory.path(), now);
  int number = 0;
  for (int step = 0; step < 60; ++step) {
    now += absl::Hours(static_cast<int>(random() % 30));
    std::vector<Work> works;
    for (std::size_t i = 1 + random() % 4; i > 0; --i) {
      works.push_back(RandomWork(random, number, now));
    }
    std::vector<Work*> batch;
    for (Work& work : works) batch.push_back(&work);
    absl::Status status = store->Apply(batch, SimplePolicy, now);
    ASSERT_TRUE(status.ok()) << status;
    ExpectIndexAgrees(*store, now);
    if (step % 10 == 9) {
      store.reset();
      store = Open(directory.path(), now);
      ExpectIndexAgrees(*store, now);
    }
    if (HasFailure()) break;
  }
}
INSTANTIATE_TEST_SUITE_P(, IndexTest, testing::Range(1u, 6u));

TEST(Index, ForgetsWhatIsOverWhenItIsRead) {
  TemporaryDirectory directory;
  {
    std::unique_ptr<Store> store = Open(directory.path());
    NewMessage soft = Bounce("risky@example.net", 1);
    soft.events[0].bounce_class = BounceClass::kSoft;
    Put(*store, {soft});
    Work put = PutSuppressions{
        .suppressions = {Manual("a@example.net", "", Source::kManual, Noon(kToday + 1)),
                         Manual("b@example.net")},
        .author = "ann",
        .cause = ""};
    ASSERT_TRUE(Apply(*store, {&put}).ok());
    EXPECT_EQ(store->index().size(), 3u);
  }
  EXPECT_EQ(Open(directory.path(), Noon(kToday + 31))->index().size(), 2u);
  EXPECT_EQ(Open(directory.path(), Noon(kToday + 32))->index().size(), 1u);
}

// A few rows under ids as of many, so that several threads read a share each; where shares meet,
// at a half and quarters, there are rows on both sides.
TEST(Index, IsReadInSharesAsInOne) {
  constexpr int kRows = 200;
  TemporaryDirectory directory;
  {
    std::unique_ptr<Store> store = Open(directory.path());
    PutSuppressions put{.suppressions = {}, .author = "ann", .cause = ""};
    for (int i = 0; i < kRows; ++i) put.suppressions.push_back(Manual(Mailbox(i)));
    Work work = std::move(put);
    ASSERT_TRUE(Apply(*store, {&work}).ok());
  }
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(directory.database().c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "UPDATE suppression SET id = id / 2 * 4000 + id % 2", nullptr, nullptr,
                         nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  std::unique_ptr<Store> store = Open(directory.path());
  EXPECT_EQ(store->index().size(), static_cast<std::size_t>(kRows));
  for (int i = 0; i < kRows; ++i) {
    EXPECT_EQ(CheckIndex(*store, Mailbox(i)), IndexAnswer::kSuppressed) << i;
  }
}

// Readers beside the writer: a dossier is of one commit, whatever comes meanwhile.
TEST(Readers, SeeOneStateEach) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  Put(*store, {Bounce("a@example.net", 0)});
  std::atomic<bool> done = false;
  std::atomic<int> read = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 10; ++i) {  // more than there are connections
    readers.emplace_back([&] {
      do {
        absl::StatusOr<AddressDossier> dossier =
            store->GetDossier("t", ParseAddress("a@example.net"), 1'000, 1'000);
        ASSERT_TRUE(dossier.ok()) << dossier.status();
        ASSERT_EQ(dossier->events.size(), dossier->changes.size());
        ASSERT_EQ(dossier->standing.suppressions.at(0).event_id, dossier->events.at(0).event.id);
        ++read;
      } while (!done);
    });
  }
  for (int i = 1; i < 100; ++i) Put(*store, {Bounce("a@example.net", i)});
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GE(read, 10);
}

// Whatever the index was told meanwhile, and also by a start while the clock was ahead.
TEST(StoreIndex, T54WhatHadEndedHoldsAgainWhenTheClockIsPutBack) {
  const absl::Time end = Noon(kToday + 1);
  for (const char* mailbox : {"a@example.net", "@example.org"}) {
    TemporaryDirectory directory;
    std::unique_ptr<Store> store = Open(directory.path());
    const auto is_suppressed = [&](absl::Time now) {
      const std::string address = mailbox[0] == '@' ? "any" + std::string(mailbox) : mailbox;
      const IndexAnswer own = CheckIndex(*store, address, "", now);
      return store->wide_index().Widen(own, "t", "", address, now) == IndexAnswer::kSuppressed;
    };
    Suppression suppression = Manual("a@example.net", "", Source::kManual, end);
    suppression.address = *Address::ParseEntry(mailbox);
    Suppression other = suppression;
    other.source = Source::kImport;
    Work put = PutSuppressions{.suppressions = {suppression}, .author = "ann", .cause = ""};
    ASSERT_TRUE(Apply(*store, {&put}).ok());
    Work more = PutSuppressions{.suppressions = {other}, .author = "ann", .cause = ""};
    ASSERT_TRUE(Apply(*store, {&more}, end + absl::Hours(47)).ok());
    EXPECT_FALSE(is_suppressed(end + absl::Hours(24))) << mailbox;
    EXPECT_TRUE(is_suppressed(end - absl::Hours(24))) << mailbox;
    store.reset();
    store = Open(directory.path(), end + absl::Hours(47));
    EXPECT_FALSE(is_suppressed(end + absl::Hours(24))) << mailbox;
    EXPECT_TRUE(is_suppressed(end - absl::Hours(24))) << mailbox;
  }
}

// While commits come without a pause the WAL begins anew, in its own place.
TEST(Wal, StaysNearItsBoundUnderLoad) {
  TemporaryDirectory directory;
  constexpr std::int64_t kMax = 1 << 20;
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path(), .max_wal_octets = kMax}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  std::string wal = directory.database() + "-wal";
  std::uintmax_t last = 0;
  std::uintmax_t total = 0;
  int number = 0;
  while (total < 20 * kMax) {
    std::vector<NewMessage> messages;
    for (int i = 0; i < 20; ++i) {
      ++number;
      messages.push_back(Bounce(absl::StrCat("a", number, "@example.net"), number));
      total += 4 * 4'096;  // at least: it writes pages of evidence, event, address and more
    }
    Put(**store, std::move(messages));
    std::uintmax_t size = std::filesystem::file_size(wal);
    ASSERT_GE(size, last) << "written space is kept";
    last = size;
  }
  EXPECT_LT(last, 4 * kMax);
}

}  // namespace
}  // namespace bounced
