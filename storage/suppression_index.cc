#include "storage/suppression_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "storage/mutex.h"
#include "xxhash.h"

namespace bounced {
namespace {

// So many that readers on different addresses hardly ever touch the same lock, and that the writer,
// when a map grows, holds up one in so many of them.
constexpr std::size_t kShards = 256;

// What nearly every key fits into, so that no memory is taken for it.
constexpr std::size_t kUsualKeyOctets = 512;

// The keys are hashes under a secret already.
struct AsItIs {
  std::size_t operator()(std::uint64_t hash) const { return hash; }
};

// Appends `text` behind its length, so that no two different triples make the same octets.
char* Append(char* out, std::string_view text) {
  auto length = static_cast<std::uint32_t>(text.size());
  for (int shift = 0; shift < 32; shift += 8) *out++ = static_cast<char>(length >> shift);
  return std::copy(text.begin(), text.end(), out);
}

IndexEntry Later(IndexEntry a, IndexEntry b) {
  return {.suppressed_until = std::max(a.suppressed_until, b.suppressed_until),
          .risky_until = std::max(a.risky_until, b.risky_until)};
}

// Today, as the entries count days.
int Today(absl::Time now) { return std::max(DayOf(now) - IndexEntry::kEpochDay, 0); }

bool RiskyOn(IndexEntry entry, int today) { return today < entry.risky_until; }

}  // namespace

std::uint16_t IndexEntry::FirstDayWithout(absl::Time expire_time) {
  Day day = DayOf(expire_time);
  if (day >= kEpochDay + kForever) return kForever;
  return FirstDayWithout(StartOf(day) == expire_time ? day : day + 1);
}

std::uint16_t IndexEntry::FirstDayWithout(Day until) {
  if (until <= kEpochDay) return 0;
  return static_cast<std::uint16_t>(std::min<Day>(until - kEpochDay, kForever));
}

struct SuppressionIndex::Shards {
  struct Shard {
    mutable SharedMutex mutex;
    absl::flat_hash_map<std::uint64_t, IndexEntry, AsItIs> entries ABSL_GUARDED_BY(mutex);
  };
  // The top bits choose, since the map goes by the others.
  Shard& Of(std::uint64_t hash) { return shards[hash >> 56]; }

  std::array<Shard, kShards> shards;
};

SuppressionIndex::SuppressionIndex(std::uint64_t secret)
    : secret_(secret), shards_(std::make_unique<Shards>()) {}

SuppressionIndex::~SuppressionIndex() = default;

std::uint64_t SuppressionIndex::Hash(std::string_view tenant, std::string_view stream,
                                     std::string_view canonical_address) const {
  std::size_t octets =
      3 * sizeof(std::uint32_t) + tenant.size() + stream.size() + canonical_address.size();
  std::array<char, kUsualKeyOctets> usual;
  std::string unusual;
  char* begin = usual.data();
  if (octets > usual.size()) {
    unusual.resize(octets);
    begin = unusual.data();
  }
  Append(Append(Append(begin, tenant), stream), canonical_address);
  return XXH3_64bits_withSeed(begin, octets, secret_);
}

IndexEntry SuppressionIndex::Find(std::uint64_t hash) const {
  Shards::Shard& shard = shards_->Of(hash);
  ReaderLock lock(shard.mutex);
  auto found = shard.entries.find(hash);
  return found == shard.entries.end() ? IndexEntry{} : found->second;
}

SuppressionIndex::Key SuppressionIndex::KeyOf(std::string_view tenant, std::string_view stream,
                                              std::string_view canonical_address) const {
  const std::uint64_t of_tenant = Hash(tenant, "", canonical_address);
  return {.tenant = of_tenant,
          .stream = stream.empty() ? of_tenant : Hash(tenant, stream, canonical_address)};
}

void SuppressionIndex::Prefetch(Key key) const {
  const auto prefetch = [this](std::uint64_t hash) {
    Shards::Shard& shard = shards_->Of(hash);
    ReaderLock lock(shard.mutex);
    shard.entries.prefetch(hash);
  };
  prefetch(key.tenant);
  if (key.stream != key.tenant) prefetch(key.stream);
}

IndexEntry SuppressionIndex::Strongest(Key key) const {
  const IndexEntry entry = Find(key.tenant);
  return key.stream == key.tenant ? entry : Later(entry, Find(key.stream));
}

IndexAnswer SuppressionIndex::Check(Key key, absl::Time now) const {
  const IndexEntry entry = Strongest(key);
  const int today = Today(now);
  if (entry.suppressed_until == IndexEntry::kForever) return IndexAnswer::kSuppressed;
  if (today + 1 < entry.suppressed_until) return IndexAnswer::kSuppressed;
  if (today + 1 == entry.suppressed_until) return IndexAnswer::kAskRows;
  return RiskyOn(entry, today) ? IndexAnswer::kRisky : IndexAnswer::kSend;
}

IndexAnswer SuppressionIndex::Check(std::string_view tenant, std::string_view stream,
                                    std::string_view canonical_address, absl::Time now) const {
  return Check(KeyOf(tenant, stream, canonical_address), now);
}

bool SuppressionIndex::IsRisky(std::string_view tenant, std::string_view stream,
                               std::string_view canonical_address, absl::Time now) const {
  return RiskyOn(Strongest(KeyOf(tenant, stream, canonical_address)), Today(now));
}

void SuppressionIndex::Publish(std::uint64_t hash, IndexEntry entry) {
  Shards::Shard& shard = shards_->Of(hash);
  WriterLock lock(shard.mutex);
  if (entry == IndexEntry{}) {
    shard.entries.erase(hash);
  } else {
    shard.entries[hash] = entry;
  }
}

void SuppressionIndex::Strengthen(std::uint64_t hash, IndexEntry entry) {
  if (entry == IndexEntry{}) return;
  Shards::Shard& shard = shards_->Of(hash);
  WriterLock lock(shard.mutex);
  IndexEntry& standing = shard.entries[hash];
  standing = Later(standing, entry);
}

std::size_t SuppressionIndex::size() const {
  std::size_t size = 0;
  for (Shards::Shard& shard : shards_->shards) {
    ReaderLock lock(shard.mutex);
    size += shard.entries.size();
  }
  return size;
}

}  // namespace bounced
