#include "server/api/policies.h"

#include <string>
#include <utility>

#include "parser/text.h"
#include "server/api/from_proto.h"
#include "server/api/page_token.h"
#include "server/api/status.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

void SetRevision(const PolicyDocument& document, v1::PolicyRevision& revision) {
  revision.set_revision(document.revision);
  if (document.revision == 0) return;
  *revision.mutable_apply_time() = ToProto(document.time);
  revision.set_author(document.author);
  revision.set_cause(document.cause);
}

}  // namespace

absl::Status ApplyPoliciesTo(const Parts& parts, const Caller& caller,
                             const v1::ApplyPoliciesRequest& request,
                             v1::ApplyPoliciesResponse& response) {
  if (absl::Status s = CheckOctets("author", request.author(), kMaxAuthorOctets); !s.ok()) return s;
  if (absl::Status s = CheckOctets("cause", request.cause(), kMaxCauseOctets); !s.ok()) return s;
  absl::StatusOr<PolicyBook::Applied> applied = parts.policies.Apply(
      {.document = request.document(),
       .dry_run = request.dry_run(),
       .onto = request.has_onto() ? std::optional(request.onto()) : std::nullopt,
       .author = AuthorOf(caller, request.author()),
       .cause = request.cause()});
  if (!applied.ok()) return applied.status();
  for (PolicyBook::Change& change : applied->changes) {
    v1::PolicyChange& added = *response.add_changes();
    added.set_tenant(std::move(change.tenant));
    added.set_stream(std::move(change.stream));
    added.set_key(std::move(change.setting));
    added.set_before(std::move(change.before));
    added.set_after(std::move(change.after));
  }
  response.set_revision(applied->revision);
  return absl::OkStatus();
}

absl::Status GetPoliciesTo(const Parts& parts, const v1::GetPoliciesRequest& request,
                           v1::GetPoliciesResponse& response) {
  if (request.revision() < 0) return Invalid("revision", "below 0");
  absl::StatusOr<PolicyDocument> document = parts.store.GetPolicies(request.revision());
  if (!document.ok()) return document.status();
  SetRevision(*document, *response.mutable_revision());
  response.set_document(std::move(document->document));
  for (const PolicyBook::Entry& entry : parts.policies.InForce()) {
    v1::PolicyInForce& policy = *response.add_policies();
    policy.set_tenant(entry.tenant);
    policy.set_stream(entry.stream);
    policy.set_configured(entry.configured);
    for (const auto& [key, value] : entry.settings) {
      v1::PolicySetting& setting = *policy.add_settings();
      setting.set_key(key);
      setting.set_value(value);
    }
  }
  return absl::OkStatus();
}

absl::Status ListPolicyRevisionsTo(const Parts& parts,
                                   const v1::ListPolicyRevisionsRequest& request,
                                   v1::ListPolicyRevisionsResponse& response) {
  absl::StatusOr<int> page_size = PageSizeOf(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const std::string list = request.GetTypeName();
  absl::StatusOr<Cursor> from = ReadPageToken(request.page_token(), list);
  if (!from.ok()) return from.status();
  absl::StatusOr<Page<PolicyDocument>> page = parts.store.ListPolicies(*page_size, *from);
  if (!page.ok()) return page.status();
  for (const PolicyDocument& document : page->rows) {
    SetRevision(document, *response.add_revisions());
  }
  if (page->next != 0) response.set_next_page_token(MakePageToken(page->next, list));
  return absl::OkStatus();
}

}  // namespace bounced::api
