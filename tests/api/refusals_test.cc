// Incidents of refusals and of rates, from what comes in to what clients and the log see.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/intake/incident_watch.h"
#include "storage/index_grace.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::Not;
using Resolve = v1::ResolveIncidentRequest;

constexpr const char* kBlocked =
    "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please contact your Internet "
    "service provider since part of their network is on our block list (S3150).";

class RefusalsTest : public ApiTest {
 protected:
  // Attempts of the mail system, each of an address and a mail of its own.
  void Record(int times, const std::string& domain, v1::DeliveryOutcome outcome,
              const std::string& text = "", const std::string& remote_mta = "") {
    v1::RecordDeliveriesRequest request;
    for (int i = 0; i < times; ++i) {
      v1::DeliveryAttempt& attempt = *request.add_attempts();
      attempt.set_address(absl::StrCat("r", ++number_, "@", domain));
      attempt.set_stream("news");
      attempt.set_outcome(outcome);
      attempt.set_text(text);
      attempt.set_remote_mta(remote_mta);
      attempt.set_reporting_mta("mta.sender.example");
      attempt.set_message_reference(absl::StrCat("q", number_));
    }
    grpc::ClientContext context;
    v1::RecordDeliveriesResponse response;
    const grpc::Status status = bounces_->RecordDeliveries(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.recorded(), times);
  }
  void Deliver(int times, const std::string& domain) {
    Record(times, domain, v1::DELIVERY_OUTCOME_DELIVERED);
  }
  void Refuse(int times, const std::string& domain, const std::string& remote_mta = "") {
    Record(times, domain, v1::DELIVERY_OUTCOME_BOUNCED, kBlocked, remote_mta);
  }
  void Look() {
    IncidentWatch watch(*committer_, {}, clock_, *log_, counters_);
    ASSERT_TRUE(watch.Step().ok());
  }
  std::vector<v1::Incident> List(const v1::ListIncidentsRequest& request = {}) {
    grpc::ClientContext context;
    v1::ListIncidentsResponse response;
    const grpc::Status status = reports_->ListIncidents(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {response.incidents().begin(), response.incidents().end()};
  }
  grpc::Status End(std::int64_t id, Resolve::Resolution resolution) {
    grpc::ClientContext context;
    Resolve request;
    request.set_incident_id(id);
    request.set_resolution(resolution);
    request.set_cause("told them");
    request.set_author("ann");
    v1::ResolveIncidentResponse response;
    return reports_->ResolveIncident(&context, request, &response);
  }

  int number_ = 0;
};

TEST_F(RefusalsTest, AProviderThatRefusesIsAnIncidentUntilItNoLongerDoes) {
  Deliver(180, "outlook.com");
  Refuse(19, "hotmail.com");
  // Served by the same: a domain of somebody's own.
  Look();
  EXPECT_EQ(List().size(), 0U);
  Refuse(1, "shop.example", "shop-example.mail.protection.outlook.com");
  Look();
  const std::vector<v1::Incident> open = List();
  ASSERT_EQ(open.size(), 1U);
  const v1::Incident& incident = open[0];
  EXPECT_EQ(incident.kind(), v1::INCIDENT_KIND_REFUSAL);
  EXPECT_EQ(incident.state(), v1::INCIDENT_STATE_OPEN);
  EXPECT_EQ(incident.provider(), "microsoft");
  EXPECT_EQ(incident.sender(), "192.0.2.7");
  EXPECT_EQ(incident.reason(), "sender_ip_blocked");
  EXPECT_EQ(incident.provider_code(), "S3150");
  EXPECT_THAT(incident.provider_page(), HasSubstr("protection.outlook.com"));
  EXPECT_THAT(incident.sample(), HasSubstr("on our block list"));
  EXPECT_EQ(incident.count(), 20);
  EXPECT_EQ(incident.window_count(), 20);
  EXPECT_EQ(incident.window_total(), 200);
  EXPECT_EQ(incident.share(), 0.1);
  EXPECT_EQ(incident.window_seconds(), 3'600);
  EXPECT_TRUE(incident.deliveries_known());
  EXPECT_EQ(incident.unverified(), 0);
  EXPECT_EQ(incident.severity(), v1::INCIDENT_SEVERITY_UNSPECIFIED);
  EXPECT_FALSE(incident.has_resolve_time());
  EXPECT_EQ(Check("r181@hotmail.com"), v1::VERDICT_SEND);
  EXPECT_EQ(counters_.Get(Counter::kRefusals), 1U);

  Restart();
  EXPECT_EQ(List().size(), 1U);
  clock_.Advance(absl::Hours(2));
  Look();  // it is below now
  EXPECT_EQ(List()[0].state(), v1::INCIDENT_STATE_OPEN);
  clock_.Advance(absl::Hours(2) - absl::Seconds(1));
  Look();
  EXPECT_EQ(List()[0].state(), v1::INCIDENT_STATE_OPEN);
  clock_.Advance(absl::Seconds(1));
  Look();
  EXPECT_EQ(List()[0].state(), v1::INCIDENT_STATE_CLOSED);
  EXPECT_EQ(List()[0].author(), "policy");
  EXPECT_THAT(log(), HasSubstr("incident.opened incident=1 kind=refusal"));
  EXPECT_THAT(log(), HasSubstr("provider=microsoft reason=sender_ip_blocked count=20"));
  EXPECT_THAT(log(), HasSubstr("incident.closed incident=1"));
  EXPECT_THAT(log(), Not(HasSubstr("@")));
  EXPECT_THAT(log(), Not(HasSubstr("192.0.2.7")));
  EXPECT_THAT(log(), Not(HasSubstr("block list")));
}

// The session and the mail system's report of it are one refusal; the domain of a person is not in
// the log.
TEST_F(RefusalsTest, ARefusalThatIsToldTwiceCountsOnce) {
  for (int i = 0; i < 19; ++i) {
    const std::string recipient = absl::StrCat("t", i, "@shop.example");
    ASSERT_TRUE(Ingest(Mint(recipient), Bounce(recipient, "5.7.1", kBlocked)).ok());
    ASSERT_TRUE(Ingest(Mint(recipient, "other"), Bounce(recipient, "5.7.1", kBlocked)).ok());
  }
  Look();
  EXPECT_EQ(List().size(), 0U);
  const std::string recipient = "t19@shop.example";
  ASSERT_TRUE(Ingest(Mint(recipient), Bounce(recipient, "5.7.1", kBlocked)).ok());
  Look();
  ASSERT_EQ(List().size(), 1U);
  EXPECT_EQ(List()[0].provider(), "shop.example");
  EXPECT_EQ(List()[0].provider_page(), "");
  EXPECT_EQ(List()[0].count(), 20);
  EXPECT_FALSE(List()[0].deliveries_known());
  EXPECT_THAT(log(), HasSubstr("provider=other"));
  EXPECT_THAT(log(), Not(HasSubstr("shop.example")));
}

TEST_F(RefusalsTest, T9ForgedRefusalsOpenNothingAndOneLineSaysThatTheyRose) {
  for (int i = 0; i < 100; ++i) {
    const std::string recipient = absl::StrCat("v", i, "@gmail.com");
    ASSERT_TRUE(
        Ingest(absl::StrCat("x", i, "@", Absl(kUnsigned)), Bounce(recipient, "5.7.1", kBlocked))
            .ok());
  }
  Look();
  clock_.Advance(absl::Minutes(1));
  Look();
  EXPECT_EQ(List().size(), 0U);
  EXPECT_EQ(Check("v0@gmail.com"), v1::VERDICT_SEND);
  const std::string logged = log();
  const std::size_t line = logged.find("incident.unverified_rose tenant=default count=100");
  ASSERT_NE(line, logged.npos);
  EXPECT_EQ(logged.find("incident.", line + 1), logged.npos) << "one line";
  EXPECT_EQ(counters_.Get(Counter::kUnverifiedRises), 1U);
  EXPECT_EQ(counters_.Get(Counter::kRefusals), 0U);
}

TEST_F(RefusalsTest, ARateIsAnAlarmOfItsStreamAndGetsWorse) {
  Deliver(980, "example.net");
  Record(20, "example.net", v1::DELIVERY_OUTCOME_BOUNCED, "550 5.1.1 user unknown");
  Look();
  v1::ListIncidentsRequest request;
  request.set_kind(v1::INCIDENT_KIND_BOUNCE_RATE);
  ASSERT_EQ(List(request).size(), 1U);
  v1::Incident incident = List(request)[0];
  EXPECT_EQ(incident.stream(), "news");
  EXPECT_EQ(incident.severity(), v1::INCIDENT_SEVERITY_WARNING);
  EXPECT_EQ(incident.reason(), "");
  EXPECT_EQ(incident.sample(), "");
  EXPECT_EQ(incident.share(), 0.02);
  EXPECT_EQ(incident.window_seconds(), 3'600);
  Record(40, "example.net", v1::DELIVERY_OUTCOME_BOUNCED, "550 5.1.1 user unknown");
  Look();
  ASSERT_EQ(List(request).size(), 1U);
  incident = List(request)[0];
  EXPECT_EQ(incident.severity(), v1::INCIDENT_SEVERITY_CRITICAL);
  EXPECT_EQ(incident.count(), 60);
  EXPECT_THAT(log(), HasSubstr("incident.opened incident=1 kind=bounce_rate severity=warning"));
  EXPECT_THAT(log(), HasSubstr("incident.worse incident=1 kind=bounce_rate severity=critical"));
  EXPECT_EQ(counters_.Get(Counter::kBounceRates), 1U);
}

TEST_F(RefusalsTest, WithoutDeliveriesThereIsNoRateAndTheLogSaysSo) {
  Record(500, "example.net", v1::DELIVERY_OUTCOME_BOUNCED, "550 5.1.1 user unknown");
  Record(500, "example.org", v1::DELIVERY_OUTCOME_BOUNCED, "550 5.1.1 user unknown");
  Look();
  v1::ListIncidentsRequest request;
  request.set_kind(v1::INCIDENT_KIND_BOUNCE_RATE);
  EXPECT_EQ(List(request).size(), 0U);
  EXPECT_THAT(log(), HasSubstr("incident.deliveries_unknown tenant=default stream=news"));
}

TEST_F(RefusalsTest, AreClosedAndAcknowledgedAndNothingElse) {
  Refuse(20, "gmail.com");
  Look();
  EXPECT_THAT(End(1, Resolve::RESOLUTION_CONFIRM),
              Fails(StatusCode::FAILED_PRECONDITION, "it is no quarantine"));
  ASSERT_TRUE(End(1, Resolve::RESOLUTION_ACKNOWLEDGE).ok());
  EXPECT_EQ(List()[0].state(), v1::INCIDENT_STATE_OPEN);
  EXPECT_TRUE(List()[0].has_acknowledge_time());
  EXPECT_EQ(List()[0].author(), "ann");
  ASSERT_TRUE(End(1, Resolve::RESOLUTION_CLOSE).ok());
  EXPECT_EQ(List()[0].state(), v1::INCIDENT_STATE_CLOSED);
  EXPECT_EQ(List()[0].cause(), "told them");
  EXPECT_THAT(End(1, Resolve::RESOLUTION_CLOSE),
              Fails(StatusCode::FAILED_PRECONDITION, "it has been resolved before"));
  clock_.Advance(absl::Minutes(6));
  Look();
  EXPECT_EQ(List().size(), 1U);

  for (int i = 0; i < policy_.domain_burst; ++i) {
    IngestNoSuchUser(absl::StrCat("n", i, "@fell-over.example"));
  }
  EXPECT_THAT(End(2, Resolve::RESOLUTION_CLOSE),
              Fails(StatusCode::FAILED_PRECONDITION, "it is a quarantine"));
  EXPECT_TRUE(End(2, Resolve::RESOLUTION_RELEASE).ok());
}

TEST_F(RefusalsTest, AreFoundByKindProviderAndTime) {
  Refuse(20, "gmail.com");
  Look();
  clock_.Advance(absl::Hours(10));
  Refuse(20, "yahoo.com");
  Look();
  Look();
  const auto ids = [&](const v1::ListIncidentsRequest& request) {
    std::string text;
    for (const v1::Incident& incident : List(request)) {
      absl::StrAppend(&text, incident.incident_id(), " ");
    }
    return text;
  };
  v1::ListIncidentsRequest request;
  request.set_kind(v1::INCIDENT_KIND_REFUSAL);
  EXPECT_EQ(ids(request), "2 1 ");
  request.set_provider("Google");
  EXPECT_EQ(ids(request), "1 ");
  request.set_kind(v1::INCIDENT_KIND_COMPLAINT_RATE);
  EXPECT_EQ(ids(request), "");
  request.Clear();
  request.mutable_active_before()->set_seconds(absl::ToUnixSeconds(clock_.Now() - absl::Hours(1)));
  EXPECT_EQ(ids(request), "1 ");
  request.Clear();
  request.mutable_active_from()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(ids(request), "2 1 ") << "the first goes on";

  request.Clear();
  for (const auto& [set, error] :
       std::vector<std::pair<void (*)(v1::ListIncidentsRequest&), const char*>>{
           {[](v1::ListIncidentsRequest& r) { r.set_kind(static_cast<v1::IncidentKind>(99)); },
            "kind: not a kind"},
           {[](v1::ListIncidentsRequest& r) { r.set_state(static_cast<v1::IncidentState>(99)); },
            "state: not a state"},
           {[](v1::ListIncidentsRequest& r) { r.set_provider(std::string(254, 'x')); },
            "provider: longer than"},
           {[](v1::ListIncidentsRequest& r) { r.mutable_active_from()->set_nanos(-1); },
            "active_from: "}}) {
    v1::ListIncidentsRequest wrong;
    set(wrong);
    grpc::ClientContext context;
    v1::ListIncidentsResponse response;
    EXPECT_THAT(reports_->ListIncidents(&context, wrong, &response),
                Fails(StatusCode::INVALID_ARGUMENT, error));
  }
}

TEST_F(RefusalsTest, T54AJumpOfTheClockIsLoggedOnce) {
  JumpingClock clock(clock_);
  IncidentWatch watch(*committer_, {}, clock, *log_, counters_);
  ASSERT_TRUE(watch.Step().ok());
  EXPECT_THAT(log(), Not(HasSubstr("clock.jumped")));
  clock.jump = -kIndexGrace;
  ASSERT_TRUE(watch.Step().ok());
  EXPECT_THAT(log(), HasSubstr("clock.jumped seconds=-172800 advice=\"none"));
  clock.jump -= kIndexGrace + absl::Seconds(1);
  ASSERT_TRUE(watch.Step().ok());
  ASSERT_TRUE(watch.Step().ok());
  EXPECT_THAT(log(), HasSubstr("clock.jumped seconds=-172801 advice=\"restart"));
  const std::string logged = log();
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = logged.find("clock.jumped", at)) != logged.npos; ++at) ++lines;
  EXPECT_EQ(lines, 2u);
}

}  // namespace
}  // namespace bounced::api
