// What one's own mail system saw in its sessions with receiving hosts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "parser/address.h"
#include "parser/report.h"
#include "parser/rules.h"
#include "server/intake/return_path.h"
#include "storage/store.h"

namespace bounced {

inline constexpr absl::Duration kMaxAttemptAge = absl::Hours(24 * 366);
inline constexpr absl::Duration kMaxAttemptLead = absl::Hours(24);  // of a clock that is fast

// Published by number.
enum class DeliveryOutcome : std::uint8_t {
  kDelivered = 1,
  kBounced = 2,   // it failed, and nobody tries again
  kDeferred = 3,  // it is tried again
};

// What became of an attempt to deliver one mail to one recipient. Texts are of the bounds that the
// API sets.
struct DeliveryAttempt {
  Address address;  // that the mail was sent to
  std::string stream;
  DeliveryOutcome outcome = DeliveryOutcome::kDelivered;
  absl::Time time;
  int reply_code = 0;           // 0: unknown, or in the text
  std::string enhanced_status;  // empty: unknown, or in the text
  std::string text;             // as Diagnostic::text
  Stage stage = Stage::kUnknown;
  std::string remote_mta;
  std::string reporting_mta;      // the host of one's own that tried
  std::string message_reference;  // what tells the mail from others: one's own, or the queue's id
  std::optional<Address> return_path;
  std::optional<Address> final_recipient;  // that it was sent on to, where that is another
};

// An attempt as it is stored.
struct ReadAttempt {
  NewMessage message;   // of one event
  Recipient recipient;  // what was read of a bounce, by whose rules it is counted
};

// Makes an attempt's event, which is kLocal. Pure; not for one that was deferred.
//
// It is about the mail whose return path it names, where that is a signed one of this tenant and
// this address, in age at the time of the attempt; else about the mail of its day, and then two
// bounces of one address, day and class count once. A refusal is known again by address, outcome,
// reporting_mta, message_reference and day; without a reference by its return path, where that
// tells the mail; without either by time and text.
//
// A delivery to another address than the one that was mailed is `expanded`: that may be a list.
//
// INVALID_ARGUMENT, beginning with the name of the field: the time is out of bounds, the address is
// at a return path domain of ours, the return path is another tenant's.
absl::StatusOr<ReadAttempt> ReadDelivery(const DeliveryAttempt& attempt, std::string_view tenant,
                                         const RuleSet& rules, const ReturnPaths& paths,
                                         absl::Time now);

}  // namespace bounced
