// Many addresses of one domain that turn hard alike are held until a person has looked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fixture.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;

constexpr int kLimit = 3;

// SimplePolicy, and what it suppresses may be part of a burst.
Decision BurstPolicy(const AddressHistory& history, const Message& message, const Event& event) {
  Decision decision = SimplePolicy(history, message, event);
  if (decision.suppress) {
    decision.burst = Burst{.text_hash = 1, .limit = kLimit, .window = absl::Minutes(10)};
  }
  return decision;
}

class QuarantineTest : public testing::Test {
 protected:
  // Each in a commit of its own, so many minutes after noon.
  void Bounces(std::string_view mailbox, int minutes, int number) {
    Work work = StoreMessages{.messages = {Bounce(mailbox, number)}};
    Work* batch[] = {&work};
    ASSERT_TRUE(store_->Apply(batch, BurstPolicy, Noon() + absl::Minutes(minutes)).ok());
  }
  IndexAnswer Check(std::string_view mailbox) { return CheckIndex(*store_, mailbox); }
  std::vector<Incident> Incidents(std::optional<Incident::State> state = std::nullopt) {
    absl::StatusOr<Page<Incident>> page =
        store_->ListIncidents({.tenant = "t", .state = state}, 100, 0);
    EXPECT_TRUE(page.ok()) << page.status();
    return std::move(page->rows);
  }
  ResolveIncident Resolve(std::int64_t id, bool confirm, std::string_view tenant = "t") {
    Work work = ResolveIncident{.tenant = std::string(tenant),
                                .incident_id = id,
                                .resolution = confirm ? ResolveIncident::Resolution::kConfirm
                                                      : ResolveIncident::Resolution::kRelease,
                                .author = "ann",
                                .cause = "they said so"};
    EXPECT_TRUE(Apply(*store_, {&work}, Noon() + absl::Minutes(30)).ok());
    return std::get<ResolveIncident>(work);
  }
  // Of all that `selection` selects, newest first.
  std::vector<UndoChanges::Outcome> Undo(ChangeFilter selection, bool dry_run = false) {
    selection.tenant = "t";
    selection.up_to = store_->change_feed().newest();
    UndoChanges undo{.selection = selection,
                     .numbers = {},
                     .dry_run = dry_run,
                     .author = "carol",
                     .cause = "",
                     .batch = std::make_shared<Batch>()};
    const absl::StatusOr<Page<Change>> page = store_->ListChanges(selection, 100, 0);
    EXPECT_TRUE(page.ok()) << page.status();
    for (const Change& change : page->rows) undo.numbers.push_back(change.number);
    Work work = std::move(undo);
    EXPECT_TRUE(Apply(*store_, {&work}, Noon() + absl::Minutes(31)).ok());
    return std::get<UndoChanges>(work).outcomes;
  }
  std::size_t ListedInForce() {
    SuppressionFilter filter;
    filter.tenant = "t";
    filter.in_force_at = Noon();
    return store_->ListSuppressions(filter, 100, 0)->rows.size();
  }
  std::size_t HeldBy(std::int64_t incident_id) {
    SuppressionFilter filter;
    filter.tenant = "t";
    filter.incident_id = incident_id;
    return store_->ListSuppressions(filter, 100, 0)->rows.size();
  }
  void Restart() {
    store_.reset();
    store_ = Open(directory_.path());
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_ = Open(directory_.path());
};

TEST_F(QuarantineTest, T4AtTheLimitTheWholeBurstIsHeld) {
  Bounces("a@example.net", 0, 1);
  Bounces("b@example.net", 5, 2);
  Bounces("z@example.org", 5, 3);
  EXPECT_EQ(Check("a@example.net"), IndexAnswer::kSuppressed);
  EXPECT_THAT(Incidents(), SizeIs(0));
  Bounces("c@example.net", 9, 4);
  for (int restarts = 0; restarts < 2; ++restarts) {
    for (const char* mailbox : {"a@example.net", "b@example.net", "c@example.net"}) {
      EXPECT_EQ(Check(mailbox), IndexAnswer::kRisky) << mailbox << ", restarts: " << restarts;
    }
    EXPECT_EQ(Check("z@example.org"), IndexAnswer::kSuppressed);
    const std::vector<Incident> incidents = Incidents(Incident::State::kOpen);
    ASSERT_THAT(incidents, SizeIs(1));
    EXPECT_EQ(incidents[0].domain, "example.net");
    EXPECT_EQ(incidents[0].reason, Reason::kNoSuchUser);
    EXPECT_EQ(incidents[0].sample, "5.1.1 no such user");
    EXPECT_EQ(incidents[0].count, 3);
    EXPECT_EQ(incidents[0].first_time, Noon() + absl::Minutes(9));
    EXPECT_EQ(HeldBy(incidents[0].id), 3u);
    EXPECT_EQ(ListedInForce(), 1u);
    Restart();
  }
  // What follows is held as long as the incident is open, however late, after a restart as well.
  Bounces("d@example.net", 300, 5);
  EXPECT_EQ(Check("d@example.net"), IndexAnswer::kRisky);
  EXPECT_EQ(Incidents()[0].count, 4);
  EXPECT_EQ(Incidents()[0].last_time, Noon() + absl::Minutes(300));
}

TEST_F(QuarantineTest, OneFewerOrOneLaterIsNoBurst) {
  Bounces("a@example.net", 0, 1);
  Bounces("b@example.net", 5, 2);
  Bounces("c@example.net", 10, 3);
  EXPECT_THAT(Incidents(), SizeIs(0));
  EXPECT_EQ(Check("c@example.net"), IndexAnswer::kSuppressed);
}

TEST_F(QuarantineTest, ConfirmingPutsAllInForce) {
  for (int i = 0; i < kLimit; ++i) Bounces(absl::StrCat("n", i, "@example.net"), i, i);
  const ResolveIncident done = Resolve(1, true);
  ASSERT_TRUE(done.incident);
  EXPECT_TRUE(done.was_open);
  EXPECT_EQ(done.incident->state, Incident::State::kConfirmed);
  for (int restarts = 0; restarts < 2; ++restarts) {
    EXPECT_EQ(Check("n0@example.net"), IndexAnswer::kSuppressed);
    EXPECT_EQ(Check("n2@example.net"), IndexAnswer::kSuppressed);
    EXPECT_EQ(HeldBy(1), 0u);
    EXPECT_EQ(ListedInForce(), 3u);
    ASSERT_THAT(Incidents(), SizeIs(1));
    EXPECT_EQ(Incidents()[0].author, "ann");
    EXPECT_EQ(Incidents()[0].cause, "they said so");
    Restart();
  }
  const std::vector<Change> changes = ChangesOf(*store_, "n0@example.net");
  ASSERT_THAT(changes, SizeIs(3));
  EXPECT_EQ(changes[1].cause, "quarantine");
  EXPECT_EQ(changes[1].suppression.incident_id, 1);
  EXPECT_EQ(changes[1].before->incident_id, 0);
  EXPECT_EQ(changes[2].author, "ann");
  EXPECT_EQ(changes[2].suppression.incident_id, 0);
  EXPECT_EQ(changes[2].before->incident_id, 1);
  EXPECT_GT(done.batch.id, 0);
  for (const char* mailbox : {"n0@example.net", "n1@example.net", "n2@example.net"}) {
    EXPECT_EQ(ChangesOf(*store_, mailbox).back().batch, done.batch.id) << mailbox;
  }
  // Nothing is held for it any more.
  Bounces("late@example.net", 31, 9);
  EXPECT_EQ(Check("late@example.net"), IndexAnswer::kSuppressed);
}

// The incident stays resolved, so there is nothing to put back; what else was done is undone.
TEST_F(QuarantineTest, AConfirmationIsLeftByAnUndoThatSaysSo) {
  using Outcome = UndoChanges::Outcome;
  for (int i = 0; i < kLimit; ++i) Bounces(absl::StrCat("n", i, "@example.net"), i, i);
  const std::int64_t batch = Resolve(1, true).batch.id;
  const std::int64_t newest = store_->change_feed().newest();
  for (const bool dry_run : {true, false}) {
    ChangeFilter of_batch;
    of_batch.batch = batch;
    EXPECT_THAT(Undo(of_batch, dry_run),
                ElementsAre(Outcome::kOvertaken, Outcome::kOvertaken, Outcome::kOvertaken));
  }
  EXPECT_EQ(store_->change_feed().newest(), newest);
  EXPECT_EQ(Check("n0@example.net"), IndexAnswer::kSuppressed);

  ChangeFilter all;
  all.from = Noon();
  EXPECT_THAT(Undo(all), Each(Outcome::kUndone)) << "all down to the first bounce";
  EXPECT_EQ(Check("n0@example.net"), IndexAnswer::kSend);
}

TEST_F(QuarantineTest, ReleasingTakesAllOff) {
  for (int i = 0; i < kLimit; ++i) Bounces(absl::StrCat("n", i, "@example.net"), i, i);
  EXPECT_EQ(Resolve(1, false).incident->state, Incident::State::kReleased);
  EXPECT_EQ(Check("n0@example.net"), IndexAnswer::kSend);
  EXPECT_EQ(ListedInForce(), 0u);
  const AddressDossier dossier = *store_->GetDossier("t", ParseAddress("n0@example.net"), 10, 10);
  EXPECT_EQ(dossier.record.released, Noon() + absl::Minutes(30));
  EXPECT_EQ(dossier.changes[0].what, Change::What::kRemoved);
}

TEST_F(QuarantineTest, AnIncidentIsResolvedOnceAndByItsTenant) {
  for (int i = 0; i < kLimit; ++i) Bounces(absl::StrCat("n", i, "@example.net"), i, i);
  EXPECT_FALSE(Resolve(1, true, "u").incident);
  EXPECT_FALSE(Resolve(2, true).incident);
  EXPECT_EQ(Check("n0@example.net"), IndexAnswer::kRisky);
  EXPECT_TRUE(Resolve(1, true).was_open);
  const ResolveIncident again = Resolve(1, false);
  EXPECT_EQ(again.batch.id, 0);
  EXPECT_FALSE(again.was_open);
  EXPECT_EQ(again.incident->state, Incident::State::kConfirmed);
  EXPECT_EQ(Check("n0@example.net"), IndexAnswer::kSuppressed);
}

TEST_F(QuarantineTest, WhatIsInForceAlreadyOrOfAnotherSourceStays) {
  Work manual =
      PutSuppressions{.suppressions = {Manual("b@example.net")}, .author = "a", .cause = "c"};
  ASSERT_TRUE(Apply(*store_, {&manual}).ok());
  Bounces("a@example.net", -60, 1);
  Bounces("a@example.net", 0, 2);
  Bounces("b@example.net", 1, 3);
  Bounces("c@example.net", 2, 4);
  Bounces("d@example.net", 3, 5);
  // `a` bounced long before the burst, and `b` was suppressed by hand as well.
  EXPECT_EQ(Check("a@example.net"), IndexAnswer::kSuppressed);
  EXPECT_EQ(Check("b@example.net"), IndexAnswer::kSuppressed);
  EXPECT_EQ(Check("c@example.net"), IndexAnswer::kRisky);
  EXPECT_EQ(Check("d@example.net"), IndexAnswer::kRisky);
  EXPECT_EQ(HeldBy(1), 3u);
}

// The first becomes part of the burst before it is known as one, the last when it is.
TEST_F(QuarantineTest, WhatWasSuppressedForATimeIsAgainWhenTheBurstIsReleased) {
  const absl::Time until = Noon() + absl::Hours(24 * 30);
  Work before = PutSuppressions{
      .suppressions = {Manual("a@example.net", "", Source::kBounce, until),
                       Manual("d@example.net", "", Source::kBounce, until),
                       Manual("e@example.net", "", Source::kBounce, Noon() + absl::Minutes(20))},
      .author = "policy",
      .cause = "full"};
  for (bool confirm : {false, true}) {
    store_.reset();
    std::filesystem::remove_all(directory_.path());
    Restart();
    ASSERT_TRUE(Apply(*store_, {&before}).ok());
    const std::vector<const char*> mailboxes = {"a@example.net", "b@example.net", "c@example.net",
                                                "d@example.net", "e@example.net"};
    int number = 0;
    for (const char* mailbox : mailboxes) Bounces(mailbox, number, number + 1), ++number;
    for (const char* mailbox : mailboxes) EXPECT_EQ(Check(mailbox), IndexAnswer::kRisky) << mailbox;
    EXPECT_EQ(HeldBy(1), 5u);
    Resolve(1, confirm);
    EXPECT_EQ(HeldBy(1), 0u);
    for (const char* mailbox : mailboxes) {
      const bool stood = confirm || mailbox[0] == 'a' || mailbox[0] == 'd';
      EXPECT_EQ(Check(mailbox), stood ? IndexAnswer::kSuppressed : IndexAnswer::kSend) << mailbox;
      const Suppression last = ChangesOf(*store_, mailbox).back().suppression;
      if (!stood) continue;
      EXPECT_EQ(last.expire_time, confirm ? absl::InfiniteFuture() : until) << mailbox;
    }
  }
}

}  // namespace
}  // namespace bounced
