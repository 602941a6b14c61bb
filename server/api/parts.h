// What the API works with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "server/api/callers.h"
#include "server/api/limits.h"
#include "server/api/policy_book.h"
#include "server/api/tls.h"
#include "server/base/clock.h"
#include "server/base/live.h"
#include "server/base/log.h"
#include "server/intake/committer.h"
#include "server/intake/intake.h"
#include "server/intake/key_revoker.h"
#include "server/intake/live_rules.h"
#include "server/intake/retention.h"
#include "server/intake/return_path.h"
#include "storage/store.h"

namespace bounced::api {

// All of it is thread-safe and outlives the server.
struct Parts {
  Store& store;  // Apply() is the committer's
  Committer& committer;
  Intake& intake;
  const LiveRules& rules;
  const Live<ReturnPaths>& return_paths;
  KeyRevoker& keys;  // of return_paths
  Callers& callers;
  PolicyBook& policies;
  const Live<TlsTexts>* tls = nullptr;  // null: in the clear
  const Clock& clock;
  const Log& log;
  std::size_t max_message_size;  // octets of a message to Classify and Ingest
  std::int64_t min_free = 0;     // octets that a copy of the database leaves on its disk
  KeepDays keep = {};
  absl::Duration watch_heartbeat = kWatchHeartbeat;
};

}  // namespace bounced::api
