// Incidents that counts open and close, as the store keeps them. When they are is the policy's
// affair; here it is a simple one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "faulty_vfs.h"
#include "fixture.h"
#include "storage/sqlite/incidents.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using Act = TendIncidents::Step::Act;
using Kind = Incident::Kind;
using State = Incident::State;
using Resolution = ResolveIncident::Resolution;

constexpr std::uint32_t kEnough = 3;

// Opens at kEnough refusals, hard bounces or complaints within the hour; closes when there is none
// any more.
TendIncidents::Step SimpleJudge(const TendIncidents::Watched& watched) {
  const TallyCounts& hour = watched.hour;
  const std::uint32_t count = watched.kind == Kind::kRefusal      ? hour.refused
                              : watched.kind == Kind::kBounceRate ? hour.hard
                                                                  : hour.complaints;
  TendIncidents::Step step{.act = watched.open == nullptr ? Act::kNone : Act::kHold,
                           .window_count = count,
                           .window_total = watched.provider.failed,
                           .window = absl::Hours(1)};
  if (count >= kEnough) step.act = Act::kOpen;
  if (count == 0 && watched.open != nullptr) step.act = Act::kClose;
  if (watched.kind == Kind::kBounceRate && count >= kEnough) {
    step.severity =
        count >= 2 * kEnough ? Incident::Severity::kCritical : Incident::Severity::kWarning;
  }
  return step;
}

class RefusalsTest : public testing::Test {
 protected:
  // Refused by Google, each in a commit of its own and of another address.
  void Refuse(int minutes, int times = 1, const std::string& provider = "google") {
    for (int i = 0; i < times; ++i) {
      const absl::Time now = Noon() + absl::Minutes(minutes);
      NewMessage message = Refusal(now, provider);
      Work work = StoreMessages{.messages = {std::move(message)}};
      ASSERT_TRUE(Apply(*store_, {&work}, now).ok());
    }
  }
  NewMessage Refusal(absl::Time now, const std::string& provider) {
    ++number_;
    NewMessage message = Bounce(absl::StrCat("r", number_, "@example.net"), number_);
    message.message.receive_time = now;
    Event& event = message.events.front();
    event.reason = Reason::kSenderIpBlocked;
    event.bounce_class = BounceClass::kBlock;
    event.answer = {.provider = provider,
                    .is_known = true,
                    .sender = "192.0.2.7",
                    .code = "S3140",
                    .sample = "blocked",
                    .is_refusal = true};
    return message;
  }
  TendIncidents Tend(int minutes, std::int64_t unverified_count = 0) {
    Work work = TendIncidents{.judge = SimpleJudge, .unverified_count = unverified_count};
    EXPECT_TRUE(Apply(*store_, {&work}, Noon() + absl::Minutes(minutes)).ok());
    return std::get<TendIncidents>(work);
  }
  std::vector<Incident> Incidents(IncidentFilter filter = {.tenant = "t"}) {
    absl::StatusOr<Page<Incident>> page = store_->ListIncidents(filter, 1'000, 0);
    EXPECT_TRUE(page.ok()) << page.status();
    return std::move(page->rows);
  }
  ResolveIncident Resolve(std::int64_t id, Resolution resolution, int minutes) {
    Work work = ResolveIncident{.tenant = "t",
                                .incident_id = id,
                                .resolution = resolution,
                                .author = "ann",
                                .cause = "told them"};
    EXPECT_TRUE(Apply(*store_, {&work}, Noon() + absl::Minutes(minutes)).ok());
    return std::get<ResolveIncident>(work);
  }
  void Restart() {
    store_.reset();
    store_ = Open(directory_.path());
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_ = Open(directory_.path());
  int number_ = 0;
};

TEST_F(RefusalsTest, OpensIsKeptOverARestartAndCloses) {
  Refuse(0, 2);
  EXPECT_THAT(Tend(1).news, SizeIs(0));
  Restart();
  Refuse(2);
  const TendIncidents opened = Tend(3);
  ASSERT_THAT(opened.news, SizeIs(1));
  EXPECT_EQ(opened.news[0].what, TendIncidents::News::What::kOpened);
  for (int restarts = 0; restarts < 2; ++restarts) {
    ASSERT_THAT(Incidents(), SizeIs(1));
    const Incident incident = Incidents()[0];
    EXPECT_EQ(incident.id, opened.news[0].incident.id);
    EXPECT_EQ(incident.kind, Kind::kRefusal);
    EXPECT_EQ(incident.state, State::kOpen);
    EXPECT_EQ(incident.provider, "google");
    EXPECT_EQ(incident.sender, "192.0.2.7");
    EXPECT_EQ(incident.code, "S3140");
    EXPECT_EQ(incident.reason, Reason::kSenderIpBlocked);
    EXPECT_EQ(incident.sample, "blocked");
    EXPECT_EQ(incident.count, 3);
    EXPECT_EQ(incident.window_count, 3);
    EXPECT_EQ(incident.window_total, 3);
    EXPECT_EQ(incident.window, absl::Hours(1));
    EXPECT_EQ(incident.last_time, Noon() + absl::Minutes(2));
    Restart();
  }
  // Suppresses nobody.
  EXPECT_EQ(CheckIndex(*store_, "r1@example.net"), IndexAnswer::kSend);
  Refuse(10, 2);
  EXPECT_THAT(Tend(11).news, SizeIs(0));
  EXPECT_EQ(Incidents()[0].count, 5);
  EXPECT_EQ(Incidents()[0].last_time, Noon() + absl::Minutes(10));
  EXPECT_THAT(Tend(12).news, SizeIs(0));
  EXPECT_EQ(Incidents()[0].count, 5) << "nothing is counted twice";

  const TendIncidents closed = Tend(90);
  ASSERT_THAT(closed.news, SizeIs(1));
  EXPECT_EQ(closed.news[0].what, TendIncidents::News::What::kClosed);
  EXPECT_EQ(Incidents()[0].state, State::kClosed);
  EXPECT_EQ(Incidents()[0].resolve_time, Noon() + absl::Minutes(90));
  EXPECT_EQ(Incidents()[0].author, "policy");
  EXPECT_EQ(Incidents()[0].cause, "rate_fell");
  // Another one is another one.
  Refuse(100, 3);
  EXPECT_THAT(Tend(101).news, SizeIs(1));
  EXPECT_THAT(Incidents(), SizeIs(2));
}

TEST_F(RefusalsTest, OneThatIsOpenClosesThoughNothingIsCountedAnyMore) {
  Refuse(0, 3);
  Tend(1);
  Restart();
  EXPECT_THAT(Tend(24 * 60).news, SizeIs(1));
  EXPECT_EQ(Incidents()[0].state, State::kClosed);
}

TEST_F(RefusalsTest, EachProviderTenantSenderAndReasonHasItsOwn) {
  for (int i = 0; i < 3; ++i) {
    NewMessage other_tenant = Refusal(Noon(), "google");
    other_tenant.message.tenant = "u";
    NewMessage other_sender = Refusal(Noon(), "google");
    other_sender.events[0].answer.sender = "192.0.2.8";
    NewMessage other_reason = Refusal(Noon(), "google");
    other_reason.events[0].reason = Reason::kRateLimited;
    Put(*store_, {Refusal(Noon(), "google"), Refusal(Noon(), "yahoo"), std::move(other_tenant),
                  std::move(other_sender), std::move(other_reason)});
  }
  EXPECT_THAT(Tend(1).news, SizeIs(5));
  EXPECT_THAT(Incidents(), SizeIs(4));
  EXPECT_THAT(Incidents({.tenant = "u"}), SizeIs(1));
  EXPECT_THAT(Incidents({.tenant = "t", .provider = "yahoo"}), SizeIs(1));
}

TEST_F(RefusalsTest, RatesAreOfAStreamAndGetWorse) {
  for (int i = 0; i < 3; ++i)
    Put(*store_, {Bounce(absl::StrCat("h", i, "@example.net"), ++number_)});
  TendIncidents tended = Tend(1);
  ASSERT_THAT(tended.news, SizeIs(1));
  EXPECT_EQ(tended.news[0].incident.kind, Kind::kBounceRate);
  EXPECT_EQ(tended.news[0].incident.stream, "news");
  EXPECT_EQ(tended.news[0].incident.severity, Incident::Severity::kWarning);
  EXPECT_EQ(tended.news[0].incident.reason, Reason::kUndefined);
  for (int i = 3; i < 6; ++i)
    Put(*store_, {Bounce(absl::StrCat("h", i, "@example.net"), ++number_)});
  tended = Tend(2);
  ASSERT_THAT(tended.news, SizeIs(1));
  EXPECT_EQ(tended.news[0].what, TendIncidents::News::What::kWorse);
  ASSERT_THAT(Incidents({.tenant = "t", .kind = Kind::kBounceRate}), SizeIs(1));
  EXPECT_EQ(Incidents()[0].severity, Incident::Severity::kCritical);
  EXPECT_EQ(Incidents()[0].count, 6);
  EXPECT_THAT(Tend(3).news, SizeIs(0)) << "told once";
}

TEST_F(RefusalsTest, WhoClosesOneBeginsAnewAfterARestartAsWell) {
  Refuse(0, 3);
  Tend(1);
  const ResolveIncident done = Resolve(1, Resolution::kClose, 6);
  EXPECT_TRUE(done.was_open);
  EXPECT_TRUE(done.fits);
  EXPECT_EQ(done.incident->state, State::kClosed);
  EXPECT_EQ(done.incident->author, "ann");
  for (int restarts = 0; restarts < 2; ++restarts) {
    EXPECT_THAT(Tend(7).news, SizeIs(0)) << "restarts: " << restarts;
    EXPECT_EQ(Incidents()[0].cause, "told them");
    Restart();
  }
  Refuse(12, 2);
  EXPECT_THAT(Tend(13).news, SizeIs(0));
  Refuse(14);
  EXPECT_THAT(Tend(15).news, SizeIs(1));
  EXPECT_THAT(Incidents(), SizeIs(2));
  EXPECT_FALSE(Resolve(1, Resolution::kClose, 16).was_open);
}

TEST_F(RefusalsTest, WhatIsAcknowledgedStaysOpenUntilItIsOver) {
  Refuse(0, 3);
  Tend(1);
  const ResolveIncident done = Resolve(1, Resolution::kAcknowledge, 2);
  EXPECT_EQ(done.incident->state, State::kOpen);
  Refuse(3);
  Tend(4);
  Restart();
  EXPECT_EQ(Incidents()[0].acknowledge_time, Noon() + absl::Minutes(2));
  EXPECT_EQ(Incidents()[0].author, "ann");
  EXPECT_EQ(Incidents()[0].count, 4);
  Tend(90);
  EXPECT_EQ(Incidents()[0].state, State::kClosed);
  EXPECT_EQ(Incidents()[0].author, "ann");
  EXPECT_EQ(Incidents()[0].cause, "told them");
}

TEST_F(RefusalsTest, ARefusalHoldsNothingThatCouldBeConfirmed) {
  Refuse(0, 3);
  Tend(1);
  for (const Resolution resolution : {Resolution::kConfirm, Resolution::kRelease}) {
    const ResolveIncident done = Resolve(1, resolution, 2);
    EXPECT_TRUE(done.was_open);
    EXPECT_FALSE(done.fits);
    EXPECT_EQ(Incidents()[0].state, State::kOpen);
    EXPECT_EQ(Incidents()[0].author, "");
  }
}

TEST_F(RefusalsTest, ClosedAndTendedInOneTransactionItIsClosed) {
  Refuse(0, 3);
  Tend(1);
  Refuse(2);
  Work close = ResolveIncident{.tenant = "t",
                               .incident_id = 1,
                               .resolution = Resolution::kClose,
                               .author = "ann",
                               .cause = ""};
  Work tend = TendIncidents{.judge = SimpleJudge};
  ASSERT_TRUE(Apply(*store_, {&close, &tend}, Noon() + absl::Minutes(6)).ok());
  ASSERT_THAT(Incidents(), SizeIs(1));
  EXPECT_EQ(Incidents()[0].state, State::kClosed);
  EXPECT_THAT(Tend(7).news, SizeIs(0));
}

TEST_F(RefusalsTest, AreListedByStateKindAndTime) {
  Refuse(0, 3);
  Tend(1);
  Tend(90);  // closes
  Refuse(100, 3);
  Tend(101);
  const auto ids = [&](void (*narrow)(IncidentFilter&)) {
    IncidentFilter filter{.tenant = "t"};
    narrow(filter);
    std::vector<std::int64_t> result;
    for (const Incident& incident : Incidents(filter)) result.push_back(incident.id);
    return result;
  };
  using Filter = IncidentFilter;
  EXPECT_THAT(ids([](Filter&) {}), ElementsAre(2, 1));
  EXPECT_THAT(ids([](Filter& f) { f.state = State::kOpen; }), ElementsAre(2));
  EXPECT_THAT(ids([](Filter& f) { f.state = State::kClosed; }), ElementsAre(1));
  EXPECT_THAT(ids([](Filter& f) { f.kind = Kind::kRefusal; }), ElementsAre(2, 1));
  EXPECT_THAT(ids([](Filter& f) { f.kind = Kind::kQuarantine; }), ElementsAre());
  EXPECT_THAT(ids([](Filter& f) { f.active_from = Noon() + absl::Minutes(90); }),
              ElementsAre(2, 1));
  EXPECT_THAT(ids([](Filter& f) { f.active_from = Noon() + absl::Minutes(91); }), ElementsAre(2));
  EXPECT_THAT(ids([](Filter& f) { f.active_from = Noon() + absl::Hours(99); }), ElementsAre(2))
      << "it goes on";
  EXPECT_THAT(ids([](Filter& f) { f.active_before = Noon() + absl::Minutes(100); }),
              ElementsAre(1));
  EXPECT_THAT(ids([](Filter& f) { f.active_before = Noon(); }), ElementsAre());
}

TEST_F(RefusalsTest, T9TenThousandForgedReportsOpenNothingAndAreToldOnce) {
  StoreMessages forged;
  for (int i = 0; i < 10'000; ++i) {
    NewMessage message = Refusal(Noon(), "google");
    message.message.trust = Trust::kUnverified;
    message.events[0].trust = Trust::kUnverified;
    message.evidence = nullptr;
    forged.messages.push_back(std::move(message));
  }
  Work work = std::move(forged);
  ASSERT_TRUE(Apply(*store_, {&work}).ok());
  TendIncidents tended = Tend(1, 100);
  EXPECT_THAT(tended.news, SizeIs(0));
  ASSERT_THAT(tended.unverified, SizeIs(1));
  EXPECT_EQ(tended.unverified[0].tenant, "t");
  EXPECT_EQ(tended.unverified[0].count, 10'000);
  EXPECT_THAT(Incidents(), SizeIs(0));
  EXPECT_THAT(Tend(2, 100).unverified, SizeIs(0)) << "told once";
  // An incident shows how many there are beside what counts.
  Refuse(3, 3);
  Tend(4, 100);
  Put(*store_, [&] {
    NewMessage message = Refusal(Noon(), "google");
    message.events[0].trust = Trust::kUnverified;
    return std::vector<NewMessage>{std::move(message)};
  }());
  Tend(5, 100);
  EXPECT_EQ(Incidents()[0].count, 3);
  EXPECT_EQ(Incidents()[0].unverified, 1);
  // Fallen, and risen again.
  EXPECT_THAT(Tend(70, 100).unverified, SizeIs(0));
}

TEST_F(RefusalsTest, NothingHasHappenedWhereTheDiskWasFull) {
  TemporaryDirectory directory;
  FaultyVfs vfs;
  store_ = *OpenSqliteStore({.directory = directory.path(), .vfs = vfs.name()}, Noon());
  Refuse(0, 3);
  vfs.Fail(FaultyVfs::Call::kWrite, 1, SQLITE_FULL, /*for_good=*/true);
  Work work = TendIncidents{.judge = SimpleJudge};
  EXPECT_TRUE(absl::IsResourceExhausted(Apply(*store_, {&work}, Noon() + absl::Minutes(1))));
  vfs.Heal();
  EXPECT_THAT(Incidents(), SizeIs(0));
  EXPECT_THAT(Tend(2).news, SizeIs(1));
  ASSERT_THAT(Incidents(), SizeIs(1));
  EXPECT_EQ(Incidents()[0].count, 3);
  store_.reset();
}

TEST_F(RefusalsTest, ThereIsABoundOnThoseThatAreOpenAndOnThoseThatAreClosed) {
  StoreMessages work_of_many;
  for (int i = 0; i < 1'001; ++i) {
    for (std::uint32_t j = 0; j < kEnough; ++j) {
      work_of_many.messages.push_back(Refusal(Noon(), absl::StrCat("p", i)));
      work_of_many.messages.back().evidence = nullptr;
    }
  }
  Work work = std::move(work_of_many);
  ASSERT_TRUE(Apply(*store_, {&work}).ok());
  EXPECT_THAT(Tend(1).news, SizeIs(1'000));
  EXPECT_THAT(Tend(2).news, SizeIs(0));
  EXPECT_THAT(Tend(90).news, SizeIs(1'000));
  // Closed ones go when many have come after them.
  ASSERT_THAT(Incidents(), SizeIs(1'000));
  store_.reset();
  // And the first as a quarantine that somebody has confirmed.
  Execute(directory_.database(),
          absl::StrCat("UPDATE incident SET id = ", IncidentTable::kMaxClosed,
                       " WHERE id = 1000; UPDATE incident SET kind = 1, state = 2 WHERE id = 1"));
  Restart();
  Refuse(100, 3);
  ASSERT_THAT(Tend(101).news, SizeIs(1));
  const std::vector<Incident> left = Incidents();
  ASSERT_THAT(left, SizeIs(1'000));
  EXPECT_EQ(left.front().id, IncidentTable::kMaxClosed + 1);
  EXPECT_EQ(IncidentTable::kMaxClosed + 1 - left[1].id, 1);
  EXPECT_EQ(left.back().id, 2) << "the first has gone";
}

TEST_F(RefusalsTest, WhatWasCountedOfAVersionBeforeIsNothingAndItsQuarantinesStay) {
  TemporaryDirectory directory;
  std::stringstream schema;
  schema << std::ifstream(BOUNCED_SOURCE_DIR "/tests/storage/schema_8.sql").rdbuf();
  Execute(directory.database(), schema.str());
  Execute(directory.database(),
          "INSERT INTO incident VALUES (7, 1, 1, 't', 'example.net', 1, 101,"
          " 'unknown', 1000000, 2000000, 25, NULL, '', '')");
  store_ = Open(directory.path());
  ASSERT_THAT(Incidents(), SizeIs(1));
  EXPECT_EQ(Incidents()[0].kind, Kind::kQuarantine);
  EXPECT_EQ(Incidents()[0].state, State::kOpen);
  EXPECT_EQ(Incidents()[0].severity, Incident::Severity::kNone);
  EXPECT_EQ(Incidents()[0].below_since, std::nullopt);
  Refuse(0, 3);
  EXPECT_THAT(Tend(1).news, SizeIs(1));
  EXPECT_EQ(Incidents()[0].id, 8);
  EXPECT_FALSE(Resolve(7, Resolution::kClose, 2).fits);
  EXPECT_EQ(Resolve(7, Resolution::kConfirm, 2).incident->state, State::kConfirmed);
  store_.reset();
}

}  // namespace
}  // namespace bounced
