#include "server/login/users.h"

#include <utility>

namespace bounced {

Users::Users(UserSecrets secrets)
    : secrets_(std::move(secrets)), decoy_key_(RandomOctets(kScramHashOctets)) {}

ScramSecret Users::Find(std::string_view name) const {
  const std::shared_ptr<const UserSecrets> secrets = secrets_.Get();
  const auto found = secrets->find(name);
  if (found != secrets->end()) return found->second;
  // Random keys that depend on the name: what they are derived by does not matter.
  const auto derived = [this, name](std::string_view use) {
    return ScramServerSignature({.server_key = decoy_key_}, std::string(use) + std::string(name));
  };
  // As the others have it: a number of its own would give the decoy away.
  const int iterations =
      secrets->empty() ? kDefaultScramIterations : secrets->begin()->second.iterations;
  return {iterations, derived("salt").substr(0, kScramSaltOctets), derived("stored"),
          derived("server")};
}

}  // namespace bounced
