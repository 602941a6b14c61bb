// Forget and ExportAddress, and what retention leaves of an address.
#include <atomic>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "server/intake/retention.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr char kMarked[] = "marked.one@rcpt.example";

class ForgetTest : public ApiTest {
 protected:
  // The answers, and how the call ended.
  grpc::Status Forget(const std::string& address, bool dry_run = false,
                      const std::string& tenant = "") {
    grpc::ClientContext context;
    v1::ForgetRequest request;
    request.set_tenant(tenant);
    request.set_address(address);
    request.set_dry_run(dry_run);
    request.set_author(author_);
    auto stream = suppressions_->Forget(&context, request);
    answers_.clear();
    for (v1::ForgetResponse answer; stream->Read(&answer);) answers_.push_back(answer);
    return stream->Finish();
  }

  std::vector<v1::ExportAddressResponse> Export(const std::string& address) {
    grpc::ClientContext context;
    v1::ExportAddressRequest request;
    request.set_address(address);
    auto stream = suppressions_->ExportAddress(&context, request);
    std::vector<v1::ExportAddressResponse> parts;
    for (v1::ExportAddressResponse part; stream->Read(&part);) parts.push_back(part);
    EXPECT_TRUE(stream->Finish().ok());
    return parts;
  }

  std::string Raw() const {
    std::ostringstream raw;
    for (const char* suffix : {"", "-wal", "-shm"}) {
      raw << std::ifstream(dir_ / ("data/bounced.db" + std::string(suffix))).rdbuf();
    }
    return absl::AsciiStrToLower(raw.str());
  }

  void Allow(const std::string& address) {
    grpc::ClientContext context;
    v1::CreateAllowanceRequest request;
    request.set_address(address);
    request.set_note("a friend");
    v1::CreateAllowanceResponse response;
    ASSERT_TRUE(suppressions_->CreateAllowance(&context, request, &response).ok());
  }

  // What the three calls that check say of it; all the same.
  v1::Verdict CheckAllWays(const std::string& address, const std::string& stream,
                           const std::string& tenant) {
    v1::BatchCheckRequest request;
    request.set_tenant(tenant);
    request.set_stream(stream);
    request.add_addresses("other@rcpt.example");
    request.add_addresses(address);
    v1::BatchCheckResponse batch;
    grpc::ClientContext context;
    EXPECT_TRUE(suppressions_->BatchCheck(&context, request, &batch).ok());
    grpc::ClientContext stream_context;
    v1::BatchCheckResponse streamed;
    auto call = suppressions_->CheckStream(&stream_context);
    EXPECT_TRUE(call->Write(request));
    EXPECT_TRUE(call->Read(&streamed));
    EXPECT_TRUE(call->WritesDone());
    EXPECT_TRUE(call->Finish().ok());
    const v1::Verdict verdict = Check(address, stream, tenant);
    EXPECT_EQ(batch.verdicts(1), verdict) << address;
    EXPECT_EQ(streamed.verdicts(1), verdict) << address;
    return verdict;
  }

  v1::ImportSuppressionsResponse Import(const std::vector<v1::Suppression>& rows) {
    grpc::ClientContext context;
    v1::ImportSuppressionsResponse response;
    auto call = suppressions_->ImportSuppressions(&context, &response);
    v1::ImportSuppressionsRequest request;
    for (const v1::Suppression& row : rows) *request.add_suppressions() = row;
    EXPECT_TRUE(call->Write(request));
    call->WritesDone();
    EXPECT_TRUE(call->Finish().ok());
    return response;
  }

  std::vector<v1::Suppression> List() {
    grpc::ClientContext context;
    v1::ListSuppressionsResponse response;
    EXPECT_TRUE(suppressions_->ListSuppressions(&context, {}, &response).ok());
    return {response.suppressions().begin(), response.suppressions().end()};
  }

  std::string author_ = "ann";  // of Forget()
  std::vector<v1::ForgetResponse> answers_;
};

// Who reclassified, and why, is masked where it is told, and stands nowhere else.
TEST_F(ForgetTest, T48AReclassificationKeepsNoWordsOfTheRequest) {
  IngestNoSuchUser(kMarked);
  grpc::ClientContext context;
  v1::ReclassifyRequest request;
  request.set_apply(true);
  request.set_cause(std::string("asked by ") + kMarked);
  auto stream = bounces_->Reclassify(&context, request);
  for (v1::ReclassifyResponse answer; stream->Read(&answer);) {
  }
  ASSERT_TRUE(stream->Finish().ok());
  ASSERT_TRUE(Forget(kMarked).ok());
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one")));
}

TEST_F(ForgetTest, T48TheAddressGoesAndItsSuppressionStays) {
  IngestNoSuchUser(kMarked);
  IngestNoSuchUser("other@rcpt.example");
  ASSERT_THAT(Raw(), HasSubstr("marked.one"));

  ASSERT_TRUE(Forget("MARKED.one@rcpt.example", /*dry_run=*/true).ok());
  const v1::ForgetResponse dry = answers_.back();
  EXPECT_TRUE(dry.done());
  EXPECT_EQ(dry.events(), 1);
  EXPECT_EQ(dry.evidence(), 1);
  EXPECT_EQ(dry.mentions(), 0);
  EXPECT_EQ(dry.suppressions(), 1);
  EXPECT_THAT(Raw(), HasSubstr("marked.one"));

  ASSERT_TRUE(Forget("MARKED.one@rcpt.example").ok());
  const v1::ForgetResponse done = answers_.back();
  EXPECT_TRUE(done.done());
  EXPECT_TRUE(done.log_emptied());
  EXPECT_EQ(done.events(), dry.events());
  EXPECT_EQ(done.evidence(), dry.evidence());
  EXPECT_EQ(done.suppressions(), 1);
  EXPECT_FALSE(done.was_forgotten());
  EXPECT_FALSE(done.nothing_known());
  EXPECT_THAT(done.notes(), SizeIs(2));
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one")));
  EXPECT_THAT(log(), Not(HasSubstr("marked.one")));
  EXPECT_THAT(log(), HasSubstr("store.forgot"));

  EXPECT_EQ(Check(kMarked), v1::VERDICT_SUPPRESSED);
  const v1::ExplainResponse explained = Explain(kMarked);
  EXPECT_EQ(explained.suppression().reason(), "no_such_user");
  EXPECT_THAT(explained.suppression().address(), EndsWith("@forgotten.invalid"));
  EXPECT_THAT(explained.events(), SizeIs(1));
  EXPECT_THAT(explained.notes(), SizeIs(1));

  // A bounce that comes later, and a restart.
  clock_.Advance(absl::Hours(24));
  IngestNoSuchUser(kMarked);
  EXPECT_THAT(Explain(kMarked).events(), SizeIs(2));
  Restart();
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one")));
  EXPECT_EQ(Check(kMarked), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("other@rcpt.example"), v1::VERDICT_SUPPRESSED);
  ASSERT_TRUE(Forget(kMarked).ok());
  EXPECT_TRUE(answers_.back().was_forgotten());
}

TEST_F(ForgetTest, T48OfOneThatNothingIsKnownOfThatIsSaid) {
  for (const bool dry_run : {true, false}) {
    ASSERT_TRUE(Forget("nobody@rcpt.example", dry_run).ok());
    EXPECT_TRUE(answers_.back().nothing_known());
    ASSERT_THAT(answers_.back().notes(), SizeIs(1));
    EXPECT_THAT(answers_.back().notes(0), HasSubstr("Nothing is known of this address"));
  }
  EXPECT_EQ(Check("nobody@rcpt.example"), v1::VERDICT_SEND);
  IngestNoSuchUser("nobody@rcpt.example");
  EXPECT_EQ(Explain("nobody@rcpt.example").suppression().address(), "nobody@rcpt.example");
  EXPECT_THAT(Forget("no address"), Fails(StatusCode::INVALID_ARGUMENT, "address: "));
  EXPECT_THAT(Forget("@rcpt.example"), Fails(StatusCode::INVALID_ARGUMENT, "address: "));
  author_ = std::string(101, 'x');
  EXPECT_THAT(Forget("nobody@rcpt.example"), Fails(StatusCode::INVALID_ARGUMENT, "author: "));
  author_ = std::string(100, 'x');
  EXPECT_TRUE(Forget("nobody@rcpt.example").ok());
}

// It is known as soon as anything names it.
TEST_F(ForgetTest, T48OneThatIsNamedElsewhereIsKnown) {
  ASSERT_TRUE(Create("other@rcpt.example", "").ok());
  grpc::ClientContext context;
  v1::CreateAllowanceRequest request;
  request.set_address("another@rcpt.example");
  request.set_note("a friend of nobody@rcpt.example");
  v1::CreateAllowanceResponse response;
  ASSERT_TRUE(suppressions_->CreateAllowance(&context, request, &response).ok());
  ASSERT_TRUE(Forget("nobody@rcpt.example", /*dry_run=*/true).ok());
  EXPECT_FALSE(answers_.back().nothing_known());
  ASSERT_TRUE(Forget("nobody@rcpt.example").ok());
  EXPECT_FALSE(answers_.back().nothing_known());
  ASSERT_TRUE(Forget("nobody@rcpt.example").ok());
  EXPECT_TRUE(answers_.back().nothing_known());
}

// --- What stands in for it

TEST_F(ForgetTest, T48AStandInIsAnsweredAsItsAddressIs) {
  IngestNoSuchUser(kMarked);
  ASSERT_TRUE(Create(kMarked, "news").ok());
  ASSERT_TRUE(Create("stream@rcpt.example", "news").ok());
  IngestMailboxFull("soft@rcpt.example");
  IngestNoSuchUser("friend@rcpt.example");
  Allow("friend@rcpt.example");
  for (const std::string address :
       {kMarked, "stream@rcpt.example", "soft@rcpt.example", "friend@rcpt.example"}) {
    ASSERT_TRUE(Forget(address).ok());
    const v1::ExplainResponse explained = Explain(address);
    const std::string stand_in = explained.changes(0).suppression().address();
    ASSERT_THAT(stand_in, EndsWith("@forgotten.invalid")) << address;
    for (const std::string stream : {"", "news", "receipts"}) {
      const v1::Verdict verdict = CheckAllWays(address, stream, "");
      EXPECT_EQ(CheckAllWays(stand_in, stream, ""), verdict) << address << " " << stream;
      EXPECT_EQ(CheckAllWays(absl::AsciiStrToUpper(stand_in), stream, ""), verdict);
      EXPECT_EQ(Explain(stand_in, stream).verdict(), verdict) << address << " " << stream;
      EXPECT_EQ(CheckAllWays(stand_in, stream, "acme"), v1::VERDICT_SEND) << "another tenant";
    }
  }
  EXPECT_EQ(Check(kMarked), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("stream@rcpt.example", "news"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("soft@rcpt.example"), v1::VERDICT_RISKY);
  EXPECT_EQ(Check("friend@rcpt.example"), v1::VERDICT_SEND);
}

TEST_F(ForgetTest, T48AnExportOfItIsTakenBackAndNotElsewhere) {
  IngestNoSuchUser(kMarked);
  ASSERT_TRUE(Create(kMarked, "news").ok());
  ASSERT_TRUE(Forget(kMarked).ok());
  std::vector<v1::Suppression> rows = List();
  ASSERT_THAT(rows, SizeIs(2));
  v1::ImportSuppressionsResponse back = Import(rows);
  EXPECT_EQ(back.created() + back.rejected(), 0);
  EXPECT_THAT(List(), SizeIs(2));

  // Of another installation, of another tenant, and of a stream in which nothing can be found.
  v1::Suppression foreign = rows[0];
  foreign.set_address("0123456789abcdef@forgotten.invalid");
  v1::Suppression stream = rows[0];
  stream.set_stream("receipts");
  v1::Suppression domain = rows[0];
  domain.set_address("0123456789abcdef@forgotten.example");
  back = Import({foreign, stream, domain});
  EXPECT_EQ(back.created(), 1) << "no stand-in, though it looks like one";
  ASSERT_EQ(back.rejected(), 2);
  EXPECT_THAT(back.errors(0).message(), HasSubstr("address: stands in for an address that was "
                                                  "forgotten, and of none here"));
  EXPECT_THAT(back.errors(1).message(), HasSubstr("stream: "));
  rows = List();
  EXPECT_THAT(rows, SizeIs(3));

  const std::string known = rows[1].address();
  ASSERT_THAT(known, EndsWith("@forgotten.invalid"));
  EXPECT_TRUE(Create(known).ok());
  EXPECT_THAT(Create(known, "receipts"),
              Fails(StatusCode::INVALID_ARGUMENT, "suppression.stream: "));
  EXPECT_THAT(Create(foreign.address()),
              Fails(StatusCode::INVALID_ARGUMENT, "suppression.address: stands in for"));
  grpc::ClientContext context;
  v1::CreateAllowanceRequest allowance;
  allowance.set_address(foreign.address());
  v1::CreateAllowanceResponse unused;
  EXPECT_THAT(suppressions_->CreateAllowance(&context, allowance, &unused),
              Fails(StatusCode::INVALID_ARGUMENT, "address: stands in for"));
  Allow(known);
  EXPECT_TRUE(Explain(kMarked).allowed());
}

TEST_F(ForgetTest, T48NoMailGoesToAStandIn) {
  IngestNoSuchUser(kMarked);
  ASSERT_TRUE(Forget(kMarked).ok());
  const std::string stand_in = List()[0].address();
  grpc::ClientContext context;
  v1::MintRequest mint;
  mint.set_recipient(stand_in);
  v1::MintResponse minted;
  EXPECT_THAT(paths_->Mint(&context, mint, &minted),
              Fails(StatusCode::INVALID_ARGUMENT, "recipient: stands in for"));
  grpc::ClientContext record_context;
  v1::RecordDeliveriesRequest record;
  v1::DeliveryAttempt& attempt = *record.add_attempts();
  attempt.set_address(stand_in);
  attempt.set_outcome(v1::DELIVERY_OUTCOME_DELIVERED);
  v1::RecordDeliveriesResponse recorded;
  ASSERT_TRUE(bounces_->RecordDeliveries(&record_context, record, &recorded).ok());
  ASSERT_EQ(recorded.rejected_size(), 1);
  EXPECT_THAT(recorded.rejected(0).message(), HasSubstr("address: stands in for"));
}

TEST_F(ForgetTest, T48ThatItsMessagesAreGoneIsNoExpiry) {
  IngestNoSuchUser(kMarked);
  ASSERT_TRUE(Forget(kMarked).ok());
  grpc::ClientContext context;
  v1::GetEvidenceRequest request;
  request.set_event_id(1);
  auto stream = bounces_->GetEvidence(&context, request);
  v1::GetEvidenceResponse chunk;
  EXPECT_FALSE(stream->Read(&chunk));
  EXPECT_THAT(stream->Finish(),
              Fails(StatusCode::NOT_FOUND, "the message of event 1 is not kept: more than "));
}

TEST_F(ForgetTest, T48WhoeverWatchesIsTold) {
  IngestNoSuchUser(kMarked);
  const std::int64_t address_id = List()[0].address_id();
  EXPECT_NE(address_id, 0);
  ASSERT_TRUE(Forget(kMarked).ok());
  grpc::ClientContext context;
  v1::WatchSuppressionsRequest request;
  request.set_from_start(true);
  auto call = suppressions_->WatchSuppressions(&context, request);
  v1::WatchSuppressionsResponse response;
  ASSERT_TRUE(call->Read(&response));
  ASSERT_EQ(response.changes_size(), 2);
  const v1::SuppressionChange& told = response.changes(1);
  EXPECT_EQ(told.action(), v1::SuppressionChange::ACTION_FORGOTTEN);
  EXPECT_EQ(told.author(), "ann");
  EXPECT_EQ(told.suppression().address_id(), address_id);
  EXPECT_EQ(response.changes(0).suppression().address_id(), address_id);
  EXPECT_THAT(told.suppression().address(), EndsWith("@forgotten.invalid"));
  context.TryCancel();
}

TEST_F(ForgetTest, T48AnotherTenantsDataStays) {
  IngestNoSuchUser(kMarked);
  ASSERT_TRUE(Forget(kMarked, false, "acme").ok());
  EXPECT_THAT(Raw(), HasSubstr("marked.one"));
  EXPECT_EQ(answers_.back().events() + answers_.back().evidence(), 0);
}

TEST_F(ForgetTest, T48WhatWasDoneStaysWhenTheStoreFailsAndTheCallGoesOn) {
  IngestNoSuchUser(kMarked);
  std::atomic<int> calls = 0;  // of the threads that read and that commit
  store_->OnCall(
      [&calls] { return ++calls == 2 ? absl::UnavailableError("busy") : absl::OkStatus(); });
  EXPECT_THAT(Forget(kMarked), Fails(StatusCode::UNAVAILABLE, "the store cannot serve now"));
  ASSERT_TRUE(Forget(kMarked).ok());
  EXPECT_THAT(Raw(), Not(HasSubstr("marked.one")));
}

TEST_F(ForgetTest, T48AllThatIsKnownOfAnAddressIsExported) {
  IngestNoSuchUser(kMarked);
  IngestNoSuchUser("other@rcpt.example");
  ASSERT_TRUE(Create(kMarked, "news").ok());
  Allow(kMarked);
  for (const bool forgotten : {false, true}) {
    if (forgotten) {
      ASSERT_TRUE(Forget(kMarked).ok());
    }
    const std::vector<v1::ExportAddressResponse> parts = Export(kMarked);
    ASSERT_THAT(parts, SizeIs(1 + 2 + 1 + 1 + (forgotten ? 4 : 3)));
    ASSERT_TRUE(parts[0].has_summary());
    EXPECT_EQ(parts[0].summary().address(), kMarked);
    EXPECT_EQ(parts[0].summary().forgotten(), forgotten);
    EXPECT_TRUE(parts[0].summary().allowed());
    EXPECT_EQ(parts[1].suppression().reason(), "no_such_user");
    EXPECT_EQ(parts[2].suppression().stream(), "news");
    EXPECT_EQ(parts[3].allowance().note(), "a friend");
    EXPECT_EQ(parts[4].event().has_evidence(), !forgotten);
    EXPECT_EQ(parts[5].change().number(), forgotten ? 5 : 4);
    EXPECT_EQ(parts.back().change().number(), 1);
  }
  const std::vector<v1::ExportAddressResponse> none = Export("nobody@rcpt.example");
  ASSERT_THAT(none, SizeIs(1));
  EXPECT_EQ(none[0].summary().verdict(), v1::VERDICT_SEND);
}

// --- Retention

TEST_F(ForgetTest, T47RetentionDropsEvidenceThenEventsInSteps) {
  constexpr int kMails = Retention::kStepEvidence + 1;
  for (int i = 0; i < kMails; ++i) {
    IngestNoSuchUser("r@d" + std::to_string(i) + ".example");
  }
  Retention retention(*store_, *committer_, clock_, {});
  const auto run = [&] {
    int steps = 0;
    for (bool more = true; more; ++steps) {
      absl::StatusOr<bool> step = retention.Step();
      EXPECT_TRUE(step.ok()) << step.status();
      more = step.ok() && *step;
    }
    return steps;
  };
  const auto evidence = [&] {
    grpc::ClientContext context;
    v1::GetEvidenceRequest request;
    request.set_event_id(1);
    auto stream = bounces_->GetEvidence(&context, request);
    for (v1::GetEvidenceResponse chunk; stream->Read(&chunk);) {
    }
    return stream->Finish();
  };
  clock_.Advance(90 * absl::Hours(24));
  EXPECT_EQ(run(), 3) << "messages, evidence, changes";
  EXPECT_TRUE(evidence().ok()) << "the 90 days are not over yet";
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(run(), 3) << "evidence by two steps, and no changes in this turn";
  EXPECT_THAT(evidence(), Fails(StatusCode::NOT_FOUND,
                                "the message of event 1 has expired on 2026-05-31: messages are "
                                "kept for 90 days (store.evidence_days)"));
  EXPECT_THAT(Explain("r@d0.example").events(), SizeIs(1));
  EXPECT_THAT(Explain("r@d0.example").notes(), SizeIs(1));

  clock_.Advance(310 * absl::Hours(24));
  run();
  const v1::ExplainResponse explained = Explain("r@d0.example");
  EXPECT_THAT(explained.events(), IsEmpty());
  EXPECT_EQ(explained.verdict(), v1::VERDICT_SUPPRESSED);
  EXPECT_THAT(explained.suppression().explanation(), HasSubstr("550 5.1.1"));
  ASSERT_THAT(explained.notes(), SizeIs(1));
  EXPECT_THAT(explained.notes(0), HasSubstr("has expired on 2027-04-06"));

  store_->OnCall([] { return absl::UnavailableError("busy"); });
  EXPECT_TRUE(absl::IsUnavailable(retention.Step().status()));
}

// Nothing that is counted changes by it.
TEST_F(ForgetTest, T47RetentionLeavesWhatIsCountedAlone) {
  IngestMailboxFull("soft@rcpt.example");
  ASSERT_EQ(Check("soft@rcpt.example"), v1::VERDICT_RISKY);
  clock_.Advance(absl::Hours(30));
  Retention retention(*store_, *committer_, clock_, {.evidence = 1, .events = 1, .changes = 1});
  while (retention.Step().value_or(false)) {
  }
  EXPECT_EQ(Check("soft@rcpt.example"), v1::VERDICT_RISKY);
  EXPECT_THAT(Explain("soft@rcpt.example").events(), IsEmpty());
  EXPECT_EQ(Explain("soft@rcpt.example").counts(1).value(), 1);
}

// By a wrong time everything is old.
TEST_F(ForgetTest, T54RetentionDropsNothingUntilTheClockHasComeToRest) {
  IngestNoSuchUser("r@rcpt.example");
  JumpingClock clock(clock_);
  Retention retention(*store_, *committer_, clock, {});
  const auto events_after_a_turn = [&] {
    for (bool more = true; more;) {
      const absl::StatusOr<bool> step = retention.Step();
      EXPECT_TRUE(step.ok()) << step.status();
      more = step.ok() && *step;
    }
    return Explain("r@rcpt.example").events_size();
  };
  clock.jump = 3650 * absl::Hours(24);
  EXPECT_EQ(events_after_a_turn(), 1);
  clock_.Advance(Retention::kRestAfterJump - absl::Seconds(1));
  EXPECT_EQ(events_after_a_turn(), 1);
  clock.jump = absl::ZeroDuration();
  EXPECT_EQ(events_after_a_turn(), 1);
  clock_.Advance(Retention::kRestAfterJump);
  EXPECT_EQ(events_after_a_turn(), 1) << "and now nothing is old";
  clock.jump = 3650 * absl::Hours(24);
  EXPECT_EQ(events_after_a_turn(), 1);
  clock_.Advance(Retention::kRestAfterJump);
  EXPECT_EQ(events_after_a_turn(), 0) << "it was right after all";
}

}  // namespace
}  // namespace bounced::api
