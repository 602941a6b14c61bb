// What callers of the API may do, and what a configuration says of it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/login/api_token.h"

namespace bounced {

inline constexpr std::size_t kMaxCallerNameOctets = 64;

// What a caller may do. Stored and published by number.
enum class Role : std::uint8_t {
  kCheck = 1,       // ask whether an address may be mailed
  kMint = 2,        // make return paths, and have them verified
  kWrite = 3,       // suppress, take off, import, hand messages in
  kReadEvents = 4,  // read suppressions, events and what explains them
  kEvidence = 5,    // read whole messages
  kAdmin = 6,       // all of these, and keys and tenants
};

// "read_events", and the other way round.
std::string_view ToString(Role role);
std::optional<Role> RoleFromName(std::string_view name);
std::span<const Role> AllRoles();

// A set of them.
class Roles {
 public:
  constexpr Roles() = default;
  constexpr Roles(std::initializer_list<Role> roles) {
    for (Role role : roles) Add(role);
  }
  // As bits() gave them; what is unknown is dropped, as a later program may know more.
  static Roles FromBits(std::uint32_t bits);

  constexpr void Add(Role role) { bits_ |= 1U << static_cast<unsigned>(role); }
  constexpr bool Has(Role role) const { return (bits_ >> static_cast<unsigned>(role) & 1U) != 0; }
  // Whether who has these may do what wants `role`.
  constexpr bool Allow(Role role) const { return Has(role) || Has(Role::kAdmin); }
  constexpr bool empty() const { return bits_ == 0; }
  // Bit n stands for the role of number n.
  constexpr std::uint32_t bits() const { return bits_; }
  bool operator==(const Roles&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

// Who is given what.
struct Grant {
  std::string name = {};
  std::string tenant = "default";
  bool all_tenants = false;
  Roles roles = {Role::kCheck};
  bool operator==(const Grant&) const = default;
};

// A [[grpc.key]].
struct KeyGrant : Grant {
  ApiSecret secret = {};
  bool operator==(const KeyGrant&) const = default;
};

// What a configuration says of who may call.
struct AccessRules {
  bool require_keys = false;
  std::vector<KeyGrant> keys = {};
  std::vector<Grant> clients = {};  // by a name in the certificate that they show
};

}  // namespace bounced
