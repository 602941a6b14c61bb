// The daemon between a start and its end, in this thread, without sockets.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/api/checker.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/base/live.h"
#include "server/intake/committer.h"
#include "server/intake/intake.h"
#include "server/intake/live_rules.h"
#include "server/intake/return_path.h"
#include "server/receiver.h"
#include "storage/store.h"

namespace bounced::simulation {

class Daemon {
 public:
  struct Parts {
    std::string directory;
    std::string vfs;
    const LiveRules& rules;
    const Live<ReturnPaths>& paths;
    const Clock& clock;
    std::size_t max_batch;  // as of CommitterLimits
  };
  // All that the parts refer to outlives it.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Parts& parts) {
    absl::StatusOr<std::unique_ptr<Store>> store =
        OpenSqliteStore({.directory = parts.directory, .vfs = parts.vfs}, parts.clock.Now());
    if (!store.ok()) return store.status();
    return std::make_unique<Daemon>(parts, *std::move(store));
  }
  Daemon(const Parts& parts, std::unique_ptr<Store> opened)
      : store_(std::move(opened)),
        committer_(*store_, Policy{}, parts.clock, counters_, {.max_batch = parts.max_batch}),
        intake_(parts.rules, parts.paths, committer_, parts.clock, counters_),
        receiver_(
            parts.paths, intake_, [this] { return committer_.Ready(); }, counters_),
        checker_(*store_) {}

  Store& store() { return *store_; }
  Committer& committer() { return committer_; }
  MailReceiver& receiver() { return receiver_; }
  const api::Checker& checker() const { return checker_; }

 private:
  std::unique_ptr<Store> store_;
  Counters counters_;
  Committer committer_;
  Intake intake_;
  MailReceiver receiver_;
  api::Checker checker_;
};

}  // namespace bounced::simulation
