// The history of suppressions: read forwards and backwards, undone, and dropped when it is old.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fixture.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Outcome = UndoChanges::Outcome;

class ChangesTest : public testing::Test {
 protected:
  ChangesTest() : store_(Open(directory_.path())) {}

  void Reopen() {
    store_.reset();
    store_ = Open(directory_.path());
  }

  // Suppresses by hand, as one call with a batch of its own, which it returns.
  std::int64_t Add(const std::vector<std::string>& mailboxes, const std::string& author = "ann",
                   absl::Time now = Noon(), const std::string& explanation = "By hand.") {
    auto batch = std::make_shared<Batch>();
    PutSuppressions put{.suppressions = {}, .author = author, .cause = "asked", .replace = true};
    put.batch = batch;
    for (const std::string& mailbox : mailboxes) {
      put.suppressions.push_back(Manual(mailbox));
      put.suppressions.back().explanation = explanation;
      put.suppressions.back().create_time = now;
    }
    Work work = std::move(put);
    EXPECT_TRUE(Apply(*store_, {&work}, now).ok());
    return batch->id;
  }

  void Remove(const std::string& mailbox, const std::string& author = "bob",
              absl::Time now = Noon()) {
    Work work = RemoveSuppressions{.tenant = "t",
                                   .stream = "",
                                   .address = ParseAddress(mailbox),
                                   .source = std::nullopt,
                                   .author = author,
                                   .cause = "wanted"};
    EXPECT_TRUE(Apply(*store_, {&work}, now).ok());
  }

  ChangeFilter Filter() const { return {.tenant = "t"}; }

  std::vector<std::int64_t> List(const ChangeFilter& filter, int page_size = 1'000) {
    std::vector<std::int64_t> numbers;
    Cursor cursor = 0;
    do {
      absl::StatusOr<Page<Change>> page = store_->ListChanges(filter, page_size, cursor);
      EXPECT_TRUE(page.ok()) << page.status();
      EXPECT_LE(page->rows.size(), static_cast<std::size_t>(page_size));
      for (const Change& change : page->rows) numbers.push_back(change.number);
      cursor = page->next;
    } while (cursor != 0);
    return numbers;
  }

  // Undoes what the filter selects, newest first, as the API does.
  std::vector<Outcome> Undo(ChangeFilter filter, bool dry_run = false,
                            std::shared_ptr<Batch> batch = std::make_shared<Batch>()) {
    filter.up_to = store_->change_feed().newest();
    Work work = UndoChanges{.selection = filter,
                            .numbers = List(filter),
                            .dry_run = dry_run,
                            .author = "carol",
                            .cause = "a mistake",
                            .batch = std::move(batch)};
    EXPECT_TRUE(Apply(*store_, {&work}, Noon()).ok());
    return std::get<UndoChanges>(work).outcomes;
  }

  void Drop(absl::Time before) {
    Cursor cursor = 0;
    do {
      absl::StatusOr<Page<std::int64_t>> page = store_->ListOld(Aged::kChanges, before, 3, cursor);
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_LE(page->rows.size(), 3u);
      cursor = page->next;
      Work work = DropOld{.what = Aged::kChanges, .ids = page->rows};
      ASSERT_TRUE(Apply(*store_, {&work}).ok());
    } while (cursor != 0);
  }

  std::vector<std::int64_t> After(std::optional<FeedPosition> from, int most = 1'000) {
    absl::StatusOr<ChangesAfter> after = store_->ListChangesAfter("t", from, most);
    EXPECT_TRUE(after.ok()) << after.status();
    std::vector<std::int64_t> numbers;
    if (!after.ok()) return numbers;
    for (const Change& change : after->changes) numbers.push_back(change.number);
    return numbers;
  }

  std::vector<Suppression> Find(const std::string& mailbox) {
    return *store_->FindSuppressions("t", ParseAddress(mailbox));
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

// --- Forwards

TEST_F(ChangesTest, EachPageGoesOnWhereTheLastOneEndedAlsoAfterARestart) {
  for (int i = 0; i < 25; ++i) Add({absl::StrCat("a", i, "@example.net")});
  std::vector<std::int64_t> seen;
  FeedPosition position;
  for (bool more = true; more;) {
    absl::StatusOr<ChangesAfter> after = store_->ListChangesAfter("t", position, 10);
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_LE(after->changes.size(), 10u);
    for (const Change& change : after->changes) seen.push_back(change.number);
    position = after->next;
    more = after->more;
    Reopen();
  }
  ASSERT_THAT(seen, SizeIs(25));
  for (int i = 0; i < 25; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i + 1);
  EXPECT_THAT(After(position), IsEmpty());
  Add({"b@example.net"});
  EXPECT_THAT(After(position), ElementsAre(26));
}

TEST_F(ChangesTest, APageThatIsJustFullHasNoMoreBehindIt) {
  Add({"a@example.net", "b@example.net"});
  EXPECT_FALSE(store_->ListChangesAfter("t", FeedPosition{}, 2)->more);
  EXPECT_TRUE(store_->ListChangesAfter("t", FeedPosition{}, 1)->more);
  EXPECT_EQ(store_->ListChangesAfter("t", FeedPosition{}, 1)->next.number, 1);
}

TEST_F(ChangesTest, T36ATenantSeesItsOwnAndItsPositionGoesPastThoseOfOthers) {
  Add({"a@example.net"});
  Suppression other = Manual("a@example.net");
  other.tenant = "u";
  Work work = PutSuppressions{.suppressions = {other}, .author = "x", .cause = "y"};
  ASSERT_TRUE(Apply(*store_, {&work}).ok());
  EXPECT_THAT(After(FeedPosition{}), ElementsAre(1));
  EXPECT_EQ(store_->ListChangesAfter("t", FeedPosition{}, 10)->next.number, 2);
  absl::StatusOr<ChangesAfter> others = store_->ListChangesAfter("u", FeedPosition{}, 10);
  ASSERT_THAT(others->changes, SizeIs(1));
  EXPECT_EQ(others->changes[0].suppression.tenant, "u");
  EXPECT_THAT(List({.tenant = "u"}), ElementsAre(2));
  EXPECT_THAT(List({.tenant = "v"}), IsEmpty());
  EXPECT_THAT(List({.tenant = "u", .batch = 1}), IsEmpty());
}

TEST_F(ChangesTest, APositionThatTheStoreHasNotReachedIsOutOfRange) {
  Add({"a@example.net"});
  EXPECT_TRUE(store_->ListChangesAfter("t", FeedPosition{.number = 1}, 10).ok());
  EXPECT_TRUE(
      absl::IsOutOfRange(store_->ListChangesAfter("t", FeedPosition{.number = 2}, 10).status()));
}

TEST_F(ChangesTest, TheFeedTellsWhoseHaveChangedAfterEachCommit) {
  std::vector<ChangeFeed::News> told;
  std::int64_t newest = -1;
  const ChangeFeed& feed = store_->change_feed();
  EXPECT_EQ(feed.newest(), 0);
  {
    ChangeFeed::Subscription subscription(feed, [&](std::span<const ChangeFeed::News> news) {
      told.insert(told.end(), news.begin(), news.end());
      newest = feed.newest();
    });
    Add({"a@example.net", "b@example.net"});
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].tenant, "t");
    EXPECT_EQ(told[0].changes, 2);
    EXPECT_EQ(newest, 2);
    Work nothing = RemoveSuppressions{.tenant = "t",
                                      .stream = "",
                                      .address = ParseAddress("c@example.net"),
                                      .source = std::nullopt,
                                      .author = "",
                                      .cause = ""};
    ASSERT_TRUE(Apply(*store_, {&nothing}).ok());
    EXPECT_THAT(told, SizeIs(1)) << "nothing has changed";
  }
  Add({"c@example.net"});
  EXPECT_THAT(told, SizeIs(1)) << "nobody listens any more";
  Reopen();
  EXPECT_EQ(store_->change_feed().newest(), 3);
}

// --- Batches

TEST_F(ChangesTest, ABatchIsNamedByItsFirstChangeAndGoesOnOverTransactions) {
  Add({"x@example.net"});
  auto batch = std::make_shared<Batch>();
  for (const char* mailbox : {"a@example.net", "b@example.net"}) {
    PutSuppressions put{.suppressions = {Manual(mailbox)}, .author = "ann", .cause = "import"};
    put.batch = batch;
    Work work = std::move(put);
    ASSERT_TRUE(Apply(*store_, {&work}).ok());
  }
  EXPECT_EQ(batch->id, 2);
  ChangeFilter filter = Filter();
  filter.batch = 2;
  EXPECT_THAT(List(filter), ElementsAre(3, 2));
}

TEST_F(ChangesTest, ABatchThatChangedNothingHasNoNumber) {
  Add({"a@example.net"});
  EXPECT_EQ(Add({"a@example.net"}), 0) << "it says what stood already";
}

// What a transaction that failed had begun would be the number of another batch later.
TEST_F(ChangesTest, ABatchWhoseCommitFailedHasNotBegun) {
  auto batch = std::make_shared<Batch>();
  PutSuppressions put{.suppressions = {Manual("a@example.net")}, .author = "", .cause = ""};
  put.batch = batch;
  Work good = std::move(put);
  NewMessage message = Bounce("b@example.net", 1);
  message.message.tenant = "t";
  message.message.receive_time = absl::InfiniteFuture();  // NULL, which the column does not take
  Work bad = StoreMessages{.messages = {message}};
  ASSERT_FALSE(Apply(*store_, {&good, &bad}).ok());
  EXPECT_EQ(batch->id, 0);
  EXPECT_EQ(Add({"c@example.net"}), 1);
}

// --- Backwards

TEST_F(ChangesTest, ListsNewestFirstPageByPage) {
  for (int i = 0; i < 7; ++i) Add({absl::StrCat("a", i, "@example.net")});
  for (int page_size : {1, 3, 7, 100}) {
    EXPECT_THAT(List(Filter(), page_size), ElementsAre(7, 6, 5, 4, 3, 2, 1)) << page_size;
  }
}

TEST_F(ChangesTest, FiltersNarrow) {
  const std::int64_t batch = Add({"a@example.net", "b@example.net"}, "ann", Noon());
  Remove("a@example.net", "bob", Noon() + absl::Hours(1));
  Put(*store_, {Bounce("a@example.net", 1)}, Noon() + absl::Hours(2));
  struct Case {
    const char* name;
    ChangeFilter filter;
    std::vector<std::int64_t> want;
  };
  const Case cases[] = {
      {"address", {.tenant = "t", .address = ParseAddress("A@example.net")}, {4, 3, 1}},
      {"no such address", {.tenant = "t", .address = ParseAddress("c@example.net")}, {}},
      {"author", {.tenant = "t", .author = "bob"}, {3}},
      {"policy", {.tenant = "t", .author = "policy"}, {4}},
      {"cause", {.tenant = "t", .cause = "wanted"}, {3}},
      {"number", {.tenant = "t", .number = 2}, {2}},
      {"batch", {.tenant = "t", .batch = batch}, {2, 1}},
      {"from", {.tenant = "t", .from = Noon() + absl::Hours(1)}, {4, 3}},
      {"before", {.tenant = "t", .before = Noon() + absl::Hours(1)}, {2, 1}},
      {"up_to", {.tenant = "t", .up_to = 2}, {2, 1}},
  };
  for (const Case& c : cases) EXPECT_EQ(List(c.filter), c.want) << c.name;
}

// Of what lies behind the one that was asked for nothing is read, not even whether there is more.
TEST_F(ChangesTest, ANumberEndsTheList) {
  for (int i = 0; i < 5; ++i) Add({"a@example.net"}, "ann", Noon(), absl::StrCat(i));
  ChangeFilter of_number = Filter();
  of_number.number = 3;
  ChangeFilter of_address = of_number;
  of_address.address = ParseAddress("a@example.net");
  ChangeFilter of_batch = Filter();
  of_batch.batch = 3;
  of_batch.address = of_address.address;
  for (const ChangeFilter& filter : {of_number, of_address, of_batch}) {
    absl::StatusOr<Page<Change>> page = store_->ListChanges(filter, 1, 0);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_THAT(page->rows, SizeIs(1));
    EXPECT_EQ(page->rows[0].number, 3);
    EXPECT_EQ(page->next, 0);
  }
}

// --- Undone

TEST_F(ChangesTest, WhatWasMadeGoesAway) {
  const std::int64_t batch = Add({"a@example.net", "b@example.net"});
  ChangeFilter filter = Filter();
  filter.batch = batch;
  EXPECT_THAT(Undo(filter, /*dry_run=*/true), ElementsAre(Outcome::kUndone, Outcome::kUndone));
  EXPECT_EQ(CheckIndex(*store_, "a@example.net"), IndexAnswer::kSuppressed) << "a dry run";
  EXPECT_EQ(store_->change_feed().newest(), 2);
  auto undo = std::make_shared<Batch>();
  EXPECT_THAT(Undo(filter, false, undo), ElementsAre(Outcome::kUndone, Outcome::kUndone));
  EXPECT_EQ(undo->id, 3);
  for (const char* mailbox : {"a@example.net", "b@example.net"}) {
    EXPECT_THAT(Find(mailbox), IsEmpty());
    EXPECT_EQ(CheckIndex(*store_, mailbox), IndexAnswer::kSend);
    const Change change = ChangesOf(*store_, mailbox).back();
    EXPECT_EQ(change.what, Change::What::kRemoved);
    EXPECT_EQ(change.author, "carol");
    EXPECT_THAT(change.cause, HasSubstr("of batch 1: a mistake"));
    EXPECT_EQ(change.batch, 3);
  }
  EXPECT_EQ(ChangesOf(*store_, "a@example.net").back().cause,
            "undo of change 1 of batch 1: a mistake");
  EXPECT_EQ(ChangesOf(*store_, "a@example.net").back().undoes, 1);
  EXPECT_THAT(Undo(filter), ElementsAre(Outcome::kUndoneBefore, Outcome::kUndoneBefore));
}

// Undoing an import is not a person's release of the address.
TEST_F(ChangesTest, AnUndoIsNoRelease) {
  Add({"a@example.net"});
  ChangeFilter filter = Filter();
  filter.number = 1;
  ASSERT_THAT(Undo(filter), ElementsAre(Outcome::kUndone));
  EXPECT_FALSE(store_->GetDossier("t", ParseAddress("a@example.net"), 0, 0)->record.released);
  Add({"b@example.net"});
  Remove("b@example.net");
  EXPECT_TRUE(store_->GetDossier("t", ParseAddress("b@example.net"), 0, 0)->record.released);
}

TEST_F(ChangesTest, WhatWasReplacedOrTakenOffComesBackAsItWas) {
  Put(*store_, {Bounce("a@example.net", 1)});
  const Suppression first = Find("a@example.net").at(0);
  Add({"b@example.net"}, "ann", Noon(), "First.");
  Add({"b@example.net"}, "ann", Noon(), "Second.");
  Remove("a@example.net");
  ChangeFilter filter = Filter();
  filter.number = 4;
  ASSERT_THAT(Undo(filter), ElementsAre(Outcome::kUndone));
  filter.number = 3;
  ASSERT_THAT(Undo(filter), ElementsAre(Outcome::kUndone));
  ASSERT_THAT(Find("a@example.net"), SizeIs(1));
  const Suppression back = Find("a@example.net").at(0);
  EXPECT_EQ(back.event_id, first.event_id);
  EXPECT_EQ(back.create_time, first.create_time);
  EXPECT_EQ(back.explanation, first.explanation);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net"), IndexAnswer::kSuppressed);
  EXPECT_EQ(Find("b@example.net").at(0).explanation, "First.");
}

TEST_F(ChangesTest, WhatSomethingNewerHasChangedIsLeft) {
  const std::int64_t batch = Add({"a@example.net", "b@example.net"}, "ann", Noon(), "Imported.");
  Add({"a@example.net"}, "bob", Noon(), "Newer.");
  Put(*store_, {Bounce("b@example.net", 1)});  // another source: another suppression
  ChangeFilter filter = Filter();
  filter.batch = batch;
  for (bool dry_run : {true, false}) {
    EXPECT_THAT(Undo(filter, dry_run), ElementsAre(Outcome::kUndone, Outcome::kOvertaken));
  }
  EXPECT_EQ(Find("a@example.net").at(0).explanation, "Newer.");
  ASSERT_THAT(Find("b@example.net"), SizeIs(1));
  EXPECT_EQ(Find("b@example.net").at(0).source, Source::kBounce);
}

// All of one author, who changed the same suppression over and over: what stood before the first
// comes back, by one change, and a dry run says the same.
TEST_F(ChangesTest, ARunOfChangesOfOneSuppressionIsUndoneTogether) {
  Add({"a@example.net"}, "ann", Noon(), "Good.");
  Add({"a@example.net"}, "mallory", Noon(), "Bad.");
  Remove("a@example.net", "mallory");
  Add({"a@example.net"}, "mallory", Noon(), "Worse.");
  ChangeFilter filter = Filter();
  filter.author = "mallory";
  for (bool dry_run : {true, false}) {
    EXPECT_THAT(Undo(filter, dry_run),
                ElementsAre(Outcome::kUndone, Outcome::kUndone, Outcome::kUndone));
  }
  EXPECT_EQ(Find("a@example.net").at(0).explanation, "Good.");
  EXPECT_EQ(store_->change_feed().newest(), 5);
  EXPECT_EQ(ChangesOf(*store_, "a@example.net").back().undoes, 2);
}

// A file with one address in thousands of rows, undone in steps as the API does it: a dry run says
// what the real one does.
TEST_F(ChangesTest, ALongRunIsUndoneInStepsAndADryRunSaysTheSame) {
  constexpr std::size_t kRows = 2'500;
  constexpr std::size_t kStep = 400;
  Add({"a@example.net"}, "ann", Noon(), "Good.");
  PutSuppressions put{.suppressions = {}, .author = "mallory", .cause = "", .replace = true};
  put.batch = std::make_shared<Batch>();
  for (std::size_t i = 0; i < kRows; ++i) {
    put.suppressions.push_back(Manual("a@example.net"));
    put.suppressions.back().explanation = absl::StrCat("Bad ", i);
  }
  Work work = std::move(put);
  ASSERT_TRUE(Apply(*store_, {&work}).ok());
  ChangeFilter filter = Filter();
  filter.batch = std::get<PutSuppressions>(work).batch->id;
  filter.up_to = store_->change_feed().newest();
  const std::vector<std::int64_t> numbers = List(filter, 5'000);
  ASSERT_THAT(numbers, SizeIs(kRows));
  for (const bool dry_run : {true, false}) {
    const auto batch = std::make_shared<Batch>();
    UndoWalks walks;
    for (std::size_t at = 0; at < kRows; at += kStep) {
      const auto begin = numbers.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end = begin + static_cast<std::ptrdiff_t>(std::min(kStep, kRows - at));
      Work undo = UndoChanges{.selection = filter,
                              .numbers = std::vector<std::int64_t>(begin, end),
                              .dry_run = dry_run,
                              .author = "carol",
                              .cause = "",
                              .batch = batch,
                              .walks = std::move(walks)};
      ASSERT_TRUE(Apply(*store_, {&undo}).ok());
      EXPECT_THAT(std::get<UndoChanges>(undo).outcomes, testing::Each(Outcome::kUndone)) << at;
      walks = std::move(std::get<UndoChanges>(undo).walks);
      EXPECT_THAT(walks, SizeIs(dry_run ? 1 : 0));
    }
  }
  EXPECT_EQ(Find("a@example.net").at(0).explanation, "Good.");
  EXPECT_EQ(store_->change_feed().newest(), filter.up_to + 3) << "one for each thousand";
}

// Between what is undone somebody put something back: that stays as it was.
TEST_F(ChangesTest, ADryRunSaysOfEachWhatTheRealOneDoes) {
  const auto change = [&](const std::string& author, const std::string& text) {
    Add({"a@example.net"}, author, Noon(), text);
  };
  change("ann", "1");
  change("mallory", "2");
  change("ann", "3");
  change("mallory", "4");
  ChangeFilter filter = Filter();
  filter.number = 4;
  ASSERT_THAT(Undo(filter), ElementsAre(Outcome::kUndone));  // carol's 5
  filter.number = 3;
  ASSERT_THAT(Undo(filter), ElementsAre(Outcome::kUndone));  // and 6: 2 is in force
  change("mallory", "7");
  filter = Filter();
  filter.author = "mallory";
  for (const bool dry_run : {true, false}) {
    EXPECT_THAT(Undo(filter, dry_run),
                ElementsAre(Outcome::kUndone, Outcome::kUndoneBefore, Outcome::kUndone));
  }
  EXPECT_EQ(Find("a@example.net").at(0).explanation, "1");
}

TEST_F(ChangesTest, OneAfterTheOtherIsUndoneDownToTheFirst) {
  for (const char* text : {"1", "2", "3"}) Add({"a@example.net"}, "ann", Noon(), text);
  ChangeFilter filter = Filter();
  filter.number = 2;
  EXPECT_THAT(Undo(filter), ElementsAre(Outcome::kOvertaken));
  for (std::int64_t number : {3, 2, 1}) {
    filter.number = number;
    EXPECT_THAT(Undo(filter), ElementsAre(Outcome::kUndone)) << number;
  }
  EXPECT_THAT(Find("a@example.net"), IsEmpty());
  // An undo is a change like others: undone, what it took away is back.
  filter.number = 6;
  EXPECT_THAT(Undo(filter), ElementsAre(Outcome::kUndone));
  EXPECT_EQ(Find("a@example.net").at(0).explanation, "1");
}

TEST_F(ChangesTest, WhatIsMadeWhileOthersAreUndoneIsNotSelected) {
  Add({"a@example.net"}, "ann", Noon(), "Old.");
  ChangeFilter filter = Filter();
  filter.author = "ann";
  filter.up_to = 1;
  Add({"a@example.net"}, "ann", Noon(), "New.");
  Work work = UndoChanges{.selection = filter,
                          .numbers = {1},
                          .author = "carol",
                          .cause = "",
                          .batch = std::make_shared<Batch>()};
  ASSERT_TRUE(Apply(*store_, {&work}).ok());
  EXPECT_THAT(std::get<UndoChanges>(work).outcomes, ElementsAre(Outcome::kOvertaken));
}

TEST_F(ChangesTest, T36WhatIsNotThereOrOfAnotherTenantIsGone) {
  Add({"a@example.net"});
  for (const auto& [tenant, number] : {std::pair<const char*, std::int64_t>{"u", 1}, {"t", 2}}) {
    Work work = UndoChanges{.selection = {.tenant = tenant},
                            .numbers = {number},
                            .author = "carol",
                            .cause = "",
                            .batch = std::make_shared<Batch>()};
    ASSERT_TRUE(Apply(*store_, {&work}).ok());
    EXPECT_THAT(std::get<UndoChanges>(work).outcomes, ElementsAre(Outcome::kGone));
  }
  EXPECT_THAT(Find("a@example.net"), SizeIs(1));
}

// An allowance is a thing of its own beside the suppressions of its address.
TEST_F(ChangesTest, AnAllowanceIsUndoneAndKeptLikeASuppression) {
  Add({"a@example.net"});
  Work allow = PutAllowance{.allowance = {.tenant = "t",
                                          .address = ParseAddress("a@example.net"),
                                          .create_time = Noon(),
                                          .author = "ann",
                                          .note = "A friend."}};
  ASSERT_TRUE(Apply(*store_, {&allow}).ok());
  ChangeFilter filter = Filter();
  filter.number = 1;
  EXPECT_THAT(Undo(filter), ElementsAre(Outcome::kUndone)) << "the allowance did not change it";
  EXPECT_TRUE(store_->wide_index().IsAllowed("t", "a@example.net"));
  Drop(Noon(kToday + 1));
  EXPECT_THAT(List(Filter()), ElementsAre(3, 2)) << "the newest of the allowance that stands";
  filter.number = 2;
  EXPECT_THAT(Undo(filter), ElementsAre(Outcome::kUndone));
  EXPECT_FALSE(store_->wide_index().IsAllowed("t", "a@example.net"));
  filter.number = 4;
  EXPECT_THAT(Undo(filter), ElementsAre(Outcome::kUndone));
  EXPECT_TRUE(store_->wide_index().IsAllowed("t", "a@example.net"));
  const Change back = ChangesOf(*store_, "a@example.net").back();
  EXPECT_EQ(back.what, Change::What::kAllowed);
  EXPECT_EQ(back.suppression.explanation, "A friend.");
  EXPECT_EQ(back.undoes, 4);
}

// --- Dropped

TEST_F(ChangesTest, OldOnesGoButForTheNewestOfWhatStands) {
  Add({"a@example.net"}, "ann", Noon(), "1");                     // 1: replaced
  Add({"a@example.net"}, "ann", Noon(), "2");                     // 2: stands
  Add({"b@example.net"}, "ann", Noon());                          // 3: taken off
  Remove("b@example.net", "bob", Noon());                         // 4: nothing is left of it
  Add({"c@example.net"}, "ann", Noon());                          // 5: stands
  Add({"d@example.net"}, "ann", Noon(kToday + 1));                // 6: not old
  Add({"d@example.net"}, "ann", Noon(kToday + 1), "Once more.");  // 7
  Drop(Noon(kToday) + absl::Microseconds(1));
  EXPECT_THAT(List(Filter()), ElementsAre(7, 6, 5, 2));
  EXPECT_THAT(After(std::nullopt), ElementsAre(2, 5, 6, 7));
  EXPECT_EQ(Find("a@example.net").at(0).explanation, "2");
  Drop(Noon(kToday + 1));
  EXPECT_THAT(List(Filter()), ElementsAre(7, 6, 5, 2)) << "at the very time it is not old yet";
  Reopen();
  Add({"e@example.net"});
  EXPECT_THAT(List(Filter()), ElementsAre(8, 7, 6, 5, 2));
}

TEST_F(ChangesTest, TheNewestOfAllStaysSoThatNoNumberComesTwice) {
  Add({"a@example.net"});
  Remove("a@example.net");
  Drop(Noon(kToday + 1));
  EXPECT_THAT(List(Filter()), ElementsAre(2));
  Reopen();
  EXPECT_EQ(Add({"b@example.net"}), 3);
}

TEST_F(ChangesTest, APositionBeforeWhatWasDroppedIsOutOfRange) {
  Add({"a@example.net"}, "ann", Noon(), "1");
  Add({"a@example.net"}, "ann", Noon(), "2");
  Add({"a@example.net"}, "ann", Noon(), "3");
  // One that began before, and has read the first of them.
  const FeedPosition began = store_->ListChangesAfter("t", std::nullopt, 1)->next;
  EXPECT_EQ(began.number, 1);
  Drop(Noon(kToday + 1));
  for (std::int64_t number : {0, 1}) {
    EXPECT_TRUE(absl::IsOutOfRange(
        store_->ListChangesAfter("t", FeedPosition{.number = number}, 10).status()));
  }
  EXPECT_TRUE(absl::IsOutOfRange(store_->ListChangesAfter("t", began, 10).status()));
  EXPECT_THAT(After(FeedPosition{.number = 2}), ElementsAre(3));
}

// One that begins with what is kept may go on below what was dropped before it began.
TEST_F(ChangesTest, FromTheOldestThatIsKeptPagesGoOn) {
  Add({"a@example.net"});
  Add({"b@example.net"}, "ann", Noon(), "1");
  Add({"b@example.net"}, "ann", Noon(), "2");
  Drop(Noon(kToday + 1));
  absl::StatusOr<ChangesAfter> first = store_->ListChangesAfter("t", std::nullopt, 1);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->next.number, 1);
  EXPECT_EQ(first->next.dropped_up_to, 2);
  EXPECT_THAT(After(first->next), ElementsAre(3));
}

// A clock that ran ahead for a while does not keep what comes behind it.
TEST_F(ChangesTest, OneThatIsDatedWronglyHoldsUpNoOthers) {
  Add({"a@example.net"}, "ann", Noon(kToday + 5'000));
  Remove("a@example.net", "bob", Noon(kToday + 5'000));
  Add({"b@example.net"}, "ann", Noon());
  Remove("b@example.net", "bob", Noon());
  Add({"c@example.net"});
  Drop(Noon(kToday + 1));
  EXPECT_THAT(List(Filter()), ElementsAre(5, 2, 1));
}

// A clock that was two years ahead for a while holds up nothing behind it. (Drop() looks at three
// changes at a time.)
TEST_F(ChangesTest, WhatLiesBehindARunOfWrongTimesIsDropped) {
  constexpr int kAhead = 20;
  constexpr int kBehind = 20;
  for (int i = 0; i < kAhead + kBehind; ++i) {
    Add({"a@example.net"}, "ann", Noon(i < kAhead ? kToday + 730 : kToday), absl::StrCat(i));
  }
  const absl::StatusOr<Page<std::int64_t>> page =
      store_->ListOld(Aged::kChanges, Noon(kToday), 3, 0);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->next, 0) << "none is old";
  Drop(Noon(kToday + 1));
  EXPECT_THAT(List(Filter()), SizeIs(kAhead + 1)) << "those from ahead, and the newest";
}

}  // namespace
}  // namespace bounced
