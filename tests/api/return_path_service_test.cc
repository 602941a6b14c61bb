#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using grpc::StatusCode;
using testing::EndsWith;
using testing::StartsWith;

class ReturnPathServiceTest : public ApiTest {
 protected:
  grpc::Status Mint(const v1::MintRequest& request, v1::MintResponse& response) {
    grpc::ClientContext context;
    return paths_->Mint(&context, request, &response);
  }
  grpc::Status Verify(const std::string& path, const std::string& recipient,
                      v1::VerifyResponse& response) {
    grpc::ClientContext context;
    v1::VerifyRequest request;
    request.set_return_path(path);
    request.set_recipient(recipient);
    response.Clear();
    return paths_->Verify(&context, request, &response);
  }
  grpc::Status Revoke(const std::string& domain, const std::string& key,
                      v1::RevokeKeyResponse& response, const std::string& author = "ann") {
    grpc::ClientContext context;
    v1::RevokeKeyRequest request;
    request.set_domain(domain);
    request.set_key_id(key);
    request.set_author(author);
    response.Clear();
    return paths_->RevokeKey(&context, request, &response);
  }
  std::vector<v1::ReturnPathKey> Keys(const std::string& tenant = "") {
    grpc::ClientContext context;
    v1::ListKeysRequest request;
    request.set_tenant(tenant);
    v1::ListKeysResponse response;
    EXPECT_TRUE(paths_->ListKeys(&context, request, &response).ok());
    return {response.keys().begin(), response.keys().end()};
  }
  static v1::MintRequest For(const std::string& recipient) {
    v1::MintRequest request;
    request.set_recipient(recipient);
    return request;
  }
};

TEST_F(ReturnPathServiceTest, T45WhoIsSuppressedIsMintedForAsWhoIsNotKnown) {
  ASSERT_TRUE(Create("known@rcpt.example").ok());
  ASSERT_EQ(Check("known@rcpt.example"), v1::VERDICT_SUPPRESSED);
  v1::MintResponse known, other;
  ASSERT_TRUE(Mint(For("known@rcpt.example"), known).ok());
  ASSERT_TRUE(Mint(For("other@rcpt.example"), other).ok());
  EXPECT_EQ(known.form(), other.form());
  EXPECT_EQ(known.return_path().size(), other.return_path().size());
}

TEST_F(ReturnPathServiceTest, MintsTheOpenFormWhenItFitsAndElseTheSealed) {
  v1::MintResponse response;
  ASSERT_TRUE(Mint(For("jane@rcpt.example"), response).ok());
  EXPECT_EQ(response.form(), v1::RETURN_PATH_FORM_OPEN);
  EXPECT_THAT(response.return_path(), StartsWith("bo-a-"));
  EXPECT_THAT(response.return_path(), EndsWith("@bounces.example")) << "the first of the domains";
  v1::MintRequest of_tenant = For("jane@rcpt.example");
  of_tenant.set_tenant("default");
  of_tenant.set_domain("Bounces.Example.");
  EXPECT_TRUE(Mint(of_tenant, response).ok());
  ASSERT_TRUE(Mint(For(std::string(60, 'j') + "@rcpt.example"), response).ok());
  EXPECT_EQ(response.form(), v1::RETURN_PATH_FORM_SEALED);
  v1::MintRequest sealed = For("jane@rcpt.example");
  sealed.set_form(v1::RETURN_PATH_FORM_SEALED);
  ASSERT_TRUE(Mint(sealed, response).ok());
  EXPECT_EQ(response.form(), v1::RETURN_PATH_FORM_SEALED);
}

TEST_F(ReturnPathServiceTest, WhatIsMintedVerifiesWithAllThatItCarries) {
  v1::MintRequest request = For("Jane@rcpt.example");
  request.set_stream("news");
  request.set_reference("m_42");
  v1::MintResponse minted;
  ASSERT_TRUE(Mint(request, minted).ok());
  v1::VerifyResponse response;
  ASSERT_TRUE(Verify(minted.return_path(), "jane@RCPT.example", response).ok());
  EXPECT_TRUE(response.accepted());
  EXPECT_EQ(response.refusal(), "");
  EXPECT_EQ(response.form(), v1::RETURN_PATH_FORM_OPEN);
  EXPECT_EQ(response.tenant(), "default");
  EXPECT_EQ(response.stream(), "news");
  EXPECT_EQ(response.recipient(), "jane@rcpt.example");
  EXPECT_EQ(response.reference(), "m_42");
  EXPECT_EQ(response.key_id(), "a");
  EXPECT_EQ(response.trust(), v1::TRUST_SIGNED);
  EXPECT_EQ(absl::FromUnixSeconds(response.issue_time().seconds()),
            absl::FromCivil(absl::CivilSecond(2026, 3, 2), absl::UTCTimeZone()));
  EXPECT_TRUE(response.covers_recipient());

  ASSERT_TRUE(Verify(minted.return_path(), "john@rcpt.example", response).ok());
  EXPECT_FALSE(response.covers_recipient());
  ASSERT_TRUE(Verify(minted.return_path(), "", response).ok());
  EXPECT_FALSE(response.covers_recipient());
}

TEST_F(ReturnPathServiceTest, MintsAnAddressToUnsubscribeAsAUri) {
  v1::MintRequest request = For("Jane+1@rcpt.example");
  request.set_stream("news");
  request.set_unsubscribe(true);
  v1::MintResponse minted;
  ASSERT_TRUE(Mint(request, minted).ok());
  EXPECT_THAT(minted.return_path(), StartsWith("uo-a-news-"));
  EXPECT_THAT(minted.return_path(), EndsWith("-jane+1=rcpt.example@lists.example"));
  EXPECT_THAT(minted.mailto_uri(), StartsWith("mailto:uo-a-news-"));
  EXPECT_THAT(minted.mailto_uri(),
              EndsWith("-jane%2B1%3Drcpt.example@lists.example?subject=unsubscribe"));
  v1::VerifyResponse response;
  ASSERT_TRUE(Verify(minted.return_path(), "jane+1@rcpt.example", response).ok());
  EXPECT_TRUE(response.accepted());
  EXPECT_TRUE(response.covers_recipient());
  EXPECT_EQ(response.stream(), "news");

  // Each at its own domains.
  request.set_domain("bounces.example");
  EXPECT_EQ(Mint(request, minted).error_code(), StatusCode::NOT_FOUND);
  request.set_tenant("default");
  EXPECT_EQ(Mint(request, minted).error_code(), StatusCode::NOT_FOUND);
  request.set_domain("lists.example");
  EXPECT_TRUE(Mint(request, minted).ok());
  request.set_unsubscribe(false);
  EXPECT_EQ(Mint(request, minted).error_code(), StatusCode::NOT_FOUND);
  request = For("jane@rcpt.example");
  ASSERT_TRUE(Mint(request, minted).ok());
  EXPECT_EQ(minted.mailto_uri(), "");
}

TEST_F(ReturnPathServiceTest, VerifySaysWhyNot) {
  v1::MintResponse minted;
  ASSERT_TRUE(Mint(For("jane@rcpt.example"), minted).ok());
  std::string forged = minted.return_path();
  forged.replace(forged.find("jane"), 4, "john");
  v1::VerifyResponse response;
  struct Case {
    std::string path, refusal;
  };
  for (const Case& c : {Case{forged, "forged"}, Case{"x@bounces.example", "unsigned"},
                        Case{"x@elsewhere.example", "not_ours"}}) {
    ASSERT_TRUE(Verify(c.path, "", response).ok());
    EXPECT_FALSE(response.accepted());
    EXPECT_EQ(response.refusal(), c.refusal);
    EXPECT_EQ(response.tenant(), "");
  }
  clock_.Advance(absl::Hours(24 * 32));
  ASSERT_TRUE(Verify(minted.return_path(), "", response).ok());
  EXPECT_EQ(response.refusal(), "expired");

  ASSERT_TRUE(Verify("anybody@" + std::string(kUnsigned), "a@b.example", response).ok());
  EXPECT_TRUE(response.accepted());
  EXPECT_EQ(response.form(), v1::RETURN_PATH_FORM_UNSPECIFIED);
  EXPECT_EQ(response.trust(), v1::TRUST_UNVERIFIED);
  EXPECT_FALSE(response.has_issue_time());
  EXPECT_FALSE(response.covers_recipient());
}

TEST_F(ReturnPathServiceTest, T16ARevokedKeyIsRefusedAtOnceAndSignsNothing) {
  const std::string minted = ApiTest::Mint("jane@rcpt.example");
  ASSERT_TRUE(Ingest(minted, "Subject: x\r\n\r\n").ok());
  v1::RevokeKeyResponse revoked;
  ASSERT_TRUE(Revoke("Bounces.Example.", "a", revoked).ok());
  EXPECT_EQ(revoked.signing_key_id(), "z");
  EXPECT_EQ(revoked.key().domain(), "bounces.example");
  EXPECT_EQ(revoked.key().tenant(), "default");
  EXPECT_EQ(revoked.key().id(), "a");
  EXPECT_FALSE(revoked.key().signs());
  EXPECT_FALSE(revoked.key().verifies());
  EXPECT_EQ(revoked.key().revoke_author(), "ann");
  EXPECT_EQ(revoked.key().revoke_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_THAT(log(), testing::HasSubstr("return_path.revoked domain=bounces.example key=a"));

  v1::VerifyResponse verified;
  ASSERT_TRUE(Verify(minted, "", verified).ok());
  EXPECT_EQ(verified.refusal(), "revoked");
  EXPECT_THAT(Ingest(minted, "Subject: y\r\n\r\n"), Fails(StatusCode::PERMISSION_DENIED, ""));
  v1::MintResponse next;
  ASSERT_TRUE(Mint(For("jane@rcpt.example"), next).ok());
  EXPECT_THAT(next.return_path(), StartsWith("bo-z-"));

  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(Revoke("bounces.example", "a", revoked, "bob").ok()) << "it is no error";
  EXPECT_EQ(revoked.key().revoke_author(), "ann");
  ASSERT_TRUE(Revoke("bounces.example", "z", revoked, "").ok());
  EXPECT_EQ(revoked.key().revoke_author(), "api");
  EXPECT_EQ(revoked.signing_key_id(), "");
  EXPECT_THAT(Mint(For("jane@rcpt.example"), next), Fails(StatusCode::FAILED_PRECONDITION, ""));
}

TEST_F(ReturnPathServiceTest, ARevocationTellsWhatSignsNowForTheSameUse) {
  ReturnPathDomain bounces;
  bounces.domain = std::string(kDomain);
  bounces.keys = {{"z", std::string(32, 'z')}, {"a", std::string(32, 'a')}};
  ReturnPathDomain unsubscribe = bounces;
  unsubscribe.use = Use::kUnsubscribe;
  unsubscribe.address = "unsubscribe@" + bounces.domain;
  unsubscribe.keys = {{"u", std::string(32, 'u')}, {"v", std::string(32, 'v')}};
  keys_->TakeUp(*ReturnPaths::Create({bounces, unsubscribe}));
  v1::RevokeKeyResponse revoked;
  ASSERT_TRUE(Revoke(bounces.domain, "a", revoked).ok());
  EXPECT_FALSE(revoked.key().unsubscribe());
  EXPECT_EQ(revoked.signing_key_id(), "z");
  ASSERT_TRUE(Revoke(bounces.domain, "v", revoked).ok());
  EXPECT_TRUE(revoked.key().unsubscribe());
  EXPECT_EQ(revoked.signing_key_id(), "u");
}

TEST_F(ReturnPathServiceTest, KeysAreListedWithoutTheirSecrets) {
  v1::RevokeKeyResponse revoked;
  ASSERT_TRUE(Revoke("bounces.example", "z", revoked).ok());
  const std::vector<v1::ReturnPathKey> keys = Keys();
  ASSERT_EQ(keys.size(), 4u);
  EXPECT_EQ(keys[0].id(), "z");
  EXPECT_FALSE(keys[0].unsubscribe());
  EXPECT_EQ(keys[2].domain(), "lists.example");
  EXPECT_TRUE(keys[2].unsubscribe());
  EXPECT_TRUE(keys[0].has_revoke_time());
  EXPECT_EQ(keys[1].id(), "a");
  EXPECT_TRUE(keys[1].signs());
  EXPECT_TRUE(keys[1].verifies());
  EXPECT_EQ(keys[1].last_day(), "");
  EXPECT_FALSE(keys[1].has_revoke_time());
  EXPECT_EQ(keys[1].DebugString().find("kkkk"), std::string::npos);
  EXPECT_EQ(Keys("default").size(), 4u);
  EXPECT_EQ(Keys("nobody").size(), 0u);
}

TEST_F(ReturnPathServiceTest, WrongRevocationsAreNamed) {
  v1::RevokeKeyResponse revoked;
  EXPECT_THAT(Revoke("", "a", revoked), Fails(StatusCode::INVALID_ARGUMENT, "domain: "));
  EXPECT_THAT(Revoke("a..b", "a", revoked), Fails(StatusCode::INVALID_ARGUMENT, "domain: "));
  for (const std::string key : {"", "A", "abcde"}) {
    EXPECT_THAT(Revoke("bounces.example", key, revoked),
                Fails(StatusCode::INVALID_ARGUMENT, "key_id: "));
  }
  EXPECT_THAT(Revoke("bounces.example", "a", revoked, std::string(101, 'x')),
              Fails(StatusCode::INVALID_ARGUMENT, "author: "));
  EXPECT_THAT(Revoke("bounces.example", "abcd", revoked, std::string(100, 'x')),
              Fails(StatusCode::NOT_FOUND, ""));
  EXPECT_THAT(Revoke("elsewhere.example", "a", revoked), Fails(StatusCode::NOT_FOUND, ""));
  store_->OnCall([] { return absl::ResourceExhaustedError("no space"); });
  EXPECT_THAT(Revoke("bounces.example", "a", revoked), Fails(StatusCode::RESOURCE_EXHAUSTED, ""));
  store_->OnCall(nullptr);
  EXPECT_TRUE(Keys()[1].signs()) << "what is not stored does not hold";
}

TEST_F(ReturnPathServiceTest, WrongRequestsAreNamed) {
  v1::MintResponse minted;
  struct Case {
    std::function<void(v1::MintRequest&)> change;
    StatusCode code;
    std::string error;
  };
  using Request = v1::MintRequest;
  for (const Case& c : std::vector<Case>{
           {[](Request& r) { r.clear_recipient(); }, StatusCode::INVALID_ARGUMENT, "recipient: "},
           {[](Request& r) { r.set_recipient("x"); }, StatusCode::INVALID_ARGUMENT, "recipient: "},
           {[](Request& r) { r.set_stream(std::string(17, 'a')); }, StatusCode::INVALID_ARGUMENT,
            "stream: "},
           {[](Request& r) { r.set_stream("A"); }, StatusCode::INVALID_ARGUMENT, "stream: "},
           {[](Request& r) { r.set_reference(std::string(17, 'a')); }, StatusCode::INVALID_ARGUMENT,
            "reference: "},
           {[](Request& r) { r.set_form(static_cast<v1::ReturnPathForm>(9)); },
            StatusCode::INVALID_ARGUMENT, "form: "},
           {[](Request& r) {
              r.set_recipient(std::string(60, 'j') + "@rcpt.example");
              r.set_form(v1::RETURN_PATH_FORM_OPEN);
            },
            StatusCode::INVALID_ARGUMENT, "form: "},
           {[](Request& r) {
              r.set_recipient(std::string(60, 'j') + "@rcpt.example");
              r.set_stream(std::string(16, 'a'));
              r.set_reference(std::string(16, 'a'));
            },
            StatusCode::INVALID_ARGUMENT, "reference: "},
           {[](Request& r) { r.set_domain("elsewhere.example"); }, StatusCode::NOT_FOUND, ""},
           {[](Request& r) { r.set_tenant("nobody"); }, StatusCode::NOT_FOUND, ""},
           {[](Request& r) {
              r.set_tenant("default");
              r.set_domain("elsewhere.example");
            },
            StatusCode::NOT_FOUND, ""},
           {[](Request& r) { r.set_domain(std::string(kUnsigned)); },
            StatusCode::FAILED_PRECONDITION, ""},
       }) {
    Request request = For("jane@rcpt.example");
    c.change(request);
    EXPECT_THAT(Mint(request, minted), Fails(c.code, c.error));
  }
  v1::VerifyResponse verified;
  EXPECT_THAT(Verify("", "", verified), Fails(StatusCode::INVALID_ARGUMENT, "return_path: "));
  EXPECT_THAT(Verify("x", "", verified), Fails(StatusCode::INVALID_ARGUMENT, "return_path: "));
  EXPECT_THAT(Verify("x@bounces.example", "x", verified),
              Fails(StatusCode::INVALID_ARGUMENT, "recipient: "));
}

}  // namespace
}  // namespace bounced::api
