#include "storage/bursts.h"

#include <algorithm>

namespace bounced {

void Bursts::Begin() {
  before_.clear();
  added_ = 0;
}

void Bursts::Commit() {
  before_.clear();
  while (order_.size() > kMaxAddresses) DropOldest();
}

void Bursts::RollBack() {
  for (auto& [key, addresses] : before_) {
    if (addresses) {
      by_key_[key] = *std::move(addresses);
    } else {
      by_key_.erase(key);
    }
  }
  before_.clear();
  order_.erase(order_.end() - static_cast<std::ptrdiff_t>(added_), order_.end());
}

void Bursts::Keep(const BurstKey& key) {
  if (before_.contains(key)) return;
  const auto found = by_key_.find(key);
  before_[key] = found == by_key_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Address> Bursts::Add(const BurstKey& key, const Address& address, absl::Time now,
                                 absl::Duration window) {
  Keep(key);
  Addresses& addresses = by_key_[key];
  std::erase_if(addresses, [&](const Bounced& each) {
    return each.time <= now - window || each.address == address;
  });
  addresses.push_back({address, now});
  order_.push_back(key);
  ++added_;
  std::vector<Address> all;
  for (const Bounced& each : addresses) all.push_back(each.address);
  return all;
}

void Bursts::Forget(const BurstKey& key) {
  Keep(key);
  by_key_.erase(key);
}

// Of a key whose addresses were forgotten before, or fell out of its window, there may be fewer
// than its turns: then there is nothing to drop.
void Bursts::DropOldest() {
  const auto found = by_key_.find(order_.front());
  if (found != by_key_.end()) {
    found->second.pop_front();
    if (found->second.empty()) by_key_.erase(found);
  }
  order_.pop_front();
}

}  // namespace bounced
