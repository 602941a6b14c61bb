// What reaches further than one address of one tenant, in memory: entries of domains, those of all
// tenants, and allowances.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "storage/mutex.h"
#include "storage/suppression_index.h"

namespace bounced {

// Beside the SuppressionIndex, which knows single addresses by the million; this knows what is few.
// While it is empty nobody pays for it.
//
// Thread-safe: any number of readers beside the one writer.
class WideIndex {
 public:
  // Whose Hash() it goes by, and who outlives it.
  explicit WideIndex(const SuppressionIndex& index) : index_(index) {}

  // Whether an entry of this tenant and address (or "@domain") belongs here.
  static bool Concerns(std::string_view tenant, std::string_view canonical);

  bool empty() const { return size_ == 0; }

  // What holds for an address of which the SuppressionIndex says `own`. kAskRows also where an
  // allowance may overrule what stands.
  IndexAnswer Widen(IndexAnswer own, std::string_view tenant, std::string_view stream,
                    std::string_view canonical_address, absl::Time now) const;
  // Allowances that were made (true) or taken back, by the hash of (tenant, "", entry).
  using Allowances = absl::flat_hash_map<std::uint64_t, bool>;
  // Whether the address or its domain has an allowance of the tenant, or of all tenants; `pending`
  // is what will be published.
  bool IsAllowed(std::string_view tenant, std::string_view canonical_address,
                 const Allowances& pending = {}) const;

  // All zeros when there is none. `hash` is that of (tenant, stream, entry).
  IndexEntry Find(std::uint64_t hash) const;

  // By the writer only. `hash` is that of (tenant, stream, entry); an entry of zeros removes.
  void Publish(std::uint64_t hash, IndexEntry entry);
  // By the writer only. `hash` is that of (tenant, "", entry).
  void PublishAllowance(std::uint64_t hash, bool is_allowed);

 private:
  struct Entry {
    IndexEntry index;
    bool is_allowed = false;
  };

  IndexEntry FindLocked(std::uint64_t hash) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool IsAllowedLocked(std::string_view tenant, std::string_view canonical_address,
                       const Allowances& pending) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool HasAllowance(std::uint64_t hash, const Allowances& pending) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  template <typename Change>
  void Edit(std::uint64_t hash, Change change);

  const SuppressionIndex& index_;
  std::atomic<std::size_t> size_ = 0;
  mutable SharedMutex mutex_;
  absl::flat_hash_map<std::uint64_t, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bounced
