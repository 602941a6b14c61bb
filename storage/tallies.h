// How much of one's mail was delivered, refused, bounced and complained about lately, by stream and
// by provider: what incidents of refusals and of rates are found by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "parser/taxonomy.h"
#include "storage/records.h"

namespace bounced {

// Saturating.
struct TallyCounts {
  std::uint32_t delivered = 0;   // that one's own mail system reported
  std::uint32_t failed = 0;      // final failures of whatever class
  std::uint32_t hard = 0;        // of those, bounces of class hard
  std::uint32_t refused = 0;     // of those, refusals for the sender's or the content's sake
  std::uint32_t complaints = 0;  // the first of an address
  std::uint32_t unverified =
      0;  // failures and complaints that nobody vouches for, of no other count

  TallyCounts& operator+=(const TallyCounts& other);
  friend bool operator==(const TallyCounts&, const TallyCounts&) = default;
};

// Whose counts they are. Stored by number.
struct TallyKey {
  enum class What : std::uint8_t {
    kStream = 1,      // `name` is a stream
    kProvider = 2,    // `name` is a provider
    kRefusal = 3,     // the same, of one sender for one reason
    kUnverified = 4,  // of the whole tenant
  };
  What what = What::kStream;
  std::string tenant = {};
  std::string name = {};
  std::string sender = {};
  Reason reason = Reason::kUndefined;

  friend bool operator==(const TallyKey&, const TallyKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const TallyKey& key) {
    return H::combine(std::move(h), key.what, key.tenant, key.name, key.sender, key.reason);
  }
};

// The counts of one key. A value.
class Tally {
 public:
  // Times are counted in slots of this length.
  static constexpr absl::Duration kSlot = absl::Minutes(5);
  static std::int32_t SlotOf(absl::Time time);
  static absl::Time StartOf(std::int32_t slot);

  void Add(std::int32_t slot, const TallyCounts& counts);
  // Those of the time `window` that ends with `now`, and of all of the slot that it begins in;
  // without what is in slots that do not begin after `from`.
  TallyCounts Within(absl::Duration window, absl::Time now,
                     absl::Time from = absl::InfinitePast()) const;
  // Drops what is older than `window`, and what a clock that was fast has dated after `now`.
  void Prune(absl::Duration window, absl::Time now);
  bool empty() const { return slots_.empty(); }

  // As it is stored. Of octets that are none, none.
  std::string Encode() const;
  static std::optional<Tally> Decode(std::string_view octets);

 private:
  struct Slot {
    std::int32_t number = 0;
    TallyCounts counts;
  };
  std::vector<Slot> slots_;  // by number
};

// What was counted. In memory, bounded, and used by one thread; who stores it does so now and then.
class Tallies {
 public:
  // Of one key. `what` comes first for all of a kind; beyond it nothing new is counted.
  static constexpr std::size_t kMaxStreams = 1'000;
  static constexpr std::size_t kMaxProviders = 6'000;
  static constexpr std::size_t kMaxRefusals = 6'000;
  static constexpr std::size_t kMaxUnverified = 1'000;
  // Of the providers and refusals these are of those that a table names.
  static constexpr std::size_t kReserved = 1'000;
  // Of one provider and tenant; those of further ones are counted without the sender.
  static constexpr int kMaxSenders = 50;
  static constexpr absl::Duration kStreamWindow = absl::Hours(24);
  static constexpr absl::Duration kWindow = absl::Hours(1);  // of all else
  // Addresses and reasons, twice: a refusal of one address for one reason counts once in a while.
  static constexpr std::size_t kMaxSeen = 50'000;
  static constexpr absl::Duration kSeenFor = absl::Minutes(30);

  struct Entry {
    std::int64_t id = 0;
    Tally tally;
    bool is_known = false;    // as in ProviderAnswer
    bool is_changed = false;  // since it was stored
    bool is_told = false;     // what is to be said of it, once, was said
    TallyCounts fresh = {};   // since the last Tended()
    int senders = 0;          // of a provider: refusals that name one
    // Of a refusal; only since the start.
    std::string code = {};
    std::vector<std::string> samples = {};
    absl::Time first = absl::InfiniteFuture();
    absl::Time last = absl::InfinitePast();
  };
  using Entries = absl::flat_hash_map<TallyKey, Entry>;

  // What is counted after it is only kept by Commit().
  void Begin();
  void Commit(absl::Time now);
  void RollBack() { Begin(); }

  // An event as it was judged, of an address of this hash. Counts it at the time of its message,
  // but what is older than a day not at all.
  void Count(const Message& message, const Event& event, std::uint64_t address_hash,
             absl::Time now);

  // As it was stored.
  void Restore(const TallyKey& key, std::int64_t id, Tally tally, bool is_known);
  const Entries& entries() const { return entries_; }
  const Entry* Find(const TallyKey& key) const;
  std::int64_t uncounted() const { return uncounted_; }
  // What Tended() will leave of an entry.
  static Tally Left(const TallyKey& key, const Entry& entry, absl::Time now);

  // All has been looked through and stored: what is over goes.
  void Tended(absl::Time now);
  void SetTold(const TallyKey& key, bool is_told);

 private:
  struct Refused {
    TallyKey key;
    std::string code;
    std::string sample;
    absl::Time time;
  };
  struct Counted {
    TallyCounts counts;
    bool is_known = false;
  };

  void Add(TallyKey key, std::int32_t slot, bool is_known, const TallyCounts& counts);
  void AddUnverified(const Message& message, const Event& event, std::int32_t slot);
  void AddRefusal(const Message& message, const Event& event, std::int32_t slot, absl::Time time);
  // Whether it was counted lately.
  bool WasSeen(std::uint64_t hash) const;
  // The key that it is counted under: without its sender, where there are too many.
  TallyKey Folded(const TallyKey& key) const;
  Entry* FindOrMake(const TallyKey& key, bool is_known);
  bool HasRoomFor(TallyKey::What what, bool is_known) const;
  void CountSenders();

  Entries entries_;
  std::size_t sizes_[5] = {};    // by TallyKey::What
  std::size_t unknown_[5] = {};  // of those, of which no table knows
  std::int64_t next_id_ = 1;
  std::int64_t uncounted_ = 0;
  absl::flat_hash_set<std::uint64_t> seen_;
  absl::flat_hash_set<std::uint64_t> seen_before_;
  absl::Time seen_since_ = absl::InfinitePast();

  // Of the transaction.
  absl::flat_hash_map<std::pair<TallyKey, std::int32_t>, Counted> added_;
  std::vector<Refused> refused_;
  absl::flat_hash_set<std::uint64_t> newly_seen_;
};

}  // namespace bounced
