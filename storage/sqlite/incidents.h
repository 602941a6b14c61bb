// The table `incident`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/bursts.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"

namespace bounced {

// In the order in which IncidentOf() reads them.
inline constexpr std::string_view kIncidentColumns =
    "id, kind, state, tenant, domain, text_hash, reason, sample, first_time, last_time, count,"
    " resolve_time, author, cause, severity, provider, sender, stream, code, more_samples,"
    " window_count, window_total, window_length, deliveries_known, unverified, below_since,"
    " acknowledge_time";
Incident IncidentOf(const Query& row);

// Belongs to the writing connection.
class IncidentTable {
 public:
  // So many that are closed are kept.
  static constexpr std::int64_t kMaxClosed = 10'000;

  // Reads the quarantines that are open, too.
  absl::Status Prepare(Connection& connection);

  // What is opened or resolved after it is forgotten by RollBack().
  void Begin() { before_ = open_; }
  void RollBack() { open_ = before_; }

  // The id of the open quarantine; 0: there is none.
  std::int64_t FindOpen(const BurstKey& key) const;
  // Gives it its id. One that is closed goes for it, if there are too many.
  absl::StatusOr<std::int64_t> Insert(const Incident& incident);
  // One more suppression is held.
  absl::Status Count(std::int64_t id, absl::Time now);
  // None: there is no such incident of this tenant.
  absl::StatusOr<std::optional<Incident>> Find(std::string_view tenant, std::int64_t id);
  // As it is from now on.
  absl::Status Resolve(const Incident& incident);
  // The same of one that is no quarantine, with all that may change of it.
  absl::Status Update(const Incident& incident);

 private:
  using Open = absl::flat_hash_map<BurstKey, std::int64_t>;

  std::optional<Statement> insert_;
  std::optional<Statement> count_;
  std::optional<Statement> find_;
  std::optional<Statement> resolve_;
  std::optional<Statement> update_;
  std::optional<Statement> drop_closed_;
  std::int64_t next_ = 1;
  Open open_;
  Open before_;
};

}  // namespace bounced
