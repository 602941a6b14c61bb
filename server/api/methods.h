// What each method of the API asks of who calls it.
#pragma once

#include <span>
#include <string_view>

#include "server/login/access.h"

namespace bounced::api {

// Whom a method is for.
enum class Scope {
  kTenant,  // who has the role, in the tenant that is his
  kAll,     // who has the role in all tenants: it is about what no tenant owns
};

struct Method {
  std::string_view name;  // full: "bounced.v1.SuppressionService.Check"
  Role role;
  Scope scope = Scope::kTenant;
  bool streams = false;
};

// The one of a full name; nullptr: it has no row, and nobody may call it.
const Method* FindMethod(std::string_view name);
std::span<const Method> Methods();

}  // namespace bounced::api
