// Incidents that counts open and close: the tables `tally`, and `incident` but for quarantines.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/incidents.h"
#include "storage/sqlite/statement.h"
#include "storage/store.h"
#include "storage/tallies.h"

namespace bounced {

// Belongs to the writing connection. What happens in a transaction is only kept by Commit().
//
// An incident is opened, changed and closed in a transaction, by Tend(). What was counted since the
// last one is in memory alone: a crash loses that, a minute's counts, and no incident.
class RateIncidents {
 public:
  // Beyond it none is opened.
  static constexpr std::size_t kMaxOpen = 1'000;

  explicit RateIncidents(IncidentTable& table) : table_(table) {}

  absl::Status Prepare(Connection& connection);

  void Begin();
  void Commit(absl::Time now);
  void RollBack() { Begin(); }

  // See Tallies.
  void Count(const Message& message, const Event& event, std::uint64_t address_hash,
             absl::Time now) {
    tallies_.Count(message, event, address_hash, now);
  }
  absl::Status Tend(TendIncidents& work, absl::Time now);
  // `incident` is open, and as it is stored.
  absl::Status Resolve(const ResolveIncident& work, Incident& incident, absl::Time now);

 private:
  // There is one open incident of each at most.
  struct Key {
    Incident::Kind kind = Incident::Kind::kRefusal;
    std::string tenant = {};
    std::string name = {};  // provider or stream
    std::string sender = {};
    Reason reason = Reason::kUndefined;

    friend bool operator==(const Key&, const Key&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.kind, key.tenant, key.name, key.sender, key.reason);
    }
  };
  static Key KeyOf(const Incident& incident);
  static TallyKey TallyOf(const Key& key);

  // As the transaction has it; null: none is open.
  const Incident* FindOpen(const Key& key) const;
  // Never: InfinitePast().
  absl::Time ClosedAt(const Key& key) const;
  absl::Status Look(const Key& key, TendIncidents& work, absl::Time now);
  absl::Status Open(const Key& key, const TendIncidents::Step& step, const Tallies::Entry* entry,
                    TendIncidents& work, absl::Time now);
  absl::Status Keep(const Key& key, const TendIncidents::Step& step, const Tallies::Entry* entry,
                    TendIncidents& work, absl::Time now);
  absl::Status Close(const Key& key, TendIncidents& work, absl::Time now);
  // Takes from the counts what an incident shows of them.
  void Show(const TallyKey& tally, const Tallies::Entry* entry, const TendIncidents::Step& step,
            absl::Time now, Incident& incident) const;
  void LookAtUnverified(const TallyKey& key, const Tallies::Entry& entry, TendIncidents& work,
                        absl::Time now);
  absl::Status StoreTallies(absl::Time now);

  IncidentTable& table_;
  std::optional<Statement> put_tally_;
  std::optional<Statement> drop_tally_;
  Tallies tallies_;
  absl::flat_hash_map<Key, Incident> open_;
  // When the last one was closed: what was before does not open another.
  absl::flat_hash_map<Key, absl::Time> closed_;

  // Of the transaction.
  absl::flat_hash_map<Key, std::optional<Incident>> changed_;  // none: it is not open any more
  absl::flat_hash_map<Key, absl::Time> newly_closed_;
  std::vector<std::pair<TallyKey, bool>> told_;
  bool is_tended_ = false;
  std::size_t opened_ = 0;
};

}  // namespace bounced
