#include "server/login/users.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace bounced {

Users::Known::Known(UserSecrets users) : secrets(std::move(users)) {
  for (const auto& [name, secret] : secrets) {
    shapes.push_back({secret.iterations, secret.salt.size()});
  }
  if (shapes.empty()) shapes.emplace_back();
  // So a user more changes the shape of few decoys: one that changes is seen to be none of a user.
  std::sort(shapes.begin(), shapes.end());
}

Users::Users(UserSecrets secrets)
    : known_(Known(std::move(secrets))), decoy_key_(RandomOctets(kScramHashOctets)) {}

ScramSecret Users::Find(std::string_view name) const {
  const std::shared_ptr<const Known> known = known_.Get();
  const auto found = known->secrets.find(name);
  if (found != known->secrets.end()) return found->second;
  // Random keys that depend on the name: what they are derived by does not matter.
  const auto derived = [this, name](std::string_view use) {
    return ScramServerSignature({.server_key = decoy_key_}, std::string(use) + std::string(name));
  };
  // Each shape is as frequent among decoys as it is among users: otherwise it would tell them
  // apart.
  std::uint64_t place = 0;  // of 32 bits: a fraction of 1
  for (const char octet : derived("shape").substr(0, 4)) {
    place = place << 8 | static_cast<unsigned char>(octet);
  }
  const Shape& shape = known->shapes[place * known->shapes.size() >> 32];
  static_assert(kMaxScramSaltOctets <= 2 * kScramHashOctets);
  return {shape.iterations, (derived("salt") + derived("more salt")).substr(0, shape.salt_octets),
          derived("stored"), derived("server")};
}

}  // namespace bounced
