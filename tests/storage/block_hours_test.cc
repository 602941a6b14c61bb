// Lists of a time: right wherever their rows lie, and without a look at all the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fixture.h"
#include "storage/maintenance.h"
#include "storage/sqlite/block_hours.h"
#include "storage/sqlite/connection.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bool GoOn(const WorkProgress&) { return true; }

constexpr absl::Duration kMoment = absl::Microseconds(1);  // what times are kept to
const absl::Time kHour = Noon();

class BlockHoursTest : public testing::Test {
 protected:
  BlockHoursTest() : store_(Open(directory_.path())) {}

  NewMessage MessageOf(std::int64_t events, absl::Time time) {
    NewMessage message = Bounce("", ++messages_);
    message.evidence = nullptr;
    message.message.receive_time = time;
    message.events.resize(static_cast<std::size_t>(events), message.events.front());
    return message;
  }

  // Stores one message with so many events, which have the next ids.
  void Add(std::int64_t events, absl::Time time) {
    Put(*store_, {MessageOf(events, time)});
    times_.resize(times_.size() + static_cast<std::size_t>(events), time);
  }

  // Changes one suppression so often, by `author`.
  void MakeChanges(int times, absl::Time now, const std::string& author = "ann") {
    PutSuppressions put{.suppressions = {}, .author = author, .cause = "", .replace = true};
    for (int i = 0; i < times; ++i) {
      put.suppressions.push_back(Manual("a@example.net"));
      put.suppressions.back().explanation = absl::StrCat(++explanations_);
    }
    Work work = std::move(put);
    const absl::Status status = Apply(*store_, {&work}, now);
    ASSERT_TRUE(status.ok()) << status;
  }

  absl::StatusOr<Page<StoredEvent>> OnePage(absl::Time from, absl::Time before, int page_size,
                                            Cursor cursor = 0) {
    EventFilter filter{.tenant = "t",
                       .address = std::nullopt,
                       .kind = std::nullopt,
                       .reason = std::nullopt,
                       .received_from = from,
                       .received_before = before};
    return store_->ListEvents(filter, page_size, cursor);
  }

  // The ids of the events of [from, before), of all pages.
  std::vector<std::int64_t> List(absl::Time from, absl::Time before, int page_size = 5'000) {
    std::vector<std::int64_t> ids;
    Cursor cursor = 0;
    do {
      absl::StatusOr<Page<StoredEvent>> page = OnePage(from, before, page_size, cursor);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const StoredEvent& row : page->rows) ids.push_back(row.event.id);
      cursor = page->next;
    } while (cursor != 0);
    return ids;
  }

  // The same by what was stored.
  std::vector<std::int64_t> Want(absl::Time from, absl::Time before) const {
    std::vector<std::int64_t> ids;
    for (std::size_t i = times_.size(); i-- > 0;) {
      if (times_[i] >= from && times_[i] < before) ids.push_back(static_cast<std::int64_t>(i) + 1);
    }
    return ids;
  }

  std::vector<std::int64_t> ListChanges(const ChangeFilter& filter, int page_size = 10'000) {
    std::vector<std::int64_t> numbers;
    Cursor cursor = 0;
    do {
      absl::StatusOr<Page<Change>> page = store_->ListChanges(filter, page_size, cursor);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const Change& change : page->rows) numbers.push_back(change.number);
      cursor = page->next;
    } while (cursor != 0);
    return numbers;
  }

  // Runs SQL beside the store, which is closed meanwhile.
  void Execute(const std::string& sql) {
    store_.reset();
    {
      absl::StatusOr<Connection> connection =
          Connection::Open(directory_.database(), "", Access::kWrite);
      ASSERT_TRUE(connection.ok()) << connection.status();
      const absl::Status status = connection->Execute(sql);
      EXPECT_TRUE(status.ok()) << status;
      connection->CheckpointOnClose();
    }
    store_ = Open(directory_.path());
  }

  // The blocks that have rows, "0 1".
  std::string BlocksOf(Blocks what) {
    absl::StatusOr<Connection> connection =
        Connection::Open(directory_.database(), "", Access::kRead);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *connection->Ask(absl::StrCat(
        "SELECT group_concat(block, ' ') FROM (SELECT block FROM block_hours WHERE what = ",
        static_cast<int>(what), " ORDER BY block)"));
  }

  std::vector<std::string> Check() {
    store_.reset();
    absl::StatusOr<Findings> findings = CheckDatabase(directory_.path(), {}, GoOn);
    EXPECT_TRUE(findings.ok()) << findings.status();
    store_ = Open(directory_.path());
    return findings->shown;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  int messages_ = 0;
  int explanations_ = 0;
  std::vector<absl::Time> times_;  // of all events, by id - 1
};

// --- Which rows are listed

TEST_F(BlockHoursTest, FindsTheEventsOfATimeInWhicheverBlockTheyLie) {
  const absl::Time old = Noon(kToday - 400) + absl::Minutes(30);
  Add(kBlockIds - 2, kHour);                   // to the last id but one of the first block
  Add(3, kHour + absl::Hours(2) - kMoment);    // over the edge
  Add(10, old);                                // old mail among newer
  Add(2 * kBlockIds, kHour + absl::Hours(2));  // all of a block, and parts of those beside it
  Add(1, absl::UnixEpoch() - absl::Hours(3));
  Add(1, kHour + absl::Hours(4));
  Add(5, kHour + absl::Hours(3));  // the clock was put back
  const absl::Time bounds[] = {absl::InfinitePast(),
                               absl::UnixEpoch() - absl::Hours(3),
                               absl::UnixEpoch(),
                               old - absl::Minutes(30),
                               old,
                               old + kMoment,
                               kHour,
                               kHour + kMoment,
                               kHour + absl::Hours(1),
                               kHour + absl::Hours(2) - kMoment,
                               kHour + absl::Hours(2),
                               kHour + absl::Hours(3),
                               kHour + absl::Hours(4) + kMoment,
                               absl::InfiniteFuture()};
  for (const absl::Time from : bounds) {
    for (const absl::Time before : bounds) {
      EXPECT_EQ(List(from, before), Want(from, before)) << from << " to " << before;
    }
  }
  // Pages that end within a block, and at its edge.
  for (const int page_size : {1, 3, 15}) {
    EXPECT_EQ(List(old, old + kMoment, page_size), Want(old, old + kMoment));
  }
  for (const int page_size : {1'000, static_cast<int>(kBlockIds)}) {
    const absl::Time from = kHour + absl::Hours(2);
    EXPECT_EQ(List(from, from + kMoment, page_size), Want(from, from + kMoment));
  }
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(BlockHoursTest, FindsTheChangesOfATime) {
  MakeChanges(3, kHour);
  MakeChanges(static_cast<int>(kBlockIds), kHour + absl::Hours(2), "bob");
  MakeChanges(2, kHour + absl::Hours(1) - kMoment, "bob");  // the clock was put back
  const ChangeFilter first{.tenant = "t", .from = kHour, .before = kHour + absl::Hours(1)};
  EXPECT_THAT(ListChanges(first), ElementsAre(kBlockIds + 5, kBlockIds + 4, 3, 2, 1));
  EXPECT_THAT(ListChanges(first, 1), ElementsAre(kBlockIds + 5, kBlockIds + 4, 3, 2, 1));
  ChangeFilter filter = first;
  filter.author = "ann";
  EXPECT_THAT(ListChanges(filter), ElementsAre(3, 2, 1));
  filter = first;
  filter.up_to = 2;
  EXPECT_THAT(ListChanges(filter), ElementsAre(2, 1));
  filter = first;
  filter.number = kBlockIds + 4;
  EXPECT_THAT(ListChanges(filter), ElementsAre(kBlockIds + 4));
  filter.number = kBlockIds;
  EXPECT_THAT(ListChanges(filter), IsEmpty());
  EXPECT_EQ(ListChanges({.tenant = "t", .from = kHour + absl::Hours(2)}).size(),
            static_cast<std::size_t>(kBlockIds));
  EXPECT_THAT(ListChanges({.tenant = "t", .from = kHour + absl::Hours(3)}), IsEmpty());
  EXPECT_THAT(ListChanges({.tenant = "t", .before = kHour}), IsEmpty());
  EXPECT_THAT(Check(), IsEmpty());
}

// --- That others are not looked at

TEST_F(BlockHoursTest, PassesOverMoreRowsThanAQueryLooksAt) {
  Add(5, kHour);
  MakeChanges(5, kHour);
  for (int i = 0; i < 6; ++i) Add(10'000, kHour + absl::Hours(5));
  MakeChanges(Store::kMaxRowsScanned + static_cast<int>(kBlockIds), kHour + absl::Hours(5));
  absl::StatusOr<Page<StoredEvent>> events = OnePage(kHour, kHour + absl::Hours(1), 10);
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_EQ(events->rows.size(), 5u);
  EXPECT_EQ(events->next, 0);
  events = OnePage(kHour + absl::Hours(6), absl::InfiniteFuture(), 10);
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_THAT(events->rows, IsEmpty());
  EXPECT_EQ(events->next, 0);
  absl::StatusOr<Page<Change>> changes = store_->ListChanges(
      {.tenant = "t", .author = "ann", .from = kHour, .before = kHour + absl::Hours(1)}, 10, 0);
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(changes->rows.size(), 5u);
  EXPECT_EQ(changes->next, 0);
}

// Rows in the blocks that are read count, over all of them.
TEST_F(BlockHoursTest, EndsAtTheBoundOfRowsLookedAt) {
  Add(1, kHour);
  for (int i = 0; i < 5; ++i) Add(Store::kMaxRowsScanned / 5, kHour + absl::Minutes(1));
  absl::StatusOr<Page<StoredEvent>> page = OnePage(kHour, kHour + kMoment, 10);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->rows, IsEmpty());
  EXPECT_EQ(page->next, 2);
  page = OnePage(kHour, kHour + kMoment, 10, page->next);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->next, 0);
}

TEST_F(BlockHoursTest, ReadsBlocksThatHaveNoRow) {
  Add(4 * kBlockIds + 10, kHour);
  const std::vector<std::int64_t> want = Want(kHour, kHour + kMoment);
  EXPECT_EQ(BlocksOf(Blocks::kEvents), "0 1 2 3 4");
  for (const char* gone : {"block = 0", "block = 4", "block = 2", "block IN (1, 2)", "true"}) {
    SCOPED_TRACE(gone);
    Execute(absl::StrCat("DELETE FROM block_hours WHERE what = 1 AND ", gone));
    EXPECT_EQ(List(kHour, kHour + kMoment), want);
  }
  EXPECT_THAT(Check(), IsEmpty()) << "it is slow, and not wrong";
  // Of what hours the others of its block are is not known with the next event.
  Add(1, kHour + absl::Hours(1));
  EXPECT_EQ(List(kHour, kHour + kMoment), want);
  Add(kBlockIds, kHour + absl::Hours(2));
  EXPECT_EQ(BlocksOf(Blocks::kEvents), "5");
  EXPECT_EQ(List(kHour, kHour + kMoment), want);
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(BlockHoursTest, TimesBefore1970AreOfItsFirstHour) {
  Add(1, absl::UnixEpoch() - absl::Hours(24'000));
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_THAT(List(absl::InfinitePast(), absl::UnixEpoch()), ElementsAre(1));
  EXPECT_THAT(List(absl::UnixEpoch(), absl::InfiniteFuture()), IsEmpty());
}

TEST_F(BlockHoursTest, WiderHoursThanThoseOfTheRowsAreNoFinding) {
  Add(10, kHour);
  Execute("UPDATE block_hours SET first_hour = 0, last_hour = last_hour + 1");
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(List(kHour, kHour + kMoment).size(), 10u);
}

// --- How they are kept

TEST_F(BlockHoursTest, WhatWasRolledBackIsNotedAnew) {
  Add(1, kHour);
  MakeChanges(1, kHour);
  const absl::Time later = kHour + absl::Hours(8);
  PutSuppressions put{.suppressions = {Manual("b@example.net")}, .author = "ann", .cause = ""};
  Work change = std::move(put);
  Work good = StoreMessages{.messages = {MessageOf(1, later)}};
  // NULL, which the column does not take.
  Work bad = StoreMessages{.messages = {MessageOf(1, absl::InfiniteFuture())}};
  ASSERT_FALSE(Apply(*store_, {&change, &good, &bad}, later).ok());
  Add(1, later);
  MakeChanges(1, later);
  EXPECT_THAT(List(later, later + absl::Hours(1)), ElementsAre(2));
  EXPECT_THAT(ListChanges({.tenant = "t", .from = later}), ElementsAre(2));
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(BlockHoursTest, ABlockThatWasBegunBeforeARestartBecomesWider) {
  Add(1, kHour);
  for (const int hours : {-3, 3, 0}) {
    store_.reset();
    store_ = Open(directory_.path());
    Add(1, kHour + absl::Hours(hours));
  }
  EXPECT_THAT(List(kHour, kHour + kMoment), ElementsAre(4, 1));
  EXPECT_THAT(List(kHour - absl::Hours(3), kHour), ElementsAre(2));
  EXPECT_THAT(List(kHour + kMoment, absl::InfiniteFuture()), ElementsAre(3));
}

TEST_F(BlockHoursTest, GoesWithWhatRetentionDrops) {
  Add(kBlockIds - 1, kHour);       // message 1
  Add(kBlockIds, kHour);           // message 2: all of the second block
  Add(10, kHour);                  // message 3
  Add(1, kHour + absl::Hours(2));  // message 4
  MakeChanges(2 * static_cast<int>(kBlockIds) + 10, kHour);
  const auto drop = [&](Aged what, std::vector<std::int64_t> ids) {
    Work work = DropOld{.what = what, .ids = std::move(ids)};
    const absl::Status status = Apply(*store_, {&work});
    EXPECT_TRUE(status.ok()) << status;
  };
  drop(Aged::kMessages, {2});
  EXPECT_EQ(BlocksOf(Blocks::kEvents), "0 1 2") << "before it there is an event";
  drop(Aged::kMessages, {1});
  EXPECT_EQ(BlocksOf(Blocks::kEvents), "2");
  EXPECT_EQ(List(kHour, kHour + kMoment).size(), 10u);
  drop(Aged::kMessages, {3, 4});
  Add(1, kHour + absl::Hours(4));
  EXPECT_EQ(List(kHour + absl::Hours(4), absl::InfiniteFuture()).size(), 1u);
  EXPECT_THAT(List(kHour, kHour + absl::Hours(3)), IsEmpty());

  std::vector<std::int64_t> numbers;
  for (std::int64_t number = 1; number < 2 * kBlockIds; ++number) numbers.push_back(number);
  drop(Aged::kChanges, numbers);
  EXPECT_EQ(BlocksOf(Blocks::kChanges), "2");
  EXPECT_EQ(ListChanges({.tenant = "t", .from = kHour}).size(), 11u);
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(BlockHoursTest, IsMadeAnewBySalvage) {
  Add(kBlockIds + 10, kHour);
  MakeChanges(static_cast<int>(kBlockIds), kHour);
  Add(1, kHour + absl::Hours(2));
  // Of other hours, and of a block of which there is nothing.
  Execute(
      "UPDATE block_hours SET last_hour = first_hour + 1, first_hour = first_hour + 1;"
      "INSERT INTO block_hours VALUES (1, 99, 0, 0)");
  EXPECT_THAT(List(kHour, kHour + kMoment), IsEmpty()) << "what it says counts";
  store_.reset();
  const std::string saved = directory_.path() + "/saved";
  const absl::StatusOr<Salvaged> salvaged = SalvageDatabase(directory_.path(), saved, GoOn);
  ASSERT_TRUE(salvaged.ok()) << salvaged.status();
  EXPECT_THAT(salvaged->findings.shown, IsEmpty());
  const absl::StatusOr<Restored> restored = RestoreDatabase(directory_.path(), saved, Noon(), GoOn);
  ASSERT_TRUE(restored.ok()) << restored.status();
  store_ = Open(directory_.path());
  EXPECT_EQ(BlocksOf(Blocks::kEvents), "0 1");
  EXPECT_EQ(BlocksOf(Blocks::kChanges), "0 1");
  EXPECT_EQ(List(kHour, kHour + kMoment), Want(kHour, kHour + kMoment));
  EXPECT_EQ(List(kHour + absl::Hours(2), absl::InfiniteFuture()).size(), 1u);
  EXPECT_THAT(List(kHour + absl::Hours(1), kHour + absl::Hours(2)), IsEmpty());
  EXPECT_EQ(ListChanges({.tenant = "t", .from = kHour, .before = kHour + kMoment}).size(),
            static_cast<std::size_t>(kBlockIds));
}

}  // namespace
}  // namespace bounced
