// What an event does to an address. README, "Policy", has the table.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "storage/records.h"

namespace bounced {

// Whom a complaint suppresses the address for.
enum class ComplaintScope : std::uint8_t {
  kTenant,  // all streams
  kStream,  // the stream whose mail it was about
};

// The numbers of the policy; the names of the fields are the keys of the configuration. A window of
// n days ends with its newest day and holds n.
struct Policy {
  bool suppress_bounces = true;  // false: bounces are recorded, and that is all
  ComplaintScope complaint_scope = ComplaintScope::kTenant;
  int hard_confidence = 80;    // of a hard bounce that suppresses for good at once
  int hard_days = 7;           // the first suppression of one that is less certain
  int hard_confirmations = 3;  // bounces of mail of as many days make it last
  int hard_window_days = 365;  // within which they confirm each other
  int soft_threshold = 3;      // soft bounces of mail of as many days ...
  int soft_window_days = 30;   // ... within so many
  int soft_days = 30;          // suppress for so long; each relapse doubles it
  int soft_max_days = 480;     // up to this
  int probation_days = 90;     // after it, one more suppresses again
  // So many addresses of one domain that turn hard with one text within so many minutes are held
  // until a person has looked. 0: never. Providers with mailboxes by the million have their own.
  int domain_burst = 25;
  int domain_burst_large = 1000;
  int burst_minutes = 10;

  friend bool operator==(const Policy&, const Policy&) = default;
};

// What one event does to one address. Pure: the same arguments give the same decision, for ever, so
// that Explain and Reclassify can replay the past through this very function. Of `now` it takes
// what time it is, of `message.receive_time` when it bounced (no later than now), and of
// `message.day` which day of mail it is about. An event of less trust than `message.least_trust`
// changes nothing.
//
// For a time an address is suppressed from when it bounced. What is over by now is not made, but
// counted as it would have been then.
//
// A suppression it decides on has the event's id as it was given, and an explanation that holds no
// address. That of a bounce is for all streams of the tenant, that of a complaint for those of
// `complaint_scope`, that of who unsubscribes for `message.stream`.
Decision Decide(const Policy& policy, const AddressHistory& history, const Message& message,
                const Event& event, absl::Time now);

// What a person's release leaves of a record: nothing that rests on mail issued before. Decide()
// goes by that, whatever else the record still has.
AddressRecord SinceRelease(AddressRecord record);

// Whether one more soft bounce suppresses at once, if it bounces on that day. Of what
// SinceRelease() leaves.
bool IsOnProbation(const AddressRecord& record, Day day);

// How AddressRecord::counted_mails names the mail that the event is about, where it counts.
std::uint64_t CountedMailOf(const Message& message, const Event& event);

}  // namespace bounced
