#include "server/smtp/clients.h"

#include <algorithm>
#include <utility>

namespace bounced::smtp {
namespace {

// A full table is gone through no more often.
constexpr absl::Duration kRest = absl::Seconds(1);

IpAddress ClientOf(const IpAddress& address) { return address.Masked(address.is_v4() ? 32 : 64); }
IpAddress NetworkOf(const IpAddress& address) { return address.Masked(address.is_v4() ? 24 : 48); }

}  // namespace

Clients::Clients(const Limits& limits, std::vector<IpNetwork> exempt)
    : max_sessions_(limits.max_sessions_per_client), exempt_(std::move(exempt)) {
  bounds_[kConnect] = {limits.max_connects_per_client, absl::Minutes(1)};
  bounds_[kHandshake] = {limits.max_handshakes_per_client, absl::Seconds(1)};
  bounds_[kBadRecipient] = {limits.max_bad_recipients_per_client, absl::Hours(1)};
  bounds_[kFailedLogin] = {limits.max_failed_logins_per_client, absl::Hours(1)};
}

bool Clients::IsExempt(const IpAddress& client) const { return Contains(exempt_, client); }

float Clients::Rate::Left(absl::Time now, std::size_t max, absl::Duration period) const {
  const double faded = absl::FDivDuration(now - time, period) * static_cast<double>(max);
  return std::max(0.0F, level - static_cast<float>(faded));
}

// Whether the limit is passed with it.
bool Clients::Add(Deed deed, Entry& entry, std::size_t factor, absl::Time now) const {
  const std::size_t max = bounds_[deed].max * factor;
  if (max == 0) return false;
  Rate& rate = entry.rates[deed];
  const float level = rate.Left(now, max, bounds_[deed].period) + 1;
  const bool passed = level > static_cast<float>(max);
  // Beyond the limit nothing adds up: who stops is welcome again as soon as who just reached it.
  rate = {std::min(level, static_cast<float>(max)), now};
  return passed;
}

bool Clients::IsIdle(const Entry& entry, absl::Time now) const {
  if (entry.sessions > 0) return false;
  for (std::size_t deed = 0; deed < kDeeds; ++deed) {
    const Bound& bound = bounds_[deed];
    if (bound.max > 0 && entry.rates[deed].Left(now, bound.max, bound.period) > 0) return false;
  }
  return true;
}

void Clients::MakeRoom(Table& table, absl::Time now) {
  if (now < made_room_ + kRest) return;
  made_room_ = now;
  absl::erase_if(table, [this, now](const auto& each) { return IsIdle(each.second, now); });
}

// Null: there is no room.
Clients::Entry* Clients::Find(Table& table, const IpAddress& key, absl::Time now) {
  const auto found = table.find(key);
  if (found != table.end()) return &found->second;
  if (clients_.size() + networks_.size() >= kMaxEntries) MakeRoom(table, now);
  if (clients_.size() + networks_.size() >= kMaxEntries) return nullptr;
  return &table[key];
}

Clients::Answer Clients::Enter(const IpAddress& client, absl::Time now) {
  if (IsExempt(client)) return Answer::kWelcome;
  const std::lock_guard<std::mutex> lock(mutex_);
  Find(clients_, ClientOf(client), now);
  Find(networks_, NetworkOf(client), now);
  // Asked again: the second may have moved the first.
  const auto own = clients_.find(ClientOf(client));
  const auto all = networks_.find(NetworkOf(client));
  bool often = false;
  if (own != clients_.end()) often = Add(kConnect, own->second, 1, now);
  if (all != networks_.end()) often = Add(kConnect, all->second, kNetworkFactor, now) || often;
  if (often) return Answer::kTooOften;
  if ((own != clients_.end() && own->second.sessions >= max_sessions_) ||
      (all != networks_.end() && all->second.sessions >= kNetworkFactor * max_sessions_)) {
    return Answer::kTooManySessions;
  }
  if (own != clients_.end()) ++own->second.sessions;
  if (all != networks_.end()) ++all->second.sessions;
  return Answer::kWelcome;
}

void Clients::Leave(const IpAddress& client) {
  if (IsExempt(client)) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [table, key] :
       {std::pair(&clients_, ClientOf(client)), {&networks_, NetworkOf(client)}}) {
    const auto found = table->find(key);
    // One that was not counted for want of room may leave behind others that were.
    if (found != table->end() && found->second.sessions > 0) --found->second.sessions;
  }
}

bool Clients::Count(Deed deed, const IpAddress& client, absl::Time now) {
  if (bounds_[deed].max == 0 || IsExempt(client)) return false;
  const std::lock_guard<std::mutex> lock(mutex_);
  bool passed = false;
  if (Entry* entry = Find(clients_, ClientOf(client), now)) passed = Add(deed, *entry, 1, now);
  if (Entry* entry = Find(networks_, NetworkOf(client), now)) {
    passed = Add(deed, *entry, kNetworkFactor, now) || passed;
  }
  return passed;
}

bool Clients::Handshake(const IpAddress& client, absl::Time now) {
  return Count(kHandshake, client, now);
}

bool Clients::BadRecipient(const IpAddress& client, absl::Time now) {
  return Count(kBadRecipient, client, now);
}

bool Clients::FailedLogin(const IpAddress& client, absl::Time now) {
  return Count(kFailedLogin, client, now);
}

std::size_t Clients::entries() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return clients_.size() + networks_.size();
}

}  // namespace bounced::smtp
