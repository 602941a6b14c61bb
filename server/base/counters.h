// What the daemon counts, named as Prometheus users expect.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bounced {

// One row each in counters.cc: name and meaning. No name holds a value from the network.
enum class Counter : std::size_t {
  kSessions,           // smtp_sessions_total
  kSessionsDenied,     // smtp_sessions_refused_total{reason="denied"}
  kSessionsTooMany,    // smtp_sessions_refused_total{reason="too_many"}
  kSessionsTooOften,   // smtp_sessions_refused_total{reason="too_often"}
  kSessionsOverload,   // smtp_sessions_refused_total{reason="overload"}
  kTlsBegun,           // smtp_tls_handshakes_total{result="done"}
  kTlsFailed,          // smtp_tls_handshakes_total{result="failed"}
  kTlsRefused,         // smtp_tls_handshakes_total{result="refused"}
  kLoginsDone,         // smtp_logins_total{result="done"}
  kLoginsFailed,       // smtp_logins_total{result="failed"}
  kRcptAccepted,       // smtp_recipients_total{result="accepted"}
  kRcptForged,         // smtp_recipients_total{result="forged"}
  kRcptForeign,        // smtp_recipients_total{result="foreign"}
  kRcptRevoked,        // smtp_recipients_total{result="revoked"}
  kRcptExpired,        // smtp_recipients_total{result="expired"}
  kRcptUnsigned,       // smtp_recipients_total{result="unsigned"}
  kRcptNotOurs,        // smtp_recipients_total{result="not_ours"}
  kMessagesCommitted,  // messages_total{result="committed"}
  kMessagesDuplicate,  // messages_total{result="duplicate"}
  kMessagesDeferred,   // messages_total{result="deferred"}
  kMessagesFraming,    // messages_total{result="bad_framing"}
  kMessagesTooLarge,   // messages_total{result="too_large"}
  kSeenDelivered,      // deliveries_total{outcome="delivered"}
  kSeenBounced,        // deliveries_total{outcome="bounced"}
  kSeenDeferred,       // deliveries_total{outcome="deferred"}
  kCommits,            // store_commits_total
  kEvents,             // events_total
  kSuppressions,       // suppressions_total
  kRefusals,           // incidents_total{kind="refusal"}
  kBounceRates,        // incidents_total{kind="bounce_rate"}
  kComplaintRates,     // incidents_total{kind="complaint_rate"}
  kUnverifiedRises,    // unverified_rises_total
  kCount,
};

struct CounterInfo {
  std::string_view name;  // "bounced_smtp_recipients_total{result=\"forged\"}"
  std::string_view help;
};
const CounterInfo& Info(Counter counter);

// Thread-safe; an increment is one relaxed atomic.
class Counters {
 public:
  void Add(Counter counter, std::uint64_t n = 1) {
    values_[static_cast<std::size_t>(counter)].fetch_add(n, std::memory_order_relaxed);
  }
  std::uint64_t Get(Counter counter) const {
    return values_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::kCount)> values_{};
};

}  // namespace bounced
