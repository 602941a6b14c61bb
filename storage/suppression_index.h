// Verdicts in memory: what answers a check without the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "storage/index_staging.h"
#include "storage/records.h"

namespace bounced {

// What the index says of one key (tenant, stream, address). Days, since they are two octets; on the
// very day of an expiry only the rows know, and the answer says so.
struct IndexEntry {
  // 2020-01-01: two octets of days from here reach to the year 2199.
  static constexpr Day kEpochDay = 18'262;
  static constexpr std::uint16_t kForever = 0xFFFF;
  // Days since kEpochDay, rounded up: the first day on which it no longer holds for certain. 0:
  // never did.
  std::uint16_t suppressed_until = 0;
  std::uint16_t risky_until = 0;

  // Rounds up to a day; what lies beyond the last day that fits is for ever, before the epoch
  // never.
  static std::uint16_t FirstDayWithout(absl::Time expire_time);
  static std::uint16_t FirstDayWithout(Day until);  // exclusive

  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

enum class IndexAnswer : std::uint8_t {
  kSend,
  kSuppressed,
  kRisky,
  kAskRows,  // an expiry is today: whoever finds no row that still holds then asks IsRisky()
};

class IndexTable;

// A keyed hash of (tenant, stream, address) to four octets, in 11.6 to 12 octets an entry from some
// 10 million entries on (see IndexTable). Keys are told apart by 63 bits, so of addresses without
// an entry one in 10^12 is taken for another's with 10 million entries, one in 2 * 10^11 with 50
// million. Of two keys with entries that collide, the one that was published last answers for both.
// Rows are compared in full.
//
// Thread-safe: any number of readers, which take no lock, beside the one writer. A look-up takes as
// long as a read from memory or two, 0.1 to 0.2 us.
class SuppressionIndex {
 public:
  // `secret` seeds the hash, so that nobody outside can make keys collide.
  explicit SuppressionIndex(std::uint64_t secret);
  ~SuppressionIndex();
  SuppressionIndex(const SuppressionIndex&) = delete;
  SuppressionIndex& operator=(const SuppressionIndex&) = delete;

  // Never changes for a secret: it is stored in rows, too.
  std::uint64_t Hash(std::string_view tenant, std::string_view stream,
                     std::string_view canonical_address) const;

  // What a look-up goes by: the hashes of the tenant's entry and of the stream's.
  struct Key {
    std::uint64_t tenant = 0;
    std::uint64_t stream = 0;  // as `tenant`, when there is no stream
  };
  class LookUps;

  // The strongest of the tenant's entry and the stream's.
  IndexAnswer Check(std::string_view tenant, std::string_view stream,
                    std::string_view canonical_address, absl::Time now) const;

  // Whether soft bounces are under way, it is on probation after them, or an incident holds its
  // suppression; suppressed or not.
  bool IsRisky(std::string_view tenant, std::string_view stream, std::string_view canonical_address,
               absl::Time now) const;

  // All zeros when there is none.
  IndexEntry Find(std::uint64_t hash) const;

  // By the writer only. An entry of zeros removes.
  void Publish(std::uint64_t hash, IndexEntry entry);

  // Fills an index that is empty and that nobody reads yet, many times as fast as Publish().
  class Loader {
   public:
    // `index` outlives it.
    explicit Loader(SuppressionIndex& index) : index_(index) {}
    // Of one hash the later day of each wins.
    void Add(std::uint64_t hash, IndexEntry entry) {
      if (entry != IndexEntry{}) staging_.Add(hash, ToValue(entry));
    }
    // What another thread has added to `other`, which is then empty.
    void Take(Loader&& other) { staging_.Take(other.staging_); }
    // Before it the index is as it was.
    void Finish();

   private:
    SuppressionIndex& index_;
    IndexStaging staging_;
  };

  std::size_t size() const;
  // Of memory that entries lie in.
  std::size_t octets() const;

 private:
  // An entry as the table has it.
  static std::uint32_t ToValue(IndexEntry entry) {
    return std::uint32_t{entry.risky_until} << 16 | entry.suppressed_until;
  }

  Key KeyOf(std::string_view tenant, std::string_view stream,
            std::string_view canonical_address) const;
  // The later days of the tenant's entry and the stream's.
  IndexEntry Strongest(Key key) const;

  const std::uint64_t secret_;
  const std::unique_ptr<IndexTable> table_;
};

// Looks up many addresses of one tenant and stream at one time. By one thread.
class SuppressionIndex::LookUps {
 public:
  // `index` outlives it.
  LookUps(const SuppressionIndex& index, std::string_view tenant, std::string_view stream,
          absl::Time now);

  Key KeyOf(std::string_view canonical_address);
  // Asks for the memory that Check() will read, so that of many look-ups none waits for another.
  void Prefetch(Key key) const;
  IndexAnswer Check(Key key) const;

 private:
  // Hashes addresses behind what is the same for all.
  class Hasher {
   public:
    Hasher(const SuppressionIndex& index, std::string_view tenant, std::string_view stream);
    std::uint64_t HashOf(std::string_view canonical_address);

   private:
    const std::uint64_t secret_;
    const std::size_t prefix_;
    std::string octets_;
  };

  const SuppressionIndex& index_;
  const int today_;
  Hasher of_tenant_;
  std::optional<Hasher> of_stream_;
};

}  // namespace bounced
