#include <string>
#include <vector>

#include "server/api/limits.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ChangesTest : public ApiTest {
 protected:
  grpc::Status List(const v1::ListChangesRequest& request, v1::ListChangesResponse& response) {
    grpc::ClientContext context;
    response.Clear();
    return suppressions_->ListChanges(&context, request, &response);
  }

  std::vector<std::int64_t> Numbers(v1::ListChangesRequest request) {
    std::vector<std::int64_t> numbers;
    v1::ListChangesResponse page;
    do {
      grpc::Status status = List(request, page);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const v1::SuppressionChange& change : page.changes()) numbers.push_back(change.number());
      request.set_page_token(page.next_page_token());
    } while (!page.next_page_token().empty());
    return numbers;
  }

  // The batch of an import of n0, n1 and so on.
  std::int64_t Import(int rows, const std::string& author = "ann") {
    grpc::ClientContext context;
    v1::ImportSuppressionsResponse response;
    auto writer = suppressions_->ImportSuppressions(&context, &response);
    v1::ImportSuppressionsRequest request;
    request.set_author(author);
    for (int i = 0; i < rows; ++i) {
      request.add_suppressions()->set_address("n" + std::to_string(i) + "@many.example");
      if (request.suppressions_size() < kMaxImportRows && i + 1 < rows) continue;
      EXPECT_TRUE(writer->Write(request));
      request.clear_suppressions();
    }
    writer->WritesDone();
    EXPECT_TRUE(writer->Finish().ok());
    return response.batch();
  }

  struct Undone {
    grpc::Status status;
    std::vector<v1::UndoneChange> changes;
    std::int64_t batch = 0;
    int steps = 0;

    int Count(v1::UndoneChange::Outcome outcome) const {
      int count = 0;
      for (const v1::UndoneChange& change : changes) count += change.outcome() == outcome;
      return count;
    }
  };
  Undone Undo(const v1::UndoChangesRequest& request) {
    grpc::ClientContext context;
    auto reader = suppressions_->UndoChanges(&context, request);
    Undone undone;
    v1::UndoChangesResponse response;
    while (reader->Read(&response)) {
      ++undone.steps;
      undone.batch = response.batch();
      EXPECT_LE(response.changes_size(), kUndoStepChanges);
      undone.changes.insert(undone.changes.end(), response.changes().begin(),
                            response.changes().end());
    }
    undone.status = reader->Finish();
    return undone;
  }
  Undone UndoBatch(std::int64_t batch, bool dry_run = false) {
    v1::UndoChangesRequest request;
    request.set_batch(batch);
    request.set_dry_run(dry_run);
    request.set_undo_author("carol");
    request.set_undo_cause("wrong list");
    return Undo(request);
  }
};

TEST_F(ChangesTest, ListNarrowsAndPages) {
  ASSERT_TRUE(Create("a@b.example").ok());
  IngestNoSuchUser("gone@rcpt.example");
  clock_.Advance(absl::Hours(1));
  const std::int64_t batch = Import(3);
  EXPECT_EQ(batch, 3);
  v1::ListChangesRequest request;
  EXPECT_THAT(Numbers(request), ElementsAre(5, 4, 3, 2, 1));
  request.set_page_size(2);
  EXPECT_THAT(Numbers(request), ElementsAre(5, 4, 3, 2, 1));
  request.set_batch(batch);
  EXPECT_THAT(Numbers(request), ElementsAre(5, 4, 3));
  request.Clear();
  request.set_author("policy");
  EXPECT_THAT(Numbers(request), ElementsAre(2));
  request.Clear();
  request.set_cause("import");
  EXPECT_THAT(Numbers(request), ElementsAre(5, 4, 3));
  request.Clear();
  request.set_address("A@B.example");
  EXPECT_THAT(Numbers(request), ElementsAre(1));
  request.Clear();
  request.mutable_from()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
  EXPECT_THAT(Numbers(request), ElementsAre(5, 4, 3));
  request.mutable_before()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
  EXPECT_THAT(Numbers(request), IsEmpty());
  request.Clear();
  request.set_tenant("another");
  EXPECT_THAT(Numbers(request), IsEmpty());
}

TEST_F(ChangesTest, AListThatIsNotAskedForWellIsRefused) {
  Import(2);
  v1::ListChangesResponse response;
  v1::ListChangesRequest request;
  request.set_page_size(1);
  ASSERT_TRUE(List(request, response).ok());
  v1::ListChangesRequest other = request;
  other.set_author("ann");
  other.set_page_token(response.next_page_token());
  EXPECT_THAT(List(other, response), Fails(StatusCode::INVALID_ARGUMENT, "page_token: "));
  const auto refused = [&](const char* field, auto set) {
    v1::ListChangesRequest wrong;
    set(wrong);
    EXPECT_THAT(List(wrong, response), Fails(StatusCode::INVALID_ARGUMENT, field));
  };
  refused("tenant: ", [](auto& r) { r.set_tenant("A"); });
  refused("address: ", [](auto& r) { r.set_address("none"); });
  refused("author: ", [](auto& r) { r.set_author(std::string(kMaxAuthorOctets + 1, 'x')); });
  refused("cause: ", [](auto& r) { r.set_cause(std::string(kMaxCauseOctets + 1, 'x')); });
  refused("batch: ", [](auto& r) { r.set_batch(-1); });
  refused("from: ", [](auto& r) { r.mutable_from()->set_nanos(-1); });
  refused("before: ", [](auto& r) { r.mutable_before()->set_nanos(-1); });
  refused("page_size: ", [](auto& r) { r.set_page_size(-1); });
}

TEST_F(ChangesTest, CreateNamesItsBatch) {
  grpc::ClientContext context;
  v1::CreateSuppressionRequest request;
  request.mutable_suppression()->set_address("a@b.example");
  v1::CreateSuppressionResponse response;
  ASSERT_TRUE(suppressions_->CreateSuppression(&context, request, &response).ok());
  EXPECT_EQ(response.batch(), 1);
  EXPECT_EQ(UndoBatch(1).Count(v1::UndoneChange::OUTCOME_UNDONE), 1);
  EXPECT_EQ(Check("a@b.example"), v1::VERDICT_SEND);
}

TEST_F(ChangesTest, AnImportAsAWholeIsUndoneInSteps) {
  constexpr int kRows = kMaxImportRows + kUndoStepChanges + 1;
  ASSERT_TRUE(Create("own@b.example").ok());
  const std::int64_t batch = Import(kRows);
  const Undone dry = UndoBatch(batch, /*dry_run=*/true);
  ASSERT_TRUE(dry.status.ok()) << dry.status.error_message();
  EXPECT_EQ(dry.Count(v1::UndoneChange::OUTCOME_UNDONE), kRows);
  EXPECT_EQ(dry.batch, 0);
  EXPECT_EQ(Check("n0@many.example"), v1::VERDICT_SUPPRESSED);

  const Undone undone = UndoBatch(batch);
  ASSERT_TRUE(undone.status.ok()) << undone.status.error_message();
  EXPECT_EQ(undone.Count(v1::UndoneChange::OUTCOME_UNDONE), kRows);
  EXPECT_EQ(undone.steps, 4);
  EXPECT_EQ(Check("n0@many.example"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("n1500@many.example"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("own@b.example"), v1::VERDICT_SUPPRESSED);
  v1::ListChangesRequest request;
  request.set_address("n7@many.example");
  v1::ListChangesResponse listed;
  ASSERT_TRUE(List(request, listed).ok());
  ASSERT_THAT(listed.changes(), SizeIs(2));
  EXPECT_EQ(listed.changes(0).author(), "carol");
  EXPECT_EQ(listed.changes(0).undoes(), listed.changes(1).number());
  EXPECT_EQ(listed.changes(0).batch(), undone.batch);
  EXPECT_EQ(
      listed.changes(0).cause(),
      "undo of change " + std::to_string(listed.changes(1).number()) + " of batch 2: wrong list");

  EXPECT_EQ(UndoBatch(batch).Count(v1::UndoneChange::OUTCOME_UNDONE_BEFORE), kRows);
  EXPECT_EQ(UndoBatch(undone.batch).Count(v1::UndoneChange::OUTCOME_UNDONE), kRows);
  EXPECT_EQ(Check("n0@many.example"), v1::VERDICT_SUPPRESSED) << "an undo that was undone";
}

TEST_F(ChangesTest, WhatCameSinceIsLeftAndTold) {
  const std::int64_t batch = Import(2);
  grpc::ClientContext context;
  v1::ImportSuppressionsResponse imported;
  auto writer = suppressions_->ImportSuppressions(&context, &imported);
  v1::ImportSuppressionsRequest newer;
  newer.set_replace(true);
  newer.add_suppressions()->set_address("n0@many.example");
  newer.mutable_suppressions(0)->set_reason("asked");
  writer->Write(newer);
  writer->WritesDone();
  ASSERT_TRUE(writer->Finish().ok());
  const Undone undone = UndoBatch(batch);
  ASSERT_THAT(undone.changes, SizeIs(2));
  EXPECT_EQ(undone.changes[0].outcome(), v1::UndoneChange::OUTCOME_UNDONE);
  EXPECT_EQ(undone.changes[1].outcome(), v1::UndoneChange::OUTCOME_OVERTAKEN);
  EXPECT_EQ(undone.changes[1].change().suppression().address(), "n0@many.example");
  EXPECT_EQ(Check("n0@many.example"), v1::VERDICT_SUPPRESSED);
}

TEST_F(ChangesTest, AllOfOneAuthorInATimeAreUndone) {
  const absl::Time begin = clock_.Now();
  Import(1, "mallory");
  clock_.Advance(absl::Hours(1));
  const absl::Time end = clock_.Now();
  ASSERT_TRUE(Create("later@b.example").ok());
  v1::UndoChangesRequest request;
  request.set_author("mallory");
  request.mutable_from()->set_seconds(absl::ToUnixSeconds(begin));
  request.mutable_before()->set_seconds(absl::ToUnixSeconds(end));
  const Undone undone = Undo(request);
  EXPECT_EQ(undone.Count(v1::UndoneChange::OUTCOME_UNDONE), 1) << undone.status.error_message();
  EXPECT_EQ(Check("n0@many.example"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("later@b.example"), v1::VERDICT_SUPPRESSED);
}

TEST_F(ChangesTest, T36NothingOfAnotherTenantIsUndone) {
  const std::int64_t batch = Import(1);
  v1::UndoChangesRequest request;
  request.set_tenant("another");
  request.set_batch(batch);
  EXPECT_THAT(Undo(request).status,
              Fails(StatusCode::NOT_FOUND, "there is no such change: no batch 1 of this tenant"));
  request.clear_batch();
  request.set_number(batch);
  EXPECT_THAT(Undo(request).status,
              Fails(StatusCode::NOT_FOUND, "there is no such change: no 1 of this tenant"));
  EXPECT_EQ(Check("n0@many.example"), v1::VERDICT_SUPPRESSED);
}

TEST_F(ChangesTest, AnUndoThatIsNotAskedForWellIsRefused) {
  const auto refused = [&](const char* field, auto set) {
    v1::UndoChangesRequest wrong;
    set(wrong);
    EXPECT_THAT(Undo(wrong).status, Fails(StatusCode::INVALID_ARGUMENT, field));
  };
  refused("number: ", [](auto&) {});
  refused("number: ", [](auto& r) {
    r.set_number(1);
    r.set_batch(1);
  });
  refused("number: below 0", [](auto& r) { r.set_number(-1); });
  refused("batch: below 0", [](auto& r) { r.set_batch(-1); });
  refused("author: ", [](auto& r) { r.set_author("ann"); });
  refused("author: ", [](auto& r) {
    r.mutable_from()->set_seconds(1);
    r.mutable_before()->set_seconds(2);
  });
  refused("tenant: ", [](auto& r) { r.set_tenant("A"); });
  refused("undo_author: ",
          [](auto& r) { r.set_undo_author(std::string(kMaxAuthorOctets + 1, 'x')); });
  refused("undo_cause: ",
          [](auto& r) { r.set_undo_cause(std::string(kMaxUndoCauseOctets + 1, 'x')); });
}

TEST_F(ChangesTest, AnUndoThatCannotBeCommittedFails) {
  const std::int64_t batch = Import(1);
  store_->OnCall([] { return absl::ResourceExhaustedError("no space"); });
  EXPECT_THAT(UndoBatch(batch).status, Fails(StatusCode::RESOURCE_EXHAUSTED, ""));
  store_->OnCall(nullptr);
  EXPECT_EQ(Check("n0@many.example"), v1::VERDICT_SUPPRESSED);
}

}  // namespace
}  // namespace bounced::api
