// The policies in force, as AdminService asks for them and changes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace bounced::api {

// Knows the configuration, which the API does not. Thread-safe.
class PolicyBook {
 public:
  virtual ~PolicyBook() = default;

  // A document to put in place of the one that was applied last.
  struct Application {
    std::string_view document;
    bool dry_run = false;              // only says what it would change
    std::optional<std::int64_t> onto;  // the revision that whoever asks has seen
    std::string author;
    std::string cause;
  };
  struct Change {
    std::string tenant;
    std::string stream;  // empty: of the tenant as a whole
    std::string setting;
    std::string before;
    std::string after;
  };
  struct Applied {
    std::vector<Change> changes;
    std::int64_t revision = 0;  // in force now
  };
  // Returns when it is committed and in force. Waits for a commit, so not on a thread that steps
  // the committer. INVALID_ARGUMENT names the line and the key; FAILED_PRECONDITION: a tenant
  // stands in the configuration, too; ABORTED: another revision is in force than `onto`.
  virtual absl::StatusOr<Applied> Apply(Application application) = 0;

  // What holds for a tenant or a stream, or for all who have none of their own.
  struct Entry {
    std::string tenant;  // empty: all
    std::string stream;
    bool configured = false;  // it stands in the configuration
    std::vector<std::pair<std::string, std::string>> settings;
  };
  virtual std::vector<Entry> InForce() const = 0;
};

}  // namespace bounced::api
