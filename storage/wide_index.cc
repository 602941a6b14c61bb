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
  const auto holds = [&](std::string_view of_tenant, std::string_view of_stream,
                         std::string_view entry) ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    const IndexAnswer answer = AnswerOf(FindLocked(index_.Hash(of_tenant, of_stream, entry)), now);
    is_asked = is_asked || answer == IndexAnswer::kAskRows;
    return answer == IndexAnswer::kSuppressed;
  };
  const auto reaches = [&](std::string_view of_stream) ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return holds(tenant, of_stream, domain) || holds(kAnyTenant, of_stream, canonical_address) ||
           holds(kAnyTenant, of_stream, domain);
  };
  if (reaches("") || (!stream.empty() && reaches(stream))) return IndexAnswer::kSuppressed;
  if (is_asked) return IndexAnswer::kAskRows;
  if (own == IndexAnswer::kSend || !IsAllowedLocked(tenant, canonical_address, {})) return own;
  return IndexAnswer::kAskRows;
}

bool WideIndex::IsAllowed(std::string_view tenant, std::string_view canonical_address,
                          const Allowances& pending) const {
  if (empty() && pending.empty()) return false;
  ReaderLock lock(mutex_);
  return IsAllowedLocked(tenant, canonical_address, pending);
}

bool WideIndex::IsAllowedLocked(std::string_view tenant, std::string_view canonical_address,
                                const Allowances& pending) const {
  const std::string_view domain = DomainEntryOf(canonical_address);
  for (const std::string_view of_tenant : {tenant, std::string_view(kAnyTenant)}) {
    for (const std::string_view entry : {canonical_address, domain}) {
      if (HasAllowance(index_.Hash(of_tenant, "", entry), pending)) return true;
    }
  }
  return false;
}

bool WideIndex::HasAllowance(std::uint64_t hash, const Allowances& pending) const {
  if (const auto made = pending.find(hash); made != pending.end()) return made->second;
  const auto found = entries_.find(hash);
  return found != entries_.end() && found->second.is_allowed;
}

IndexEntry WideIndex::Find(std::uint64_t hash) const {
  ReaderLock lock(mutex_);
  return FindLocked(hash);
}

IndexEntry WideIndex::FindLocked(std::uint64_t hash) const {
  const auto found = entries_.find(hash);
  return found == entries_.end() ? IndexEntry{} : found->second.index;
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
