#include "storage/tallies.h"

#include <algorithm>
#include <limits>

#include "absl/hash/hash.h"

namespace bounced {
namespace {

constexpr std::size_t kSlotOctets = 4 + 6 * 4;
// Of a day, and what a clock that jumps may add.
constexpr std::size_t kMaxStoredSlots = 1'000;

void PutNumber(std::string& out, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(number >> shift));
}

std::uint32_t TakeNumber(std::string_view& in) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    number |= std::uint32_t{static_cast<unsigned char>(in[i])} << (8 * i);
  }
  in.remove_prefix(4);
  return number;
}

std::uint32_t Sum(std::uint32_t a, std::uint32_t b) {
  return a > std::numeric_limits<std::uint32_t>::max() - b
             ? std::numeric_limits<std::uint32_t>::max()
             : a + b;
}

absl::Duration WindowOf(const TallyKey& key) {
  return key.what == TallyKey::What::kStream ? Tallies::kStreamWindow : Tallies::kWindow;
}

// Whether the policy believed it. What only the lowest bar lets act is still nobody's word.
bool IsVouchedFor(const Message& message, const Event& event) {
  if (event.policy_rule == PolicyRule::kNoAddress) return message.trust > Trust::kUnverified;
  return event.policy_rule != PolicyRule::kTrustTooLow && event.trust > Trust::kUnverified;
}

bool IsComplaint(const Event& event) {
  return event.kind == Kind::kComplaint && event.reason == Reason::kComplaintAbuse;
}

}  // namespace

TallyCounts& TallyCounts::operator+=(const TallyCounts& other) {
  delivered = Sum(delivered, other.delivered);
  failed = Sum(failed, other.failed);
  hard = Sum(hard, other.hard);
  refused = Sum(refused, other.refused);
  complaints = Sum(complaints, other.complaints);
  unverified = Sum(unverified, other.unverified);
  return *this;
}

// --- Tally

std::int32_t Tally::SlotOf(absl::Time time) {
  const std::int64_t slot = absl::ToUnixSeconds(time) / absl::ToInt64Seconds(kSlot);
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(
      slot, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()));
}

absl::Time Tally::StartOf(std::int32_t slot) {
  return absl::FromUnixSeconds(slot * absl::ToInt64Seconds(kSlot));
}

void Tally::Add(std::int32_t slot, const TallyCounts& counts) {
  const auto place =
      std::lower_bound(slots_.begin(), slots_.end(), slot,
                       [](const Slot& each, std::int32_t number) { return each.number < number; });
  if (place != slots_.end() && place->number == slot) {
    place->counts += counts;
  } else {
    slots_.insert(place, {slot, counts});
  }
}

TallyCounts Tally::Within(absl::Duration window, absl::Time now, absl::Time from) const {
  const std::int32_t first = SlotOf(now - window);
  const std::int32_t last = SlotOf(now);
  TallyCounts sum;
  for (const Slot& slot : slots_) {
    if (slot.number < first || slot.number > last || StartOf(slot.number) <= from) continue;
    sum += slot.counts;
  }
  return sum;
}

void Tally::Prune(absl::Duration window, absl::Time now) {
  const std::int32_t first = SlotOf(now - window);
  const std::int32_t last = SlotOf(now);
  std::erase_if(slots_,
                [&](const Slot& slot) { return slot.number < first || slot.number > last; });
}

std::string Tally::Encode() const {
  std::string octets;
  octets.reserve(slots_.size() * kSlotOctets);
  for (const Slot& slot : slots_) {
    PutNumber(octets, static_cast<std::uint32_t>(slot.number));
    const TallyCounts& counts = slot.counts;
    for (const std::uint32_t number : {counts.delivered, counts.failed, counts.hard, counts.refused,
                                       counts.complaints, counts.unverified}) {
      PutNumber(octets, number);
    }
  }
  return octets;
}

std::optional<Tally> Tally::Decode(std::string_view octets) {
  if (octets.size() % kSlotOctets != 0 || octets.size() / kSlotOctets > kMaxStoredSlots) {
    return std::nullopt;
  }
  Tally tally;
  while (!octets.empty()) {
    const auto number = static_cast<std::int32_t>(TakeNumber(octets));
    TallyCounts counts;
    for (std::uint32_t* place : {&counts.delivered, &counts.failed, &counts.hard, &counts.refused,
                                 &counts.complaints, &counts.unverified}) {
      *place = TakeNumber(octets);
    }
    tally.Add(number, counts);
  }
  return tally;
}

// --- Counting

void Tallies::Begin() {
  added_.clear();
  refused_.clear();
  newly_seen_.clear();
}

void Tallies::Add(TallyKey key, std::int32_t slot, bool is_known, const TallyCounts& counts) {
  Counted& counted = added_[{std::move(key), slot}];
  counted.counts += counts;
  counted.is_known = is_known;
}

void Tallies::Count(const Message& message, const Event& event, std::uint64_t address_hash,
                    absl::Time now) {
  const bool is_failure = event.kind == Kind::kBounce;
  const bool is_delivery = event.kind == Kind::kDelivery && event.trust == Trust::kLocal;
  if (!is_failure && !is_delivery && !IsComplaint(event)) return;
  const absl::Time time = std::min(message.receive_time, now);
  if (time < now - kStreamWindow) return;
  const std::int32_t slot = Tally::SlotOf(time);
  if (!IsVouchedFor(message, event)) return AddUnverified(message, event, slot);
  if (!event.address) return;

  const TallyKey stream{TallyKey::What::kStream, message.tenant, message.stream};
  TallyKey provider{TallyKey::What::kProvider, message.tenant, event.answer.provider};
  if (is_delivery) {
    const TallyCounts delivered{.delivered = 1};
    Add(stream, slot, true, delivered);
    // Most domains never fail: of those that no table names only who has is counted.
    if (event.answer.is_known || entries_.contains(provider)) {
      Add(std::move(provider), slot, event.answer.is_known, delivered);
    }
    return;
  }
  if (!is_failure) {
    if (event.effect == Effect::kSuppressed) Add(stream, slot, true, {.complaints = 1});
    return;
  }
  // The same failure, as the mail system saw it and as a report tells it, is one; so is whatever
  // comes of one return path, for who holds that may write as much as he likes.
  const std::uint64_t seen = absl::HashOf(address_hash, event.reason);
  if (event.policy_rule == PolicyRule::kSameMessage || WasSeen(seen)) return;
  newly_seen_.insert(seen);
  TallyCounts failed{.failed = 1};
  failed.hard = event.bounce_class == BounceClass::kHard ? 1 : 0;
  failed.refused = event.answer.is_refusal ? 1 : 0;
  Add(stream, slot, true, failed);
  Add(std::move(provider), slot, event.answer.is_known, failed);
  if (event.answer.is_refusal) AddRefusal(message, event, slot, time);
}

void Tallies::AddUnverified(const Message& message, const Event& event, std::int32_t slot) {
  const TallyCounts unverified{.unverified = 1};
  Add({TallyKey::What::kUnverified, message.tenant}, slot, true, unverified);
  // What anybody may have made up makes no room for itself elsewhere.
  TallyKey stream{TallyKey::What::kStream, message.tenant, message.stream};
  if (entries_.contains(stream)) Add(std::move(stream), slot, true, unverified);
  TallyKey provider{TallyKey::What::kProvider, message.tenant, event.answer.provider};
  if (const auto found = entries_.find(provider); found != entries_.end()) {
    Add(std::move(provider), slot, found->second.is_known, unverified);
  }
}

void Tallies::AddRefusal(const Message& message, const Event& event, std::int32_t slot,
                         absl::Time time) {
  const ProviderAnswer& answer = event.answer;
  TallyKey key{TallyKey::What::kRefusal, message.tenant, answer.provider, answer.sender,
               event.reason};
  Add(key, slot, answer.is_known, {.failed = 1, .refused = 1});
  refused_.push_back({std::move(key), answer.code, answer.sample, time});
}

bool Tallies::WasSeen(std::uint64_t hash) const {
  return newly_seen_.contains(hash) || seen_.contains(hash) || seen_before_.contains(hash);
}

void Tallies::Commit(absl::Time now) {
  if (seen_.size() + newly_seen_.size() > kMaxSeen || now - seen_since_ > kSeenFor ||
      now < seen_since_) {
    seen_before_ = std::exchange(seen_, {});
    seen_since_ = now;
  }
  seen_.insert(newly_seen_.begin(), newly_seen_.end());
  // Providers before their refusals, which are counted by sender for so many of them alone.
  for (const bool of_refusals : {false, true}) {
    for (const auto& [place, counted] : added_) {
      if ((place.first.what == TallyKey::What::kRefusal) != of_refusals) continue;
      Entry* const entry = FindOrMake(Folded(place.first), counted.is_known);
      if (entry == nullptr) continue;
      entry->tally.Add(place.second, counted.counts);
      entry->fresh += counted.counts;
      entry->is_changed = true;
    }
  }
  for (Refused& refused : refused_) {
    const auto found = entries_.find(Folded(refused.key));
    if (found == entries_.end()) continue;
    Entry& entry = found->second;
    entry.first = std::min(entry.first, refused.time);
    entry.last = std::max(entry.last, refused.time);
    if (!refused.code.empty()) entry.code = std::move(refused.code);
    std::vector<std::string>& samples = entry.samples;
    if (samples.size() < Incident::kMaxSamples && !refused.sample.empty() &&
        std::find(samples.begin(), samples.end(), refused.sample) == samples.end()) {
      samples.push_back(std::move(refused.sample));
    }
  }
  Begin();
}

// --- Entries

const Tallies::Entry* Tallies::Find(const TallyKey& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

bool Tallies::HasRoomFor(TallyKey::What what, bool is_known) const {
  const auto at = static_cast<std::size_t>(what);
  switch (what) {
    case TallyKey::What::kStream:
      return sizes_[at] < kMaxStreams;
    case TallyKey::What::kProvider:
      return sizes_[at] < kMaxProviders && (is_known || unknown_[at] < kMaxProviders - kReserved);
    case TallyKey::What::kRefusal:
      return sizes_[at] < kMaxRefusals && (is_known || unknown_[at] < kMaxRefusals - kReserved);
    case TallyKey::What::kUnverified:
      return sizes_[at] < kMaxUnverified;
  }
  return false;
}

TallyKey Tallies::Folded(const TallyKey& key) const {
  if (key.sender.empty() || entries_.contains(key)) return key;
  const Entry* const provider = Find({TallyKey::What::kProvider, key.tenant, key.name});
  if (provider == nullptr || provider->senders < kMaxSenders) return key;
  TallyKey folded = key;
  folded.sender.clear();
  return folded;
}

Tallies::Entry* Tallies::FindOrMake(const TallyKey& key, bool is_known) {
  if (const auto found = entries_.find(key); found != entries_.end()) return &found->second;
  if (!HasRoomFor(key.what, is_known)) {
    ++uncounted_;
    return nullptr;
  }
  ++sizes_[static_cast<std::size_t>(key.what)];
  if (!is_known) ++unknown_[static_cast<std::size_t>(key.what)];
  Entry& entry = entries_[key];
  entry.id = next_id_++;
  entry.is_known = is_known;
  if (key.what == TallyKey::What::kRefusal && !key.sender.empty()) {
    const auto provider = entries_.find({TallyKey::What::kProvider, key.tenant, key.name});
    if (provider != entries_.end()) ++provider->second.senders;
  }
  return &entries_.find(key)->second;
}

void Tallies::Restore(const TallyKey& key, std::int64_t id, Tally tally, bool is_known) {
  Entry* const entry = FindOrMake(key, is_known);
  if (entry == nullptr) return;
  entry->id = id;
  entry->tally = std::move(tally);
  next_id_ = std::max(next_id_, id + 1);
}

void Tallies::CountSenders() {
  for (auto& [key, entry] : entries_) entry.senders = 0;
  for (const auto& [key, entry] : entries_) {
    if (key.what != TallyKey::What::kRefusal || key.sender.empty()) continue;
    const auto provider = entries_.find({TallyKey::What::kProvider, key.tenant, key.name});
    if (provider != entries_.end()) ++provider->second.senders;
  }
}

Tally Tallies::Left(const TallyKey& key, const Entry& entry, absl::Time now) {
  Tally left = entry.tally;
  left.Prune(WindowOf(key), now);
  return left;
}

void Tallies::Tended(absl::Time now) {
  for (auto each = entries_.begin(); each != entries_.end();) {
    const auto entry = each++;
    entry->second.fresh = {};
    entry->second.is_changed = false;
    entry->second.tally.Prune(WindowOf(entry->first), now);
    if (!entry->second.tally.empty()) continue;
    --sizes_[static_cast<std::size_t>(entry->first.what)];
    if (!entry->second.is_known) --unknown_[static_cast<std::size_t>(entry->first.what)];
    entries_.erase(entry);
  }
  CountSenders();
}

void Tallies::SetTold(const TallyKey& key, bool is_told) {
  if (const auto found = entries_.find(key); found != entries_.end()) {
    found->second.is_told = is_told;
  }
}

}  // namespace bounced
