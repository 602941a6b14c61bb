// Who may log in.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/live.h"
#include "server/login/scram.h"

namespace bounced {

inline constexpr std::size_t kMaxUserOctets = 64;

// By name, compared octet by octet.
using UserSecrets = std::map<std::string, ScramSecret, std::less<>>;

// Thread-safe.
class Users {
 public:
  explicit Users(UserSecrets secrets);

  // Of a name that nobody has: a secret that no password fits, always the same for the name while
  // the users are the same, so that neither what is said nor how long it takes tells who exists.
  ScramSecret Find(std::string_view name) const;
  // For the logins to come.
  void Replace(UserSecrets secrets) { known_.Set(Known(std::move(secrets))); }

 private:
  // What a client sees of a secret before it has proved anything.
  struct Shape {
    int iterations = kDefaultScramIterations;
    std::size_t salt_octets = kScramSaltOctets;
    auto operator<=>(const Shape&) const = default;
  };
  struct Known {
    explicit Known(UserSecrets users);
    UserSecrets secrets;
    std::vector<Shape> shapes;  // of all users, in order; one where there are none
  };

  Live<Known> known_;
  const std::string decoy_key_;
};

}  // namespace bounced
