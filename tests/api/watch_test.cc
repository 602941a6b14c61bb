#include <grpcpp/create_channel.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/api/limits.h"
#include "server/api/watch_token.h"
#include "server/api/watchers.h"
#include "server/intake/retention.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class WatchTest : public ApiTest {
 protected:
  using ApiTest::ApiTest;

  // One call, from its beginning.
  class Call {
   public:
    Call(v1::SuppressionService::Stub& stub, const v1::WatchSuppressionsRequest& request)
        : stream_(stub.WatchSuppressions(&context_, request)) {}
    ~Call() {
      context_.TryCancel();
      if (!ended_) Finish();
    }

    // The next message; none: there is none any more.
    std::optional<v1::WatchSuppressionsResponse> Read() {
      v1::WatchSuppressionsResponse response;
      if (!stream_->Read(&response)) return std::nullopt;
      return response;
    }
    // The addresses of the next `count` changes, and the token behind them.
    std::vector<std::string> Addresses(std::size_t count) {
      std::vector<std::string> addresses;
      while (addresses.size() < count) {
        std::optional<v1::WatchSuppressionsResponse> response = Read();
        if (!response) {
          ADD_FAILURE() << "it ended after " << addresses.size();
          break;
        }
        for (const v1::SuppressionChange& change : response->changes()) {
          numbers.push_back(change.number());
          addresses.push_back(change.suppression().address());
        }
        token = response->token();
      }
      return addresses;
    }
    grpc::Status Finish() {
      ended_ = true;
      while (Read()) continue;
      return stream_->Finish();
    }
    void Cancel() { context_.TryCancel(); }

    std::string token;
    std::vector<std::int64_t> numbers;

   private:
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReader<v1::WatchSuppressionsResponse>> stream_;
    bool ended_ = false;
  };

  std::unique_ptr<Call> Watch(const std::string& token, const std::string& tenant = "") {
    v1::WatchSuppressionsRequest request;
    request.set_token(token);
    request.set_tenant(tenant);
    return std::make_unique<Call>(*suppressions_, request);
  }
  std::unique_ptr<Call> WatchFromStart() {
    v1::WatchSuppressionsRequest request;
    request.set_from_start(true);
    return std::make_unique<Call>(*suppressions_, request);
  }

  grpc::Status CreateAt(const std::string& tenant, const std::string& address) {
    grpc::ClientContext context;
    v1::CreateSuppressionRequest request;
    request.mutable_suppression()->set_tenant(tenant);
    request.mutable_suppression()->set_address(address);
    v1::CreateSuppressionResponse response;
    return suppressions_->CreateSuppression(&context, request, &response);
  }

  // Rows "<prefix>0@many.example" and so on, each request in one commit.
  void ImportMany(const std::string& prefix, int rows, const std::string& explanation = "") {
    grpc::ClientContext context;
    v1::ImportSuppressionsResponse response;
    auto writer = suppressions_->ImportSuppressions(&context, &response);
    for (int first = 0; first < rows; first += kMaxImportRows) {
      v1::ImportSuppressionsRequest request;
      for (int i = first; i < std::min(rows, first + kMaxImportRows); ++i) {
        v1::Suppression* row = request.add_suppressions();
        row->set_address(prefix + std::to_string(i) + "@many.example");
        row->set_explanation(explanation);
      }
      ASSERT_TRUE(writer->Write(request));
    }
    writer->WritesDone();
    ASSERT_TRUE(writer->Finish().ok());
    ASSERT_EQ(response.created(), rows);
  }

  // A stub of a connection whose window stays as small as it begins.
  std::unique_ptr<v1::SuppressionService::Stub> NarrowStub() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return v1::SuppressionService::NewStub(grpc::CreateCustomChannel(
        server_->address(), grpc::InsecureChannelCredentials(), arguments));
  }

  // Does what the daemon does each day, `days` later.
  void DropAfter(int days) {
    clock_.Advance(days * absl::Hours(24));
    Retention retention(*store_, *committer_, clock_, {.changes = 400});
    for (bool more = true; more;) {
      absl::StatusOr<bool> step = retention.Step();
      ASSERT_TRUE(step.ok()) << step.status();
      more = *step;
    }
  }
};

TEST_F(WatchTest, BeginsNowAndTellsOfEachChange) {
  ASSERT_TRUE(Create("before@b.example").ok());
  std::unique_ptr<Call> call = Watch("");
  std::optional<v1::WatchSuppressionsResponse> first = call->Read();
  ASSERT_TRUE(first);
  EXPECT_THAT(first->changes(), IsEmpty());
  EXPECT_NE(first->token(), "");
  ASSERT_TRUE(Create("a@b.example").ok());
  std::optional<v1::WatchSuppressionsResponse> second = call->Read();
  ASSERT_TRUE(second);
  ASSERT_THAT(second->changes(), SizeIs(1));
  EXPECT_EQ(second->changes(0).number(), 2);
  EXPECT_EQ(second->changes(0).action(), v1::SuppressionChange::ACTION_CREATED);
  EXPECT_EQ(second->changes(0).suppression().address(), "a@b.example");
  EXPECT_EQ(second->changes(0).author(), "api");
  EXPECT_NE(second->token(), first->token());
  IngestNoSuchUser("gone@rcpt.example");
  EXPECT_THAT(call->Addresses(1), ElementsAre("gone@rcpt.example"));
}

TEST_F(WatchTest, EachTokenResumesWithoutLossOrRepetitionAlsoAfterARestartOfTheStore) {
  std::vector<std::string> tokens;
  std::unique_ptr<Call> call = Watch("");
  ASSERT_TRUE(call->Read());
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(Create("a" + std::to_string(i) + "@b.example").ok());
    call->Addresses(1);
    tokens.push_back(call->token);
  }
  call.reset();
  Restart();
  ASSERT_TRUE(Create("a6@b.example").ok());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::unique_ptr<Call> resumed = Watch(tokens[i]);
    resumed->Addresses(5 - i);
    std::vector<std::int64_t> want;
    for (std::size_t number = i + 2; number <= 6; ++number) {
      want.push_back(static_cast<std::int64_t>(number));
    }
    EXPECT_EQ(resumed->numbers, want);
  }
}

TEST_F(WatchTest, FromTheStartGivesAllInOrder) {
  ImportMany("a", 2 * kMaxPageSize + 1);
  std::unique_ptr<Call> call = WatchFromStart();
  call->Addresses(2 * kMaxPageSize + 1);
  for (std::size_t i = 0; i < call->numbers.size(); ++i) {
    ASSERT_EQ(call->numbers[i], static_cast<std::int64_t>(i) + 1);
  }
  v1::WatchSuppressionsRequest both;
  both.set_from_start(true);
  both.set_token(call->token);
  EXPECT_THAT(Call(*suppressions_, both).Finish(),
              Fails(StatusCode::INVALID_ARGUMENT, "from_start: "));
}

TEST_F(WatchTest, T36ATenantWatchesItsOwnAndOthersWakeItNot) {
  std::unique_ptr<Call> call = Watch("", "a");
  ASSERT_TRUE(call->Read());
  const int pages = store_->pages();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(CreateAt("b", std::to_string(i) + "@b.example").ok());
  }
  EXPECT_EQ(store_->pages(), pages) << "it read while nothing was there for it";
  ASSERT_TRUE(CreateAt("a", "own@b.example").ok());
  EXPECT_THAT(call->Addresses(1), ElementsAre("own@b.example"));
}

TEST_F(WatchTest, T36ATokenIsGoodForItsTenantAloneAndCannotBeMade) {
  std::unique_ptr<Call> call = Watch("", "a");
  const std::string token = call->Read()->token();
  EXPECT_THAT(Watch(token, "b")->Finish(), Fails(StatusCode::INVALID_ARGUMENT, "token: not one"));
  EXPECT_THAT(Watch(token)->Finish(), Fails(StatusCode::INVALID_ARGUMENT, "token: not one"));
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_THAT(Watch(forged, "a")->Finish(), Fails(StatusCode::INVALID_ARGUMENT, "token: ")) << i;
  }
  for (const std::string& none :
       {std::string("x"), token + "AAAA", token.substr(4), std::string(1 << 16, 'A')}) {
    EXPECT_THAT(Watch(none, "a")->Finish(), Fails(StatusCode::INVALID_ARGUMENT, "token: "));
  }
  EXPECT_EQ(MakeWatchToken(*store_, "a", {.number = 0}), token);
  EXPECT_THAT(Watch("", "A")->Finish(), Fails(StatusCode::INVALID_ARGUMENT, "tenant: "));
}

TEST_F(WatchTest, AListAndAnExportSayWhereToWatchOnFromThem) {
  for (const char* address : {"a@b.example", "b@b.example"}) ASSERT_TRUE(Create(address).ok());
  grpc::ClientContext context;
  v1::ListSuppressionsRequest request;
  request.set_page_size(1);
  v1::ListSuppressionsResponse first;
  ASSERT_TRUE(suppressions_->ListSuppressions(&context, request, &first).ok());
  grpc::ClientContext next_context;
  request.set_page_token(first.next_page_token());
  v1::ListSuppressionsResponse second;
  ASSERT_TRUE(suppressions_->ListSuppressions(&next_context, request, &second).ok());
  EXPECT_EQ(second.watch_token(), "");

  grpc::ClientContext export_context;
  auto reader = suppressions_->ExportSuppressions(&export_context, {});
  v1::ExportSuppressionsResponse exported;
  ASSERT_TRUE(reader->Read(&exported));
  ASSERT_TRUE(Create("c@b.example").ok());
  for (const std::string& token : {first.watch_token(), exported.watch_token()}) {
    EXPECT_THAT(Watch(token)->Addresses(1), ElementsAre("c@b.example"));
  }
  while (reader->Read(&exported)) EXPECT_EQ(exported.watch_token(), "");
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(WatchTest, ATokenWhoseChangesAreNoLongerKeptSaysHowToGoOn) {
  std::unique_ptr<Call> call = Watch("");
  const std::string old = call->Read()->token();
  ASSERT_TRUE(Create("a@b.example").ok());
  call->Addresses(1);
  ASSERT_TRUE(Delete("a@b.example").ok());
  call->Addresses(1);
  const std::string current = call->token;
  DropAfter(400);
  EXPECT_TRUE(Watch(old)->Read()) << "400 days are kept";
  DropAfter(1);
  EXPECT_THAT(Watch(old)->Finish(),
              Fails(StatusCode::OUT_OF_RANGE, "token: changes behind it are no longer kept"));
  EXPECT_TRUE(Watch(current)->Read());

  grpc::ClientContext export_context;
  auto reader = suppressions_->ExportSuppressions(&export_context, {});
  v1::ExportSuppressionsResponse exported;
  ASSERT_TRUE(reader->Read(&exported));
  EXPECT_THAT(exported.suppressions(), IsEmpty());
  ASSERT_TRUE(Create("b@b.example").ok());
  EXPECT_THAT(Watch(exported.watch_token())->Addresses(1), ElementsAre("b@b.example"));
}

TEST_F(WatchTest, OldChangesAreDroppedInSteps) {
  constexpr int kRows = Retention::kStepChanges;
  for (bool replace : {false, true}) {
    grpc::ClientContext context;
    v1::ImportSuppressionsResponse response;
    auto writer = suppressions_->ImportSuppressions(&context, &response);
    v1::ImportSuppressionsRequest request;
    request.set_replace(replace);
    for (int i = 0; i < kRows; ++i) {
      v1::Suppression* row = request.add_suppressions();
      row->set_address(std::to_string(i) + "@many.example");
      row->set_reason(replace ? "second" : "first");
    }
    writer->Write(request);
    writer->WritesDone();
    ASSERT_TRUE(writer->Finish().ok());
  }
  clock_.Advance(401 * absl::Hours(24));
  Retention retention(*store_, *committer_, clock_, {.changes = 400});
  EXPECT_TRUE(*retention.Step()) << "messages";
  EXPECT_TRUE(*retention.Step()) << "evidence";
  EXPECT_TRUE(*retention.Step());
  EXPECT_EQ(WatchFromStart()->Read()->changes(0).number(), kRows + 1);
  EXPECT_FALSE(*retention.Step()) << "the newest of each stands";
  EXPECT_THAT(WatchFromStart()->Addresses(kRows), SizeIs(kRows));

  store_->OnCall([] { return absl::UnavailableError("busy"); });
  EXPECT_TRUE(absl::IsUnavailable(retention.Step().status()));
}

TEST_F(WatchTest, OldChangesAreLookedThroughInOneTurnOfMany) {
  Retention retention(*store_, *committer_, clock_, {.changes = 400});
  const auto oldest_after_a_turn = [&] {
    while (retention.Step().value_or(false)) {
    }
    return WatchFromStart()->Read()->changes(0).number();
  };
  ASSERT_TRUE(Create("b@b.example").ok());
  ASSERT_TRUE(Create("c@c.example").ok());
  EXPECT_EQ(oldest_after_a_turn(), 1);
  ASSERT_TRUE(Delete("b@b.example").ok());
  ASSERT_TRUE(Create("d@d.example").ok());
  clock_.Advance(401 * absl::Hours(24));
  for (int turn = 2; turn <= Retention::kTurnsOfChanges; ++turn) {
    ASSERT_EQ(oldest_after_a_turn(), 1) << turn;
  }
  EXPECT_EQ(oldest_after_a_turn(), 2) << "c is suppressed";
}

TEST_F(WatchTest, ATokenFromBeforeARestoreSaysHowToGoOn) {
  const std::string token = Watch("")->Read()->token();
  store_->BeginAnotherHistory();
  EXPECT_THAT(Watch(token)->Finish(), Fails(StatusCode::OUT_OF_RANGE,
                                            "token: changes behind it are no longer kept, or the "
                                            "store was restored"));
}

// --- Bounds

// One that does not read, while twice as many changes come as it may be behind: it costs one
// message, is ended, and goes on where it was.
TEST_F(WatchTest, T28WhoDoesNotReadCostsOneMessageAndIsEnded) {
  constexpr int kChanges = 20'000;
  const auto stub = NarrowStub();
  v1::WatchSuppressionsRequest request;
  Call call(*stub, request);
  ASSERT_TRUE(call.Read());
  const int pages = store_->pages();
  ImportMany("a", kChanges);
  AwaitRest([&] { return store_->pages(); });
  EXPECT_LE(store_->pages() - pages, 3 * kMaxPageSize / kPageStepRows);
  std::set<std::int64_t> seen;
  std::string token;
  while (std::optional<v1::WatchSuppressionsResponse> response = call.Read()) {
    for (const v1::SuppressionChange& change : response->changes()) seen.insert(change.number());
    token = response->token();
  }
  EXPECT_THAT(call.Finish(), Fails(StatusCode::ABORTED, "more than 10000 changes came"));
  EXPECT_LT(seen.size(), static_cast<std::size_t>(kChanges));
  std::unique_ptr<Call> resumed = Watch(token);
  resumed->Addresses(kChanges - seen.size());
  for (std::int64_t number : resumed->numbers) {
    EXPECT_TRUE(seen.insert(number).second) << number << " came twice";
  }
  EXPECT_EQ(*seen.rbegin(), kChanges);
}

// What counts is what comes while one message is not taken: the first is far larger than what
// HTTP/2 takes beforehand.
TEST_F(WatchTest, T28SoManyChangesMayComeWhileAMessageIsNotReadAndNoMore) {
  for (int more : {0, 1}) {
    SCOPED_TRACE(more);
    const std::string run = std::to_string(more);
    const auto stub = NarrowStub();
    Call call(*stub, {});
    ASSERT_TRUE(call.Read());
    ImportMany("first" + run, kMaxImportRows, std::string(500, 'x'));
    AwaitRest([&] { return store_->pages(); });
    ImportMany("n" + run, static_cast<int>(kMaxWatchLag) + more);
    if (more == 0) {
      EXPECT_THAT(call.Addresses(kMaxImportRows + kMaxWatchLag),
                  SizeIs(kMaxImportRows + kMaxWatchLag));
    } else {
      EXPECT_THAT(call.Finish(), Fails(StatusCode::ABORTED, ""));
    }
  }
}

// What nobody can keep up with, as when an incident of that many is resolved.
TEST_F(WatchTest, OneCommitAloneEndsNobodyHoweverLargeItIs) {
  constexpr std::size_t kRows = kMaxWatchLag + 1;
  const auto stub = NarrowStub();
  Call call(*stub, {});
  ASSERT_TRUE(call.Read());
  ImportMany("first", kMaxImportRows, std::string(500, 'x'));
  AwaitRest([&] { return store_->pages(); });
  PutSuppressions put{.suppressions = {}, .author = "a", .cause = "c"};
  for (std::size_t i = 0; i < kRows; ++i) {
    put.suppressions.push_back(
        {.tenant = "default",
         .stream = "",
         .address = *Address::Parse("n" + std::to_string(i) + "@many.example"),
         .source = Source::kManual,
         .reason = "",
         .bounce_class = BounceClass::kNone,
         .create_time = clock_.Now(),
         .expire_time = absl::InfiniteFuture(),
         .event_id = 0,
         .explanation = ""});
  }
  Work work = std::move(put);
  ASSERT_TRUE(committer_->SubmitAndWait(work).ok());
  EXPECT_THAT(call.Addresses(kMaxImportRows + kRows), SizeIs(kMaxImportRows + kRows));
}

// However far back it begins: who reads is not ended.
TEST_F(WatchTest, OneThatResumesFromFarBackCatchesUp) {
  const std::string token = Watch("")->Read()->token();
  ImportMany("a", static_cast<int>(kMaxWatchLag) + 2 * kMaxPageSize);
  std::unique_ptr<Call> call = Watch(token);
  EXPECT_THAT(call->Addresses(kMaxWatchLag + 2 * kMaxPageSize),
              SizeIs(kMaxWatchLag + 2 * kMaxPageSize));
}

TEST_F(WatchTest, T28SoManyWatchATenantAndNoMore) {
  std::vector<std::unique_ptr<v1::SuppressionService::Stub>> stubs;
  std::vector<std::unique_ptr<Call>> calls;
  for (std::size_t i = 0; i < kMaxWatchersOfTenant; ++i) {
    if (i % 50 == 0) stubs.push_back(NarrowStub());  // a connection has so many streams
    calls.push_back(std::make_unique<Call>(*stubs.back(), v1::WatchSuppressionsRequest()));
    ASSERT_TRUE(calls.back()->Read());
  }
  EXPECT_THAT(Watch("")->Finish(),
              Fails(StatusCode::RESOURCE_EXHAUSTED, "100 watch this tenant already"));
  EXPECT_TRUE(Watch("", "another")->Read());
  ASSERT_TRUE(Create("a@b.example").ok());
  for (const auto& call : calls) EXPECT_THAT(call->Addresses(1), ElementsAre("a@b.example"));
  calls.pop_back();
  EXPECT_TRUE(Eventually([&] { return Watch("")->Read().has_value(); })) << "a place is free";
}

TEST_F(WatchTest, AStopEndsWatchesAtOnceAndSaysToResume) {
  std::unique_ptr<Call> call = Watch("");
  ASSERT_TRUE(call->Read());
  server_->Stop(absl::Minutes(10));
  EXPECT_THAT(call->Finish(), Fails(StatusCode::UNAVAILABLE, "the server stops: resume"));
}

TEST_F(WatchTest, ErrorsOfTheStoreEndIt) {
  std::unique_ptr<Call> call = Watch("");
  ASSERT_TRUE(call->Read());
  store_->OnCall([] { return absl::UnavailableError("busy: /var/lib/secret"); });
  EXPECT_FALSE(Create("a@b.example").ok());
  EXPECT_THAT(Watch("")->Finish(), Fails(StatusCode::UNAVAILABLE, "the store cannot serve now"));
}

// --- Heartbeats

class HeartbeatTest : public WatchTest {
 protected:
  HeartbeatTest() : WatchTest(absl::Milliseconds(20)) {}
};

TEST_F(HeartbeatTest, AQuietTenantGetsAFreshTokenNowAndThen) {
  std::unique_ptr<Call> call = Watch("", "quiet");
  const std::string first = call->Read()->token();
  ASSERT_TRUE(CreateAt("busy", "a@b.example").ok());
  std::string token = first;
  while (token == first) {
    std::optional<v1::WatchSuppressionsResponse> beat = call->Read();
    ASSERT_TRUE(beat);
    EXPECT_THAT(beat->changes(), IsEmpty());
    token = beat->token();
  }
  ASSERT_TRUE(CreateAt("quiet", "b@b.example").ok());
  EXPECT_THAT(Watch(token, "quiet")->Addresses(1), ElementsAre("b@b.example"));
}

// --- The register

struct CountingWatcher final : Watcher {
  void Wake(std::int64_t changes) override { woken += changes; }
  void Tick() override { ++ticks; }
  void Stop() override { ++stops; }
  std::atomic<std::int64_t> woken{0};
  std::atomic<int> ticks{0};
  std::atomic<int> stops{0};
};

TEST(WatchersTest, T28TakesSoManyOfATenantAndSoManyInAll) {
  ChangeFeed feed;
  Watchers watchers(feed, {.all = 3, .of_tenant = 2}, absl::Hours(1));
  const auto one = std::make_shared<CountingWatcher>();
  EXPECT_TRUE(watchers.Add("a", one).ok());
  EXPECT_TRUE(watchers.Add("a", std::make_shared<CountingWatcher>()).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(watchers.Add("a", std::make_shared<CountingWatcher>())));
  EXPECT_TRUE(watchers.Add("b", std::make_shared<CountingWatcher>()).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(watchers.Add("c", std::make_shared<CountingWatcher>())));
  watchers.Remove("a", one.get());
  watchers.Remove("a", one.get());
  EXPECT_TRUE(watchers.Add("c", std::make_shared<CountingWatcher>()).ok());
}

TEST(WatchersTest, WakesThoseOfTheTenantAndStopsAll) {
  ChangeFeed feed;
  Watchers watchers(feed, {.all = 3, .of_tenant = 3}, absl::Hours(1));
  const auto a = std::make_shared<CountingWatcher>();
  const auto b = std::make_shared<CountingWatcher>();
  ASSERT_TRUE(watchers.Add("a", a).ok());
  ASSERT_TRUE(watchers.Add("b", b).ok());
  const std::vector<ChangeFeed::News> news = {{.tenant = "a", .changes = 7}};
  feed.Publish(news, 7);
  EXPECT_EQ(a->woken, 7);
  EXPECT_EQ(b->woken, 0);
  watchers.Stop();
  EXPECT_EQ(a->stops, 1);
  EXPECT_EQ(b->stops, 1);
  EXPECT_TRUE(absl::IsUnavailable(watchers.Add("a", std::make_shared<CountingWatcher>())));
}

}  // namespace
}  // namespace bounced::api
