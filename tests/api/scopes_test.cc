// Domains, all tenants and allowances, over the API.
#include <string>
#include <vector>

#include "server/api/limits.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

class ScopesTest : public ApiTest {
 protected:
  grpc::Status Add(const std::string& tenant, const std::string& address,
                   const std::string& stream = "") {
    grpc::ClientContext context;
    v1::CreateSuppressionRequest request;
    request.mutable_suppression()->set_tenant(tenant);
    request.mutable_suppression()->set_address(address);
    request.mutable_suppression()->set_stream(stream);
    v1::CreateSuppressionResponse response;
    return suppressions_->CreateSuppression(&context, request, &response);
  }
  grpc::Status Allow(const std::string& address, const std::string& note = "",
                     const std::string& tenant = "") {
    grpc::ClientContext context;
    v1::CreateAllowanceRequest request;
    request.set_tenant(tenant);
    request.set_address(address);
    request.set_note(note);
    request.set_author("ann");
    v1::CreateAllowanceResponse response;
    return suppressions_->CreateAllowance(&context, request, &response);
  }
  grpc::Status Disallow(const std::string& address) {
    grpc::ClientContext context;
    v1::DeleteAllowanceRequest request;
    request.set_address(address);
    v1::DeleteAllowanceResponse response;
    return suppressions_->DeleteAllowance(&context, request, &response);
  }
  v1::ListAllowancesResponse Allowances(int page_size = 0, const std::string& token = "",
                                        const std::string& tenant = "") {
    grpc::ClientContext context;
    v1::ListAllowancesRequest request;
    request.set_tenant(tenant);
    request.set_page_size(page_size);
    request.set_page_token(token);
    v1::ListAllowancesResponse response;
    const grpc::Status status = suppressions_->ListAllowances(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::CheckResponse Cause(const std::string& address, const std::string& stream = "") {
    grpc::ClientContext context;
    v1::CheckRequest request;
    request.set_address(address);
    request.set_stream(stream);
    v1::CheckResponse response;
    EXPECT_TRUE(suppressions_->Check(&context, request, &response).ok());
    return response;
  }
  std::vector<v1::Verdict> Batch(const std::vector<std::string>& addresses) {
    grpc::ClientContext context;
    v1::BatchCheckRequest request;
    for (const std::string& address : addresses) request.add_addresses(address);
    v1::BatchCheckResponse response;
    EXPECT_TRUE(suppressions_->BatchCheck(&context, request, &response).ok());
    std::vector<v1::Verdict> verdicts;
    for (const int verdict : response.verdicts()) {
      verdicts.push_back(static_cast<v1::Verdict>(verdict));
    }
    return verdicts;
  }
};

TEST_F(ScopesTest, AWholeDomainAndAllTenantsAreSuppressed) {
  ASSERT_TRUE(Add("", "@Dead.EXAMPLE").ok());
  ASSERT_TRUE(Add("*", "abuse@example.com").ok());
  EXPECT_EQ(Check("anybody@dead.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("anybody@dead.example", "", "acme"), v1::VERDICT_SEND);
  EXPECT_EQ(Check("abuse@example.com", "news", "acme"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(Check("@dead.example"), v1::VERDICT_INVALID);
  EXPECT_THAT(Batch({"a@dead.example", "a@live.example", "abuse@example.com"}),
              ElementsAre(v1::VERDICT_SUPPRESSED, v1::VERDICT_SEND, v1::VERDICT_SUPPRESSED));
  const v1::ExplainResponse domain = Explain("a@dead.example");
  EXPECT_EQ(domain.verdict(), v1::VERDICT_SUPPRESSED);
  EXPECT_THAT(domain.summary(), HasSubstr("to anybody of dead.example"));
  EXPECT_THAT(Explain("abuse@example.com").summary(), HasSubstr("by any tenant"));
}

TEST_F(ScopesTest, TheNarrowestOfThoseThatLastAsLongIsTold) {
  ASSERT_TRUE(Add("*", "@rcpt.example").ok());
  EXPECT_EQ(Cause("a@rcpt.example").suppression().tenant(), "*");
  ASSERT_TRUE(Add("", "@rcpt.example").ok());
  EXPECT_EQ(Cause("a@rcpt.example").suppression().address(), "@rcpt.example");
  EXPECT_EQ(Cause("a@rcpt.example").suppression().tenant(), "default");
  ASSERT_TRUE(Add("", "a@rcpt.example").ok());
  EXPECT_EQ(Cause("a@rcpt.example").suppression().address(), "a@rcpt.example");
  ASSERT_TRUE(Add("", "a@rcpt.example", "news").ok());
  EXPECT_EQ(Cause("a@rcpt.example", "news").suppression().stream(), "news");
  EXPECT_EQ(Cause("a@rcpt.example").suppression().stream(), "");
}

TEST_F(ScopesTest, ATenantsOwnIsNarrowerThanAnyThatIsOfAll) {
  ASSERT_TRUE(Add("*", "a@rcpt.example", "news").ok());
  EXPECT_EQ(Cause("a@rcpt.example", "news").suppression().tenant(), "*");
  EXPECT_EQ(Check("a@rcpt.example", "other"), v1::VERDICT_SEND);
  ASSERT_TRUE(Add("", "@rcpt.example").ok());
  EXPECT_EQ(Cause("a@rcpt.example", "news").suppression().tenant(), "default");
  EXPECT_EQ(Cause("a@rcpt.example", "news").suppression().address(), "@rcpt.example");
}

TEST_F(ScopesTest, AnAllowanceOverrulesBouncesAndNothingElse) {
  IngestNoSuchUser("a@rcpt.example");
  IngestMailboxFull("full@rcpt.example");
  EXPECT_THAT(Batch({"a@rcpt.example", "full@rcpt.example"}),
              ElementsAre(v1::VERDICT_SUPPRESSED, v1::VERDICT_RISKY));
  ASSERT_TRUE(Allow("@rcpt.example", "a partner").ok());
  EXPECT_THAT(Batch({"a@rcpt.example", "full@rcpt.example"}),
              ElementsAre(v1::VERDICT_SEND, v1::VERDICT_SEND));
  EXPECT_EQ(Check("a@rcpt.example"), v1::VERDICT_SEND);
  const v1::ExplainResponse explained = Explain("a@rcpt.example");
  EXPECT_TRUE(explained.allowed());
  EXPECT_EQ(explained.verdict(), v1::VERDICT_SEND);
  EXPECT_THAT(explained.summary(), HasSubstr("somebody has allowed"));
  // What comes now is recorded and counts for nothing.
  IngestNoSuchUser("b@rcpt.example");
  EXPECT_EQ(Explain("b@rcpt.example").events(0).policy_rule(), "allowed");
  ASSERT_TRUE(Add("", "a@rcpt.example").ok());
  EXPECT_EQ(Cause("a@rcpt.example").suppression().source(), v1::SOURCE_MANUAL);

  ASSERT_TRUE(Disallow("@rcpt.example").ok());
  EXPECT_THAT(Batch({"a@rcpt.example", "full@rcpt.example", "b@rcpt.example"}),
              ElementsAre(v1::VERDICT_SUPPRESSED, v1::VERDICT_RISKY, v1::VERDICT_SEND));
}

TEST_F(ScopesTest, AllowancesAreListedAndBounded) {
  for (const char* entry : {"a@example.com", "@example.net", "c@example.org"}) {
    ASSERT_TRUE(Allow(entry, "why").ok());
  }
  EXPECT_THAT(Allow("A@Example.com"), Fails(StatusCode::ALREADY_EXISTS, "it is allowed already"));
  EXPECT_THAT(Disallow("d@example.com"), Fails(StatusCode::NOT_FOUND, "there is no such"));
  EXPECT_THAT(Allow("@"), Fails(StatusCode::INVALID_ARGUMENT, "address: the domain is empty"));
  EXPECT_THAT(Allow(""), Fails(StatusCode::INVALID_ARGUMENT, "address: must be set"));
  EXPECT_THAT(Allow("x@example.com", std::string(kMaxCauseOctets + 1, 'x')),
              Fails(StatusCode::INVALID_ARGUMENT, "note: longer than 1000 octets"));
  EXPECT_TRUE(Allow("x@example.com", std::string(kMaxCauseOctets, 'x')).ok());
  EXPECT_TRUE(Disallow("x@example.com").ok());

  v1::ListAllowancesResponse page = Allowances(2);
  ASSERT_EQ(page.allowances_size(), 2);
  EXPECT_EQ(page.allowances(0).address(), "c@example.org");
  EXPECT_EQ(page.allowances(0).author(), "ann");
  EXPECT_EQ(page.allowances(0).note(), "why");
  EXPECT_EQ(page.allowances(1).address(), "@example.net");
  page = Allowances(2, page.next_page_token());
  ASSERT_EQ(page.allowances_size(), 1);
  EXPECT_EQ(page.allowances(0).address(), "a@example.com");
  EXPECT_EQ(page.next_page_token(), "");
  EXPECT_EQ(Allowances(0, "", "acme").allowances_size(), 0);
}

}  // namespace
}  // namespace bounced::api
