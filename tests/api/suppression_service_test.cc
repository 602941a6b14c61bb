#include <grpcpp/create_channel.h>

#include <algorithm>
#include <future>
#include <map>
#include <set>

#include "server/api/limits.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

class SuppressionServiceTest : public ApiTest {
 protected:
  grpc::Status Batch(int addresses, v1::BatchCheckResponse& response) {
    grpc::ClientContext context;
    v1::BatchCheckRequest request;
    for (int i = 0; i < addresses; ++i) request.add_addresses("a@b.example");
    return suppressions_->BatchCheck(&context, request, &response);
  }

  grpc::Status List(v1::ListSuppressionsRequest request, v1::ListSuppressionsResponse& response) {
    grpc::ClientContext context;
    response.Clear();
    return suppressions_->ListSuppressions(&context, request, &response);
  }

  // Imports in one request; "ok" rows are those that have an address.
  grpc::Status Import(const v1::ImportSuppressionsRequest& request,
                      v1::ImportSuppressionsResponse& response) {
    grpc::ClientContext context;
    auto writer = suppressions_->ImportSuppressions(&context, &response);
    writer->Write(request);
    writer->WritesDone();
    return writer->Finish();
  }

  void ImportMany(int rows) {
    for (int first = 0; first < rows; first += kMaxImportRows) {
      v1::ImportSuppressionsRequest request;
      for (int i = first; i < std::min(rows, first + kMaxImportRows); ++i) {
        request.add_suppressions()->set_address("n" + std::to_string(i) + "@many.example");
      }
      v1::ImportSuppressionsResponse response;
      ASSERT_TRUE(Import(request, response).ok());
      ASSERT_EQ(response.created(), request.suppressions_size());
    }
  }
};

// --- Check

TEST_F(SuppressionServiceTest, CheckAnswersByWhatStands) {
  ASSERT_TRUE(Create("Jane@Example.COM").ok());
  ASSERT_TRUE(Create("news-only@example.com", "news").ok());
  EXPECT_EQ(Check("jane@example.com"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("JANE@example.com", "news"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("news-only@example.com", "news"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("news-only@example.com"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("news-only@example.com", "receipts"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("other@example.com"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("jane@example.com", "", "other-tenant"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("jane@example.com", "", "default"), v1::VERDICT_SUPPRESSED);
}

TEST_F(SuppressionServiceTest, CheckCallsWhatIsNoAddressInvalid) {
  for (const char* text : {"", "jane", "jane@", "@example.com", "a b@example.com", "a@-.example"}) {
    EXPECT_EQ(Check(text), v1::VERDICT_INVALID) << text;
  }
}

TEST_F(SuppressionServiceTest, CheckNamesWhatStopsTheAddress) {
  IngestNoSuchUser("gone@rcpt.example");
  grpc::ClientContext context;
  v1::CheckRequest request;
  request.set_address("gone@rcpt.example");
  v1::CheckResponse response;
  ASSERT_TRUE(suppressions_->Check(&context, request, &response).ok());
  EXPECT_EQ(response.verdict(), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(response.suppression().reason(), "no_such_user");
  EXPECT_EQ(response.suppression().source(), v1::SOURCE_BOUNCE);
  EXPECT_EQ(response.suppression().bounce_class(), v1::BOUNCE_CLASS_HARD);
  EXPECT_NE(response.suppression().event_id(), 0);
  EXPECT_FALSE(response.suppression().has_expire_time());
}

TEST_F(SuppressionServiceTest, CheckSaysRiskyWhileSoftBouncesAreUnderWay) {
  IngestMailboxFull("full@rcpt.example");
  EXPECT_EQ(Check("full@rcpt.example"), v1::VERDICT_RISKY);
  for (int day = 2; day <= policy_.soft_threshold; ++day) {
    clock_.Advance(absl::Hours(24));
    IngestMailboxFull("full@rcpt.example");
  }
  EXPECT_EQ(Check("full@rcpt.example"), v1::VERDICT_SUPPRESSED);
}

// On the very day of an expiry the index does not know, and the rows are read.
TEST_F(SuppressionServiceTest, CheckEndsWithTheExpiryToTheSecond) {
  grpc::ClientContext context;
  v1::CreateSuppressionRequest request;
  request.mutable_suppression()->set_address("a@b.example");
  absl::Time end = clock_.Now() + absl::Minutes(90);
  request.mutable_suppression()->mutable_expire_time()->set_seconds(absl::ToUnixSeconds(end));
  v1::CreateSuppressionResponse response;
  ASSERT_TRUE(suppressions_->CreateSuppression(&context, request, &response).ok());
  EXPECT_EQ(Check("a@b.example"), v1::VERDICT_SUPPRESSED);
  clock_.Advance(absl::Minutes(90) - absl::Seconds(1));
  EXPECT_EQ(Check("a@b.example"), v1::VERDICT_SUPPRESSED);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Check("a@b.example"), v1::VERDICT_SEND);
}

TEST_F(SuppressionServiceTest, CheckReadsNoRowsForAnAddressThatMayBeMailed) {
  store_->OnCall([] { return absl::UnavailableError("rows were read"); });
  EXPECT_EQ(Check("unknown@example.com"), v1::VERDICT_SEND);
}

TEST_F(SuppressionServiceTest, NamesOfTenantsAndStreamsHaveBounds) {
  struct Name {
    std::string tenant, stream, error;
  };
  for (const Name& name : std::vector<Name>{
           {std::string(kMaxTenantOctets, 'a'), "", ""},
           {std::string(kMaxTenantOctets + 1, 'a'), "", "tenant: "},
           {"a-b_9", "", ""},
           {"A", "", "tenant: "},
           {"a.b", "", "tenant: "},
           {"", std::string(kMaxStreamOctets, 'a'), ""},
           {"", std::string(kMaxStreamOctets + 1, 'a'), "stream: "},
           {"", "a-b", "stream: "},
       }) {
    grpc::ClientContext context;
    v1::CheckRequest request;
    request.set_tenant(name.tenant);
    request.set_stream(name.stream);
    request.set_address("a@b.example");
    v1::CheckResponse response;
    grpc::Status status = suppressions_->Check(&context, request, &response);
    if (name.error.empty()) {
      EXPECT_TRUE(status.ok()) << status.error_message();
    } else {
      EXPECT_THAT(status, Fails(StatusCode::INVALID_ARGUMENT, name.error));
    }
  }
}

TEST_F(SuppressionServiceTest, T28ABatchHoldsSoManyAddressesAndNoMore) {
  v1::BatchCheckResponse response;
  EXPECT_TRUE(Batch(kMaxBatchAddresses - 1, response).ok());
  ASSERT_TRUE(Batch(kMaxBatchAddresses, response).ok());
  EXPECT_EQ(response.verdicts_size(), kMaxBatchAddresses);
  EXPECT_THAT(Batch(kMaxBatchAddresses + 1, response),
              Fails(StatusCode::INVALID_ARGUMENT, "addresses: more than 10000"));
}

TEST_F(SuppressionServiceTest, BatchAndStreamAnswerInOrder) {
  ASSERT_TRUE(Create("bad@example.com").ok());
  v1::BatchCheckRequest request;
  for (const char* text : {"good@example.com", "bad@example.com", "", "BAD@EXAMPLE.COM"}) {
    request.add_addresses(text);
  }
  auto want = ElementsAre(v1::VERDICT_SEND, v1::VERDICT_SUPPRESSED, v1::VERDICT_INVALID,
                          v1::VERDICT_SUPPRESSED);
  grpc::ClientContext context;
  v1::BatchCheckResponse response;
  ASSERT_TRUE(suppressions_->BatchCheck(&context, request, &response).ok());
  EXPECT_THAT(response.verdicts(), want);

  grpc::ClientContext stream_context;
  auto stream = suppressions_->CheckStream(&stream_context);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(stream->Write(request));
  stream->WritesDone();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_THAT(response.verdicts(), want);
  }
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(SuppressionServiceTest, AStreamEndsAtTheFirstWrongRequest) {
  grpc::ClientContext context;
  auto stream = suppressions_->CheckStream(&context);
  v1::BatchCheckRequest request;
  request.set_tenant("No Tenant");
  stream->Write(request);
  v1::BatchCheckResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(stream->Finish(), Fails(StatusCode::INVALID_ARGUMENT, "tenant: "));
}

// A client that writes and does not read: what HTTP/2 holds of the answers fills up, then the
// server stops reading requests. Each request asks the clock once.
TEST_F(SuppressionServiceTest, T28ASlowReaderOfAStreamCostsOneAnswer) {
  constexpr int kRequests = 400;
  constexpr int kHeldByHttp2 = 40;  // answers of 10 kB; its window begins with 64 KiB
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  auto channel =
      grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(), arguments);
  auto stub = v1::SuppressionService::NewStub(channel);
  v1::BatchCheckRequest request;
  for (int i = 0; i < kMaxBatchAddresses; ++i) request.add_addresses("a@b.example");
  int before = clock_.asked();

  grpc::ClientContext context;
  auto stream = stub->CheckStream(&context);
  std::atomic<int> written{0};
  std::thread writer([&] {
    while (written < kRequests && stream->Write(request)) ++written;
    stream->WritesDone();
  });
  v1::BatchCheckResponse response;
  ASSERT_TRUE(stream->Read(&response));
  AwaitRest([&] { return written + clock_.asked(); });
  EXPECT_LT(clock_.asked() - before, kHeldByHttp2);
  EXPECT_LT(written, kRequests);

  int answers = 1;
  while (stream->Read(&response)) ++answers;
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answers, kRequests);
}

// --- Create, get, delete

TEST_F(SuppressionServiceTest, CreateAnswersWhatItStored) {
  grpc::ClientContext context;
  v1::CreateSuppressionRequest request;
  v1::Suppression& row = *request.mutable_suppression();
  row.set_tenant("shop");
  row.set_stream("news");
  row.set_address("Jane@Example.com");
  row.set_explanation("She wrote to us.");
  row.set_source(v1::SOURCE_BOUNCE);  // the server's to set
  row.set_event_id(7);                // likewise
  v1::CreateSuppressionResponse response;
  ASSERT_TRUE(suppressions_->CreateSuppression(&context, request, &response).ok());
  const v1::Suppression& stored = response.suppression();
  EXPECT_EQ(stored.tenant(), "shop");
  EXPECT_EQ(stored.stream(), "news");
  EXPECT_EQ(stored.address(), "Jane@Example.com");
  EXPECT_EQ(stored.reason(), "manual");
  EXPECT_EQ(stored.source(), v1::SOURCE_MANUAL);
  EXPECT_EQ(stored.bounce_class(), v1::BOUNCE_CLASS_UNSPECIFIED);
  EXPECT_EQ(stored.event_id(), 0);
  EXPECT_EQ(stored.create_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_FALSE(stored.has_expire_time());
  EXPECT_EQ(stored.explanation(), "She wrote to us.");
  EXPECT_EQ(Check("jane@example.com", "news", "shop"), v1::VERDICT_SUPPRESSED);
}

TEST_F(SuppressionServiceTest, CreateLeavesWhatStandsUnlessToldToReplace) {
  ASSERT_TRUE(Create("a@b.example").ok());
  EXPECT_THAT(Create("a@b.example"), Fails(StatusCode::ALREADY_EXISTS, ""));
  EXPECT_TRUE(Create("a@b.example", "news").ok());
  grpc::ClientContext context;
  v1::CreateSuppressionRequest request;
  request.mutable_suppression()->set_address("a@b.example");
  request.mutable_suppression()->set_reason("asked");
  request.set_replace(true);
  v1::CreateSuppressionResponse response;
  EXPECT_TRUE(suppressions_->CreateSuppression(&context, request, &response).ok());
  EXPECT_EQ(response.suppression().reason(), "asked");
}

TEST_F(SuppressionServiceTest, CreateKeepsToItsBounds) {
  struct Case {
    std::string name;
    std::function<void(v1::CreateSuppressionRequest&)> change;
    std::string error;
  };
  const std::int64_t now = absl::ToUnixSeconds(clock_.Now());
  auto expires = [](std::int64_t seconds, std::int32_t nanos = 0) {
    return [=](v1::CreateSuppressionRequest& r) {
      r.mutable_suppression()->mutable_expire_time()->set_seconds(seconds);
      r.mutable_suppression()->mutable_expire_time()->set_nanos(nanos);
    };
  };
  using Request = v1::CreateSuppressionRequest;
  for (const Case& c : std::vector<Case>{
           {"reason",
            [](Request& r) { r.mutable_suppression()->set_reason(std::string(100, 'x')); }, ""},
           {"reason+1",
            [](Request& r) { r.mutable_suppression()->set_reason(std::string(101, 'x')); },
            "suppression.reason: "},
           {"explanation",
            [](Request& r) { r.mutable_suppression()->set_explanation(std::string(1000, 'x')); },
            ""},
           {"explanation+1",
            [](Request& r) { r.mutable_suppression()->set_explanation(std::string(1001, 'x')); },
            "suppression.explanation: "},
           {"author", [](Request& r) { r.set_author(std::string(100, 'x')); }, ""},
           {"author+1", [](Request& r) { r.set_author(std::string(101, 'x')); }, "author: "},
           {"no address", [](Request& r) { r.mutable_suppression()->clear_address(); },
            "suppression.address: must be set"},
           {"bad address", [](Request& r) { r.mutable_suppression()->set_address("x"); },
            "suppression.address: "},
           {"stream", [](Request& r) { r.mutable_suppression()->set_stream("A"); },
            "suppression.stream: "},
           {"tenant", [](Request& r) { r.mutable_suppression()->set_tenant("A"); },
            "suppression.tenant: "},
           {"nothing", [](Request& r) { r.clear_suppression(); }, "suppression.address: "},
           {"now", expires(now), "suppression.expire_time: not in the future"},
           {"soon", expires(now, 1), ""},
           {"last second", expires(253'402'300'799), ""},
           {"after it", expires(253'402'300'800), "suppression.expire_time: not a time"},
           {"nanos", expires(now + 1, 1'000'000'000), "suppression.expire_time: not a time"},
       }) {
    grpc::ClientContext context;
    Request request;
    request.mutable_suppression()->set_address("a@b.example");
    request.set_replace(true);
    c.change(request);
    v1::CreateSuppressionResponse response;
    grpc::Status status = suppressions_->CreateSuppression(&context, request, &response);
    if (c.error.empty()) {
      EXPECT_TRUE(status.ok()) << c.name << ": " << status.error_message();
    } else {
      EXPECT_THAT(status, Fails(StatusCode::INVALID_ARGUMENT, c.error)) << c.name;
    }
  }
}

TEST_F(SuppressionServiceTest, GetFindsByKeyAndTheLongestOfSeveralSources) {
  ASSERT_TRUE(Create("a@b.example", "news").ok());
  v1::ImportSuppressionsRequest import;
  v1::Suppression& row = *import.add_suppressions();
  row.set_address("a@b.example");
  row.set_stream("news");
  row.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 60);
  v1::ImportSuppressionsResponse imported;
  ASSERT_TRUE(Import(import, imported).ok());

  auto get = [this](v1::Source source, const std::string& stream, v1::GetSuppressionResponse& out) {
    grpc::ClientContext context;
    v1::GetSuppressionRequest request;
    request.set_address("A@b.example");
    request.set_stream(stream);
    request.set_source(source);
    return suppressions_->GetSuppression(&context, request, &out);
  };
  v1::GetSuppressionResponse response;
  ASSERT_TRUE(get(v1::SOURCE_UNSPECIFIED, "news", response).ok());
  EXPECT_EQ(response.suppression().source(), v1::SOURCE_MANUAL);
  ASSERT_TRUE(get(v1::SOURCE_IMPORT, "news", response).ok());
  EXPECT_TRUE(response.suppression().has_expire_time());
  clock_.Advance(absl::Hours(1));
  EXPECT_TRUE(get(v1::SOURCE_IMPORT, "news", response).ok()) << "expired ones are found too";
  EXPECT_THAT(get(v1::SOURCE_BOUNCE, "news", response), Fails(StatusCode::NOT_FOUND, ""));
  EXPECT_THAT(get(v1::SOURCE_UNSPECIFIED, "", response), Fails(StatusCode::NOT_FOUND, ""));
  EXPECT_THAT(get(static_cast<v1::Source>(99), "", response),
              Fails(StatusCode::INVALID_ARGUMENT, "source: "));
}

TEST_F(SuppressionServiceTest, DeleteTakesOffAndCallsWhatIsNotThereNotFound) {
  ASSERT_TRUE(Create("a@b.example").ok());
  ASSERT_TRUE(Create("a@b.example", "news").ok());
  auto remove = [this](const std::string& stream, v1::DeleteSuppressionResponse& out,
                       std::function<void(v1::DeleteSuppressionRequest&)> change = nullptr) {
    grpc::ClientContext context;
    v1::DeleteSuppressionRequest request;
    request.set_address("a@b.example");
    request.set_stream(stream);
    request.set_cause("typo");
    request.set_author("jo");
    if (change) change(request);
    return suppressions_->DeleteSuppression(&context, request, &out);
  };
  v1::DeleteSuppressionResponse response;
  EXPECT_THAT(
      remove("", response, [](auto& r) { r.set_cause(std::string(kMaxCauseOctets + 1, 'x')); }),
      Fails(StatusCode::INVALID_ARGUMENT, "cause: "));
  EXPECT_THAT(
      remove("", response, [](auto& r) { r.set_author(std::string(kMaxAuthorOctets + 1, 'x')); }),
      Fails(StatusCode::INVALID_ARGUMENT, "author: "));
  ASSERT_TRUE(
      remove("", response, [](auto& r) { r.set_cause(std::string(kMaxCauseOctets, 'x')); }).ok());
  EXPECT_THAT(response.suppressions(), SizeIs(1));
  EXPECT_EQ(Check("a@b.example"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("a@b.example", "news"), v1::VERDICT_SUPPRESSED);
  EXPECT_THAT(remove("", response), Fails(StatusCode::NOT_FOUND, ""));
  EXPECT_TRUE(remove("news", response).ok());
  EXPECT_EQ(Check("a@b.example", "news"), v1::VERDICT_SEND);
}

// --- Lists

TEST_F(SuppressionServiceTest, T28PagesHoldAsManyRowsAsAreAskedForWithinTheBounds) {
  ImportMany(kMaxPageSize + 5);
  struct Size {
    int asked, got;
  };
  v1::ListSuppressionsResponse response;
  for (Size size : {Size{0, kDefaultPageSize}, Size{1, 1}, Size{101, 101},
                    Size{kMaxPageSize, kMaxPageSize}, Size{kMaxPageSize + 1, kMaxPageSize}}) {
    v1::ListSuppressionsRequest request;
    request.set_page_size(size.asked);
    ASSERT_TRUE(List(request, response).ok());
    EXPECT_EQ(response.suppressions_size(), size.got) << size.asked;
    EXPECT_NE(response.next_page_token(), "");
  }
  v1::ListSuppressionsRequest request;
  request.set_page_size(-1);
  EXPECT_THAT(List(request, response), Fails(StatusCode::INVALID_ARGUMENT, "page_size: "));
}

TEST_F(SuppressionServiceTest, PagesRepeatAndSkipNothingWhileRowsAreAdded) {
  ImportMany(250);
  v1::ListSuppressionsRequest request;
  request.set_page_size(37);
  std::set<std::string> seen;
  std::size_t rows = 0;
  for (int page = 0;; ++page) {
    ASSERT_LT(page, 50);
    v1::ListSuppressionsResponse response;
    ASSERT_TRUE(List(request, response).ok());
    for (const v1::Suppression& row : response.suppressions()) seen.insert(row.address());
    rows += static_cast<std::size_t>(response.suppressions_size());
    ASSERT_TRUE(Create("late" + std::to_string(page) + "@many.example").ok());
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
  }
  EXPECT_EQ(rows, 250u);
  EXPECT_EQ(seen.size(), 250u);
}

TEST_F(SuppressionServiceTest, APageOfLongRowsIsCutBelowWhatAClientTakes) {
  v1::ImportSuppressionsRequest import;
  for (int i = 0; i < kMaxImportRows; ++i) {
    v1::Suppression& row = *import.add_suppressions();
    row.set_address(std::string(200, 'a') + std::to_string(i) + "@many.example");
    row.set_explanation(std::string(kMaxExplanationOctets, 'x'));
    row.set_reason(std::string(kMaxReasonOctets, 'x'));
  }
  v1::ImportSuppressionsResponse imported;
  ASSERT_TRUE(Import(import, imported).ok());
  v1::ListSuppressionsRequest request;
  request.set_page_size(kMaxPageSize);
  v1::ListSuppressionsResponse response;
  ASSERT_TRUE(List(request, response).ok());
  EXPECT_LT(response.suppressions_size(), kMaxPageSize);
  EXPECT_GE(response.ByteSizeLong(), kFullPageOctets);
  int rows = response.suppressions_size();
  while (!response.next_page_token().empty()) {
    request.set_page_token(response.next_page_token());
    ASSERT_TRUE(List(request, response).ok());
    rows += response.suppressions_size();
  }
  EXPECT_EQ(rows, kMaxPageSize);
}

TEST_F(SuppressionServiceTest, FiltersNarrowTheList) {
  ASSERT_TRUE(Create("ann@a.example").ok());
  ASSERT_TRUE(Create("anna@b.example", "news").ok());
  clock_.Advance(absl::Hours(1));
  absl::Time later = clock_.Now();
  IngestNoSuchUser("bob@a.example");
  struct Case {
    std::string name;
    std::function<void(v1::SuppressionFilter&)> change;
    std::vector<std::string> want;
  };
  using Filter = v1::SuppressionFilter;
  for (const Case& c : std::vector<Case>{
           {"all", [](Filter&) {}, {"bob@a.example", "anna@b.example", "ann@a.example"}},
           {"stream", [](Filter& f) { f.set_stream("news"); }, {"anna@b.example"}},
           {"tenant-wide", [](Filter& f) { f.set_stream(""); }, {"bob@a.example", "ann@a.example"}},
           {"source", [](Filter& f) { f.set_source(v1::SOURCE_BOUNCE); }, {"bob@a.example"}},
           {"reason", [](Filter& f) { f.set_reason("no_such_user"); }, {"bob@a.example"}},
           {"domain",
            [](Filter& f) { f.set_domain("A.Example."); },
            {"bob@a.example", "ann@a.example"}},
           {"prefix",
            [](Filter& f) { f.set_address_prefix("ANN"); },
            {"anna@b.example", "ann@a.example"}},
           {"from",
            [&](Filter& f) { f.mutable_created_from()->set_seconds(absl::ToUnixSeconds(later)); },
            {"bob@a.example"}},
           {"before",
            [&](Filter& f) { f.mutable_created_before()->set_seconds(absl::ToUnixSeconds(later)); },
            {"anna@b.example", "ann@a.example"}},
       }) {
    v1::ListSuppressionsRequest request;
    c.change(*request.mutable_filter());
    v1::ListSuppressionsResponse response;
    grpc::Status status = List(request, response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> got;
    for (const v1::Suppression& row : response.suppressions()) got.push_back(row.address());
    EXPECT_EQ(got, c.want) << c.name;
  }
}

// A mailbox that is full on three days is suppressed for all three, whichever key vouched for
// which.
TEST_F(SuppressionServiceTest, T16WhatRestsOnAKeyIsListed) {
  IngestNoSuchUser("gone@rcpt.example");
  IngestMailboxFull("full@rcpt.example");
  ASSERT_TRUE(keys_->Revoke("bounces.example", "a", "ann").ok());
  for (int i = 0; i < 2; ++i) {
    clock_.Advance(absl::Hours(24));
    IngestMailboxFull("full@rcpt.example");
  }
  IngestNoSuchUser("other@rcpt.example");
  ASSERT_TRUE(Create("hand@rcpt.example").ok());
  v1::ListSuppressionsRequest request;
  request.mutable_filter()->set_return_path_domain("BOUNCES.example");
  const auto rests_on = [&](const std::string& key) {
    request.mutable_filter()->set_return_path_key(key);
    v1::ListSuppressionsResponse response;
    EXPECT_TRUE(List(request, response).ok());
    std::vector<std::string> addresses;
    for (const v1::Suppression& row : response.suppressions()) addresses.push_back(row.address());
    return addresses;
  };
  EXPECT_THAT(rests_on("a"), testing::ElementsAre("full@rcpt.example", "gone@rcpt.example"));
  EXPECT_THAT(rests_on("z"), testing::ElementsAre("other@rcpt.example", "full@rcpt.example"));
  EXPECT_THAT(rests_on("b"), testing::IsEmpty());
  request.mutable_filter()->set_in_force(true);
  EXPECT_EQ(rests_on("a").size(), 2u);
  clock_.Advance(absl::Hours(24 * 31));
  EXPECT_THAT(rests_on("a"), testing::ElementsAre("gone@rcpt.example"));
}

TEST_F(SuppressionServiceTest, WrongFiltersAreNamed) {
  struct Case {
    std::function<void(v1::SuppressionFilter&)> change;
    std::string error;
  };
  using Filter = v1::SuppressionFilter;
  for (const Case& c : std::vector<Case>{
           {[](Filter& f) { f.set_stream("A"); }, "filter.stream: "},
           {[](Filter& f) { f.set_source(static_cast<v1::Source>(99)); }, "filter.source: "},
           {[](Filter& f) { f.set_reason(std::string(101, 'x')); }, "filter.reason: "},
           {[](Filter& f) { f.set_domain("a..b"); }, "filter.domain: "},
           {[](Filter& f) { f.set_address_prefix(std::string(257, 'x')); },
            "filter.address_prefix: "},
           {[](Filter& f) { f.mutable_created_from()->set_nanos(-1); }, "filter.created_from: "},
           {[](Filter& f) { f.mutable_created_before()->set_nanos(-1); },
            "filter.created_before: "},
           {[](Filter& f) { f.set_return_path_key("a"); }, "filter.return_path_domain: "},
           {[](Filter& f) { f.set_return_path_domain("b.example"); }, "filter.return_path_key: "},
           {[](Filter& f) {
              f.set_return_path_key("abcde");
              f.set_return_path_domain("b.example");
            },
            "filter.return_path_key: "},
           {[](Filter& f) {
              f.set_return_path_key("a");
              f.set_return_path_domain("b..example");
            },
            "filter.return_path_domain: "},
       }) {
    v1::ListSuppressionsRequest request;
    c.change(*request.mutable_filter());
    v1::ListSuppressionsResponse response;
    EXPECT_THAT(List(request, response), Fails(StatusCode::INVALID_ARGUMENT, c.error));
  }
}

TEST_F(SuppressionServiceTest, ATokenIsGoodForItsOwnListOnly) {
  ImportMany(10);
  v1::ListSuppressionsRequest request;
  request.set_page_size(2);
  v1::ListSuppressionsResponse response;
  ASSERT_TRUE(List(request, response).ok());
  const std::string token = response.next_page_token();

  using Request = v1::ListSuppressionsRequest;
  auto with = [&](std::function<void(Request&)> change) {
    Request other = request;
    other.set_page_token(token);
    change(other);
    return List(other, response);
  };
  EXPECT_TRUE(with([](Request&) {}).ok());
  EXPECT_TRUE(with([](Request& r) { r.set_page_size(3); }).ok()) << "page_size may change";
  EXPECT_TRUE(with([](Request& r) { r.set_tenant("default"); }).ok()) << "the same tenant";
  for (auto& change : std::vector<std::function<void(Request&)>>{
           [](Request& r) { r.set_tenant("other"); },
           [](Request& r) { r.mutable_filter()->set_stream("news"); },
           [](Request& r) { r.mutable_filter()->set_reason("x"); },
           [](Request& r) { r.set_page_token(r.page_token() + "A"); },
           [](Request& r) { r.set_page_token("x"); },
           [](Request& r) { r.mutable_page_token()->at(8) = 'B'; },  // another cursor
       }) {
    EXPECT_THAT(with(change), Fails(StatusCode::INVALID_ARGUMENT, "page_token: "));
  }
}

// --- Import and export

TEST_F(SuppressionServiceTest, ARowOfAFastClockIsOfNow) {
  v1::ImportSuppressionsRequest request;
  v1::Suppression& row = *request.add_suppressions();
  row.set_address("newest@a.example");
  const std::int64_t now = absl::ToUnixSeconds(clock_.Now());
  row.mutable_create_time()->set_seconds(now + 24 * 3600);
  v1::ImportSuppressionsResponse response;
  ASSERT_TRUE(Import(request, response).ok());
  EXPECT_EQ(response.created(), 1);
  grpc::ClientContext context;
  v1::GetSuppressionRequest get;
  get.set_address("newest@a.example");
  get.set_source(v1::SOURCE_IMPORT);
  v1::GetSuppressionResponse stored;
  ASSERT_TRUE(suppressions_->GetSuppression(&context, get, &stored).ok());
  EXPECT_EQ(stored.suppression().create_time().seconds(), now);
}

TEST_F(SuppressionServiceTest, ImportCountsEachKindOfRow) {
  ASSERT_TRUE(Create("by-hand@a.example").ok());
  v1::ImportSuppressionsRequest request;
  const std::int64_t now = absl::ToUnixSeconds(clock_.Now());
  request.add_suppressions()->set_address("new@a.example");
  request.add_suppressions()->set_address("no address");
  v1::Suppression& full = *request.add_suppressions();
  full.set_address("full@a.example");
  full.set_stream("news");
  full.set_reason("mailbox_full");
  full.set_bounce_class(v1::BOUNCE_CLASS_SOFT);
  full.mutable_create_time()->set_seconds(now - 1000);
  full.mutable_expire_time()->set_seconds(now - 500);
  full.set_tenant("default");
  full.set_event_id(9);
  v1::Suppression& future = *request.add_suppressions();
  future.set_address("f@a.example");
  future.mutable_create_time()->set_seconds(now + 24 * 3600 + 1);
  v1::Suppression& backwards = *request.add_suppressions();
  backwards.set_address("f@a.example");
  backwards.mutable_create_time()->set_seconds(now - 5);
  backwards.mutable_expire_time()->set_seconds(now - 5);
  v1::Suppression& classless = *request.add_suppressions();
  classless.set_address("f@a.example");
  classless.set_bounce_class(static_cast<v1::BounceClass>(77));

  v1::ImportSuppressionsResponse response;
  ASSERT_TRUE(Import(request, response).ok());
  EXPECT_EQ(response.created(), 2);
  EXPECT_EQ(response.rejected(), 4);
  ASSERT_EQ(response.errors_size(), 4);
  EXPECT_EQ(response.errors(0).index(), 1);
  EXPECT_THAT(response.errors(0).message(), HasSubstr("address: "));
  EXPECT_THAT(response.errors(1).message(), HasSubstr("create_time: more than a day in"));
  EXPECT_THAT(response.errors(2).message(), HasSubstr("expire_time: not after create_time"));
  EXPECT_THAT(response.errors(3).message(), HasSubstr("bounce_class: "));
  EXPECT_EQ(Check("new@a.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("full@a.example", "news"), v1::VERDICT_SEND) << "it has expired";

  clock_.Advance(absl::Seconds(1));
  v1::ImportSuppressionsRequest again;
  again.add_suppressions()->set_address("new@a.example");
  response.Clear();
  ASSERT_TRUE(Import(again, response).ok());
  EXPECT_EQ(response.existing(), 1);
  again.set_replace(true);
  response.Clear();
  ASSERT_TRUE(Import(again, response).ok());
  EXPECT_EQ(response.replaced(), 1);
  response.Clear();
  ASSERT_TRUE(Import(again, response).ok());
  EXPECT_EQ(response.unchanged(), 1);
}

TEST_F(SuppressionServiceTest, ARequestOfAnImportHoldsSoManyRowsAndNoMore) {
  v1::ImportSuppressionsRequest request;
  for (int i = 0; i < kMaxImportRows; ++i) {
    request.add_suppressions()->set_address(std::to_string(i) + "@a.example");
  }
  v1::ImportSuppressionsResponse response;
  EXPECT_TRUE(Import(request, response).ok());
  request.add_suppressions()->set_address("one-more@a.example");
  EXPECT_THAT(Import(request, response), Fails(StatusCode::INVALID_ARGUMENT, "suppressions: "));
  EXPECT_EQ(Check("one-more@a.example"), v1::VERDICT_SEND);
}

TEST_F(SuppressionServiceTest, OfTheRejectedOnlyTheFirstAreTold) {
  v1::ImportSuppressionsRequest request;
  for (int i = 0; i <= kMaxImportErrors; ++i) request.add_suppressions()->set_address("x");
  v1::ImportSuppressionsResponse response;
  ASSERT_TRUE(Import(request, response).ok());
  EXPECT_EQ(response.rejected(), kMaxImportErrors + 1);
  EXPECT_EQ(response.errors_size(), kMaxImportErrors);
}

TEST_F(SuppressionServiceTest, WhatWasImportedStaysWhenTheStreamBreaks) {
  {
    grpc::ClientContext context;
    v1::ImportSuppressionsResponse response;
    auto writer = suppressions_->ImportSuppressions(&context, &response);
    v1::ImportSuppressionsRequest request;
    request.set_tenant("shop");
    request.set_author("jo");
    request.add_suppressions()->set_address("first@a.example");
    ASSERT_TRUE(writer->Write(request));
    EXPECT_TRUE(Eventually(
        [this] { return Check("first@a.example", "", "shop") == v1::VERDICT_SUPPRESSED; }));
    request.set_tenant("other");  // only the first request's counts
    request.mutable_suppressions(0)->set_address("second@a.example");
    ASSERT_TRUE(writer->Write(request));
    EXPECT_TRUE(Eventually(
        [this] { return Check("second@a.example", "", "shop") == v1::VERDICT_SUPPRESSED; }));
    context.TryCancel();
    EXPECT_THAT(writer->Finish(), Fails(StatusCode::CANCELLED, ""));
  }
  EXPECT_EQ(Check("first@a.example", "", "shop"), v1::VERDICT_SUPPRESSED);
}

TEST_F(SuppressionServiceTest, AnImportThatCannotBeCommittedFails) {
  store_->OnCall([] { return absl::ResourceExhaustedError("no space in /var/lib/secret"); });
  v1::ImportSuppressionsRequest request;
  request.add_suppressions()->set_address("a@a.example");
  v1::ImportSuppressionsResponse response;
  grpc::Status status = Import(request, response);
  EXPECT_THAT(status, Fails(StatusCode::RESOURCE_EXHAUSTED, "there is too much to do"));
  EXPECT_THAT(log(), HasSubstr("/var/lib/secret"));
}

// An import that tells of each request.
class ImportStreamTest : public SuppressionServiceTest {
 protected:
  using Outcomes = std::vector<int>;

  // The outcomes of the rows of all `requests`, one after the other.
  grpc::Status ImportAll(const std::vector<v1::ImportSuppressionsRequest>& requests,
                         Outcomes& outcomes, std::vector<std::string>* errors = nullptr) {
    grpc::ClientContext context;
    auto stream = suppressions_->ImportStream(&context);
    for (const v1::ImportSuppressionsRequest& request : requests) stream->Write(request);
    stream->WritesDone();
    v1::ImportStreamResponse response;
    while (stream->Read(&response)) {
      for (const int outcome : response.outcomes()) outcomes.push_back(outcome);
      for (const v1::ImportError& error : response.errors()) {
        if (errors != nullptr) {
          errors->push_back(std::to_string(error.index()) + " " + error.message());
        }
      }
    }
    return stream->Finish();
  }

  v1::Suppression Row(const std::string& address, v1::Source source) {
    v1::Suppression row;
    row.set_address(address);
    row.set_source(source);
    row.mutable_create_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) - 1'000);
    return row;
  }

  std::vector<v1::Suppression> Standing(const std::string& address) {
    v1::ListSuppressionsRequest request;
    request.mutable_filter()->set_address_prefix(address);
    v1::ListSuppressionsResponse response;
    EXPECT_TRUE(List(request, response).ok());
    return {response.suppressions().begin(), response.suppressions().end()};
  }
};

TEST_F(ImportStreamTest, AnswersEachRequestInOrder) {
  std::vector<v1::ImportSuppressionsRequest> requests(3 * kImportRequestsAhead);
  Outcomes want;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    requests[i].add_suppressions()->set_address("n" + std::to_string(i) + "@a.example");
    requests[i].add_suppressions()->set_address("nobody");
    requests[i].add_suppressions()->set_address("n0@a.example");
    want.push_back(v1::IMPORT_OUTCOME_CREATED);
    want.push_back(v1::IMPORT_OUTCOME_REJECTED);
    want.push_back(i == 0 ? v1::IMPORT_OUTCOME_UNCHANGED : v1::IMPORT_OUTCOME_EXISTING);
  }
  Outcomes outcomes;
  std::vector<std::string> errors;
  ASSERT_TRUE(ImportAll(requests, outcomes, &errors).ok());
  // Those of later requests may have been dated in the same moment as the first.
  for (std::size_t i = 2; i < outcomes.size(); i += 3) {
    if (outcomes[i] == v1::IMPORT_OUTCOME_UNCHANGED) outcomes[i] = want[i];
  }
  EXPECT_EQ(outcomes, want);
  ASSERT_EQ(errors.size(), requests.size());
  EXPECT_THAT(errors[1], StartsWith("4 address: "));
  EXPECT_EQ(Check("n5@a.example"), v1::VERDICT_SUPPRESSED);
}

TEST_F(ImportStreamTest, ARowIsWhatItsSourceSays) {
  v1::ImportSuppressionsRequest request;
  request.set_author("jo");
  request.set_cause("sendgrid-spam-reports");
  *request.add_suppressions() = Row("c@a.example", v1::SOURCE_COMPLAINT);
  *request.add_suppressions() = Row("u@a.example", v1::SOURCE_UNSUBSCRIBE);
  request.mutable_suppressions(1)->set_stream("news");
  *request.add_suppressions() = Row("m@a.example", v1::SOURCE_MANUAL);
  *request.add_suppressions() = Row("b@a.example", v1::SOURCE_BOUNCE);
  *request.add_suppressions() = Row("i@a.example", v1::SOURCE_UNSPECIFIED);
  Outcomes outcomes;
  ASSERT_TRUE(ImportAll({request}, outcomes).ok());
  struct Case {
    std::string address;
    v1::Source source;
    std::string reason;
  };
  for (const Case& c : {Case{"c@a.example", v1::SOURCE_COMPLAINT, "complaint_abuse"},
                        Case{"u@a.example", v1::SOURCE_UNSUBSCRIBE, "unsubscribe"},
                        Case{"m@a.example", v1::SOURCE_MANUAL, "manual"},
                        Case{"b@a.example", v1::SOURCE_BOUNCE, "provider_suppressed"},
                        Case{"i@a.example", v1::SOURCE_IMPORT, "import"}}) {
    const std::vector<v1::Suppression> rows = Standing(c.address);
    ASSERT_EQ(rows.size(), 1u) << c.address;
    EXPECT_EQ(rows[0].source(), c.source);
    EXPECT_EQ(rows[0].reason(), c.reason);
    EXPECT_FALSE(rows[0].has_expire_time());
  }
  EXPECT_EQ(Check("c@a.example", "anything"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("u@a.example", "news"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("u@a.example"), v1::VERDICT_SEND);

  const v1::ExplainResponse explanation = Explain("c@a.example");
  ASSERT_EQ(explanation.changes_size(), 1);
  EXPECT_EQ(explanation.changes(0).author(), "jo");
  EXPECT_EQ(explanation.changes(0).cause(), "import: sendgrid-spam-reports");
  EXPECT_THAT(explanation.summary(), HasSubstr("by a complaint elsewhere"));
}

TEST_F(ImportStreamTest, T36ARowOfAnotherTenantIsRefusedAndNoOther) {
  v1::ImportSuppressionsRequest request;
  request.set_tenant("shop");
  for (const char* tenant : {"shop", "", "default", "*"}) {
    v1::Suppression& row = *request.add_suppressions();
    row.set_address("a" + std::to_string(request.suppressions_size()) + "@a.example");
    row.set_tenant(tenant);
  }
  Outcomes outcomes;
  std::vector<std::string> errors;
  ASSERT_TRUE(ImportAll({request}, outcomes, &errors).ok());
  EXPECT_THAT(outcomes,
              testing::ElementsAre(v1::IMPORT_OUTCOME_CREATED, v1::IMPORT_OUTCOME_CREATED,
                                   v1::IMPORT_OUTCOME_REJECTED, v1::IMPORT_OUTCOME_REJECTED));
  EXPECT_THAT(errors, testing::ElementsAre(StartsWith("2 tenant: the list goes to shop"),
                                           StartsWith("3 tenant: ")));
  EXPECT_EQ(Check("a1@a.example", "", "shop"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("a3@a.example", "", "shop"), v1::VERDICT_SEND);
}

TEST_F(ImportStreamTest, ControlCharactersAreInNoTextOfPeople) {
  const auto import = [this](const std::string& text) {
    v1::ImportSuppressionsRequest request;
    *request.add_suppressions() = Row("a@a.example", v1::SOURCE_IMPORT);
    request.mutable_suppressions(0)->set_explanation(text);
    Outcomes outcomes;
    EXPECT_TRUE(ImportAll({request}, outcomes).ok());
    return outcomes.at(0);
  };
  EXPECT_EQ(import("a\tb\r\nc \x7F\xC3\xA9"), v1::IMPORT_OUTCOME_CREATED);
  for (const std::string& bad : {std::string(1, '\0'), std::string("\x01"), std::string("\x1F")}) {
    EXPECT_EQ(import(bad), v1::IMPORT_OUTCOME_REJECTED);
    const std::string text = "a" + bad;
    v1::CreateSuppressionRequest request;
    request.mutable_suppression()->set_address("b@a.example");
    request.mutable_suppression()->set_reason(text);
    v1::CreateSuppressionResponse unused;
    grpc::ClientContext reason;
    EXPECT_THAT(suppressions_->CreateSuppression(&reason, request, &unused),
                Fails(StatusCode::INVALID_ARGUMENT, "suppression.reason: has a control character"));
    request.mutable_suppression()->clear_reason();
    request.set_author(text);
    grpc::ClientContext author;
    EXPECT_THAT(suppressions_->CreateSuppression(&author, request, &unused),
                Fails(StatusCode::INVALID_ARGUMENT, "author: has a control character"));
    v1::CreateAllowanceRequest allowance;
    allowance.set_address("b@a.example");
    allowance.set_note(text);
    v1::CreateAllowanceResponse allowed;
    grpc::ClientContext note;
    EXPECT_THAT(suppressions_->CreateAllowance(&note, allowance, &allowed),
                Fails(StatusCode::INVALID_ARGUMENT, "note: has a control character"));
  }
}

TEST_F(ImportStreamTest, WhatIsTheSendersFaultOrPassesIsRefused) {
  v1::ImportSuppressionsRequest request;
  *request.add_suppressions() = Row("block@a.example", v1::SOURCE_IMPORT);
  request.mutable_suppressions(0)->set_bounce_class(v1::BOUNCE_CLASS_BLOCK);
  *request.add_suppressions() = Row("soft@a.example", v1::SOURCE_BOUNCE);
  request.mutable_suppressions(1)->set_bounce_class(v1::BOUNCE_CLASS_SOFT);
  *request.add_suppressions() = Row("ends@a.example", v1::SOURCE_BOUNCE);
  request.mutable_suppressions(2)->set_bounce_class(v1::BOUNCE_CLASS_SOFT);
  request.mutable_suppressions(2)->mutable_expire_time()->set_seconds(
      absl::ToUnixSeconds(clock_.Now()) + 100'000);
  *request.add_suppressions() = Row("x@a.example", static_cast<v1::Source>(99));
  Outcomes outcomes;
  std::vector<std::string> errors;
  ASSERT_TRUE(ImportAll({request}, outcomes, &errors).ok());
  EXPECT_THAT(outcomes,
              testing::ElementsAre(v1::IMPORT_OUTCOME_REJECTED, v1::IMPORT_OUTCOME_REJECTED,
                                   v1::IMPORT_OUTCOME_CREATED, v1::IMPORT_OUTCOME_REJECTED));
  EXPECT_THAT(errors,
              testing::ElementsAre(StartsWith("0 bounce_class: "), StartsWith("1 expire_time: "),
                                   StartsWith("3 source: ")));
}

TEST_F(ImportStreamTest, TheLongerStaysAndAnEventIsNotPutAsideForLess) {
  IngestNoSuchUser("gone@rcpt.example");
  v1::ImportSuppressionsRequest request;
  request.set_replace(true);
  *request.add_suppressions() = Row("gone@rcpt.example", v1::SOURCE_BOUNCE);
  Outcomes outcomes;
  ASSERT_TRUE(ImportAll({request}, outcomes).ok());
  EXPECT_THAT(outcomes, testing::ElementsAre(v1::IMPORT_OUTCOME_EXISTING));
  EXPECT_NE(Standing("gone@rcpt.example").at(0).event_id(), 0);

  // Without `replace`.
  v1::ImportSuppressionsRequest ends;
  *ends.add_suppressions() = Row("a@a.example", v1::SOURCE_COMPLAINT);
  ends.mutable_suppressions(0)->mutable_expire_time()->set_seconds(
      absl::ToUnixSeconds(clock_.Now()) + 100'000);
  v1::ImportSuppressionsRequest lasts = ends;
  lasts.mutable_suppressions(0)->clear_expire_time();
  outcomes.clear();
  ASSERT_TRUE(ImportAll({ends, lasts, ends, lasts}, outcomes).ok());
  EXPECT_THAT(outcomes,
              testing::ElementsAre(v1::IMPORT_OUTCOME_CREATED, v1::IMPORT_OUTCOME_REPLACED,
                                   v1::IMPORT_OUTCOME_EXISTING, v1::IMPORT_OUTCOME_UNCHANGED));
  EXPECT_FALSE(Standing("a@a.example").at(0).has_expire_time());
}

TEST_F(ImportStreamTest, ADryRunTellsTheSameAndStoresNothing) {
  IngestNoSuchUser("gone@rcpt.example");
  v1::ImportSuppressionsRequest request;
  *request.add_suppressions() = Row("gone@rcpt.example", v1::SOURCE_BOUNCE);
  *request.add_suppressions() = Row("new@a.example", v1::SOURCE_COMPLAINT);
  *request.add_suppressions() = Row("nobody", v1::SOURCE_COMPLAINT);
  v1::ImportSuppressionsRequest dry = request;
  dry.set_dry_run(true);
  Outcomes would;
  Outcomes did;
  ASSERT_TRUE(ImportAll({dry}, would).ok());
  EXPECT_THAT(Standing("new@a.example"), testing::IsEmpty());
  EXPECT_EQ(Check("new@a.example"), v1::VERDICT_SEND);
  ASSERT_TRUE(ImportAll({request}, did).ok());
  EXPECT_EQ(would, did);
  EXPECT_EQ(Check("new@a.example"), v1::VERDICT_SUPPRESSED);
  would.clear();
  dry.mutable_suppressions(1)->set_explanation("other");
  dry.set_replace(true);
  ASSERT_TRUE(ImportAll({dry}, would).ok());
  EXPECT_THAT(would, testing::ElementsAre(v1::IMPORT_OUTCOME_EXISTING, v1::IMPORT_OUTCOME_REPLACED,
                                          v1::IMPORT_OUTCOME_REJECTED));
}

TEST_F(ImportStreamTest, WhatWasStoredIsAnsweredBeforeAFailure) {
  std::vector<v1::ImportSuppressionsRequest> requests(2);
  requests[0].add_suppressions()->set_address("a@a.example");
  for (int i = 0; i <= kMaxImportRows; ++i) {
    requests[1].add_suppressions()->set_address("b@a.example");
  }
  Outcomes outcomes;
  EXPECT_THAT(ImportAll(requests, outcomes), Fails(StatusCode::INVALID_ARGUMENT, "suppressions: "));
  EXPECT_THAT(outcomes, testing::ElementsAre(v1::IMPORT_OUTCOME_CREATED));
  requests[0].set_cause(std::string(kMaxImportCauseOctets + 1, 'x'));
  EXPECT_THAT(ImportAll({requests[0]}, outcomes), Fails(StatusCode::INVALID_ARGUMENT, "cause: "));
  requests[0].set_cause(std::string(kMaxImportCauseOctets, 'x'));
  EXPECT_TRUE(ImportAll({requests[0]}, outcomes).ok());
}

TEST_F(SuppressionServiceTest, ExportGivesEveryRowPageByPage) {
  ImportMany(2 * kMaxPageSize + 1);
  ASSERT_TRUE(Create("other@else.example").ok());
  grpc::ClientContext context;
  v1::ExportSuppressionsRequest request;
  request.mutable_filter()->set_domain("many.example");
  auto reader = suppressions_->ExportSuppressions(&context, request);
  std::set<std::string> seen;
  v1::ExportSuppressionsResponse response;
  while (reader->Read(&response)) {
    EXPECT_LE(response.suppressions_size(), kMaxPageSize);
    EXPECT_GT(response.suppressions_size(), 0);
    EXPECT_EQ(response.watch_token().empty(), !seen.empty());
    for (const v1::Suppression& row : response.suppressions()) seen.insert(row.address());
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(2 * kMaxPageSize + 1));
}

TEST_F(SuppressionServiceTest, AnExportOfNothingIsEmptyAndAWrongOneIsRefused) {
  grpc::ClientContext context;
  auto reader = suppressions_->ExportSuppressions(&context, {});
  v1::ExportSuppressionsResponse response;
  EXPECT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.suppressions_size(), 0);
  EXPECT_NE(response.watch_token(), "");
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_TRUE(reader->Finish().ok());

  grpc::ClientContext wrong_context;
  v1::ExportSuppressionsRequest request;
  request.set_tenant("A");
  reader = suppressions_->ExportSuppressions(&wrong_context, request);
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_THAT(reader->Finish(), Fails(StatusCode::INVALID_ARGUMENT, "tenant: "));
}

// --- What goes wrong

// While all workers are held up by a slow list, checks are still answered.
TEST_F(SuppressionServiceTest, ChecksDoNotWaitBehindLists) {
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  std::atomic<int> waiting{0};
  store_->OnCall([&waiting, gone] {
    ++waiting;
    gone.wait();
    return absl::OkStatus();
  });
  std::vector<std::thread> lists;
  for (int i = 0; i < 4 * kWorkers; ++i) {
    lists.emplace_back([this] {
      v1::ListSuppressionsResponse response;
      EXPECT_TRUE(List({}, response).ok());
    });
  }
  EXPECT_TRUE(Eventually([&] { return waiting == kWorkers; }));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Check("a@b.example"), v1::VERDICT_SEND);
  EXPECT_EQ(waiting, kWorkers);
  go.set_value();
  for (std::thread& list : lists) list.join();
}

TEST_F(SuppressionServiceTest, ErrorsOfTheStoreReachTheLogAndNotTheCaller) {
  struct Case {
    absl::StatusCode code;
    StatusCode want;
    std::string beginning;
  };
  for (const Case& c :
       {Case{absl::StatusCode::kUnavailable, StatusCode::UNAVAILABLE, "the store cannot serve"},
        Case{absl::StatusCode::kResourceExhausted, StatusCode::RESOURCE_EXHAUSTED, "there is too"},
        Case{absl::StatusCode::kDataLoss, StatusCode::DATA_LOSS, "the store failed"},
        Case{absl::StatusCode::kUnknown, StatusCode::INTERNAL, "a fault of the server"},
        Case{absl::StatusCode::kNotFound, StatusCode::NOT_FOUND, "SELECT 1"}}) {
    store_->OnCall([c] { return absl::Status(c.code, "SELECT 1"); });
    v1::ListSuppressionsResponse response;
    EXPECT_THAT(List({}, response), Fails(c.want, c.beginning));
  }
  EXPECT_THAT(log(), HasSubstr("api.failed code=DATA_LOSS message=\"SELECT 1\""));
}

// --- Explain

// 100 different reports about one mail, on 30 days: each class counts once, and Explain tells.
TEST_F(SuppressionServiceTest, T2AReturnPathThatIsUsedAgainCountsOnceAndIsTold) {
  const std::string path = Mint("full@rcpt.example");
  const absl::Time first = clock_.Now();
  constexpr int kReports = 100;
  for (int i = 0; i < kReports; ++i) {
    const std::string text = "552 5.2.2 mailbox full, report " + std::to_string(i);
    ASSERT_TRUE(Ingest(path, Bounce("full@rcpt.example", "5.2.2", text)).ok());
    clock_.Advance(absl::Hours(7));
  }
  const v1::ExplainResponse response = Explain("full@rcpt.example");
  EXPECT_EQ(response.counts(1).name(), "soft_bounces");
  EXPECT_LE(response.counts(1).value(), 1);
  EXPECT_TRUE(response.suppressions().empty());
  ASSERT_EQ(response.events_size(), kReports);
  for (int i = 0; i < kReports; ++i) {
    const v1::Event& event = response.events(i);
    const bool is_first = i == kReports - 1;
    EXPECT_EQ(event.policy_rule(), is_first ? "soft_counted" : "same_message");
    EXPECT_EQ(event.return_path_key(), "a");
    EXPECT_EQ(event.return_path_domain(), "bounces.example");
    EXPECT_EQ(event.return_path_use().messages(), kReports);
    EXPECT_EQ(event.return_path_use().first_message_id(), response.events(99).message_id());
    EXPECT_EQ(event.return_path_use().first_receive_time().seconds(), absl::ToUnixSeconds(first));
  }
  clock_.Advance(absl::Hours(24 * 3));
  EXPECT_THAT(Ingest(path, Bounce("full@rcpt.example", "5.2.2", "552 full")),
              Fails(StatusCode::PERMISSION_DENIED, ""));
}

TEST_F(SuppressionServiceTest, ExplainShowsVerdictEventsChangesAndCounts) {
  v1::IngestResponse ingested = IngestNoSuchUser("gone@rcpt.example");
  const v1::ExplainResponse response = Explain("GONE@rcpt.example");
  EXPECT_EQ(response.verdict(), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(response.suppression().event_id(), ingested.event_ids(0));
  EXPECT_THAT(response.summary(), HasSubstr("No mail may be sent in any stream"));
  ASSERT_EQ(response.events_size(), 1);
  EXPECT_EQ(response.events(0).rule(), "no-such-user");
  EXPECT_EQ(response.events(0).effect(), v1::EFFECT_SUPPRESSED);
  ASSERT_EQ(response.changes_size(), 1);
  EXPECT_EQ(response.changes(0).author(), "policy");
  EXPECT_EQ(response.changes(0).action(), v1::SuppressionChange::ACTION_CREATED);
  EXPECT_EQ(response.counts_size(), 2);

  const v1::ExplainResponse of_none = Explain("nobody");
  EXPECT_EQ(of_none.verdict(), v1::VERDICT_INVALID);
  EXPECT_THAT(of_none.summary(), HasSubstr("This is no address"));
  const v1::ExplainResponse of_domain = Explain("@rcpt.example");
  EXPECT_EQ(of_domain.verdict(), v1::VERDICT_INVALID);
  EXPECT_THAT(of_domain.summary(), HasSubstr("it stands for all of a domain"));
}

}  // namespace
}  // namespace bounced::api
