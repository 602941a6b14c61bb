// Quarantines, over the API.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/api/limits.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::Contains;
using testing::HasSubstr;
using Resolve = v1::ResolveIncidentRequest;

class IncidentsTest : public ApiTest {
 protected:
  void BurstAt(const std::string& domain) {
    for (int i = 0; i < policy_.domain_burst; ++i) {
      IngestNoSuchUser(absl::StrCat("n", i, "@", domain));
    }
  }
  v1::ListIncidentsResponse List(v1::IncidentState state = v1::INCIDENT_STATE_UNSPECIFIED,
                                 int page_size = 0, const std::string& token = "",
                                 const std::string& tenant = "") {
    grpc::ClientContext context;
    v1::ListIncidentsRequest request;
    request.set_tenant(tenant);
    request.set_state(state);
    request.set_page_size(page_size);
    request.set_page_token(token);
    v1::ListIncidentsResponse response;
    const grpc::Status status = reports_->ListIncidents(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  grpc::Status End(std::int64_t id, Resolve::Resolution resolution, const std::string& cause = "",
                   v1::Incident* incident = nullptr, const std::string& tenant = "",
                   std::int64_t* batch = nullptr) {
    grpc::ClientContext context;
    Resolve request;
    request.set_tenant(tenant);
    request.set_incident_id(id);
    request.set_resolution(resolution);
    request.set_cause(cause);
    request.set_author("ann");
    v1::ResolveIncidentResponse response;
    const grpc::Status status = reports_->ResolveIncident(&context, request, &response);
    if (incident != nullptr) *incident = response.incident();
    if (batch != nullptr) *batch = response.batch();
    return status;
  }
};

TEST_F(IncidentsTest, T3T4ABurstIsHeldExplainedAndConfirmed) {
  BurstAt("fell-over.example");
  IngestNoSuchUser("other@elsewhere.example");
  EXPECT_EQ(Check("n0@fell-over.example"), v1::VERDICT_RISKY);
  EXPECT_EQ(Check("other@elsewhere.example"), v1::VERDICT_SUPPRESSED);
  const v1::ListIncidentsResponse open = List(v1::INCIDENT_STATE_OPEN);
  ASSERT_EQ(open.incidents_size(), 1);
  const v1::Incident& incident = open.incidents(0);
  EXPECT_EQ(incident.kind(), v1::INCIDENT_KIND_QUARANTINE);
  EXPECT_EQ(incident.domain(), "fell-over.example");
  EXPECT_EQ(incident.reason(), "no_such_user");
  EXPECT_EQ(incident.count(), policy_.domain_burst);
  EXPECT_FALSE(incident.has_resolve_time());

  const v1::ExplainResponse explained = Explain("n0@fell-over.example");
  EXPECT_EQ(explained.verdict(), v1::VERDICT_RISKY);
  EXPECT_THAT(explained.summary(), HasSubstr("is held by incident 1"));
  EXPECT_THAT(explained.outlook(), Contains(HasSubstr("Whoever confirms incident 1")));
  EXPECT_EQ(explained.suppressions(0).incident_id(), 1);

  v1::Incident confirmed;
  ASSERT_TRUE(End(1, Resolve::RESOLUTION_CONFIRM, "closed down", &confirmed).ok());
  EXPECT_EQ(confirmed.state(), v1::INCIDENT_STATE_CONFIRMED);
  EXPECT_EQ(confirmed.author(), "ann");
  EXPECT_EQ(confirmed.cause(), "closed down");
  EXPECT_EQ(Check("n0@fell-over.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(List(v1::INCIDENT_STATE_OPEN).incidents_size(), 0);
  EXPECT_EQ(List(v1::INCIDENT_STATE_CONFIRMED).incidents_size(), 1);
}

TEST_F(IncidentsTest, T4ReleasingAllowsAllAgainAndNewEvidenceCounts) {
  BurstAt("fell-over.example");
  ASSERT_TRUE(End(1, Resolve::RESOLUTION_RELEASE).ok());
  EXPECT_EQ(Check("n0@fell-over.example"), v1::VERDICT_SEND);
  clock_.Advance(absl::Hours(24));
  IngestNoSuchUser("n0@fell-over.example");
  EXPECT_EQ(Check("n0@fell-over.example"), v1::VERDICT_SUPPRESSED);
}

TEST_F(IncidentsTest, AReleaseIsTakenBackAsAWhole) {
  BurstAt("fell-over.example");
  std::int64_t batch = 0;
  ASSERT_TRUE(End(1, Resolve::RESOLUTION_RELEASE, "", nullptr, "", &batch).ok());
  EXPECT_GT(batch, 0);
  v1::UndoChangesRequest request;
  request.set_batch(batch);
  grpc::ClientContext context;
  auto reader = suppressions_->UndoChanges(&context, request);
  v1::UndoChangesResponse response;
  int undone = 0;
  while (reader->Read(&response)) {
    for (const v1::UndoneChange& change : response.changes()) {
      undone += change.outcome() == v1::UndoneChange::OUTCOME_UNDONE;
    }
  }
  ASSERT_TRUE(reader->Finish().ok());
  EXPECT_EQ(undone, policy_.domain_burst);
  for (int i = 0; i < policy_.domain_burst; ++i) {
    EXPECT_EQ(Check(absl::StrCat("n", i, "@fell-over.example")), v1::VERDICT_SUPPRESSED);
  }
}

TEST_F(IncidentsTest, WhatCannotBeResolvedSaysSo) {
  BurstAt("fell-over.example");
  EXPECT_THAT(End(7, Resolve::RESOLUTION_CONFIRM), Fails(StatusCode::NOT_FOUND, "there is no"));
  EXPECT_THAT(End(1, Resolve::RESOLUTION_CONFIRM, "", nullptr, "acme"),
              Fails(StatusCode::NOT_FOUND, "there is no"));
  EXPECT_THAT(End(1, Resolve::RESOLUTION_UNSPECIFIED),
              Fails(StatusCode::INVALID_ARGUMENT, "resolution: must be"));
  EXPECT_THAT(End(1, Resolve::RESOLUTION_CONFIRM, std::string(kMaxCauseOctets + 1, 'x')),
              Fails(StatusCode::INVALID_ARGUMENT, "cause: longer than"));
  EXPECT_EQ(Check("n0@fell-over.example"), v1::VERDICT_RISKY);
  ASSERT_TRUE(End(1, Resolve::RESOLUTION_CONFIRM, std::string(kMaxCauseOctets, 'x')).ok());
  EXPECT_THAT(End(1, Resolve::RESOLUTION_RELEASE),
              Fails(StatusCode::FAILED_PRECONDITION, "it has been resolved before"));
}

TEST_F(IncidentsTest, AreListedAPageAtATimeByTheirTenant) {
  for (const char* domain : {"a.example", "b.example", "c.example"}) BurstAt(domain);
  v1::ListIncidentsResponse page = List(v1::INCIDENT_STATE_UNSPECIFIED, 2);
  ASSERT_EQ(page.incidents_size(), 2);
  EXPECT_EQ(page.incidents(0).domain(), "c.example");
  page = List(v1::INCIDENT_STATE_UNSPECIFIED, 2, page.next_page_token());
  ASSERT_EQ(page.incidents_size(), 1);
  EXPECT_EQ(page.incidents(0).domain(), "a.example");
  EXPECT_EQ(page.next_page_token(), "");
  EXPECT_EQ(List(v1::INCIDENT_STATE_UNSPECIFIED, 0, "", "acme").incidents_size(), 0);
}

}  // namespace
}  // namespace bounced::api
