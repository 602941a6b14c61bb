// Which keys of return paths count: those of the configuration, but for the revoked ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/live.h"
#include "server/intake/committer.h"
#include "server/intake/return_path.h"
#include "storage/mutex.h"
#include "storage/records.h"

namespace bounced {

// Whoever changes the return paths in force does it here, one after the other: a configuration that
// is taken up while a key is being revoked does not bring that key back. Thread-safe.
class KeyRevoker {
 public:
  // What Revoke() says of a key that there is not.
  static constexpr std::string_view kNoSuchKey =
      "the configuration has no such return-path domain, or no such key";

  // `paths` and `committer` outlive it. `revocations`: all that the store holds; `paths` heeds
  // them.
  KeyRevoker(Live<ReturnPaths>& paths, Committer& committer, std::vector<Revocation> revocations)
      : paths_(paths), committer_(committer), revocations_(std::move(revocations)) {}

  // Puts the return paths of a configuration in force, without the keys that have been revoked.
  void TakeUp(const ReturnPaths& configured);

  // Revokes a key of the return paths in force, for good: it is on stable storage, and holds for
  // who asks for them from now on, when this returns. One that has been revoked stays as it is.
  // `domain` in any spelling. NOT_FOUND: no such domain, or it has no such key; else the store's.
  // Waits for a commit, so not on a thread that steps the committer or serves sessions.
  absl::Status Revoke(std::string_view domain, std::string_view key_id, std::string_view author);

 private:
  Live<ReturnPaths>& paths_;
  Committer& committer_;
  Mutex mutex_;  // held while a revocation is committed
  std::vector<Revocation> revocations_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bounced
