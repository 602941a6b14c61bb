#include "server/api/return_path_service.h"

#include <algorithm>
#include <utility>

#include "parser/text.h"
#include "server/api/from_proto.h"
#include "server/api/stand_ins.h"
#include "server/api/to_proto.h"
#include "server/api/vouch.h"

namespace bounced::api {
namespace {

v1::ReturnPathForm SignedForm(const Voucher& voucher) {
  if (voucher.trust != Trust::kSigned) return v1::RETURN_PATH_FORM_UNSPECIFIED;
  return static_cast<v1::ReturnPathForm>(voucher.form);
}

VouchResult VouchFor(const Caller& caller, const ReturnPaths& paths, std::string_view return_path,
                     absl::Time now) {
  std::size_t at = return_path.rfind('@');
  return Vouch(caller, paths, return_path.substr(0, at), return_path.substr(at + 1), now);
}

// With a subject, as some mail programs send nothing without one. Of an address all is encoded that
// may be (RFC 6068, 2): not all programs know what may not.
std::string MailtoUri(std::string_view address) {
  constexpr char kHexDigits[] = "0123456789ABCDEF";
  std::string uri = "mailto:";
  for (const char c : address) {
    if (IsLetter(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == '@') {
      uri += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      uri += {'%', kHexDigits[octet >> 4], kHexDigits[octet & 15]};
    }
  }
  return uri + "?subject=unsubscribe";
}

// The domain that is asked for; of a tenant that is named it must be one, and may be its first.
absl::StatusOr<std::string> MintDomainOf(const ReturnPaths& paths, const Caller& caller,
                                         const v1::MintRequest& request, Use use) {
  absl::StatusOr<std::string_view> tenant = AnyTenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  if (!request.domain().empty() && tenant->empty()) return request.domain();
  std::vector<std::string> domains = paths.domains(*tenant, use);
  if (domains.empty()) {
    return absl::NotFoundError(use == Use::kUnsubscribe ? "no unsubscribe address is configured"
                                                        : "no return-path domain is configured");
  }
  if (request.domain().empty()) return std::move(domains.front());
  absl::StatusOr<std::string> canonical = CanonicalDomain(request.domain());
  if (canonical.ok() && std::find(domains.begin(), domains.end(), *canonical) != domains.end()) {
    return canonical;
  }
  return absl::NotFoundError(use == Use::kUnsubscribe ? "not an unsubscribe domain of this tenant"
                                                      : "not a return-path domain of this tenant");
}

absl::Status MintTo(const Parts& parts, const Caller& caller, const v1::MintRequest& request,
                    v1::MintResponse& response) {
  absl::StatusOr<Address> recipient = MailboxOf("recipient", request.recipient());
  if (!recipient.ok()) return recipient.status();
  absl::StatusOr<std::optional<ReturnPathForm>> form = FormOf("form", request.form());
  if (!form.ok()) return form.status();
  static_assert(kMaxReferenceOctets == kMaxStreamOctets);
  for (const absl::Status& status : {CheckStreamName("stream", request.stream()),
                                     CheckStreamName("reference", request.reference())}) {
    if (!status.ok()) return status;
  }
  const std::shared_ptr<const ReturnPaths> paths = parts.return_paths.Get();
  const Use use = request.unsubscribe() ? Use::kUnsubscribe : Use::kReturnPath;
  absl::StatusOr<std::string> domain = MintDomainOf(*paths, caller, request, use);
  if (!domain.ok()) return domain.status();
  MintRequest mint{.domain = *std::move(domain),
                   .stream = request.stream(),
                   .reference = request.reference(),
                   .form = *form,
                   .use = use};
  absl::Time now = parts.clock.Now();
  absl::StatusOr<std::string> minted = paths->Mint(mint, *recipient, now);
  // What is left to be wrong is that all of it together does not fit.
  if (absl::IsInvalidArgument(minted.status())) {
    return Invalid(*form ? "form" : "reference", Std(minted.status().message()));
  }
  if (!minted.ok()) return minted.status();
  response.set_return_path(*minted);
  if (use == Use::kUnsubscribe) response.set_mailto_uri(MailtoUri(*minted));
  if (VouchResult result = VouchFor(caller, *paths, *minted, now); result.voucher) {
    response.set_form(SignedForm(*result.voucher));
  }
  return absl::OkStatus();
}

absl::Status VerifyTo(const Parts& parts, const Caller& caller, const v1::VerifyRequest& request,
                      v1::VerifyResponse& response) {
  absl::StatusOr<Address> return_path = AddressOf("return_path", request.return_path());
  if (!return_path.ok()) return return_path.status();
  std::optional<Address> recipient;
  if (!request.recipient().empty()) {
    absl::StatusOr<Address> parsed = AddressOf("recipient", request.recipient());
    if (!parsed.ok()) return parsed.status();
    recipient = *std::move(parsed);
  }
  const std::shared_ptr<const ReturnPaths> paths = parts.return_paths.Get();
  VouchResult result = VouchFor(caller, *paths, return_path->canonical(), parts.clock.Now());
  if (!result.voucher) {
    response.set_refusal(std::string(ToString(result.refusal)));
    return absl::OkStatus();
  }
  const Voucher& voucher = *result.voucher;
  response.set_accepted(true);
  response.set_form(SignedForm(voucher));
  response.set_tenant(voucher.tenant);
  response.set_stream(voucher.stream);
  if (voucher.recipient) response.set_recipient(voucher.recipient->canonical());
  response.set_reference(voucher.reference);
  response.set_key_id(voucher.key_id);
  response.set_trust(static_cast<v1::Trust>(voucher.trust));
  if (voucher.trust == Trust::kSigned) {
    *response.mutable_issue_time() = ToProto(StartOf(voucher.day));
  }
  response.set_covers_recipient(recipient && paths->Covers(voucher, *recipient));
  return absl::OkStatus();
}

absl::Status ListKeysTo(const Parts& parts, const Caller& caller,
                        const v1::ListKeysRequest& request, v1::ListKeysResponse& response) {
  absl::StatusOr<std::string_view> tenant = AnyTenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  for (const KeyStanding& key : parts.return_paths.Get()->keys(parts.clock.Now())) {
    if (!tenant->empty() && key.tenant != *tenant) continue;
    *response.add_keys() = ToProto(key);
  }
  return absl::OkStatus();
}

// Whether a key stands at a domain of another tenant than the caller's: then there is none.
bool IsOfAnother(const Parts& parts, const Caller& caller, const std::string& domain,
                 const std::string& key_id) {
  if (!caller.tenant) return false;
  const std::vector<KeyStanding> keys = parts.return_paths.Get()->keys(parts.clock.Now());
  return std::any_of(keys.begin(), keys.end(), [&](const KeyStanding& key) {
    return key.domain == domain && key.id == key_id && key.tenant != *caller.tenant;
  });
}

absl::Status RevokeKeyTo(const Parts& parts, const Caller& caller,
                         const v1::RevokeKeyRequest& request, v1::RevokeKeyResponse& response) {
  absl::StatusOr<std::string> domain = DomainOf("domain", request.domain());
  if (!domain.ok()) return domain.status();
  for (const absl::Status& status : {CheckKeyId("key_id", request.key_id()),
                                     CheckOctets("author", request.author(), kMaxAuthorOctets)}) {
    if (!status.ok()) return status;
  }
  if (IsOfAnother(parts, caller, *domain, request.key_id())) {
    return absl::NotFoundError(Absl(KeyRevoker::kNoSuchKey));
  }
  absl::Status status =
      parts.keys.Revoke(*domain, request.key_id(), AuthorOf(caller, request.author()));
  if (!status.ok()) return status;
  parts.log.Warning("return_path.revoked", {{"domain", *domain}, {"key", request.key_id()}});
  const std::vector<KeyStanding> keys = parts.return_paths.Get()->keys(parts.clock.Now());
  const auto revoked = std::find_if(keys.begin(), keys.end(), [&](const KeyStanding& key) {
    return key.domain == *domain && key.id == request.key_id();
  });
  // A configuration that was just taken up may be without it.
  if (revoked == keys.end()) return absl::OkStatus();
  *response.mutable_key() = ToProto(*revoked);
  for (const KeyStanding& key : keys) {
    const bool same_kind = key.domain == *domain && key.use == revoked->use;
    if (same_kind && key.signs) response.set_signing_key_id(key.id);
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ReturnPathService::Mint(grpc::CallbackServerContext* context,
                                                  const v1::MintRequest* request,
                                                  v1::MintResponse* response) {
  return Answer(context,
                services_.ToGrpc(MintTo(services_.parts, CallerOf(*context), *request, *response)));
}

grpc::ServerUnaryReactor* ReturnPathService::Verify(grpc::CallbackServerContext* context,
                                                    const v1::VerifyRequest* request,
                                                    v1::VerifyResponse* response) {
  return Answer(context, services_.ToGrpc(
                             VerifyTo(services_.parts, CallerOf(*context), *request, *response)));
}

grpc::ServerUnaryReactor* ReturnPathService::ListKeys(grpc::CallbackServerContext* context,
                                                      const v1::ListKeysRequest* request,
                                                      v1::ListKeysResponse* response) {
  return Answer(context, services_.ToGrpc(
                             ListKeysTo(services_.parts, CallerOf(*context), *request, *response)));
}

grpc::ServerUnaryReactor* ReturnPathService::RevokeKey(grpc::CallbackServerContext* context,
                                                       const v1::RevokeKeyRequest* request,
                                                       v1::RevokeKeyResponse* response) {
  return AnswerOnWorker(context, services_, [this, context, request, response] {
    return services_.ToGrpc(RevokeKeyTo(services_.parts, CallerOf(*context), *request, *response));
  });
}

}  // namespace bounced::api
