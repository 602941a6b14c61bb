#include "server/api/admin_service.h"

#include <utility>

#include "parser/text.h"
#include "server/api/from_proto.h"
#include "server/api/page_token.h"
#include "server/api/policies.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

v1::ApiKey ApiKeyToProto(const Callers::Listed& row) {
  v1::ApiKey key;
  key.set_id(row.key.id);
  key.set_name(row.key.name);
  key.set_tenant(row.key.tenant.value_or(""));
  key.set_all_tenants(!row.key.tenant);
  const Roles roles = Roles::FromBits(row.key.roles);
  for (Role role : AllRoles()) {
    if (roles.Has(role)) key.add_roles(static_cast<v1::Role>(role));
  }
  if (!row.configured) *key.mutable_create_time() = ToProto(row.key.create_time);
  key.set_author(row.key.author);
  if (row.key.expire_time < absl::InfiniteFuture()) {
    *key.mutable_expire_time() = ToProto(row.key.expire_time);
  }
  if (row.key.last_use_time) *key.mutable_last_use_time() = ToProto(*row.key.last_use_time);
  if (row.key.revoke_time < absl::InfiniteFuture()) {
    *key.mutable_revoke_time() = ToProto(row.key.revoke_time);
  }
  key.set_revoke_author(row.key.revoke_author);
  key.set_configured(row.configured);
  return key;
}

absl::StatusOr<Callers::NewKey> NewKeyOf(const Caller& caller,
                                         const v1::CreateApiKeyRequest& request, absl::Time now) {
  Callers::NewKey key;
  if (absl::Status s = CheckName("name", request.name()); !s.ok()) return s;
  // It would look like the daemon itself in the history.
  for (const std::string_view author : {"policy", "salvage"}) {
    if (request.name() == author) return Invalid("name", "stands for the daemon itself");
  }
  if (absl::Status s = CheckOctets("author", request.author(), kMaxAuthorOctets); !s.ok()) return s;
  key.name = request.name();
  key.author = AuthorOf(caller, request.author());
  if (request.all_tenants()) {
    if (!request.tenant().empty()) return Invalid("tenant", "must be empty with `all_tenants`");
    if (caller.tenant) {
      return absl::PermissionDeniedError("only a key of all tenants makes another one");
    }
  } else {
    absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
    if (!tenant.ok()) return tenant.status();
    if (*tenant == kAnyTenant) return Invalid("tenant", "that is said by `all_tenants`");
    key.tenant = std::string(*tenant);
  }
  for (int role : request.roles()) {
    if (!v1::Role_IsValid(role) || role == v1::ROLE_UNSPECIFIED) {
      return Invalid("roles", "one is not a role");
    }
    key.roles.Add(static_cast<Role>(role));
  }
  if (key.roles.empty()) key.roles.Add(Role::kCheck);
  key.expire_time = absl::InfiniteFuture();
  if (request.has_expire_time()) {
    absl::StatusOr<absl::Time> expires = TimeOf("expire_time", request.expire_time());
    if (!expires.ok()) return expires.status();
    if (*expires <= now) return Invalid("expire_time", "not in the future");
    key.expire_time = *expires;
  }
  if (!request.secret().empty()) {
    absl::StatusOr<ApiSecret> secret = ParseApiSecret(request.secret());
    if (!secret.ok()) return Invalid("secret", Std(secret.status().message()));
    key.secret = *std::move(secret);
  }
  return key;
}

absl::Status Create(const Parts& parts, const Caller& caller,
                    const v1::CreateApiKeyRequest& request, v1::CreateApiKeyResponse& response) {
  absl::StatusOr<Callers::NewKey> key = NewKeyOf(caller, request, parts.clock.Now());
  if (!key.ok()) return key.status();
  absl::StatusOr<Callers::MadeKey> made = parts.callers.Create(*std::move(key));
  if (!made.ok()) return made.status();
  parts.log.Info("api.key_made", {{"key", made->key.id}, {"name", made->key.name}});
  *response.mutable_key() = ApiKeyToProto(Callers::Listed{std::move(made->key)});
  response.set_token(std::move(made->token));
  return absl::OkStatus();
}

absl::Status List(const Parts& parts, const Caller& caller, const v1::ListApiKeysRequest& request,
                  v1::ListApiKeysResponse& response) {
  std::optional<std::string_view> tenant;
  if (caller.tenant || !request.tenant().empty()) {
    absl::StatusOr<std::string_view> named = TenantOf(caller, request.tenant());
    if (!named.ok()) return named.status();
    tenant = *named;
  }
  absl::StatusOr<int> page_size = PageSizeOf(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const std::string list = ListOf(request, tenant.value_or(""));
  absl::StatusOr<Cursor> from = ReadPageToken(request.page_token(), list);
  if (!from.ok()) return from.status();
  for (const Callers::Listed& row :
       parts.callers.List(tenant, static_cast<std::size_t>(*page_size), *from)) {
    *response.add_keys() = ApiKeyToProto(row);
  }
  if (*from != 0) response.set_next_page_token(MakePageToken(*from, list));
  return absl::OkStatus();
}

absl::Status Revoke(const Parts& parts, const Caller& caller,
                    const v1::RevokeApiKeyRequest& request, v1::RevokeApiKeyResponse& response) {
  if (request.key_id().empty()) return Invalid("key_id", "must be set");
  if (absl::Status s = CheckOctets("author", request.author(), kMaxAuthorOctets); !s.ok()) return s;
  absl::StatusOr<ApiKey> key =
      parts.callers.Revoke(caller, request.key_id(), AuthorOf(caller, request.author()));
  if (!key.ok()) return key.status();
  parts.log.Info("api.key_revoked", {{"key", key->id}, {"name", key->name}});
  *response.mutable_key() = ApiKeyToProto(Callers::Listed{*std::move(key)});
  response.set_everybody_may_call(parts.callers.is_open());
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::CreateApiKey(grpc::CallbackServerContext* context,
                                                     const v1::CreateApiKeyRequest* request,
                                                     v1::CreateApiKeyResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(Create(services_.parts, CallerOf(*context), *request, *response));
  });
}

grpc::ServerUnaryReactor* AdminService::ListApiKeys(grpc::CallbackServerContext* context,
                                                    const v1::ListApiKeysRequest* request,
                                                    v1::ListApiKeysResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(List(services_.parts, CallerOf(*context), *request, *response));
  });
}

grpc::ServerUnaryReactor* AdminService::RevokeApiKey(grpc::CallbackServerContext* context,
                                                     const v1::RevokeApiKeyRequest* request,
                                                     v1::RevokeApiKeyResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(Revoke(services_.parts, CallerOf(*context), *request, *response));
  });
}

grpc::ServerUnaryReactor* AdminService::ApplyPolicies(grpc::CallbackServerContext* context,
                                                      const v1::ApplyPoliciesRequest* request,
                                                      v1::ApplyPoliciesResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(
        ApplyPoliciesTo(services_.parts, CallerOf(*context), *request, *response));
  });
}

grpc::ServerUnaryReactor* AdminService::GetPolicies(grpc::CallbackServerContext* context,
                                                    const v1::GetPoliciesRequest* request,
                                                    v1::GetPoliciesResponse* response) {
  return AnswerOnWorker(context, services_, [this, request, response] {
    return services_.ToGrpc(GetPoliciesTo(services_.parts, *request, *response));
  });
}

grpc::ServerUnaryReactor* AdminService::ListPolicyRevisions(
    grpc::CallbackServerContext* context, const v1::ListPolicyRevisionsRequest* request,
    v1::ListPolicyRevisionsResponse* response) {
  return AnswerOnWorker(context, services_, [this, request, response] {
    return services_.ToGrpc(ListPolicyRevisionsTo(services_.parts, *request, *response));
  });
}

}  // namespace bounced::api
