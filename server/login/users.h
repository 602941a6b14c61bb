// Who may log in.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

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

  // Of a name that nobody has: a secret that no password fits, always the same for the name, so
  // that neither what is said nor how long it takes tells who exists.
  ScramSecret Find(std::string_view name) const;
  // For the logins to come.
  void Replace(UserSecrets secrets) { secrets_.Set(std::move(secrets)); }

 private:
  Live<UserSecrets> secrets_;
  const std::string decoy_key_;
};

}  // namespace bounced
