#include "server/login/access.h"

namespace bounced {
namespace {

struct Row {
  Role role;
  std::string_view name;
};
constexpr Row kRows[] = {
    {Role::kCheck, "check"},       {Role::kMint, "mint"},
    {Role::kWrite, "write"},       {Role::kReadEvents, "read_events"},
    {Role::kEvidence, "evidence"}, {Role::kAdmin, "admin"},
};
constexpr Role kAll[] = {Role::kCheck,      Role::kMint,     Role::kWrite,
                         Role::kReadEvents, Role::kEvidence, Role::kAdmin};

}  // namespace

std::string_view ToString(Role role) {
  for (const Row& row : kRows) {
    if (row.role == role) return row.name;
  }
  return "";
}

std::optional<Role> RoleFromName(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.role;
  }
  return std::nullopt;
}

std::span<const Role> AllRoles() { return kAll; }

Roles Roles::FromBits(std::uint32_t bits) {
  Roles roles;
  for (Role role : kAll) {
    if ((bits >> static_cast<unsigned>(role) & 1U) != 0) roles.Add(role);
  }
  return roles;
}

}  // namespace bounced
