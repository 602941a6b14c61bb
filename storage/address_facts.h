// The past of an address, whole, and what becomes of the address when it is replayed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/records.h"

namespace bounced {

// All that is stored of an address: what a replay of its past rests on.
struct AddressFacts {
  // In force at the moment, of the address or its domain, of the tenant or of all tenants.
  std::vector<Allowance> allowances = {};
  AddressRecord record = {};
  Day risky_until = 0;
  std::vector<Suppression> suppressions = {};  // its own, of all sources; also expired ones
  std::vector<StoredEvent> events = {};        // as they were committed
  std::vector<Change> changes = {};            // oldest first
  // There are more than kMaxEvents events or kMaxChanges changes, and the oldest are missing.
  static constexpr int kMaxEvents = 10'000;
  static constexpr int kMaxChanges = 10'000;
  bool is_cut = false;
  // Its events have no texts any more, so that nothing of them can be read again.
  bool is_forgotten = false;

  bool MayBeReplayed() const { return !is_cut && !is_forgotten; }
};

// What becomes of an address when its past is replayed: only what is not as it stands.
struct Replayed {
  std::vector<Event> events = {};  // whole, by their ids
  AddressRecord record = {};
  Day risky_until = 0;
  std::vector<Suppression> put = {};
  std::vector<Suppression> remove = {};
  bool is_as_it_was = false;  // nothing is to be done, the record included
};

// A run that reclassifies for good, so that it can go on where it was cut.
struct Reclassification {
  std::int64_t id = 0;
  std::string tenant = {};
  std::string selection = {};  // octets of whoever began it
  std::string author = {};
  std::string cause = {};
  std::int64_t next = 0;   // the cursor behind the last address that is done
  std::int64_t batch = 0;  // of the changes that it made; 0: none yet
  bool is_done = false;
};

}  // namespace bounced
