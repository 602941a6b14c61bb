#include "server/api/vouch.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "parser/address.h"

namespace bounced::api {
namespace {

bool HasDomain(const ReturnPaths& paths, const std::string& tenant, std::string_view domain) {
  const absl::StatusOr<std::string> canonical = CanonicalDomain(domain);
  if (!canonical.ok()) return false;
  for (const Use use : {Use::kReturnPath, Use::kUnsubscribe}) {
    const std::vector<std::string> his = paths.domains(tenant, use);
    if (std::find(his.begin(), his.end(), *canonical) != his.end()) return true;
  }
  return false;
}

}  // namespace

VouchResult Vouch(const Caller& caller, const ReturnPaths& paths, std::string_view local_part,
                  std::string_view domain, absl::Time now) {
  VouchResult result = paths.Vouch(local_part, domain, now);
  if (!caller.tenant) return result;
  const bool is_his = result.voucher ? result.voucher->tenant == *caller.tenant
                                     : HasDomain(paths, *caller.tenant, domain);
  if (is_his) return result;
  return {.refusal = Refusal::kNotOurs, .voucher = std::nullopt};
}

}  // namespace bounced::api
