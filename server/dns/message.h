// Messages of DNS as they come over the wire (RFC 1035, 4).
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/time/time.h"
#include "server/dns/lookups.h"

namespace bounced::dns {

// What is kept of one answer; records beyond it are dropped.
struct AnswerLimits {
  std::size_t max_records = 256;
  std::size_t max_octets = 16 << 10;  // of names, texts and addresses together
};

struct TimedAnswer {
  Answer answer;
  // How long it holds. Zero of kFailed, and of a negative answer that does not say (RFC 2308, 5).
  absl::Duration time_to_live = absl::ZeroDuration();
};

// Reads the answer to a question for records of `type`. Takes those of the answer section whoever
// their owner is: the resolver that is asked has followed the aliases. A record with a name that
// Question cannot hold is passed over. kFailed: not a well-formed response of RCODE 0 or 3.
//
// Total: takes any octets. Linear in `message`.
TimedAnswer ReadMessage(std::string_view message, Type type, const AnswerLimits& limits);

}  // namespace bounced::dns
