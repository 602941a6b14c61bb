// Tokens of WatchSuppressions: how far a client has read the changes of a tenant.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/store.h"

namespace bounced::api {

// Opaque to clients: a position in the store's history, and a MAC over it and the tenant, under
// Store::token_secret(). Good across restarts, for that tenant and that history alone.
std::string MakeWatchToken(const Store& store, std::string_view tenant,
                           const FeedPosition& position);

// INVALID_ARGUMENT, naming `token`: not one that this store gave to the tenant; OUT_OF_RANGE: of
// another history, from before a restore.
absl::StatusOr<FeedPosition> ReadWatchToken(const Store& store, std::string_view tenant,
                                            std::string_view token);

}  // namespace bounced::api
