// Which policy holds for which mail: the installation's, a tenant's, or a stream's of a tenant.
#pragma once

#include <optional>
#include <string_view>

#include "parser/text.h"
#include "server/intake/policy.h"

namespace bounced {

// A value: copy and share freely.
class Policies {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): one policy for everybody is the usual case.
  Policies(const Policy& of_all = {}) : of_all_(of_all) {}

  // Of a whole tenant, or of one stream. Each is complete: nothing is taken over from another.
  void Set(std::string_view tenant, const Policy& policy);
  void Set(std::string_view tenant, std::string_view stream, const Policy& policy);

  // The stream's where it has one of its own, else the tenant's, else that of all. Good as long as
  // this object is and nothing is set. An empty `stream` is the tenant as a whole.
  const Policy& Of(std::string_view tenant, std::string_view stream) const;

 private:
  struct Tenant {
    std::optional<Policy> policy;
    StringMap<Policy> streams;
  };

  Policy of_all_;
  StringMap<Tenant> tenants_;
};

}  // namespace bounced
