#include "storage/suppression_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "storage/index_table.h"
#include "xxhash.h"

namespace bounced {
namespace {

// What nearly every key fits into, so that no memory is taken for it.
constexpr std::size_t kUsualKeyOctets = 512;

// Appends `text` behind its length, so that no two different triples make the same octets.
char* Append(char* out, std::string_view text) {
  auto length = static_cast<std::uint32_t>(text.size());
  for (int shift = 0; shift < 32; shift += 8) *out++ = static_cast<char>(length >> shift);
  return std::copy(text.begin(), text.end(), out);
}

constexpr std::size_t AppendedOctets(std::string_view text) {
  return sizeof(std::uint32_t) + text.size();
}

IndexEntry Later(IndexEntry a, IndexEntry b) {
  return {.suppressed_until = std::max(a.suppressed_until, b.suppressed_until),
          .risky_until = std::max(a.risky_until, b.risky_until)};
}

// The table has them as one number.
IndexEntry FromValue(std::uint32_t value) {
  return {.suppressed_until = static_cast<std::uint16_t>(value),
          .risky_until = static_cast<std::uint16_t>(value >> 16)};
}

// Today, as the entries count days.
int Today(absl::Time now) { return std::max(DayOf(now) - IndexEntry::kEpochDay, 0); }

bool RiskyOn(IndexEntry entry, int today) { return today < entry.risky_until; }

IndexAnswer AnswerOf(IndexEntry entry, int today) {
  if (entry.suppressed_until == IndexEntry::kForever) return IndexAnswer::kSuppressed;
  if (today + 1 < entry.suppressed_until) return IndexAnswer::kSuppressed;
  if (today + 1 == entry.suppressed_until) return IndexAnswer::kAskRows;
  return RiskyOn(entry, today) ? IndexAnswer::kRisky : IndexAnswer::kSend;
}

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

SuppressionIndex::SuppressionIndex(std::uint64_t secret)
    : secret_(secret), table_(std::make_unique<IndexTable>()) {}

SuppressionIndex::~SuppressionIndex() = default;

std::uint64_t SuppressionIndex::Hash(std::string_view tenant, std::string_view stream,
                                     std::string_view canonical_address) const {
  const std::size_t octets =
      AppendedOctets(tenant) + AppendedOctets(stream) + AppendedOctets(canonical_address);
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
  return FromValue(table_->Find(hash));
}

SuppressionIndex::Key SuppressionIndex::KeyOf(std::string_view tenant, std::string_view stream,
                                              std::string_view canonical_address) const {
  const std::uint64_t of_tenant = Hash(tenant, "", canonical_address);
  return {.tenant = of_tenant,
          .stream = stream.empty() ? of_tenant : Hash(tenant, stream, canonical_address)};
}

IndexEntry SuppressionIndex::Strongest(Key key) const {
  if (key.stream == key.tenant) return Find(key.tenant);
  table_->Prefetch(key.stream);  // so that the second read waits together with the first
  const IndexEntry entry = Find(key.tenant);
  return Later(entry, Find(key.stream));
}

IndexAnswer SuppressionIndex::Check(std::string_view tenant, std::string_view stream,
                                    std::string_view canonical_address, absl::Time now) const {
  return AnswerOf(Strongest(KeyOf(tenant, stream, canonical_address)), Today(now));
}

SuppressionIndex::LookUps::LookUps(const SuppressionIndex& index, std::string_view tenant,
                                   std::string_view stream, absl::Time now)
    : index_(index), today_(Today(now)), of_tenant_(index, tenant, "") {
  if (!stream.empty()) of_stream_.emplace(index, tenant, stream);
}

SuppressionIndex::Key SuppressionIndex::LookUps::KeyOf(std::string_view canonical_address) {
  const std::uint64_t of_tenant = of_tenant_.HashOf(canonical_address);
  return {.tenant = of_tenant,
          .stream = of_stream_ ? of_stream_->HashOf(canonical_address) : of_tenant};
}

void SuppressionIndex::LookUps::Prefetch(Key key) const {
  index_.table_->Prefetch(key.tenant);
  if (key.stream != key.tenant) index_.table_->Prefetch(key.stream);
}

IndexAnswer SuppressionIndex::LookUps::Check(Key key) const {
  return AnswerOf(index_.Strongest(key), today_);
}

SuppressionIndex::LookUps::Hasher::Hasher(const SuppressionIndex& index, std::string_view tenant,
                                          std::string_view stream)
    : secret_(index.secret_), prefix_(AppendedOctets(tenant) + AppendedOctets(stream)) {
  octets_.resize(prefix_ + kUsualKeyOctets);
  Append(Append(octets_.data(), tenant), stream);
}

std::uint64_t SuppressionIndex::LookUps::Hasher::HashOf(std::string_view canonical_address) {
  const std::size_t octets = prefix_ + AppendedOctets(canonical_address);
  if (octets > octets_.size()) octets_.resize(octets);
  Append(octets_.data() + prefix_, canonical_address);
  return XXH3_64bits_withSeed(octets_.data(), octets, secret_);
}

bool SuppressionIndex::IsRisky(std::string_view tenant, std::string_view stream,
                               std::string_view canonical_address, absl::Time now) const {
  return RiskyOn(Strongest(KeyOf(tenant, stream, canonical_address)), Today(now));
}

void SuppressionIndex::Publish(std::uint64_t hash, IndexEntry entry) {
  table_->Set(hash, ToValue(entry));
}

void SuppressionIndex::Loader::Finish() {
  index_.table_->Fill(staging_, [](std::uint32_t a, std::uint32_t b) {
    return ToValue(Later(FromValue(a), FromValue(b)));
  });
}

std::size_t SuppressionIndex::size() const { return table_->size(); }

std::size_t SuppressionIndex::octets() const { return table_->octets(); }

}  // namespace bounced
