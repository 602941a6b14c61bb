// The policies of the configuration, with those that were applied over the API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/api/policy_book.h"
#include "server/base/log.h"
#include "server/config/config.h"
#include "server/intake/committer.h"
#include "storage/mutex.h"
#include "storage/records.h"

namespace bounced {

// What the configuration says of a tenant holds, whatever was applied. Sets the committer's
// policies. Thread-safe.
class PolicyBook final : public api::PolicyBook {
 public:
  // All of them outlive it. `applied`: the newest that the store has. What was applied and is not
  // right any more, with the [policy] that it rests on now, is not in force, and the log says so.
  PolicyBook(const Config& config, PolicyDocument applied, Committer& committer, const Log& log);

  // Takes up `config` if `rest` succeeds, which takes up what else may yet fail; meanwhile nobody
  // applies policies. INVALID_ARGUMENT: what was applied is not right with `config`, also where
  // that holds from the next start on (store.event_days). After that, or an error of `rest`, the
  // policies are as they were.
  absl::Status TakeUp(const Config& config, absl::FunctionRef<absl::Status()> rest);

  absl::StatusOr<Applied> Apply(Application application) override;
  std::vector<Entry> InForce() const override;

 private:
  struct Book {
    Policy of_all;
    std::vector<TenantSection> configured;
    std::vector<TenantSection> applied;  // none of whom is configured
  };

  absl::StatusOr<Book> BookOf(const Config& config) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Use(Book book) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // As long as the daemon runs: no window of a policy may be longer.
  const int event_days_;
  Committer& committer_;
  const Log& log_;
  mutable Mutex mutex_;  // is held while one is applied
  PolicyDocument document_ ABSL_GUARDED_BY(mutex_);
  Book book_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bounced
