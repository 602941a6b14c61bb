// AdminService.ApplyPolicies, GetPolicies and ListPolicyRevisions.
#pragma once

#include "absl/status/status.h"
#include "bounced/v1/admin.pb.h"
#include "server/api/parts.h"

namespace bounced::api {

// They fill `response`, on a worker: the first waits for a commit. Errors as admin.proto has them.
absl::Status ApplyPoliciesTo(const Parts& parts, const Caller& caller,
                             const v1::ApplyPoliciesRequest& request,
                             v1::ApplyPoliciesResponse& response);
absl::Status GetPoliciesTo(const Parts& parts, const v1::GetPoliciesRequest& request,
                           v1::GetPoliciesResponse& response);
absl::Status ListPolicyRevisionsTo(const Parts& parts,
                                   const v1::ListPolicyRevisionsRequest& request,
                                   v1::ListPolicyRevisionsResponse& response);

}  // namespace bounced::api
