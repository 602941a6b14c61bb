#include "storage/bursts.h"

namespace bounced {

void Bursts::Begin() { steps_.clear(); }

void Bursts::Commit() {
  steps_.clear();
  while (order_.size() > kMaxAddresses) DropOldest();
}

void Bursts::RollBack() {
  for (; !steps_.empty(); steps_.pop_back()) TakeBack(std::move(steps_.back()));
}

void Bursts::TakeBack(Step step) {
  Addresses& addresses = by_key_[step.key];
  if (step.forgotten) {
    addresses = *std::move(step.forgotten);
  } else {
    order_.pop_back();
    addresses.pop_back();
    for (auto& [place, bounced] : step.dropped) {
      addresses.insert(addresses.begin() + place, std::move(bounced));
    }
  }
  if (addresses.empty()) by_key_.erase(step.key);
}

std::size_t Bursts::Add(const BurstKey& key, const Address& address, absl::Time now,
                        absl::Duration window) {
  Addresses& addresses = by_key_[key];
  Step step{.key = key, .dropped = {}, .forgotten = {}};
  auto kept = addresses.begin();
  for (auto each = addresses.begin(); each != addresses.end(); ++each) {
    if (each->time <= now - window || each->address == address) {
      step.dropped.emplace_back(each - addresses.begin(), std::move(*each));
    } else {
      if (kept != each) *kept = std::move(*each);
      ++kept;
    }
  }
  addresses.erase(kept, addresses.end());
  addresses.push_back({address, now});
  order_.push_back(key);
  steps_.push_back(std::move(step));
  return addresses.size();
}

std::vector<Address> Bursts::AddressesOf(const BurstKey& key) const {
  std::vector<Address> all;
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return all;
  for (const Bounced& each : found->second) all.push_back(each.address);
  return all;
}

void Bursts::Forget(const BurstKey& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  steps_.push_back({.key = key, .dropped = {}, .forgotten = std::move(found->second)});
  by_key_.erase(found);
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
