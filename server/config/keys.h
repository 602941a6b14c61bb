// Every key of the configuration.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "server/config/config.h"
#include "server/config/reader.h"

namespace bounced {

// The sections and keys at the top of the file. Made anew at each call.
std::vector<Key<Config>> TopKeys();

// Those of a policy.
std::span<const Key<Policy>> PolicyKeys();
// Those of a [[tenant]].
std::span<const Key<TenantSection>> TenantKeys();
inline constexpr std::size_t kMaxTenants = 100'000;

}  // namespace bounced
