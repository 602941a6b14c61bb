// What each client and its network have open, and have done lately.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/base/ip_address.h"
#include "server/smtp/limits.h"

namespace bounced::smtp {

// Counts by client, which is an IPv4 address or an IPv6 /64, and by network, an IPv4 /24 or an
// IPv6 /48, which may have kNetworkFactor times as much. What a client did fades evenly over the
// time that its limit is for. Thread-safe; each call is a look-up or two.
//
// At most kMaxEntries are kept. Those that have nothing open and whose past has faded make room for
// others; while all are in use, newcomers are served uncounted, under the limits on all clients
// together.
class Clients {
 public:
  static constexpr std::size_t kNetworkFactor = 4;
  static constexpr std::size_t kMaxEntries = 200'000;

  // `exempt` are never counted.
  Clients(const Limits& limits, std::vector<IpNetwork> exempt);

  enum class Answer : std::uint8_t { kWelcome, kTooManySessions, kTooOften };
  // A session begins. kWelcome: it is counted until Leave().
  Answer Enter(const IpAddress& client, absl::Time now);
  void Leave(const IpAddress& client);

  // What may be done too often. Each counts one, and says whether the limit is passed with it.
  bool Handshake(const IpAddress& client, absl::Time now);     // begins
  bool BadRecipient(const IpAddress& client, absl::Time now);  // was refused
  bool FailedLogin(const IpAddress& client, absl::Time now);

  bool IsExempt(const IpAddress& client) const;
  // Of clients and networks together.
  std::size_t entries() const;

 private:
  // How much of something was done, as it fades.
  struct Rate {
    float level = 0;
    absl::Time time;

    // What is left of it, of `max` that fade in `period`.
    float Left(absl::Time now, std::size_t max, absl::Duration period) const;
  };
  enum Deed : std::uint8_t { kConnect, kHandshake, kBadRecipient, kFailedLogin, kDeeds };
  struct Entry {
    std::uint32_t sessions = 0;
    std::array<Rate, kDeeds> rates;
  };
  struct Bound {
    std::size_t max;  // 0: there is none
    absl::Duration period;
  };
  // Keyed by the address cut to its prefix: those of different lengths are in tables of their own.
  using Table = absl::flat_hash_map<IpAddress, Entry>;

  bool Count(Deed deed, const IpAddress& client, absl::Time now);
  Entry* Find(Table& table, const IpAddress& key, absl::Time now);
  bool Add(Deed deed, Entry& entry, std::size_t factor, absl::Time now) const;
  bool IsIdle(const Entry& entry, absl::Time now) const;
  void MakeRoom(Table& table, absl::Time now);

  const std::size_t max_sessions_;
  std::array<Bound, kDeeds> bounds_;
  const std::vector<IpNetwork> exempt_;
  mutable std::mutex mutex_;  // guards what follows
  Table clients_;
  Table networks_;
  absl::Time made_room_;  // when last
};

}  // namespace bounced::smtp
