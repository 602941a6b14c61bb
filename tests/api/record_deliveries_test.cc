// BounceService.RecordDeliveries, as its clients see it.
#include <string>
#include <vector>

#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using testing::HasSubstr;

class RecordDeliveriesTest : public ApiTest {
 protected:
  grpc::Status Record(const v1::RecordDeliveriesRequest& request,
                      v1::RecordDeliveriesResponse& response) {
    grpc::ClientContext context;
    return bounces_->RecordDeliveries(&context, request, &response);
  }
  v1::RecordDeliveriesResponse Record(const std::vector<v1::DeliveryAttempt>& attempts) {
    v1::RecordDeliveriesRequest request;
    for (const v1::DeliveryAttempt& attempt : attempts) *request.add_attempts() = attempt;
    v1::RecordDeliveriesResponse response;
    const grpc::Status status = Record(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  // Why one alone is rejected; empty: it is not.
  std::string Rejection(const v1::DeliveryAttempt& attempt) {
    const v1::RecordDeliveriesResponse response = Record({attempt});
    EXPECT_EQ(response.recorded() + response.rejected_size(), 1);
    return response.rejected_size() == 0 ? "" : response.rejected(0).message();
  }
  static v1::DeliveryAttempt Attempt(v1::DeliveryOutcome outcome, const std::string& text = "",
                                     const std::string& address = "r@example.net") {
    v1::DeliveryAttempt attempt;
    attempt.set_address(address);
    attempt.set_outcome(outcome);
    attempt.set_text(text);
    attempt.set_reporting_mta("mta.sender.example");
    attempt.set_message_reference("4XyZ");
    return attempt;
  }
  static v1::DeliveryAttempt Delivered() { return Attempt(v1::DELIVERY_OUTCOME_DELIVERED); }
  static v1::DeliveryAttempt NoSuchUser() {
    return Attempt(v1::DELIVERY_OUTCOME_BOUNCED, "550 5.1.1 user unknown");
  }
  std::vector<v1::Event> Events() {
    grpc::ClientContext context;
    v1::ListEventsResponse response;
    EXPECT_TRUE(bounces_->ListEvents(&context, {}, &response).ok());
    return {response.events().begin(), response.events().end()};
  }
};

TEST_F(RecordDeliveriesTest, ABounceIsCommittedWhenItAnswers) {
  v1::DeliveryAttempt attempt = NoSuchUser();
  attempt.set_stream("news");
  attempt.set_remote_mta("mx.example.net");
  attempt.set_stage(v1::STAGE_RCPT);
  attempt.mutable_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) - 3'600);
  const v1::RecordDeliveriesResponse response = Record({attempt});
  EXPECT_EQ(response.recorded(), 1);
  EXPECT_EQ(response.changed(), 1);
  EXPECT_EQ(response.duplicates(), 0);
  EXPECT_EQ(Check("r@example.net"), v1::VERDICT_SUPPRESSED);

  const std::vector<v1::Event> events = Events();
  ASSERT_EQ(events.size(), 1U);
  const v1::Event& event = events[0];
  EXPECT_EQ(event.kind(), v1::KIND_BOUNCE);
  EXPECT_EQ(event.address(), "r@example.net");
  EXPECT_EQ(event.stream(), "news");
  EXPECT_EQ(event.trust(), v1::TRUST_LOCAL);
  EXPECT_EQ(event.report_form(), "session");
  EXPECT_EQ(event.reason(), "no_such_user");
  EXPECT_EQ(event.diagnostic(), "user unknown");
  EXPECT_EQ(event.remote_mta(), "mx.example.net");
  EXPECT_EQ(event.reporting_mta(), "mta.sender.example");
  EXPECT_EQ(event.message_reference(), "4XyZ");
  EXPECT_EQ(event.stage(), v1::STAGE_RCPT);
  EXPECT_EQ(event.receive_time().seconds(), attempt.time().seconds());
  EXPECT_EQ(event.message_octets(), 0);
  EXPECT_FALSE(event.has_evidence());

  EXPECT_EQ(Record({attempt}).duplicates(), 1);
  EXPECT_EQ(Events().size(), 1U);
}

// As Postfix says it where the resolver of its host errs.
TEST_F(RecordDeliveriesTest, T9ANameServerThatErrsSuppressesNobodyOfAKnownDomain) {
  const auto not_found = [](const std::string& domain) {
    return Attempt(v1::DELIVERY_OUTCOME_BOUNCED,
                   "Host or domain name not found. Name service error for name=" + domain +
                       " type=MX: Host not found",
                   "r@" + domain);
  };
  Record({not_found("gmail.com"), not_found("yahoo.com"), not_found("nowhere.example")});
  EXPECT_EQ(Check("r@gmail.com"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("r@yahoo.com"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("r@nowhere.example"), v1::VERDICT_SUPPRESSED);
  for (const v1::Event& event : Events()) {
    const bool is_known = event.address() != "r@nowhere.example";
    EXPECT_EQ(event.reason(), "no_such_domain") << event.address();
    EXPECT_EQ(event.policy_rule(), is_known ? "block" : "hard_certain") << event.address();
  }
}

TEST_F(RecordDeliveriesTest, ThereIsNoMessageToShow) {
  Record({NoSuchUser()});
  v1::GetEvidenceRequest request;
  request.set_event_id(Events().at(0).id());
  grpc::ClientContext context;
  auto reader = bounces_->GetEvidence(&context, request);
  v1::GetEvidenceResponse chunk;
  EXPECT_FALSE(reader->Read(&chunk));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("rests on no message"));
}

TEST_F(RecordDeliveriesTest, T6ADeliveryEmptiesTheBucketAndNothingElse) {
  IngestMailboxFull("soft@example.net");
  IngestNoSuchUser("hard@example.net");
  v1::DeliveryAttempt soft = Delivered();
  soft.set_address("soft@example.net");
  v1::DeliveryAttempt hard = Delivered();
  hard.set_address("hard@example.net");
  const v1::RecordDeliveriesResponse response = Record({soft, hard, Delivered()});
  EXPECT_EQ(response.recorded(), 3);
  EXPECT_EQ(response.changed(), 1);
  EXPECT_EQ(Check("soft@example.net"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("hard@example.net"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Events().size(), 3U);
}

TEST_F(RecordDeliveriesTest, T2ARefusalAndItsReportCountOnce) {
  const std::string recipient = "r@example.net";
  v1::DeliveryAttempt attempt = Attempt(v1::DELIVERY_OUTCOME_BOUNCED, "552 5.2.2 Mailbox full");
  attempt.set_return_path(Mint(recipient));
  EXPECT_EQ(Record({attempt}).changed(), 1);
  ASSERT_TRUE(
      Ingest(attempt.return_path(), Bounce(recipient, "5.2.2", "552 5.2.2 Mailbox full")).ok());
  const std::vector<v1::Event> events = Events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].policy_rule(), "soft_counted");
  EXPECT_EQ(events[0].policy_rule(), "same_message");
  EXPECT_EQ(events[0].trust(), v1::TRUST_SIGNED);
}

TEST_F(RecordDeliveriesTest, OneThatIsRejectedIsNamedAndTheOthersAreRecorded) {
  v1::DeliveryAttempt none = NoSuchUser();
  none.set_address("nobody");
  v1::DeliveryAttempt ours = NoSuchUser();
  ours.set_address("x@" + std::string(kDomain));
  const v1::RecordDeliveriesResponse response = Record({ours, NoSuchUser(), none});
  EXPECT_EQ(response.recorded(), 1);
  ASSERT_EQ(response.rejected_size(), 2);
  EXPECT_EQ(response.rejected(0).index(), 0);
  EXPECT_THAT(response.rejected(0).message(), HasSubstr("address: at a return path domain"));
  EXPECT_EQ(response.rejected(1).index(), 2);
  EXPECT_THAT(response.rejected(1).message(), HasSubstr("address: "));
  EXPECT_EQ(Check("r@example.net"), v1::VERDICT_SUPPRESSED);
}

TEST_F(RecordDeliveriesTest, EachFieldHasItsBounds) {
  struct Bound {
    const char* field;
    void (*set)(v1::DeliveryAttempt&, const std::string&);
    std::size_t octets;
  };
  const Bound bounds[] = {
      {"text", [](v1::DeliveryAttempt& a, const std::string& v) { a.set_text(v); }, 4'096},
      {"stream", [](v1::DeliveryAttempt& a, const std::string& v) { a.set_stream(v); }, 16},
      {"enhanced_status",
       [](v1::DeliveryAttempt& a, const std::string& v) { a.set_enhanced_status(v); }, 16},
      {"remote_mta", [](v1::DeliveryAttempt& a, const std::string& v) { a.set_remote_mta(v); },
       256},
      {"reporting_mta",
       [](v1::DeliveryAttempt& a, const std::string& v) { a.set_reporting_mta(v); }, 256},
      {"message_reference",
       [](v1::DeliveryAttempt& a, const std::string& v) { a.set_message_reference(v); }, 256},
  };
  for (const Bound& bound : bounds) {
    v1::DeliveryAttempt attempt = Delivered();
    bound.set(attempt, std::string(bound.octets, 'x'));
    EXPECT_EQ(Rejection(attempt), "") << bound.field;
    bound.set(attempt, std::string(bound.octets + 1, 'x'));
    EXPECT_THAT(Rejection(attempt), testing::StartsWith(std::string(bound.field) + ": "));
  }
  for (const int code : {0, 200, 599}) {
    v1::DeliveryAttempt attempt = Delivered();
    attempt.set_reply_code(code);
    EXPECT_EQ(Rejection(attempt), "") << code;
  }
  for (const int code : {-1, 1, 199, 600}) {
    v1::DeliveryAttempt attempt = Delivered();
    attempt.set_reply_code(code);
    EXPECT_EQ(Rejection(attempt), "reply_code: not 200 to 599") << code;
  }
}

TEST_F(RecordDeliveriesTest, WhatIsNoneOfTheWordsIsRejected) {
  EXPECT_THAT(Rejection(Attempt(v1::DELIVERY_OUTCOME_UNSPECIFIED)), HasSubstr("outcome: "));
  EXPECT_THAT(Rejection(Attempt(static_cast<v1::DeliveryOutcome>(4))), HasSubstr("outcome: "));
  v1::DeliveryAttempt attempt = Delivered();
  attempt.set_stage(static_cast<v1::Stage>(7));
  EXPECT_THAT(Rejection(attempt), HasSubstr("stage: "));
  attempt = Delivered();
  attempt.set_return_path("none");
  EXPECT_THAT(Rejection(attempt), HasSubstr("return_path: "));
  attempt = Delivered();
  attempt.set_final_recipient("none");
  EXPECT_THAT(Rejection(attempt), HasSubstr("final_recipient: "));
  attempt = Delivered();
  attempt.mutable_time()->set_nanos(-1);
  EXPECT_THAT(Rejection(attempt), HasSubstr("time: "));
}

TEST_F(RecordDeliveriesTest, ARequestHasAThousandAtMost) {
  v1::RecordDeliveriesRequest request;
  v1::RecordDeliveriesResponse response;
  EXPECT_TRUE(Record(request, response).ok());
  for (int i = 0; i < 1'000; ++i) {
    *request.add_attempts() = Attempt(v1::DELIVERY_OUTCOME_BOUNCED, "550 5.1.1 user unknown",
                                      "r@d" + std::to_string(i) + ".example");
  }
  ASSERT_TRUE(Record(request, response).ok());
  EXPECT_EQ(response.changed(), 1'000);
  EXPECT_EQ(Check("r@d999.example"), v1::VERDICT_SUPPRESSED);
  *request.add_attempts() = Delivered();
  EXPECT_THAT(Record(request, response),
              Fails(grpc::StatusCode::INVALID_ARGUMENT, "attempts: more than 1000"));
}

TEST_F(RecordDeliveriesTest, EachTenantRecordsItsOwn) {
  v1::RecordDeliveriesRequest request;
  request.set_tenant("No Tenant");
  v1::RecordDeliveriesResponse response;
  EXPECT_THAT(Record(request, response), Fails(grpc::StatusCode::INVALID_ARGUMENT, "tenant: "));
  // Else what one tenant is refused would be so for all.
  request.set_tenant("*");
  EXPECT_THAT(Record(request, response),
              Fails(grpc::StatusCode::INVALID_ARGUMENT, "tenant: mail is of one tenant"));
  request.set_tenant("acme");
  *request.add_attempts() = NoSuchUser();
  ASSERT_TRUE(Record(request, response).ok());
  EXPECT_EQ(Check("r@example.net"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("r@example.net", "", "acme"), v1::VERDICT_SUPPRESSED);
}

TEST_F(RecordDeliveriesTest, TheReturnPathSaysWhoseMailItIs) {
  // In a request for another: of `default` those with a return path at its domains, whether or not
  // it holds; with one that is nobody's, or none, of the request's tenant.
  const std::string minted = Mint("a@example.net");
  v1::RecordDeliveriesRequest request;
  request.set_tenant("acme");
  for (const auto& [address, path] : {std::pair<std::string, std::string>{"a@example.net", minted},
                                      {"b@example.net", "x@" + std::string(kDomain)},
                                      {"c@example.net", "news@" + std::string(kUnsigned)},
                                      {"d@example.net", "x@elsewhere.example"},
                                      {"e@example.net", ""}}) {
    v1::DeliveryAttempt& attempt = *request.add_attempts();
    attempt = Attempt(v1::DELIVERY_OUTCOME_BOUNCED, "550 5.1.1 user unknown", address);
    attempt.set_return_path(path);
  }
  *request.add_attempts() = Attempt(v1::DELIVERY_OUTCOME_BOUNCED, "550 no", "nobody");
  v1::RecordDeliveriesResponse response;
  ASSERT_TRUE(Record(request, response).ok());
  EXPECT_EQ(response.recorded(), 5);
  EXPECT_EQ(response.changed(), 5);
  ASSERT_EQ(response.rejected_size(), 1);
  EXPECT_EQ(response.rejected(0).index(), 5);
  for (const char* address : {"a@example.net", "b@example.net", "c@example.net"}) {
    EXPECT_EQ(Check(address), v1::VERDICT_SUPPRESSED) << address;
    EXPECT_EQ(Check(address, "", "acme"), v1::VERDICT_SEND) << address;
  }
  for (const char* address : {"d@example.net", "e@example.net"}) {
    EXPECT_EQ(Check(address), v1::VERDICT_SEND) << address;
    EXPECT_EQ(Check(address, "", "acme"), v1::VERDICT_SUPPRESSED) << address;
  }
  ASSERT_TRUE(Record(request, response).ok());
  EXPECT_EQ(response.duplicates(), 5);
  store_->OnCall([] { return absl::UnavailableError("no disk"); });
  request.mutable_attempts(0)->set_message_reference("other");
  EXPECT_EQ(Record(request, response).error_code(), grpc::StatusCode::UNAVAILABLE);
  store_->OnCall(nullptr);
}

TEST_F(RecordDeliveriesTest, WhatCannotBeCommittedFails) {
  store_->OnCall([] { return absl::UnavailableError("no disk"); });
  v1::RecordDeliveriesRequest request;
  *request.add_attempts() = NoSuchUser();
  v1::RecordDeliveriesResponse response;
  EXPECT_EQ(Record(request, response).error_code(), grpc::StatusCode::UNAVAILABLE);
  store_->OnCall(nullptr);
  EXPECT_EQ(Events().size(), 0U);
}

}  // namespace
}  // namespace bounced::api
