#include "server/intake/key_revoker.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "parser/address.h"
#include "parser/text.h"

namespace bounced {

void KeyRevoker::TakeUp(const ReturnPaths& configured) {
  MutexLock lock(mutex_);
  paths_.Set(configured.WithRevoked(revocations_));
}

absl::Status KeyRevoker::Revoke(std::string_view domain, std::string_view key_id,
                                std::string_view author) {
  MutexLock lock(mutex_);
  const std::shared_ptr<const ReturnPaths> paths = paths_.Get();
  const absl::StatusOr<std::string> canonical = CanonicalDomain(domain);
  // Which of them sign is of no concern, so neither is the time.
  const std::vector<KeyStanding> keys = paths->keys(absl::InfinitePast());
  const auto key = std::find_if(keys.begin(), keys.end(), [&](const KeyStanding& k) {
    return canonical.ok() && k.domain == *canonical && k.id == key_id;
  });
  if (key == keys.end()) {
    return absl::NotFoundError(Absl(kNoSuchKey));
  }
  if (key->revoked) return absl::OkStatus();
  Work work = RevokeKey{
      .domain = key->domain, .key_id = key->id, .author = std::string(author), .revocation = {}};
  if (absl::Status status = committer_.SubmitAndWait(work); !status.ok()) return status;
  revocations_.push_back(std::move(std::get<RevokeKey>(work).revocation));
  paths_.Set(paths->WithRevoked(revocations_));
  return absl::OkStatus();
}

}  // namespace bounced
