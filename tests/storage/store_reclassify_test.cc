// Addresses whose past is replayed: what a step writes, what an undo puts back, and what goes with
// what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "fixture.h"
#include "storage/sqlite/connection.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr char kAddress[] = "a@example.net";

class ReclassifyTest : public testing::Test {
 protected:
  ReclassifyTest() {
    Put(*store_, {Bounce(kAddress, 1)});
    Work begin = BeginReclassification{
        .run = {.tenant = "t", .selection = "all", .author = "ann", .cause = "reclassify"}};
    EXPECT_TRUE(Apply(*store_, {&begin}).ok());
    run_id_ = std::get<BeginReclassification>(begin).run.id;
  }

  AddressFacts Facts() { return *store_->GetFacts("t", ParseAddress(kAddress)); }
  std::int64_t CountOf(const std::string& table) {
    absl::StatusOr<Connection> connection =
        Connection::Open(directory_.database(), "", Access::kRead);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *connection->AskNumber("SELECT count(*) FROM " + table);
  }

  // Every event is a spam block today, and nobody is suppressed.
  static Replayed AllSpam(const AddressFacts& facts, std::span<const Event>, absl::Time) {
    Replayed replayed{.record = facts.record};
    for (const StoredEvent& stored : facts.events) {
      Event event = stored.event;
      event.reason = Reason::kSpamContent;
      event.bounce_class = BounceClass::kBlock;
      event.fault = Fault::kContent;
      event.rule = "today";
      event.effect = Effect::kNone;
      event.policy_rule = PolicyRule::kBlock;
      replayed.events.push_back(std::move(event));
    }
    replayed.record.delivered_on = 7;
    replayed.remove = facts.suppressions;
    return replayed;
  }
  ReclassifyAddresses Step(std::int64_t from, std::int64_t next) {
    Work work = ReclassifyAddresses{.run_id = run_id_,
                                    .from = from,
                                    .next = next,
                                    .is_last = next == 0,
                                    .addresses = {{.address = ParseAddress(kAddress)}},
                                    .replay = AllSpam};
    EXPECT_TRUE(Apply(*store_, {&work}, Noon(kToday + 1)).ok());
    return std::get<ReclassifyAddresses>(std::move(work));
  }
  void Undo(std::int64_t batch) {
    std::vector<std::int64_t> numbers;
    for (const Change& change : Facts().changes) {
      if (change.batch == batch) numbers.insert(numbers.begin(), change.number);
    }
    Work undo = UndoChanges{.selection = {.tenant = "t", .batch = batch},
                            .numbers = std::move(numbers),
                            .author = "bob",
                            .cause = "",
                            .batch = std::make_shared<Batch>()};
    EXPECT_TRUE(Apply(*store_, {&undo}, Noon(kToday + 2)).ok());
    EXPECT_THAT(std::get<UndoChanges>(undo).outcomes, testing::Each(UndoChanges::Outcome::kUndone));
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_ = Open(directory_.path());
  std::int64_t run_id_ = 0;
};

TEST_F(ReclassifyTest, AStepIsWrittenAndAnUndoPutsAllOfItBack) {
  const AddressFacts before = Facts();
  const ReclassifyAddresses done = Step(0, 5);
  ASSERT_TRUE(done.run.has_value());
  EXPECT_EQ(done.run->next, 5);
  EXPECT_EQ(done.run->batch, 2);
  EXPECT_FALSE(done.run->is_done);
  EXPECT_THAT(done.addresses[0].facts.events, SizeIs(1));

  const AddressFacts after = Facts();
  EXPECT_EQ(after.events[0].event.reason, Reason::kSpamContent);
  EXPECT_EQ(after.events[0].event.rule, "today");
  EXPECT_EQ(after.events[0].event.diagnostic, before.events[0].event.diagnostic);
  EXPECT_EQ(after.record.delivered_on, 7);
  EXPECT_THAT(after.suppressions, IsEmpty());
  EXPECT_EQ(CheckIndex(*store_, kAddress), IndexAnswer::kSend);
  ASSERT_THAT(after.changes, SizeIs(3));
  EXPECT_EQ(after.changes[1].what, Change::What::kReclassified);
  EXPECT_EQ(after.changes[1].before->reason, "no_such_user");
  EXPECT_EQ(after.changes[1].suppression.reason, "spam_content");
  EXPECT_EQ(after.changes[2].what, Change::What::kRemoved);

  Undo(2);
  const AddressFacts undone = Facts();
  EXPECT_EQ(undone.events[0].event.reason, Reason::kNoSuchUser);
  EXPECT_EQ(undone.events[0].event.rule, "no-such-user");
  EXPECT_EQ(undone.events[0].event.effect, before.events[0].event.effect);
  EXPECT_EQ(undone.record, before.record);
  EXPECT_THAT(undone.suppressions, SizeIs(1));
  EXPECT_EQ(CheckIndex(*store_, kAddress), IndexAnswer::kSuppressed);

  // And that can be undone.
  Undo(undone.changes.back().batch);
  EXPECT_EQ(Facts().events[0].event.rule, "today");
  EXPECT_EQ(Facts().record.delivered_on, 7);
  EXPECT_THAT(Facts().suppressions, IsEmpty());
}

TEST_F(ReclassifyTest, WhatWasCountedSinceStaysCounted) {
  const ReclassifyAddresses done = Step(0, 0);
  NewMessage soft = Bounce(kAddress, 2);
  soft.events[0].bounce_class = BounceClass::kSoft;
  Put(*store_, {std::move(soft)}, Noon(kToday + 1));
  Undo(done.run->batch);
  EXPECT_EQ(Facts().events[0].event.reason, Reason::kNoSuchUser);
  EXPECT_THAT(Facts().record.soft_days, SizeIs(1));
  EXPECT_THAT(Facts().suppressions, SizeIs(1));
}

TEST_F(ReclassifyTest, AStepIsDoneOnceAndOnlyWhereTheRunIs) {
  EXPECT_FALSE(Step(3, 5).run.has_value()) << "it is not there yet";
  EXPECT_EQ(Facts().events[0].event.reason, Reason::kNoSuchUser);
  EXPECT_TRUE(Step(0, 5).run.has_value());
  EXPECT_FALSE(Step(0, 5).run.has_value()) << "it was done";
  store_.reset();
  store_ = Open(directory_.path());
  absl::StatusOr<Reclassification> run = store_->GetReclassification("t", run_id_);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->next, 5);
  EXPECT_EQ(run->selection, "all");
  EXPECT_EQ(run->author, "ann");
  EXPECT_TRUE(absl::IsNotFound(store_->GetReclassification("u", run_id_).status()));
  EXPECT_TRUE(Step(5, 0).run->is_done);
  EXPECT_FALSE(Step(0, 0).run.has_value()) << "it is over";
}

TEST_F(ReclassifyTest, WhatIsKeptForAnUndoGoesWithTheChangeAndWithTheEvent) {
  Step(0, 0);
  EXPECT_EQ(CountOf("former_event"), 1);
  EXPECT_EQ(CountOf("former_record"), 1);
  Work drop = DropOld{.ids = {2}};
  EXPECT_TRUE(Apply(*store_, {&drop}).ok());
  EXPECT_EQ(CountOf("former_event"), 0);
  EXPECT_EQ(CountOf("former_record"), 0);
}

TEST_F(ReclassifyTest, OldReclassificationsMayBeDroppedAndTheNewestChangeOfWhatStandsMayNot) {
  NewMessage message = Bounce("b@example.net", 3);
  Put(*store_, {std::move(message)}, Noon(kToday + 1));
  Step(0, 0);
  Put(*store_, {Bounce("c@example.net", 4)}, Noon(kToday + 3));
  absl::StatusOr<Page<std::int64_t>> old =
      store_->ListOld(Aged::kChanges, Noon(kToday + 2), 100, 0);
  ASSERT_TRUE(old.ok()) << old.status();
  // 1: what stood of a; 2: of b, which stands; 3: a is reclassified; 4: it is taken off.
  EXPECT_THAT(old->rows, testing::ElementsAre(1, 3, 4));
}

TEST_F(ReclassifyTest, WhatIsTooLargeStaysAsItIs) {
  NewMessage many = Bounce(kAddress, 5);
  many.events.resize(AddressFacts::kMaxEvents - 1, many.events[0]);
  Put(*store_, {std::move(many)});
  EXPECT_FALSE(Facts().is_cut);
  EXPECT_THAT(Facts().events, SizeIs(AddressFacts::kMaxEvents));
  Put(*store_, {Bounce(kAddress, 6)});
  EXPECT_TRUE(Facts().is_cut);
  EXPECT_THAT(Facts().events, SizeIs(AddressFacts::kMaxEvents));
  const ReclassifyAddresses done = Step(0, 0);
  EXPECT_TRUE(done.run->is_done);
  EXPECT_TRUE(done.addresses[0].replayed.is_as_it_was);
  EXPECT_EQ(Facts().events.back().event.reason, Reason::kNoSuchUser);
}

TEST_F(ReclassifyTest, AddressesAreListedOfOneTenantAndDomain) {
  Put(*store_, {Bounce("b@other.example", 7), Bounce("c@example.net", 8)});
  const auto list = [&](std::string_view tenant, std::string_view domain, int size, Cursor from) {
    return *store_->ListAddresses(tenant, domain, size, from);
  };
  const Page<ListedAddress> first = list("t", "", 2, 0);
  ASSERT_THAT(first.rows, SizeIs(2));
  EXPECT_EQ(first.rows[0].address.canonical(), "c@example.net");
  EXPECT_EQ(first.next, first.rows[1].place);
  ASSERT_THAT(list("t", "", 2, first.next).rows, SizeIs(1));
  EXPECT_EQ(list("t", "", 2, first.next).next, 0);
  EXPECT_THAT(list("t", "example.net", 9, 0).rows, SizeIs(2));
  EXPECT_THAT(list("u", "", 9, 0).rows, IsEmpty());
}

}  // namespace
}  // namespace bounced
