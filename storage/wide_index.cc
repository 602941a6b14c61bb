#include "storage/wide_index.h"

#include <algorithm>

#include "storage/records.h"

namespace bounced {
namespace {

// "@example.com" of "user@example.com".
std::string_view DomainEntryOf(std::string_view canonical_address) {
  const std::size_t at = canonical_address.rfind('@');
  return at == canonical_address.npos ? std::string_view() : canonical_address.substr(at);
}

IndexAnswer AnswerOf(IndexEntry entry, absl::Time now) {
  if (entry.suppressed_until == IndexEntry::kForever) return IndexAnswer::kSuppressed;
  const int today = std::max(DayOf(now) - IndexEntry::kEpochDay, 0);
  if (today + 1 < entry.suppressed_until) return IndexAnswer::kSuppressed;
  return today + 1 == entry.suppressed_until ? IndexAnswer::kAskRows : IndexAnswer::kSend;
}

}  // namespace

bool WideIndex::Concerns(std::string_view tenant, std::string_view canonical) {
  return tenant == kAnyTenant || canonical.starts_with('@');
}

IndexAnswer WideIndex::Widen(IndexAnswer own, std::string_view tenant, std::string_view stream,
                             std::string_view canonical_address, absl::Time now) const {
  const std::string_view domain = DomainEntryOf(canonical_address);
  ReaderLock lock(mutex_);
  bool is_asked = false;
  const auto holds = [&](const Entry& entry) {
    const IndexAnswer answer = AnswerOf(entry.index, now);
    is_asked = is_asked || answer == IndexAnswer::kAskRows;
    return answer == IndexAnswer::kSuppressed;
  };
  if (holds(Find(tenant, "", domain)) || (!stream.empty() && holds(Find(tenant, stream, domain))) ||
      holds(Find(kAnyTenant, "", canonical_address)) || holds(Find(kAnyTenant, "", domain))) {
    return IndexAnswer::kSuppressed;
  }
  if (is_asked) return IndexAnswer::kAskRows;
  if (own == IndexAnswer::kSend || !IsAllowedLocked(tenant, canonical_address)) return own;
  return IndexAnswer::kAskRows;
}

bool WideIndex::IsAllowed(std::string_view tenant, std::string_view canonical_address) const {
  if (empty()) return false;
  ReaderLock lock(mutex_);
  return IsAllowedLocked(tenant, canonical_address);
}

bool WideIndex::IsAllowedLocked(std::string_view tenant, std::string_view canonical_address) const {
  const std::string_view domain = DomainEntryOf(canonical_address);
  return Find(tenant, "", canonical_address).is_allowed || Find(tenant, "", domain).is_allowed ||
         Find(kAnyTenant, "", canonical_address).is_allowed ||
         Find(kAnyTenant, "", domain).is_allowed;
}

WideIndex::Entry WideIndex::Find(std::string_view tenant, std::string_view stream,
                                 std::string_view entry) const {
  const auto found = entries_.find(index_.Hash(tenant, stream, entry));
  return found == entries_.end() ? Entry{} : found->second;
}

template <typename Change>
void WideIndex::Edit(std::uint64_t hash, Change change) {
  WriterLock lock(mutex_);
  Entry& entry = entries_[hash];
  change(entry);
  if (entry.index == IndexEntry{} && !entry.is_allowed) entries_.erase(hash);
  size_ = entries_.size();
}

void WideIndex::Publish(std::uint64_t hash, IndexEntry entry) {
  Edit(hash, [&](Entry& standing) { standing.index = entry; });
}

void WideIndex::PublishAllowance(std::uint64_t hash, bool is_allowed) {
  Edit(hash, [&](Entry& standing) { standing.is_allowed = is_allowed; });
}

}  // namespace bounced
