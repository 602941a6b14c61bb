#include "server/intake/policies.h"

#include <string>

namespace bounced {

void Policies::Set(std::string_view tenant, const Policy& policy) {
  tenants_[std::string(tenant)].policy = policy;
}

void Policies::Set(std::string_view tenant, std::string_view stream, const Policy& policy) {
  tenants_[std::string(tenant)].streams[std::string(stream)] = policy;
}

const Policy& Policies::Of(std::string_view tenant, std::string_view stream) const {
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end()) return of_all_;
  if (!stream.empty()) {
    const auto own = found->second.streams.find(stream);
    if (own != found->second.streams.end()) return own->second;
  }
  return found->second.policy ? *found->second.policy : of_all_;
}

}  // namespace bounced
