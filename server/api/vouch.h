// What a return path vouches for, as far as a caller may know.
#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "server/api/callers.h"
#include "server/intake/return_path.h"

namespace bounced::api {

// ReturnPaths::Vouch(). To a caller of one tenant the domains and addresses of others are none of
// ours.
VouchResult Vouch(const Caller& caller, const ReturnPaths& paths, std::string_view local_part,
                  std::string_view domain, absl::Time now);

}  // namespace bounced::api
