// AdminService's policies, and what becomes of bounces under them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kAtOnce = R"(
[[tenant]]
name = "default"
policy = { soft_threshold = 1 }
[[tenant.stream]]
name = "receipts"
policy = { soft_threshold = 2, complaint_scope = "stream" }
)";

class PoliciesTest : public ApiTest {
 protected:
  // `rest`: how what is taken up with it goes.
  absl::Status TakeUp(const Config& config, const absl::Status& rest = absl::OkStatus()) {
    return policies_->TakeUp(config, [&] { return rest; });
  }
  grpc::Status Apply(std::string_view document, v1::ApplyPoliciesResponse* response = nullptr,
                     bool dry_run = false, std::optional<std::int64_t> onto = std::nullopt) {
    v1::ApplyPoliciesRequest request;
    request.set_document(std::string(document));
    request.set_dry_run(dry_run);
    if (onto) request.set_onto(*onto);
    request.set_author("ann");
    request.set_cause("a trial");
    v1::ApplyPoliciesResponse unused;
    grpc::ClientContext context;
    return admin_->ApplyPolicies(&context, request, response != nullptr ? response : &unused);
  }

  v1::GetPoliciesResponse Get(std::int64_t revision = 0) {
    v1::GetPoliciesRequest request;
    request.set_revision(revision);
    v1::GetPoliciesResponse response;
    grpc::ClientContext context;
    const grpc::Status status = admin_->GetPolicies(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  static std::vector<std::string> Shown(const v1::ApplyPoliciesResponse& response) {
    std::vector<std::string> shown;
    for (const v1::PolicyChange& c : response.changes()) {
      shown.push_back(c.tenant() + "/" + c.stream() + " " + c.key() + " " + c.before() + " " +
                      c.after());
    }
    return shown;
  }

  // "TENANT/STREAM configured|applied VALUE" of each policy in force.
  std::vector<std::string> InForce(std::string_view key) {
    std::vector<std::string> shown;
    const v1::GetPoliciesResponse all = Get();
    for (const v1::PolicyInForce& policy : all.policies()) {
      for (const v1::PolicySetting& setting : policy.settings()) {
        if (setting.key() != key) continue;
        shown.push_back(policy.tenant() + "/" + policy.stream() +
                        (policy.configured() ? " configured " : " applied ") + setting.value());
      }
    }
    return shown;
  }
};

TEST_F(PoliciesTest, WhatIsAppliedHoldsForTheNextBounceAndAfterARestart) {
  IngestMailboxFull("a@rcpt.example");
  EXPECT_EQ(Check("a@rcpt.example"), v1::VERDICT_RISKY);
  v1::ApplyPoliciesResponse response;
  ASSERT_TRUE(Apply(kAtOnce, &response).ok());
  EXPECT_EQ(response.revision(), 1);
  EXPECT_THAT(Shown(response),
              ElementsAre("default/ soft_threshold 3 1", "default/receipts soft_threshold 3 2",
                          "default/receipts complaint_scope \"tenant\" \"stream\""));
  EXPECT_EQ(Check("a@rcpt.example"), v1::VERDICT_RISKY) << "what was decided stays";
  IngestMailboxFull("b@rcpt.example");
  EXPECT_EQ(Check("b@rcpt.example"), v1::VERDICT_SUPPRESSED);
  Restart();
  IngestMailboxFull("c@rcpt.example");
  EXPECT_EQ(Check("c@rcpt.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_THAT(InForce("soft_threshold"),
              ElementsAre("/ configured 3", "default/ applied 1", "default/receipts applied 2"));
}

TEST_F(PoliciesTest, ADryRunOnlySays) {
  v1::ApplyPoliciesResponse response;
  ASSERT_TRUE(Apply(kAtOnce, &response, /*dry_run=*/true).ok());
  EXPECT_EQ(response.changes_size(), 3);
  EXPECT_EQ(response.revision(), 0);
  EXPECT_EQ(Get().revision().revision(), 0);
  IngestMailboxFull("a@rcpt.example");
  EXPECT_EQ(Check("a@rcpt.example"), v1::VERDICT_RISKY);
}

TEST_F(PoliciesTest, WhoIsLeftOutHasThePolicyOfAllAgain) {
  ASSERT_TRUE(Apply(kAtOnce).ok());
  v1::ApplyPoliciesResponse response;
  ASSERT_TRUE(Apply("# nobody", &response).ok());
  EXPECT_THAT(Shown(response),
              ElementsAre("default/ soft_threshold 1 3", "default/receipts soft_threshold 2 3",
                          "default/receipts complaint_scope \"stream\" \"tenant\""));
  EXPECT_EQ(response.revision(), 2);
  EXPECT_THAT(InForce("soft_threshold"), ElementsAre("/ configured 3"));
  ASSERT_TRUE(Apply("# nobody", &response).ok());
  EXPECT_EQ(response.revision(), 2) << "nothing was new";
  EXPECT_THAT(response.changes(), IsEmpty());
}

TEST_F(PoliciesTest, EachRevisionIsKept) {
  ASSERT_TRUE(Apply(kAtOnce).ok());
  ASSERT_TRUE(Apply("# nobody").ok());
  EXPECT_EQ(Get().document(), "# nobody");
  const v1::GetPoliciesResponse first = Get(1);
  EXPECT_EQ(first.document(), kAtOnce);
  EXPECT_EQ(first.revision().author(), "ann");
  EXPECT_EQ(first.revision().cause(), "a trial");
  EXPECT_EQ(first.policies_size(), 1) << "those in force now";

  v1::ListPolicyRevisionsRequest request;
  request.set_page_size(1);
  v1::ListPolicyRevisionsResponse page;
  grpc::ClientContext context;
  ASSERT_TRUE(admin_->ListPolicyRevisions(&context, request, &page).ok());
  ASSERT_EQ(page.revisions_size(), 1);
  EXPECT_EQ(page.revisions(0).revision(), 2);
  request.set_page_token(page.next_page_token());
  page.Clear();
  grpc::ClientContext again;
  ASSERT_TRUE(admin_->ListPolicyRevisions(&again, request, &page).ok());
  ASSERT_EQ(page.revisions_size(), 1);
  EXPECT_EQ(page.revisions(0).revision(), 1);
  EXPECT_EQ(page.next_page_token(), "");

  v1::GetPoliciesRequest third;
  third.set_revision(3);
  v1::GetPoliciesResponse unused;
  grpc::ClientContext missing;
  EXPECT_THAT(admin_->GetPolicies(&missing, third, &unused),
              Fails(StatusCode::NOT_FOUND, "revision 3 "));
}

TEST_F(PoliciesTest, WhatIsWrongChangesNothing) {
  ASSERT_TRUE(Apply(kAtOnce).ok());
  EXPECT_THAT(Apply("[[tenant]]\nname = 'a'\npolicy = { hard_dais = 3 }"),
              Fails(StatusCode::INVALID_ARGUMENT, "document:3: tenant.policy.hard_dais: "));
  EXPECT_THAT(Apply("# x", nullptr, false, 0),
              Fails(StatusCode::ABORTED, "revision 1 is in force, not 0"));
  EXPECT_THAT(InForce("soft_threshold"),
              ElementsAre("/ configured 3", "default/ applied 1", "default/receipts applied 2"));
  EXPECT_TRUE(Apply("# x", nullptr, false, 1).ok());
  EXPECT_TRUE(Apply(std::string((1 << 20) - 1, '\n')).ok());
  EXPECT_THAT(Apply(std::string((1 << 20) + 1, '\n')),
              Fails(StatusCode::INVALID_ARGUMENT, "document: longer than "));
}

TEST_F(PoliciesTest, TheConfigurationsWordHolds) {
  ASSERT_TRUE(Apply(kAtOnce).ok());
  TenantSection configured{.name = "default", .policy = {}, .streams = {}};
  configured.policy.soft_threshold = 7;
  tenants_ = {configured};
  ASSERT_TRUE(TakeUp(Configuration()).ok());
  EXPECT_THAT(InForce("soft_threshold"), ElementsAre("/ configured 3", "default/ configured 7"));
  EXPECT_THAT(log(), HasSubstr("policies.tenant_is_configured"));
  EXPECT_THAT(Apply(kAtOnce), Fails(StatusCode::FAILED_PRECONDITION, "tenant \"default\" stands"));
  Restart();
  EXPECT_THAT(InForce("soft_threshold"), ElementsAre("/ configured 3", "default/ configured 7"));
}

// What was applied rests on [policy], where it does not say otherwise, as that is now.
TEST_F(PoliciesTest, AReloadIsTakenUpOrRefusedWhole) {
  ASSERT_TRUE(Apply("[[tenant]]\nname = 'a'\npolicy = { soft_days = 100 }").ok());
  policy_.hard_days = 3;
  ASSERT_TRUE(TakeUp(Configuration()).ok());
  EXPECT_THAT(InForce("hard_days"), ElementsAre("/ configured 3", "a/ applied 3"));
  policy_.hard_days = 4;
  EXPECT_TRUE(absl::IsAborted(TakeUp(Configuration(), absl::AbortedError("of the rest"))));
  EXPECT_THAT(InForce("hard_days"), ElementsAre("/ configured 3", "a/ applied 3"));
  policy_.soft_max_days = 90;
  const absl::Status status = TakeUp(Configuration());
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("revision 1: policy.soft_days is above policy.soft_max_days of tenant a"));
  EXPECT_THAT(InForce("soft_max_days"), ElementsAre("/ configured 480", "a/ applied 480"));
  // Nothing runs yet at a start: it goes on without.
  Restart();
  EXPECT_THAT(InForce("soft_max_days"), ElementsAre("/ configured 90"));
  EXPECT_THAT(log(), HasSubstr("policies.not_in_force"));
}

// It waits for a start, and would put them out of force then.
TEST_F(PoliciesTest, AReloadWithFewerEventDaysThanTheirWindowsIsRefused) {
  ASSERT_TRUE(Apply("[[tenant]]\nname = 'a'\npolicy = { hard_window_days = 380 }").ok());
  Config config = Configuration();
  config.store.keep.events = 380;
  EXPECT_TRUE(TakeUp(config).ok());
  config.store.keep.events = 379;
  const absl::Status status = TakeUp(config);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("revision 1: policy.hard_window_days of tenant a is 380"),
                    HasSubstr("above store.event_days, 379")));
  EXPECT_THAT(InForce("hard_window_days"), ElementsAre("/ configured 365", "a/ applied 380"));
}

}  // namespace
}  // namespace bounced::api
