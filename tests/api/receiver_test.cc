// What stands between SMTP and the rest (server/receiver.h, server/free_space.h).
#include "server/receiver.h"

#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/free_space.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

class ReceiverTest : public ApiTest {
 protected:
  ReceiverTest()
      : receiver_(
            return_paths_, *intake_, [this] { return ready_; }, counters_) {}

  static smtp::ForwardPath PathOf(const std::string& mailbox) {
    std::size_t at = mailbox.rfind('@');
    return {mailbox.substr(0, at), mailbox.substr(at + 1)};
  }

  absl::StatusOr<smtp::MessageIds> Commit(const std::vector<std::string>& return_paths,
                                          absl::Time vouch_time, smtp::Envelope envelope = {}) {
    for (const std::string& path : return_paths) {
      envelope.recipients.push_back({PathOf(path), "", vouch_time});
    }
    std::atomic<bool> done{false};
    absl::StatusOr<smtp::MessageIds> result;
    receiver_.Commit(envelope, "192.0.2.1",
                     Bounce("gone@rcpt.example", "5.1.1", "550 5.1.1 User unknown"),
                     [&](absl::StatusOr<smtp::MessageIds> ids) {
                       result = std::move(ids);
                       done = true;
                     });
    EXPECT_TRUE(Eventually([&] { return done.load(); }));
    return result;
  }

  absl::Status ready_;
  MailReceiver receiver_;
};

TEST_F(ReceiverTest, EachRefusalHasItsCodeAndCounter) {
  std::string good = Mint("gone@rcpt.example");
  std::string forged = good, foreign = good;
  forged.replace(forged.find("gone"), 4, "done");
  foreign.replace(0, 4, "bo-zz");
  const absl::Time now = clock_.Now();
  constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
  struct Case {
    std::string path;
    absl::Time now;
    absl::StatusCode code;
    std::string_view reason;
    Counter counter;
  };
  for (const Case& c :
       {Case{good, now, absl::StatusCode::kOk, "", Counter::kRcptAccepted},
        Case{forged, now, kDenied, "forged", Counter::kRcptForged},
        Case{foreign, now, kDenied, "foreign", Counter::kRcptForeign},
        Case{good, now + absl::Hours(24 * 40), kDenied, "expired", Counter::kRcptExpired},
        Case{"x@bounces.example", now, kDenied, "unsigned", Counter::kRcptUnsigned},
        Case{"x@elsewhere.example", now, absl::StatusCode::kNotFound, "not_ours",
             Counter::kRcptNotOurs}}) {
    const absl::Status status = receiver_.Vouch(PathOf(c.path), c.now);
    EXPECT_EQ(status.code(), c.code) << c.path;
    EXPECT_EQ(std::string(status.message()), c.reason) << "no address, for the log";
    EXPECT_EQ(counters_.Get(c.counter), 1u) << c.path;
  }
  ASSERT_TRUE(keys_->Revoke("bounces.example", "a", "ann").ok());
  EXPECT_EQ(receiver_.Vouch(PathOf(good), now).code(), kDenied);
  EXPECT_EQ(counters_.Get(Counter::kRcptRevoked), 1u);
}

TEST_F(ReceiverTest, T16ATransactionUnderWayIsRefusedToo) {
  const std::string minted = Mint("gone@rcpt.example");
  ASSERT_TRUE(receiver_.Vouch(PathOf(minted), clock_.Now()).ok());
  ASSERT_TRUE(keys_->Revoke("bounces.example", "a", "ann").ok());
  EXPECT_TRUE(absl::IsUnavailable(Commit({minted}, clock_.Now()).status()));
  EXPECT_EQ(Check("gone@rcpt.example"), v1::VERDICT_SEND);
}

TEST_F(ReceiverTest, AMessageIsCommittedUnderTheIdsThatFindIt) {
  const std::vector<std::string> streams = {"news", "invoices"};
  absl::StatusOr<smtp::MessageIds> ids = Commit(
      {Mint("gone@rcpt.example", streams[0]), Mint("gone@rcpt.example", streams[1])}, clock_.Now());
  ASSERT_TRUE(ids.ok()) << ids.status();
  EXPECT_EQ(Check("gone@rcpt.example"), v1::VERDICT_SUPPRESSED);
  ASSERT_EQ(ids->size(), 2u);
  for (std::size_t i = 0; i < ids->size(); ++i) {
    grpc::ClientContext context;
    v1::ListEventsRequest request;
    request.set_message_id(std::stoll((*ids)[i]));
    v1::ListEventsResponse response;
    ASSERT_TRUE(bounces_->ListEvents(&context, request, &response).ok());
    ASSERT_EQ(response.events_size(), 1);
    EXPECT_EQ(response.events(0).stream(), streams[i]);
  }
}

TEST_F(ReceiverTest, S40S138EnvelopeAndClientAreStoredBesideTheMessage) {
  smtp::Envelope envelope;
  envelope.helo = "mx.example";
  envelope.user = "relay";
  envelope.tls_version = "TLSv1.3";
  envelope.recipients.push_back(
      {PathOf(Mint("gone@rcpt.example")), "First@elsewhere.example", clock_.Now()});
  absl::StatusOr<smtp::MessageIds> ids = Commit({}, clock_.Now(), envelope);
  ASSERT_TRUE(ids.ok()) << ids.status();
  grpc::ClientContext context;
  v1::ListEventsRequest request;
  request.set_message_id(std::stoll(ids->front()));
  v1::ListEventsResponse response;
  ASSERT_TRUE(bounces_->ListEvents(&context, request, &response).ok());
  ASSERT_EQ(response.events_size(), 1);
  EXPECT_EQ(response.events(0).client_address(), "192.0.2.1");
  EXPECT_EQ(response.events(0).client_helo(), "mx.example");
  EXPECT_EQ(response.events(0).tls_version(), "TLSv1.3");
  EXPECT_EQ(response.events(0).login(), "relay");
  EXPECT_EQ(response.events(0).original_return_path(), "First@elsewhere.example");
  EXPECT_EQ(response.events(0).receive_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
}

// Who was answered 451 comes again, perhaps while the first commit is still under way.
TEST_F(ReceiverTest, S133WhatComesAgainAfterALateCommitIsADuplicate) {
  const std::string path = Mint("gone@rcpt.example");
  std::atomic<int> asked = 0;
  std::promise<void> go;
  store_->OnCall([&asked, gone = go.get_future().share()] {
    ++asked;
    gone.wait();
    return absl::OkStatus();
  });
  absl::StatusOr<smtp::MessageIds> late, again;
  std::thread first([&] { late = Commit({path}, clock_.Now()); });
  EXPECT_TRUE(Eventually([&] { return asked == 1; }));
  std::thread second([&] { again = Commit({path}, clock_.Now()); });
  go.set_value();
  first.join();
  second.join();
  ASSERT_TRUE(late.ok()) << late.status();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *late);
  grpc::ClientContext context;
  v1::ListEventsResponse response;
  ASSERT_TRUE(bounces_->ListEvents(&context, {}, &response).ok());
  EXPECT_EQ(response.events_size(), 1);
}

TEST_F(ReceiverTest, AReturnPathThatTurnsTooOldAfterRcptIsStillGood) {
  std::string path = Mint("gone@rcpt.example");
  absl::Time accepted = clock_.Now();
  clock_.Advance(absl::Hours(24 * 40));
  EXPECT_TRUE(Commit({path}, accepted).ok());
}

TEST_F(ReceiverTest, FailuresOfTheStoreReachTheClient) {
  std::string path = Mint("gone@rcpt.example");
  store_->OnCall([] { return absl::ResourceExhaustedError("full"); });
  EXPECT_EQ(Commit({path}, clock_.Now()).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ReceiverTest, AdmitsWhileWorkMayCome) {
  EXPECT_TRUE(receiver_.Admit().ok());
  ready_ = absl::ResourceExhaustedError("full");
  EXPECT_EQ(receiver_.Admit().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ReceiverTest, FreeSpaceIsAskedOnceASecond) {
  FreeSpace none_needed(dir_, 0, clock_);
  EXPECT_TRUE(none_needed.Check().ok());
  FreeSpace all_needed(dir_, std::int64_t{1} << 60, clock_);
  EXPECT_EQ(all_needed.Check().code(), absl::StatusCode::kResourceExhausted);

  const std::filesystem::path made_soon = dir_ / "made-soon";
  FreeSpace space(made_soon, 0, clock_);
  EXPECT_EQ(space.Check().code(), absl::StatusCode::kResourceExhausted);
  std::filesystem::create_directory(made_soon);
  clock_.Advance(FreeSpace::kInterval - absl::Nanoseconds(1));
  EXPECT_FALSE(space.Check().ok());
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_TRUE(space.Check().ok()) << "it recovers by itself";
}

}  // namespace
}  // namespace bounced::api
