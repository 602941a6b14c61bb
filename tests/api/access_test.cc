// Who may call what, for whom: every method of every service against every kind of caller.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "server/api/limits.h"
#include "server/api/methods.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using grpc::StatusCode;
using testing::AnyOf;
using testing::Eq;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Those of all files in proto/bounced/v1, whoever has forgotten which.
std::vector<const MethodDescriptor*> AllMethods() {
  // Files that nothing has touched yet are not in the pool.
  for (const Message* message : std::initializer_list<const Message*>{
           &v1::CheckRequest::default_instance(), &v1::GetEventRequest::default_instance(),
           &v1::MintRequest::default_instance(), &v1::Incident::default_instance(),
           &v1::ApiKey::default_instance()}) {
    message->GetDescriptor();
  }
  std::vector<const MethodDescriptor*> methods;
  const std::filesystem::path folder = BOUNCED_SOURCE_DIR "/proto";
  for (const auto& file : std::filesystem::directory_iterator(folder / "bounced/v1")) {
    if (file.path().extension() != ".proto") continue;
    const FileDescriptor* descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
            "bounced/v1/" + file.path().filename().string());
    EXPECT_NE(descriptor, nullptr) << file.path();
    if (descriptor == nullptr) continue;
    for (int i = 0; i < descriptor->service_count(); ++i) {
      const ServiceDescriptor* service = descriptor->service(i);
      for (int j = 0; j < service->method_count(); ++j) methods.push_back(service->method(j));
    }
  }
  return methods;
}

std::unique_ptr<Message> NewRequest(const MethodDescriptor& method) {
  return std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()
                                      ->GetPrototype(method.input_type())
                                      ->New());
}

// Sets the field of that name; false: there is none.
bool Set(Message& message, const std::string& field, const std::string& value) {
  const auto* descriptor = message.GetDescriptor()->FindFieldByName(field);
  if (descriptor == nullptr) return false;
  message.GetReflection()->SetString(&message, descriptor, value);
  return true;
}

class AccessTest : public ApiTest {
 protected:
  // Any method, as a stream of one request: on the wire all kinds look alike.
  grpc::Status Call(const MethodDescriptor& method, const Message& request,
                    const std::string& authorization) {
    grpc::ClientContext context;
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
    const std::string name = "/" + method.service()->full_name() + "/" + method.name();
    grpc::internal::RpcMethod rpc(name.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING);
    std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
        grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
            channel_.get(), rpc, &context));
    grpc::Slice slice(request.SerializeAsString());
    stream->Write(grpc::ByteBuffer(&slice, 1));
    stream->WritesDone();
    grpc::ByteBuffer answer;
    while (stream->Read(&answer)) {
      if (method.name() == "WatchSuppressions") context.TryCancel();  // it would go on for ever
    }
    return stream->Finish();
  }
  grpc::Status CallEmpty(const MethodDescriptor& method, const std::string& authorization) {
    return Call(method, *NewRequest(method), authorization);
  }

  static std::string Bearer(const std::string& token) { return "Bearer " + token; }

  grpc::Status Create(const v1::CreateApiKeyRequest& request, v1::CreateApiKeyResponse& response,
                      const std::string& token = "") {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", Bearer(token));
    return admin_->CreateApiKey(&context, request, &response);
  }
  // The first, which may do everything.
  std::string MakeFirst() {
    v1::CreateApiKeyRequest request;
    request.set_name("first");
    request.set_all_tenants(true);
    request.add_roles(v1::ROLE_ADMIN);
    v1::CreateApiKeyResponse response;
    grpc::Status status = Create(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    first_ = response.token();
    return first_;
  }
  v1::CreateApiKeyResponse MakeKey(const std::string& name, const std::string& tenant,
                                   std::vector<v1::Role> roles) {
    v1::CreateApiKeyRequest request;
    request.set_name(name);
    request.set_tenant(tenant);
    request.set_all_tenants(tenant.empty());
    for (v1::Role role : roles) request.add_roles(role);
    v1::CreateApiKeyResponse response;
    grpc::Status status = Create(request, response, first_);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  grpc::Status Revoke(const std::string& id, const std::string& token,
                      v1::RevokeApiKeyResponse* response = nullptr) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", Bearer(token));
    v1::RevokeApiKeyRequest request;
    request.set_key_id(id);
    v1::RevokeApiKeyResponse unused;
    return admin_->RevokeApiKey(&context, request, response == nullptr ? &unused : response);
  }
  std::vector<v1::ApiKey> Keys(const std::string& token, const std::string& tenant = "",
                               int page_size = 0) {
    std::vector<v1::ApiKey> keys;
    v1::ListApiKeysRequest request;
    request.set_tenant(tenant);
    request.set_page_size(page_size);
    do {
      grpc::ClientContext context;
      if (!token.empty()) context.AddMetadata("authorization", Bearer(token));
      v1::ListApiKeysResponse page;
      grpc::Status status = admin_->ListApiKeys(&context, request, &page);
      EXPECT_TRUE(status.ok()) << status.error_message();
      keys.insert(keys.end(), page.keys().begin(), page.keys().end());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return keys;
  }
  grpc::Status CheckWith(const std::string& authorization, const std::string& tenant = "",
                         v1::Verdict* verdict = nullptr) {
    grpc::ClientContext context;
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
    v1::CheckRequest request;
    request.set_tenant(tenant);
    request.set_address("a@b.example");
    v1::CheckResponse response;
    grpc::Status status = suppressions_->Check(&context, request, &response);
    if (verdict != nullptr) *verdict = response.verdict();
    return status;
  }

  std::string first_;
};

TEST_F(AccessTest, T35EveryMethodHasARowAndIsServed) {
  std::set<std::string> names;
  for (const MethodDescriptor* method : AllMethods()) {
    SCOPED_TRACE(method->full_name());
    names.insert(method->full_name());
    const Method* row = FindMethod(method->full_name());
    ASSERT_NE(row, nullptr) << "say in methods.cc who may call it";
    EXPECT_EQ(row->streams, method->client_streaming() || method->server_streaming());
    EXPECT_NE(CallEmpty(*method, "").error_code(), StatusCode::UNIMPLEMENTED);
  }
  EXPECT_EQ(Methods().size(), names.size()) << "a row is of no method, or stands twice";
}

TEST_F(AccessTest, T35WhileThereIsNoKeyEverybodyMayCall) {
  for (const MethodDescriptor* method : AllMethods()) {
    EXPECT_THAT(CallEmpty(*method, "").error_code(),
                Not(AnyOf(StatusCode::UNAUTHENTICATED, StatusCode::PERMISSION_DENIED)))
        << method->full_name();
  }
  // But one that is wrong is told so, as it would be later.
  EXPECT_THAT(CheckWith(Bearer(MakeApiToken())),
              Fails(StatusCode::UNAUTHENTICATED, "there is no such API key"));
}

TEST_F(AccessTest, T35NoMethodIsServedWithoutAGoodKey) {
  MakeFirst();
  const v1::CreateApiKeyResponse revoked = MakeKey("revoked", "", {v1::ROLE_ADMIN});
  ASSERT_TRUE(Revoke(revoked.key().id(), first_).ok());
  v1::CreateApiKeyRequest short_lived;
  short_lived.set_name("expired");
  short_lived.set_all_tenants(true);
  short_lived.add_roles(v1::ROLE_ADMIN);
  short_lived.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 60);
  v1::CreateApiKeyResponse expired;
  ASSERT_TRUE(Create(short_lived, expired, first_).ok());
  EXPECT_TRUE(CheckWith(Bearer(expired.token())).ok());
  clock_.Advance(absl::Seconds(60));
  std::string other_secret = first_;
  other_secret.back() = other_secret.back() == 'a' ? 'b' : 'a';

  struct Case {
    std::string authorization;
    std::string why;
  };
  const Case cases[] = {
      {"", "an API key is needed"},
      {Bearer(MakeApiToken()), "there is no such API key"},
      {Bearer(other_secret), "there is no such API key"},
      {Bearer(first_ + "a"), "there is no such API key"},
      {Bearer(first_.substr(0, first_.size() - 1)), "there is no such API key"},
      {"Bearer ", "there is no such API key"},
      {"Basic " + first_, "there is no such API key"},
      {first_, "there is no such API key"},
      {Bearer(revoked.token()), "this API key is revoked"},
      {Bearer(expired.token()), "this API key has expired"},
  };
  for (const MethodDescriptor* method : AllMethods()) {
    for (const Case& c : cases) {
      EXPECT_THAT(CallEmpty(*method, c.authorization), Fails(StatusCode::UNAUTHENTICATED, c.why))
          << method->full_name() << " with \"" << c.authorization << '"';
    }
    EXPECT_NE(CallEmpty(*method, Bearer(first_)).error_code(), StatusCode::UNAUTHENTICATED);
  }
  EXPECT_TRUE(CheckWith("bEARER " + first_).ok()) << "a scheme has no case (RFC 9110, 11.1)";
  grpc::ClientContext twice;
  twice.AddMetadata("authorization", Bearer(first_));
  twice.AddMetadata("authorization", Bearer(first_));
  v1::CheckResponse unused;
  EXPECT_THAT(suppressions_->Check(&twice, {}, &unused), Fails(StatusCode::UNAUTHENTICATED, ""));
}

// What each role alone may call; `admin` may call all. Said here once more than in methods.cc, for
// whoever widens a role should do it twice.
const std::map<v1::Role, std::set<std::string>>& Allowed() {
  static const std::map<v1::Role, std::set<std::string>> allowed = {
      {v1::ROLE_CHECK, {"Check", "BatchCheck", "CheckStream"}},
      {v1::ROLE_MINT, {"Mint", "Verify"}},
      {v1::ROLE_WRITE,
       {"CreateSuppression", "DeleteSuppression", "ImportSuppressions", "ImportStream", "Ingest",
        "RecordDeliveries", "CreateAllowance", "DeleteAllowance", "ResolveIncident",
        "UndoChanges"}},
      {v1::ROLE_READ_EVENTS,
       {"GetSuppression", "ListSuppressions", "ExportSuppressions", "Explain", "ListEvents",
        "GetEvent", "Classify", "ListRules", "ListAllowances", "ListIncidents", "ListChanges",
        "WatchSuppressions", "Reclassify", "ExportAddress"}},
      {v1::ROLE_EVIDENCE, {"GetEvidence"}},
  };
  return allowed;
}
// Of no tenant, so that a key of one may not call them.
const std::set<std::string>& OfAllTenants() {
  static const std::set<std::string> methods = {"ListRules",      "Backup",
                                                "CheckIntegrity", "ApplyPolicies",
                                                "GetPolicies",    "ListPolicyRevisions"};
  return methods;
}

TEST_F(AccessTest, T38EachRoleAllowsItsMethodsAndNoOthers) {
  MakeFirst();
  for (int role = v1::ROLE_CHECK; role <= v1::ROLE_ADMIN; ++role) {
    const std::string name = v1::Role_Name(role);
    const std::string of_all =
        MakeKey("all_" + std::to_string(role), "", {static_cast<v1::Role>(role)}).token();
    const std::string of_one =
        MakeKey("one_" + std::to_string(role), "acme", {static_cast<v1::Role>(role)}).token();
    for (const MethodDescriptor* method : AllMethods()) {
      const bool has_role = role == v1::ROLE_ADMIN ||
                            Allowed().at(static_cast<v1::Role>(role)).count(method->name()) > 0;
      const bool is_wide = OfAllTenants().count(method->name()) > 0;
      const auto expect = [&](const std::string& token, bool allowed) {
        const grpc::Status status = CallEmpty(*method, Bearer(token));
        if (allowed) {
          EXPECT_THAT(status.error_code(),
                      Not(AnyOf(StatusCode::UNAUTHENTICATED, StatusCode::PERMISSION_DENIED)))
              << method->full_name() << " with " << name << ": " << status.error_message();
        } else {
          EXPECT_THAT(status, Fails(StatusCode::PERMISSION_DENIED, "this wants "))
              << method->full_name() << " with " << name;
        }
      };
      expect(of_all, has_role);
      expect(of_one, has_role && !is_wide);
    }
  }
}

TEST_F(AccessTest, T38ToReclassifyForGoodWantsAdmin) {
  MakeFirst();
  const auto reclassify = [&](std::vector<v1::Role> roles, bool apply, const std::string& tenant) {
    static int made = 0;
    const std::string token = MakeKey("k" + std::to_string(++made), "acme", roles).token();
    grpc::ClientContext context;
    context.AddMetadata("authorization", Bearer(token));
    v1::ReclassifyRequest request;
    request.set_apply(apply);
    request.set_tenant(tenant);
    auto reader = bounces_->Reclassify(&context, request);
    v1::ReclassifyResponse response;
    while (reader->Read(&response)) continue;
    return reader->Finish();
  };
  EXPECT_TRUE(reclassify({v1::ROLE_READ_EVENTS}, false, "").ok());
  EXPECT_THAT(reclassify({v1::ROLE_READ_EVENTS, v1::ROLE_WRITE, v1::ROLE_EVIDENCE}, true, ""),
              Fails(StatusCode::PERMISSION_DENIED, "to reclassify for good wants"));
  EXPECT_TRUE(reclassify({v1::ROLE_ADMIN}, true, "acme").ok());
  EXPECT_THAT(reclassify({v1::ROLE_ADMIN}, true, "other"), Fails(StatusCode::NOT_FOUND, "tenant"));
}

TEST_F(AccessTest, T35AWatchEndsWithItsKey) {
  MakeFirst();
  const v1::CreateApiKeyResponse made = MakeKey("mirror", "default", {v1::ROLE_READ_EVENTS});
  grpc::ClientContext context;
  context.AddMetadata("authorization", Bearer(made.token()));
  auto stream = suppressions_->WatchSuppressions(&context, {});
  v1::WatchSuppressionsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_TRUE(Revoke(made.key().id(), first_).ok());
  grpc::ClientContext create_context;
  create_context.AddMetadata("authorization", Bearer(first_));
  v1::CreateSuppressionRequest create;
  create.mutable_suppression()->set_tenant("default");
  create.mutable_suppression()->set_address("a@b.example");
  v1::CreateSuppressionResponse created;
  ASSERT_TRUE(suppressions_->CreateSuppression(&create_context, create, &created).ok());
  EXPECT_FALSE(stream->Read(&response)) << "a change that is no longer his to see";
  EXPECT_THAT(stream->Finish(),
              Fails(StatusCode::UNAUTHENTICATED, "the key of this call is revoked"));
}

TEST_F(AccessTest, T35StreamsEndWithTheirKey) {
  MakeFirst();
  const v1::CreateApiKeyResponse made =
      MakeKey("app", "default", {v1::ROLE_CHECK, v1::ROLE_WRITE, v1::ROLE_READ_EVENTS});
  grpc::ClientContext check_context;
  check_context.AddMetadata("authorization", Bearer(made.token()));
  const auto checks = suppressions_->CheckStream(&check_context);
  grpc::ClientContext import_context;
  import_context.AddMetadata("authorization", Bearer(made.token()));
  const auto imports = suppressions_->ImportStream(&import_context);
  v1::BatchCheckResponse verdicts;
  v1::ImportStreamResponse outcomes;
  const auto row = [](const std::string& address) {
    v1::ImportSuppressionsRequest request;
    request.add_suppressions()->set_address(address);
    return request;
  };
  ASSERT_TRUE(checks->Write({}));
  ASSERT_TRUE(checks->Read(&verdicts));
  ASSERT_TRUE(imports->Write(row("before@b.example")));
  ASSERT_TRUE(imports->Read(&outcomes));
  ASSERT_TRUE(Revoke(made.key().id(), first_).ok());
  checks->Write({});
  EXPECT_FALSE(checks->Read(&verdicts));
  EXPECT_THAT(checks->Finish(), Fails(StatusCode::UNAUTHENTICATED, "the key of this call"));
  imports->Write(row("after@b.example"));
  EXPECT_FALSE(imports->Read(&outcomes));
  EXPECT_THAT(imports->Finish(), Fails(StatusCode::UNAUTHENTICATED, "the key of this call"));
  const auto stored = [this](const std::string& address) {
    return store_->FindSuppressions("default", *Address::Parse(address))->size();
  };
  EXPECT_EQ(stored("before@b.example"), 1u);
  EXPECT_EQ(stored("after@b.example"), 0u);
}

TEST_F(AccessTest, T35WhatIsDoneInStepsEndsWithItsKey) {
  // One more than a step of Reclassify takes.
  for (int i = 0; i <= kReclassifyStepAddresses; ++i) {
    IngestMailboxFull("r" + std::to_string(i) + "@b.example");
  }
  MakeFirst();
  for (const MethodDescriptor* method : AllMethods()) {
    const std::set<std::string> stepwise = {"Reclassify", "ExportAddress", "Forget"};
    if (!stepwise.contains(method->name())) continue;
    SCOPED_TRACE(method->name());
    v1::CreateApiKeyRequest short_lived;
    short_lived.set_name("k" + std::to_string(absl::ToUnixSeconds(clock_.Now())));
    short_lived.set_tenant("default");
    short_lived.add_roles(v1::ROLE_ADMIN);
    short_lived.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 60);
    v1::CreateApiKeyResponse made;
    ASSERT_TRUE(Create(short_lived, made, first_).ok());
    std::unique_ptr<Message> request = NewRequest(*method);
    Set(*request, "address", "a@b.example");
    // It expires while the first step is done.
    std::atomic<bool> has_begun = false;
    store_->OnCall([&] {
      if (!has_begun.exchange(true)) clock_.Advance(absl::Seconds(60));
      return absl::OkStatus();
    });
    EXPECT_THAT(Call(*method, *request, Bearer(made.token())),
                Fails(StatusCode::UNAUTHENTICATED, "the key of this call"));
    store_->OnCall(nullptr);
  }
}

TEST_F(AccessTest, T35WhatBeganWithoutAKeyEndsWithTheFirst) {
  grpc::ClientContext context;
  const auto checks = suppressions_->CheckStream(&context);
  v1::BatchCheckResponse verdicts;
  ASSERT_TRUE(checks->Write({}));
  ASSERT_TRUE(checks->Read(&verdicts));
  MakeFirst();
  checks->Write({});
  EXPECT_FALSE(checks->Read(&verdicts));
  EXPECT_THAT(checks->Finish(), Fails(StatusCode::UNAUTHENTICATED, "the key of this call"));
}

TEST_F(AccessTest, T38ANewKeyMayCheckAndNoMore) {
  MakeFirst();
  const v1::CreateApiKeyResponse made = MakeKey("sender", "acme", {});
  EXPECT_THAT(made.key().roles(), testing::ElementsAre(v1::ROLE_CHECK));
  EXPECT_TRUE(CheckWith(Bearer(made.token())).ok());
}

// --- Tenants

TEST_F(AccessTest, T36AnotherTenantLooksAsIfItDidNotExist) {
  ASSERT_TRUE(ApiTest::Create("a@b.example").ok());
  MakeFirst();
  const std::string acme = MakeKey("acme", "acme", {v1::ROLE_ADMIN}).token();
  MakeKey("default", "default", {v1::ROLE_CHECK});
  // These name a tenant in another way, or in none; they have tests of their own.
  std::set<std::string> without = {"CreateSuppression", "Classify",    "Ingest",
                                   "ListRules",         "Verify",      "RevokeKey",
                                   "RevokeApiKey",      "Backup",      "CheckIntegrity",
                                   "ApplyPolicies",     "GetPolicies", "ListPolicyRevisions"};
  for (const MethodDescriptor* method : AllMethods()) {
    SCOPED_TRACE(method->full_name());
    std::unique_ptr<Message> request = NewRequest(*method);
    if (!Set(*request, "tenant", "default")) {
      EXPECT_EQ(without.erase(method->name()), 1u) << "how does it keep tenants apart?";
      continue;
    }
    // All that is checked before the tenant is in order.
    for (const char* field : {"address", "recipient"}) Set(*request, field, "a@b.example");
    Set(*request, "name", "new");
    const grpc::Status there = Call(*method, *request, Bearer(acme));
    EXPECT_THAT(there, Fails(StatusCode::NOT_FOUND, "tenant: there is none of this name"));
    Set(*request, "tenant", "nobody");
    const grpc::Status nowhere = Call(*method, *request, Bearer(acme));
    EXPECT_EQ(there.error_code(), nowhere.error_code());
    EXPECT_EQ(there.error_message(), nowhere.error_message());
    // The key's own, named or not.
    for (const char* tenant : {"acme", ""}) {
      Set(*request, "tenant", tenant);
      const grpc::Status own = Call(*method, *request, Bearer(acme));
      EXPECT_THAT(own.error_message(), Not(HasSubstr("tenant"))) << tenant;
    }
  }
  EXPECT_THAT(without, IsEmpty());
}

TEST_F(AccessTest, T37ACheckTellsNothingOfAnotherTenant) {
  ASSERT_TRUE(ApiTest::Create("a@b.example").ok());  // in `default`
  MakeFirst();
  const std::string acme = MakeKey("acme", "acme", {}).token();
  const std::string owner = MakeKey("owner", "default", {}).token();
  v1::Verdict verdict;
  EXPECT_TRUE(CheckWith(Bearer(acme), "", &verdict).ok());
  EXPECT_EQ(verdict, v1::VERDICT_SEND);
  EXPECT_TRUE(CheckWith(Bearer(owner), "", &verdict).ok());
  EXPECT_EQ(verdict, v1::VERDICT_SUPPRESSED);
  EXPECT_TRUE(CheckWith(Bearer(first_), "", &verdict).ok());
  EXPECT_EQ(verdict, v1::VERDICT_SUPPRESSED) << "of all tenants: `default` where none is named";
}

TEST_F(AccessTest, T36ASuppressionIsMadeInTheKeysTenantAlone) {
  MakeFirst();
  const std::string acme = MakeKey("acme", "acme", {v1::ROLE_WRITE, v1::ROLE_CHECK}).token();
  for (const char* tenant : {"", "default"}) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", Bearer(acme));
    v1::CreateSuppressionRequest request;
    request.mutable_suppression()->set_address("a@b.example");
    request.mutable_suppression()->set_tenant(tenant);
    v1::CreateSuppressionResponse response;
    const grpc::Status status = suppressions_->CreateSuppression(&context, request, &response);
    if (*tenant == '\0') {
      EXPECT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(response.suppression().tenant(), "acme");
    } else {
      EXPECT_THAT(status, Fails(StatusCode::NOT_FOUND, "suppression.tenant: there is none"));
    }
  }
  v1::Verdict verdict;
  EXPECT_TRUE(CheckWith(Bearer(acme), "", &verdict).ok());
  EXPECT_EQ(verdict, v1::VERDICT_SUPPRESSED);
  EXPECT_TRUE(CheckWith(Bearer(first_), "", &verdict).ok());
  EXPECT_EQ(verdict, v1::VERDICT_SEND);
}

TEST_F(AccessTest, T36ReturnPathsOfAnotherTenantAreNoneOfOurs) {
  const std::string minted = Mint("r@rcpt.example");  // of `default`
  MakeFirst();
  const std::string acme = MakeKey("acme", "acme", {v1::ROLE_ADMIN}).token();
  const auto verify = [&](const std::string& return_path) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", Bearer(acme));
    v1::VerifyRequest request;
    request.set_return_path(return_path);
    v1::VerifyResponse response;
    EXPECT_TRUE(paths_->Verify(&context, request, &response).ok());
    EXPECT_FALSE(response.accepted());
    return response.SerializeAsString();
  };
  const std::string nowhere = verify("x@nowhere.example");
  EXPECT_THAT(nowhere, HasSubstr("not_ours"));
  EXPECT_EQ(verify(minted), nowhere);
  EXPECT_EQ(verify("x" + minted), nowhere) << "nor does a refusal tell that there is the domain";

  grpc::ClientContext record_context;
  record_context.AddMetadata("authorization", Bearer(acme));
  v1::RecordDeliveriesRequest record;
  for (const std::string& path : {minted, std::string("x@nowhere.example")}) {
    v1::DeliveryAttempt& attempt = *record.add_attempts();
    attempt.set_address("r@rcpt.example");
    attempt.set_outcome(v1::DELIVERY_OUTCOME_BOUNCED);
    attempt.set_return_path(path);
  }
  v1::RecordDeliveriesResponse recorded;
  ASSERT_TRUE(bounces_->RecordDeliveries(&record_context, record, &recorded).ok());
  EXPECT_EQ(recorded.recorded(), 1);
  ASSERT_EQ(recorded.rejected_size(), 1);
  EXPECT_EQ(recorded.rejected(0).message(), "return_path: of another tenant");

  grpc::ClientContext ingest_context;
  ingest_context.AddMetadata("authorization", Bearer(acme));
  v1::IngestResponse ingested;
  auto writer = bounces_->Ingest(&ingest_context, &ingested);
  v1::IngestRequest ingest;
  ingest.set_return_path(minted);
  writer->Write(ingest);
  writer->WritesDone();
  EXPECT_THAT(writer->Finish(),
              Fails(StatusCode::PERMISSION_DENIED, "the return path does not verify: not_ours"));

  for (const std::string& domain : {std::string(kDomain), std::string("nowhere.example")}) {
    grpc::ClientContext mint_context;
    mint_context.AddMetadata("authorization", Bearer(acme));
    v1::MintRequest mint;
    mint.set_recipient("r@rcpt.example");
    mint.set_domain(domain);
    v1::MintResponse unused;
    EXPECT_THAT(paths_->Mint(&mint_context, mint, &unused),
                Fails(StatusCode::NOT_FOUND, "no return-path domain is configured"));
    grpc::ClientContext revoke_context;
    revoke_context.AddMetadata("authorization", Bearer(acme));
    v1::RevokeKeyRequest revoke;
    revoke.set_domain(domain);
    revoke.set_key_id("a");
    v1::RevokeKeyResponse revoked;
    EXPECT_THAT(paths_->RevokeKey(&revoke_context, revoke, &revoked),
                Fails(StatusCode::NOT_FOUND, "the configuration has no such return-path domain"));
  }
  grpc::ClientContext list_context;
  list_context.AddMetadata("authorization", Bearer(acme));
  v1::ListKeysResponse keys;
  EXPECT_TRUE(paths_->ListKeys(&list_context, {}, &keys).ok());
  EXPECT_THAT(keys.keys(), IsEmpty());
}

// --- Keys

TEST_F(AccessTest, T35TheFirstKeyMustBeAbleToMakeOthers) {
  v1::CreateApiKeyRequest request;
  request.set_name("first");
  v1::CreateApiKeyResponse response;
  EXPECT_THAT(Create(request, response),
              Fails(StatusCode::FAILED_PRECONDITION, "this is the first key"));
  request.set_all_tenants(true);
  EXPECT_THAT(Create(request, response), Fails(StatusCode::FAILED_PRECONDITION, ""));
  request.add_roles(v1::ROLE_ADMIN);
  request.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 60);
  EXPECT_THAT(Create(request, response), Fails(StatusCode::FAILED_PRECONDITION, ""));
  EXPECT_TRUE(CheckWith("").ok()) << "nothing has changed";
  request.clear_expire_time();
  EXPECT_TRUE(Create(request, response).ok());
  EXPECT_THAT(CheckWith(""), Fails(StatusCode::UNAUTHENTICATED, ""));
}

TEST_F(AccessTest, WhenTheLastKeyIsRevokedEverybodyMayCallUnlessKeysAreRequired) {
  MakeFirst();
  v1::RevokeApiKeyResponse response;
  ASSERT_TRUE(Revoke(Keys(first_)[0].id(), first_, &response).ok());
  EXPECT_TRUE(response.everybody_may_call());
  EXPECT_TRUE(CheckWith("").ok());
  EXPECT_THAT(CheckWith(Bearer(first_)),
              Fails(StatusCode::UNAUTHENTICATED, "this API key is revoked"));
  EXPECT_TRUE(callers_->TakeUp({.require_keys = true}).ok());
  EXPECT_THAT(CheckWith(""), Fails(StatusCode::UNAUTHENTICATED, ""));
  EXPECT_TRUE(callers_->TakeUp({}).ok());
  EXPECT_TRUE(CheckWith("").ok());
  callers_->RequireLogin();
  EXPECT_THAT(CheckWith(""), Fails(StatusCode::UNAUTHENTICATED, ""));
  EXPECT_TRUE(callers_->TakeUp({}).ok());
  EXPECT_THAT(CheckWith(""), Fails(StatusCode::UNAUTHENTICATED, "")) << "off loopback, for ever";
}

TEST_F(AccessTest, KeysAreOfOneNameInATenantAndBadOnesAreRefused) {
  MakeFirst();
  MakeKey("app", "acme", {});
  MakeKey("app", "globex", {});
  MakeKey("app", "", {});
  v1::CreateApiKeyResponse response;
  const auto create = [&](auto change) {
    v1::CreateApiKeyRequest request;
    request.set_name("new");
    request.set_tenant("acme");
    change(request);
    return Create(request, response, first_);
  };
  EXPECT_THAT(create([](auto& r) { r.set_name("app"); }), Fails(StatusCode::ALREADY_EXISTS, ""));
  const std::string longest(64, 'n');
  for (const std::string& name : {std::string(), longest + "n", std::string("a b")}) {
    EXPECT_THAT(create([&](auto& r) { r.set_name(name); }),
                Fails(StatusCode::INVALID_ARGUMENT, "name: not 1 to 64 of a-z, 0-9, _ and -"));
  }
  EXPECT_THAT(create([](auto& r) { r.set_name("policy"); }),
              Fails(StatusCode::INVALID_ARGUMENT, "name: stands for the daemon itself"));
  EXPECT_TRUE(create([&](auto& r) { r.set_name(longest); }).ok());
  EXPECT_THAT(create([](auto& r) { r.set_author(std::string(101, 'a')); }),
              Fails(StatusCode::INVALID_ARGUMENT, "author:"));
  EXPECT_THAT(create([](auto& r) { r.set_all_tenants(true); }),
              Fails(StatusCode::INVALID_ARGUMENT, "tenant:"));
  EXPECT_THAT(create([](auto& r) { r.add_roles(v1::ROLE_UNSPECIFIED); }),
              Fails(StatusCode::INVALID_ARGUMENT, "roles:"));
  EXPECT_THAT(create([](auto& r) { r.add_roles(static_cast<v1::Role>(7)); }),
              Fails(StatusCode::INVALID_ARGUMENT, "roles:"));
  EXPECT_THAT(create([this](auto& r) {
                r.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
              }),
              Fails(StatusCode::INVALID_ARGUMENT, "expire_time: not in the future"));
  EXPECT_THAT(create([](auto& r) { r.set_secret("abc"); }),
              Fails(StatusCode::INVALID_ARGUMENT, "secret: is no secret of the form"));
  // Whose token was made elsewhere.
  const std::string token = MakeApiToken();
  EXPECT_TRUE(create([&](auto& r) { r.set_secret(ToString(*ApiSecretOf(token))); }).ok());
  EXPECT_EQ(response.token(), "");
  EXPECT_TRUE(CheckWith(Bearer(token)).ok());
  EXPECT_THAT(create([&](auto& r) {
                r.set_name("other");
                r.set_secret(ToString(*ApiSecretOf(token)));
              }),
              Fails(StatusCode::ALREADY_EXISTS, "there is a key with this id"));
}

TEST_F(AccessTest, T36AnAdminOfATenantSeesAndMakesItsKeysAlone) {
  MakeFirst();
  const v1::CreateApiKeyResponse other = MakeKey("other", "globex", {});
  const std::string acme = MakeKey("admin", "acme", {v1::ROLE_ADMIN}).token();
  v1::CreateApiKeyRequest request;
  request.set_name("app");
  v1::CreateApiKeyResponse made;
  ASSERT_TRUE(Create(request, made, acme).ok());
  EXPECT_EQ(made.key().tenant(), "acme");
  EXPECT_EQ(made.key().author(), "admin");
  request.set_name("all");
  request.set_all_tenants(true);
  EXPECT_THAT(Create(request, made, acme), Fails(StatusCode::PERMISSION_DENIED, ""));

  std::vector<std::string> names;
  for (const v1::ApiKey& key : Keys(acme)) names.push_back(key.name());
  EXPECT_THAT(names, testing::ElementsAre("admin", "app"));
  EXPECT_EQ(Keys(first_).size(), 4u);
  EXPECT_EQ(Keys(first_, "", 1).size(), 4u) << "in pages of one";
  EXPECT_EQ(Keys(first_, "globex").size(), 1u);
  const grpc::Status foreign = Revoke(other.key().id(), acme);
  const grpc::Status none = Revoke("nothing", acme);
  EXPECT_THAT(foreign, Fails(StatusCode::NOT_FOUND, "there is no such key"));
  EXPECT_EQ(foreign.error_message(), none.error_message());
  EXPECT_TRUE(CheckWith(Bearer(other.token())).ok());
}

TEST_F(AccessTest, T35ARevocationHoldsAtOnceAndStaysAsItIs) {
  MakeFirst();
  const v1::CreateApiKeyResponse made = MakeKey("app", "acme", {});
  EXPECT_TRUE(CheckWith(Bearer(made.token())).ok());
  v1::RevokeApiKeyResponse first, second;
  ASSERT_TRUE(Revoke(made.key().id(), first_, &first).ok());
  EXPECT_FALSE(first.everybody_may_call());
  EXPECT_THAT(CheckWith(Bearer(made.token())), Fails(StatusCode::UNAUTHENTICATED, ""));
  clock_.Advance(absl::Hours(1));
  ASSERT_TRUE(Revoke(made.key().id(), first_, &second).ok());
  EXPECT_EQ(second.key().revoke_time().seconds(), first.key().revoke_time().seconds());
  EXPECT_EQ(second.key().revoke_author(), "first");
  // Its name is free again; after a restart it is still revoked.
  MakeKey("app", "acme", {});
  absl::StatusOr<std::vector<ApiKey>> stored = store_->ListApiKeys();
  ASSERT_TRUE(stored.ok()) << stored.status();
  Callers restarted(*committer_, clock_, *stored);
  const Method& check = *FindMethod("bounced.v1.SuppressionService.Check");
  const auto admit = [&](const std::string& token) {
    return restarted
        .Admit({.token = token, .certificate_names = [] { return std::vector<std::string>(); }},
               check)
        .status();
  };
  EXPECT_EQ(admit(made.token()).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(admit(first_).ok());
  EXPECT_FALSE(restarted.is_open());
}

TEST_F(AccessTest, T35NoTokenIsKeptAnywhere) {
  MakeFirst();
  const v1::CreateApiKeyResponse made = MakeKey("app", "acme", {});
  EXPECT_TRUE(CheckWith(Bearer(made.token())).ok());
  const std::string secret = made.token().substr(made.token().rfind('_') + 1);
  std::string all = log();
  for (const v1::ApiKey& key : Keys(first_)) all += key.DebugString();
  for (const auto& file : std::filesystem::directory_iterator(dir_ / "data")) {
    std::ostringstream text;
    text << std::ifstream(file.path(), std::ios::binary).rdbuf();
    all += text.str();
  }
  EXPECT_THAT(all, HasSubstr(made.key().id()));
  EXPECT_EQ(all.find(secret), std::string::npos);
}

TEST_F(AccessTest, TheLastUseIsKnownAtOnceAndWrittenDownOnceAMinute) {
  MakeFirst();
  const std::string token = MakeKey("app", "acme", {}).token();
  const auto last_use = [this] { return Keys(first_)[1].last_use_time().seconds(); };
  EXPECT_EQ(last_use(), 0);
  const auto stored_use = [this] { return (*store_->ListApiKeys())[1].last_use_time; };
  EXPECT_TRUE(CheckWith(Bearer(token)).ok());
  const absl::Time first_use = clock_.Now();
  EXPECT_EQ(last_use(), absl::ToUnixSeconds(first_use));
  clock_.Advance(kKeyUseInterval - absl::Seconds(1));
  EXPECT_TRUE(CheckWith(Bearer(token)).ok());
  EXPECT_EQ(last_use(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(stored_use(), std::nullopt) << "the minute began with the first key";
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(CheckWith(Bearer(token)).ok());
  EXPECT_TRUE(Eventually([&] { return stored_use() == clock_.Now(); }));
}

TEST_F(AccessTest, TheAuthorOfAChangeIsTheKey) {
  MakeFirst();
  const std::string token = MakeKey("ci", "acme", {v1::ROLE_WRITE, v1::ROLE_READ_EVENTS}).token();
  const auto create = [&](const std::string& address, const std::string& author) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", Bearer(token));
    v1::CreateSuppressionRequest request;
    request.mutable_suppression()->set_address(address);
    request.set_author(author);
    v1::CreateSuppressionResponse response;
    EXPECT_TRUE(suppressions_->CreateSuppression(&context, request, &response).ok());
    grpc::ClientContext explain_context;
    explain_context.AddMetadata("authorization", Bearer(token));
    v1::ExplainRequest explain;
    explain.set_address(address);
    v1::ExplainResponse explained;
    EXPECT_TRUE(suppressions_->Explain(&explain_context, explain, &explained).ok());
    return explained.changes(0).author();
  };
  EXPECT_EQ(create("a@b.example", ""), "ci");
  EXPECT_EQ(create("b@b.example", "ci"), "ci");
  EXPECT_EQ(create("c@b.example", "ann"), "ci (ann)") << "adds to it, and does not replace it";
}

// --- Bounds

TEST_F(AccessTest, T28AKeyHasAHundredStreamsUnderWay) {
  MakeFirst();
  const std::string token = MakeKey("app", "acme", {}).token();
  const std::string other = MakeKey("other", "acme", {}).token();
  struct Stream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReaderWriter<v1::BatchCheckRequest, v1::BatchCheckResponse>> stream;
  };
  // Connections of their own, which have a bound as well.
  const auto stub = [this](int number) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("number", number);
    return v1::SuppressionService::NewStub(grpc::CreateCustomChannel(
        server_->address(), grpc::InsecureChannelCredentials(), arguments));
  };
  const auto first = stub(1), second = stub(2);
  // False: it is ended with `status`.
  const auto open = [&](Stream& call, v1::SuppressionService::Stub& at, const std::string& by,
                        grpc::Status& status) {
    call.context.AddMetadata("authorization", Bearer(by));
    call.stream = at.CheckStream(&call.context);
    v1::BatchCheckResponse response;
    if (call.stream->Write({}) && call.stream->Read(&response)) return true;
    status = call.stream->Finish();
    return false;
  };
  std::vector<std::unique_ptr<Stream>> streams;
  grpc::Status status;
  for (std::size_t i = 0; i < kMaxStreamsPerKey; ++i) {
    streams.push_back(std::make_unique<Stream>());
    ASSERT_TRUE(open(*streams.back(), i % 2 == 0 ? *first : *second, token, status))
        << i << ": " << status.error_message();
  }
  Stream beyond, of_another;
  EXPECT_FALSE(open(beyond, *second, token, status));
  EXPECT_THAT(status, Fails(StatusCode::RESOURCE_EXHAUSTED, "this key has 100 streams under way"));
  EXPECT_TRUE(CheckWith(Bearer(token)).ok()) << "a call that is no stream";
  EXPECT_TRUE(open(of_another, *second, other, status));
  streams.back()->stream->WritesDone();
  EXPECT_TRUE(streams.back()->stream->Finish().ok());
  EXPECT_TRUE(Eventually([&] {
    Stream next;
    const bool opened = open(next, *first, token, status);
    if (opened) next.context.TryCancel();
    return opened;
  }));
  for (const auto& each : streams) each->context.TryCancel();
  of_another.context.TryCancel();
}

TEST_F(AccessTest, T28AKeyHasAThousandCallsUnderWay) {
  MakeFirst();
  const auto no_names = [] { return std::vector<std::string>(); };
  const Callers::Credentials credentials = {.token = first_, .certificate_names = no_names};
  const Method& check = *FindMethod("bounced.v1.SuppressionService.Check");
  std::vector<Admission> held;
  for (std::size_t i = 0; i < kMaxCallsPerKey; ++i) {
    absl::StatusOr<Admission> admission = callers_->Admit(credentials, check);
    ASSERT_TRUE(admission.ok()) << i << ": " << admission.status();
    held.push_back(*std::move(admission));
  }
  EXPECT_EQ(callers_->Admit(credentials, check).status().code(),
            absl::StatusCode::kResourceExhausted);
  held.pop_back();
  EXPECT_TRUE(callers_->Admit(credentials, check).ok());
  held.clear();
}

// --- What the configuration says

KeyGrant Granted(const std::string& name, const std::string& token, Roles roles) {
  KeyGrant grant;
  grant.name = name;
  grant.all_tenants = true;
  grant.roles = roles;
  grant.secret = *ApiSecretOf(token);
  return grant;
}

TEST_F(AccessTest, T35KeysOfTheConfigurationComeAndGoWithIt) {
  const std::string token = MakeApiToken();
  const KeyGrant admin = Granted("boot", token, {Role::kAdmin});
  ASSERT_TRUE(callers_->TakeUp({.keys = {admin}}).ok());
  EXPECT_THAT(CheckWith(""), Fails(StatusCode::UNAUTHENTICATED, ""));
  EXPECT_TRUE(CheckWith(Bearer(token)).ok());
  const std::vector<v1::ApiKey> listed = Keys(token);
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_TRUE(listed[0].configured());
  EXPECT_FALSE(listed[0].has_create_time());
  EXPECT_TRUE(listed[0].has_last_use_time());
  EXPECT_THAT(Revoke(listed[0].id(), token), Fails(StatusCode::FAILED_PRECONDITION, ""));
  // The first of the store may be any now.
  v1::CreateApiKeyRequest request;
  request.set_name("app");
  v1::CreateApiKeyResponse made;
  EXPECT_TRUE(Create(request, made, token).ok());

  // With another role it is the same key; taken out it is none.
  ASSERT_TRUE(callers_->TakeUp({.keys = {Granted("boot", token, {Role::kMint})}}).ok());
  EXPECT_THAT(CheckWith(Bearer(token)), Fails(StatusCode::PERMISSION_DENIED, ""));
  ASSERT_TRUE(callers_->TakeUp({.keys = {admin}}).ok());
  EXPECT_TRUE(CheckWith(Bearer(token)).ok());
  EXPECT_EQ(Keys(token).size(), 2u);
  ASSERT_TRUE(callers_->TakeUp({}).ok());
  EXPECT_THAT(CheckWith(Bearer(token)), Fails(StatusCode::UNAUTHENTICATED, ""));
  EXPECT_TRUE(CheckWith(Bearer(made.token())).ok());
}

TEST_F(AccessTest, T35AKeyThatTheStoreHasRevokedIsNotBroughtBackByTheConfiguration) {
  MakeFirst();
  const v1::CreateApiKeyResponse made = MakeKey("app", "", {v1::ROLE_ADMIN});
  ASSERT_TRUE(Revoke(made.key().id(), first_).ok());
  ASSERT_TRUE(callers_->TakeUp({.keys = {Granted("app", made.token(), {Role::kAdmin})}}).ok());
  EXPECT_THAT(CheckWith(Bearer(made.token())), Fails(StatusCode::UNAUTHENTICATED, ""));
}

TEST_F(AccessTest, T35AKeyThatTheStoreHasWithOtherRightsIsRefusedInTheConfiguration) {
  MakeFirst();
  const v1::CreateApiKeyResponse made = MakeKey("app", "acme", {v1::ROLE_CHECK});
  const absl::Status status =
      callers_->TakeUp({.keys = {Granted("app", made.token(), {Role::kAdmin})}});
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("grpc.key app: "));
  EXPECT_TRUE(CheckWith(Bearer(first_)).ok());
}

TEST_F(AccessTest, T36ATenantHasABoundOfItsOwn) {
  MakeFirst();
  const std::string admin = MakeKey("acme", "acme", {v1::ROLE_ADMIN}).token();
  for (std::size_t i = 1; i < kMaxApiKeysOfTenant; ++i)
    MakeKey("k" + std::to_string(i), "acme", {});
  v1::CreateApiKeyRequest request;
  request.set_name("one_more");
  v1::CreateApiKeyResponse made;
  EXPECT_THAT(Create(request, made, admin),
              Fails(StatusCode::FAILED_PRECONDITION, "the tenant has 1000 keys"));
  MakeKey("other", "globex", {});
}

TEST_F(AccessTest, ACertificateIsKnownByItsNames) {
  Grant relay{.name = "relay-1.example", .tenant = "acme", .roles = {Role::kMint}};
  ASSERT_TRUE(callers_->TakeUp({.clients = {relay}}).ok());
  EXPECT_FALSE(callers_->is_open());
  const auto admit = [&](std::vector<std::string> names, const char* method) {
    absl::StatusOr<Admission> admission =
        callers_->Admit({.token = std::nullopt, .certificate_names = [&names] { return names; }},
                        *FindMethod(method));
    return admission.ok() ? admission->caller().name + " of " + *admission->caller().tenant
                          : std::string(absl::StatusCodeToString(admission.status().code()));
  };
  const char* const mint = "bounced.v1.ReturnPathService.Mint";
  EXPECT_EQ(admit({"x", "relay-1.example"}, mint), "relay-1.example of acme");
  EXPECT_EQ(admit({"x", "relay-1.example"}, "bounced.v1.SuppressionService.Check"),
            "PERMISSION_DENIED");
  EXPECT_EQ(admit({"relay-1.example.org"}, mint), "UNAUTHENTICATED");
  EXPECT_EQ(admit({}, mint), "UNAUTHENTICATED");
  relay.tenant = "globex";
  ASSERT_TRUE(callers_->TakeUp({.clients = {relay}}).ok());
  EXPECT_EQ(admit({"relay-1.example"}, mint), "relay-1.example of globex");
  ASSERT_TRUE(callers_->TakeUp({}).ok());
  EXPECT_TRUE(callers_->is_open());
}

}  // namespace
}  // namespace bounced::api
