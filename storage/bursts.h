// Which addresses of a domain bounced alike lately: what a quarantine begins with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "parser/address.h"

namespace bounced {

// What bounces have in common that are taken for one burst.
struct BurstKey {
  std::string tenant;
  std::string domain;           // canonical
  std::uint64_t text_hash = 0;  // of what the remote server said

  friend bool operator==(const BurstKey&, const BurstKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const BurstKey& key) {
    return H::combine(std::move(h), key.tenant, key.domain, key.text_hash);
  }
};

// In memory alone: after a restart a burst is counted anew. Used by one thread.
class Bursts {
 public:
  // Addresses of all keys; the oldest are forgotten first.
  static constexpr std::size_t kMaxAddresses = 100'000;

  // What is added after it is only kept by Commit().
  void Begin();
  void Commit();
  void RollBack();

  // Notes that `address` bounced so; how many addresses did within `window`, which ends now.
  std::size_t Add(const BurstKey& key, const Address& address, absl::Time now,
                  absl::Duration window);
  // Those that Add() has counted last, the oldest first.
  std::vector<Address> AddressesOf(const BurstKey& key) const;
  // Once an incident holds what bounced so.
  void Forget(const BurstKey& key);
  std::size_t size() const { return order_.size(); }

 private:
  struct Bounced {
    Address address;
    absl::Time time;
  };
  using Addresses = std::deque<Bounced>;

  // What one call has changed, to take it back.
  struct Step {
    BurstKey key;
    std::vector<std::pair<std::ptrdiff_t, Bounced>> dropped;  // with the places that they had
    std::optional<Addresses> forgotten;                       // all; nothing was added
  };

  void TakeBack(Step step);
  void DropOldest();

  absl::flat_hash_map<BurstKey, Addresses> by_key_;
  std::deque<BurstKey> order_;  // of what was added, the oldest first; some may be forgotten
  std::vector<Step> steps_;     // of the transaction
};

}  // namespace bounced
