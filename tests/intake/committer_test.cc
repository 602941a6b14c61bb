#include "server/intake/committer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/intake/fake_store.h"
#include "tests/intake/manual_clock.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kOk = absl::StatusCode::kOk;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;
constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);

Address Numbered(int number) { return *Address::Parse(absl::StrCat("r", number, "@example.net")); }

// A message that says for certain that recipient `number` does not exist; `octets` long, as the
// committer counts.
Work Bounce(int number, std::size_t octets = 0, Reason reason = Reason::kNoSuchUser, int day = 0) {
  NewMessage added;
  added.message.tenant = "default";
  added.message.return_path = absl::StrCat("bo-", number, "-", day, "@rp.example");
  added.message.day = DayOf(kNow) + day;
  added.message.receive_time = kNow;
  added.message.digest[0] = static_cast<std::uint8_t>(number);
  added.message.digest[1] = static_cast<std::uint8_t>(number >> 8);
  added.message.digest[2] = static_cast<std::uint8_t>(day);
  Event event;
  event.kind = Kind::kBounce;
  event.address = Numbered(number);
  event.trust = Trust::kSigned;
  event.reason = reason;
  event.bounce_class = Info(reason).bounce_class;
  event.fault = Info(reason).fault;
  event.confidence = 100;
  event.text_bears_out = true;
  event.diagnostic.assign(octets, 'x');
  added.events.push_back(std::move(event));
  StoreMessages work;
  work.messages.push_back(std::move(added));
  return work;
}

class CommitterTest : public testing::Test {
 protected:
  // Every answer, in order: the number it was submitted under, and its code.
  using Answers = std::vector<std::pair<int, absl::StatusCode>>;

  void Make(CommitterLimits limits = {}) {
    committer_.emplace(store_, Policy{}, clock_, counters_, limits);
  }

  void Submit(int number, std::size_t octets = 0) { SubmitWork(number, Bounce(number, octets)); }

  void SubmitWork(int number, Work work) {
    committer_->Submit(std::move(work), [this, number](absl::Status status, Work) {
      answers_.emplace_back(number, status.code());
    });
  }

  bool IsSuppressed(int number) const {
    return store_.index().Check("default", "", Numbered(number).canonical(), kNow) ==
           IndexAnswer::kSuppressed;
  }

  ManualClock clock_{kNow};
  Counters counters_;
  FakeStore store_;
  Answers answers_;
  std::optional<Committer> committer_;
};

TEST_F(CommitterTest, CommitsWhatWaitedInOneBatch) {
  Make();
  EXPECT_FALSE(committer_->Step());
  EXPECT_EQ(store_.calls(), 0u);
  for (int i = 0; i < 3; ++i) Submit(i);
  EXPECT_THAT(answers_, IsEmpty());
  EXPECT_TRUE(committer_->Step());
  EXPECT_THAT(answers_, ElementsAre(std::pair(0, kOk), std::pair(1, kOk), std::pair(2, kOk)));
  EXPECT_THAT(store_.batches(), ElementsAre(3));
  EXPECT_FALSE(committer_->Step());
}

TEST_F(CommitterTest, WhatComesWhileItSyncsIsTheNextBatch) {
  Make();
  store_.set_sync([this, round = 0](auto) mutable {
    if (round++ == 0) {
      for (int i = 1; i < 5; ++i) Submit(i);
    }
    return absl::OkStatus();
  });
  Submit(0);
  EXPECT_TRUE(committer_->Step());
  EXPECT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(committer_->Step());
  EXPECT_THAT(store_.batches(), ElementsAre(1, 4));
}

TEST_F(CommitterTest, ABatchHasAMost) {
  for (int waiting : {2, 3, 4}) {
    FakeStore store;
    int answered = 0;
    Committer committer(store, {}, clock_, counters_, {.max_batch = 3});
    for (int i = 0; i < waiting; ++i) {
      committer.Submit(Bounce(i), [&](absl::Status, Work) { ++answered; });
    }
    EXPECT_TRUE(committer.Step());
    EXPECT_EQ(answered, std::min(waiting, 3));
    EXPECT_EQ(committer.Step(), waiting == 4);
    EXPECT_EQ(answered, waiting);
  }
}

// Of so many deliveries that a mail system has reported.
Work Deliveries(int count) {
  RecordDeliveries work;
  for (int i = 0; i < count; ++i) {
    Work bounce = Bounce(i);
    NewMessage& message = std::get<StoreMessages>(bounce).messages.front();
    message.events.front().kind = Kind::kDelivery;
    work.messages.push_back(std::move(message));
  }
  return work;
}

TEST_F(CommitterTest, ABatchHasAMostOfDeliveries) {
  Committer committer(store_, Policy{}, clock_, counters_, {.max_batch_deliveries = 10});
  const auto done = [](const absl::Status& status, const Work&) { EXPECT_TRUE(status.ok()); };
  for (const int count : {4, 6, 1, 11, 3}) committer.Submit(Deliveries(count), done);
  while (committer.Step()) {
  }
  EXPECT_THAT(store_.batches(), ElementsAre(2, 1, 1, 1));
}

TEST_F(CommitterTest, ABatchHasAMostOfRows) {
  const auto put = [](std::size_t rows) -> Work {
    const Suppression row{.tenant = "t",
                          .stream = "",
                          .address = Numbered(1),
                          .source = Source::kManual,
                          .reason = "",
                          .bounce_class = BounceClass::kNone,
                          .create_time = absl::UnixEpoch(),
                          .expire_time = absl::InfiniteFuture(),
                          .event_id = 0,
                          .explanation = ""};
    PutSuppressions work{.suppressions = {}, .author = "", .cause = ""};
    work.suppressions.resize(rows, row);
    return work;
  };
  const auto undo = [](std::size_t numbers) -> Work {
    UndoChanges work;
    work.numbers.resize(numbers);
    return work;
  };
  const auto drop = [](std::size_t numbers) -> Work {
    return DropOld{.ids = std::vector<std::int64_t>(numbers)};
  };
  Committer committer(store_, Policy{}, clock_, counters_, {.max_batch_rows = 10});
  const auto done = [](const absl::Status&, const Work&) {};
  for (Work& work : std::vector<Work>{put(4), undo(3), drop(3), put(1), undo(11), drop(10), put(1),
                                      Deliveries(11), put(9)}) {
    committer.Submit(std::move(work), done);
  }
  while (committer.Step()) {
  }
  EXPECT_THAT(store_.batches(), ElementsAre(3, 1, 1, 1, 3));
}

TEST_F(CommitterTest, DeliveriesThatWaitAreWeighed) {
  const std::size_t one = sizeof(NewMessage) + sizeof(Event);
  Committer committer(store_, Policy{}, clock_, counters_, {.max_waiting_octets = 3 * one});
  absl::Status last;
  const auto done = [&last](const absl::Status& status, const Work&) { last = status; };
  committer.Submit(Deliveries(3), done);
  EXPECT_TRUE(last.ok());
  committer.Submit(Deliveries(1), done);
  EXPECT_EQ(last.code(), kExhausted);
  committer.Step();
}

// Invariant 1: the next check after the answer sees the suppression.
TEST_F(CommitterTest, AnswersAfterTheIndexKnows) {
  Make();
  bool asked = false;
  committer_->Submit(Bounce(1), [&](absl::Status status, Work work) {
    asked = true;
    EXPECT_TRUE(status.ok());
    EXPECT_TRUE(IsSuppressed(1));
    EXPECT_EQ(std::get<StoreMessages>(work).receipts.at(0).event_ids.size(), 1u);
  });
  EXPECT_FALSE(IsSuppressed(1));
  committer_->Step();
  EXPECT_TRUE(asked);
}

TEST_F(CommitterTest, EventsOfOneBatchSeeEachOther) {
  Make();
  SubmitWork(0, Bounce(1, 0, Reason::kMailboxDisabled, 0));
  SubmitWork(1, Bounce(1, 0, Reason::kMailboxDisabled, -1));
  committer_->Step();
  EXPECT_THAT(store_.batches(), ElementsAre(2));
  const auto suppressions = store_.FindSuppressions("default", Numbered(1));
  ASSERT_EQ(suppressions->size(), 1u);
  EXPECT_EQ(suppressions->at(0).expire_time, kNow + absl::Hours(24) * 14);
  EXPECT_EQ(counters_.Get(Counter::kSuppressions), 2u);
}

TEST_F(CommitterTest, AFailedCommitDoesNothingAndTellsAll) {
  Make();
  for (const absl::StatusCode code : {kUnavailable, kExhausted}) {
    answers_.clear();
    store_.set_sync([code](auto) { return absl::Status(code, "no luck"); });
    Submit(1);
    Submit(2);
    EXPECT_TRUE(committer_->Step());
    EXPECT_THAT(answers_, ElementsAre(std::pair(1, code), std::pair(2, code)));
    EXPECT_THAT(store_.messages(), IsEmpty());
    EXPECT_FALSE(IsSuppressed(1));
    EXPECT_TRUE(committer_->fatal().ok());
    EXPECT_TRUE(committer_->Ready().ok());
  }
  EXPECT_EQ(counters_.Get(Counter::kCommits), 0u);
  EXPECT_EQ(counters_.Get(Counter::kEvents), 0u);
  EXPECT_EQ(counters_.Get(Counter::kSuppressions), 0u);
  answers_.clear();
  store_.set_sync({});
  Submit(1);
  committer_->Step();
  EXPECT_THAT(answers_, ElementsAre(std::pair(1, kOk)));
  EXPECT_TRUE(IsSuppressed(1));
}

TEST_F(CommitterTest, NothingIsWrittenAfterDataLoss) {
  Make({.max_batch = 1});
  store_.set_sync([](auto) { return absl::DataLossError("the disk failed"); });
  Submit(1);
  Submit(2);
  committer_->Run();  // ends of itself
  EXPECT_THAT(answers_, ElementsAre(std::pair(1, kDataLoss), std::pair(2, kDataLoss)));
  EXPECT_EQ(store_.calls(), 1u);
  EXPECT_EQ(committer_->fatal().code(), kDataLoss);
  EXPECT_EQ(committer_->Ready().code(), kDataLoss);
  Submit(3);
  EXPECT_EQ(answers_.back(), std::pair(3, kDataLoss));
  EXPECT_FALSE(committer_->Step());
  EXPECT_EQ(store_.calls(), 1u);
}

TEST_F(CommitterTest, CountsCommitsEventsAndSuppressions) {
  Make();
  Submit(1);
  Submit(2);
  committer_->Step();
  Submit(1);  // again
  SubmitWork(3, Bounce(3, 0, Reason::kMailboxFull));
  committer_->Step();
  EXPECT_EQ(counters_.Get(Counter::kCommits), 2u);
  EXPECT_EQ(counters_.Get(Counter::kEvents), 3u);
  EXPECT_EQ(counters_.Get(Counter::kSuppressions), 2u);
}

// --- Limits

TEST_F(CommitterTest, WaitingWorkHasAMost) {
  Make({.max_waiting = 3});
  for (int i = 0; i < 3; ++i) Submit(i);
  EXPECT_THAT(answers_, IsEmpty());
  Submit(3);
  EXPECT_THAT(answers_, ElementsAre(std::pair(3, kExhausted)));
  committer_->Step();
  answers_.clear();
  Submit(4);
  EXPECT_THAT(answers_, IsEmpty());
}

TEST_F(CommitterTest, WhatIsBeingCommittedStillWaits) {
  Make({.max_waiting = 2});
  store_.set_sync([this](auto) {
    Submit(2);
    return absl::OkStatus();
  });
  Submit(0);
  Submit(1);
  committer_->Step();
  EXPECT_THAT(answers_,
              ElementsAre(std::pair(2, kExhausted), std::pair(0, kOk), std::pair(1, kOk)));
}

TEST_F(CommitterTest, WaitingOctetsHaveAMost) {
  for (std::size_t more : {99u, 100u, 101u}) {
    FakeStore store;
    std::vector<absl::StatusCode> codes;
    const auto note = [&](absl::Status status, Work) { codes.push_back(status.code()); };
    Committer committer(store, {}, clock_, counters_, {.max_waiting_octets = 200});
    // The addresses are no text of the report's; the diagnostic is.
    committer.Submit(Bounce(1, 100), note);
    committer.Submit(Bounce(2, more), note);
    EXPECT_EQ(codes.size(), more == 101 ? 1u : 0u) << more;
    if (more == 101) {
      EXPECT_EQ(codes.at(0), kExhausted);
    }
    committer.Step();
    codes.clear();
    committer.Submit(Bounce(3, 200), note);
    EXPECT_THAT(codes, IsEmpty()) << "there is room again";
  }
}

TEST_F(CommitterTest, WorkLargerThanTheLimitIsTakenAlone) {
  Make({.max_waiting_octets = 10});
  Submit(1, 11);
  EXPECT_THAT(answers_, IsEmpty());
  Submit(2, 0);
  EXPECT_THAT(answers_, ElementsAre(std::pair(2, kExhausted)));
  committer_->Step();
  EXPECT_EQ(answers_.back(), std::pair(1, kOk));
}

TEST_F(CommitterTest, EvidenceCountsOnceForAllThatShareIt) {
  const std::shared_ptr<const Evidence> evidence = Evidence::Pack("a message");
  Work work = Bounce(1);
  StoreMessages& messages = std::get<StoreMessages>(work);
  messages.messages.push_back(messages.messages[0]);
  for (NewMessage& added : messages.messages) added.evidence = evidence;
  const std::size_t octets = evidence->packed().size();
  for (std::size_t limit : {octets, octets + 1}) {
    std::vector<absl::StatusCode> codes;
    const auto note = [&](absl::Status status, Work) { codes.push_back(status.code()); };
    Committer committer(store_, {}, clock_, counters_, {.max_waiting_octets = limit});
    committer.Submit(work, note);
    committer.Submit(Bounce(2, 1), note);
    EXPECT_EQ(codes.size(), limit == octets ? 1u : 0u);
  }
}

TEST_F(CommitterTest, IsReadyBelowThreeQuarters) {
  Make({.max_waiting = 8});
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(committer_->Ready().code(), i < 6 ? kOk : kExhausted) << i;
    Submit(i);
  }
  EXPECT_THAT(answers_, IsEmpty());
  committer_->Step();
  EXPECT_TRUE(committer_->Ready().ok());
}

TEST_F(CommitterTest, IsReadyBelowThreeQuartersOfTheOctets) {
  for (std::size_t octets : {74u, 75u, 76u}) {
    Committer committer(store_, {}, clock_, counters_, {.max_waiting_octets = 100});
    committer.Submit(Bounce(1, octets), [](absl::Status, Work) {});
    EXPECT_EQ(committer.Ready().code(), octets < 75 ? kOk : kExhausted) << octets;
  }
}

TEST_F(CommitterTest, IsReadyForOneWhenOneIsTheMost) {
  Make({.max_waiting = 1, .max_waiting_octets = 1});
  EXPECT_TRUE(committer_->Ready().ok());
  Submit(1);
  EXPECT_EQ(committer_->Ready().code(), kExhausted);
}

// --- Stop

TEST_F(CommitterTest, StopDrains) {
  Make({.max_batch = 2});
  for (int i = 0; i < 5; ++i) Submit(i);
  committer_->Stop();
  committer_->Stop();
  EXPECT_EQ(committer_->Ready().code(), kUnavailable);
  Submit(5);
  EXPECT_THAT(answers_, ElementsAre(std::pair(5, kUnavailable)));
  committer_->Run();
  EXPECT_THAT(store_.batches(), ElementsAre(2, 2, 1));
  EXPECT_EQ(answers_.size(), 6u);
}

TEST_F(CommitterTest, WhatNobodyCommitsIsAnswered) {
  Make();
  Submit(1);
  committer_.reset();
  EXPECT_THAT(answers_, ElementsAre(std::pair(1, kUnavailable)));
  EXPECT_EQ(store_.calls(), 0u);
}

TEST_F(CommitterTest, AnAnswerMaySubmitMore) {
  Make({.max_waiting = 1});
  committer_->Submit(Bounce(1), [this](absl::Status, Work) { Submit(2); });
  EXPECT_TRUE(committer_->Step());
  EXPECT_TRUE(committer_->Step());
  EXPECT_THAT(answers_, ElementsAre(std::pair(2, kOk)));
}

// --- Threads

TEST_F(CommitterTest, StopWakesAThreadThatWaitsForWork) {
  Make();
  std::thread runner([this] { committer_->Run(); });
  Work work = Bounce(1);
  EXPECT_TRUE(committer_->SubmitAndWait(work).ok());
  EXPECT_EQ(std::get<StoreMessages>(work).receipts.size(), 1u);
  committer_->Stop();
  runner.join();
  EXPECT_EQ(committer_->SubmitAndWait(work).code(), kUnavailable);
}

TEST_F(CommitterTest, UnderLoadEachIsAnsweredOnceAndWhatIsSaidIsSo) {
  constexpr int kThreads = 8;
  constexpr int kWorks = 100;
  Make({.max_waiting = 20, .max_batch = 7});
  std::atomic<int> syncs = 0;
  store_.set_sync(
      [&](auto) { return ++syncs % 5 == 0 ? absl::UnavailableError("busy") : absl::OkStatus(); });
  std::vector<std::atomic<int>> answered(kThreads * kWorks);
  std::vector<std::atomic<bool>> committed(kThreads * kWorks);
  std::thread runner([this] { committer_->Run(); });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t * kWorks; i < (t + 1) * kWorks; ++i) {
        if (i % 2 == 0) {
          Work work = Bounce(i);
          committed[static_cast<std::size_t>(i)] = committer_->SubmitAndWait(work).ok();
          ++answered[static_cast<std::size_t>(i)];
        } else {
          committer_->Submit(Bounce(i), [&, i](absl::Status status, Work) {
            committed[static_cast<std::size_t>(i)] = status.ok();
            ++answered[static_cast<std::size_t>(i)];
          });
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  committer_->Stop();
  runner.join();
  std::size_t ok = 0;
  for (int i = 0; i < kThreads * kWorks; ++i) {
    EXPECT_EQ(answered[static_cast<std::size_t>(i)], 1) << i;
    EXPECT_EQ(committed[static_cast<std::size_t>(i)], IsSuppressed(i)) << i;
    ok += committed[static_cast<std::size_t>(i)];
  }
  EXPECT_GT(ok, 0u);
  EXPECT_EQ(store_.messages().size(), ok);
  EXPECT_EQ(counters_.Get(Counter::kEvents), ok);
}

}  // namespace
}  // namespace bounced
