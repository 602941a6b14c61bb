#include "server/login/users.h"

#include <utility>

namespace bounced {

Users::Users(UserSecrets secrets)
    : secrets_(std::move(secrets)), decoy_key_(RandomOctets(kScramHashOctets)) {}

ScramSecret Users::Find(std::string_view name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = secrets_.find(name);
  if (found != secrets_.end()) return found->second;
  // Random keys that depend on the name: what they are derived by does not matter.
  const auto derived = [this, name](std::string_view use) {
    return ScramServerSignature({.server_key = decoy_key_}, std::string(use) + std::string(name));
  };
  // As the others have it: a number of its own would give the decoy away.
  const int iterations =
      secrets_.empty() ? kDefaultScramIterations : secrets_.begin()->second.iterations;
  return {iterations, derived("salt").substr(0, kScramSaltOctets), derived("stored"),
          derived("server")};
}

void Users::Replace(UserSecrets secrets) {
  const std::lock_guard<std::mutex> lock(mutex_);
  secrets_ = std::move(secrets);
}

}  // namespace bounced
