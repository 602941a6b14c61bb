// When refusals and rates become incidents, and when those are over. README, "Refusals and rates".
#pragma once

#include "absl/time/time.h"
#include "storage/store.h"

namespace bounced {

// The names of the fields are the keys of [incidents]. A rate or a number is within an hour, or a
// day, that ends now. What is open stays so while it is at least half of what opens it.
struct IncidentPolicy {
  // So many refusals of one provider, for one of our addresses and one reason, within an hour,
  // which are at least so much of what the provider answered, where deliveries are known. 0: never.
  int refusal_count = 20;
  double refusal_percent = 10;

  // Of a stream whose deliveries are known, and of at least so much mail within the hour or day.
  int min_sends = 1'000;
  // At least so many hard bounces, or complaints; 0: never.
  int hard_count = 20;
  double hard_warning_percent = 2;
  double hard_critical_percent = 5;
  int complaint_count = 3;
  double complaint_warning_percent = 0.1;
  double complaint_critical_percent = 0.3;

  // It closes when it has been below for so long.
  absl::Duration close_after = absl::Hours(2);
  // So many events of a tenant within an hour that nobody vouches for are told. 0: never.
  int unverified_count = 100;

  friend bool operator==(const IncidentPolicy&, const IncidentPolicy&) = default;
};

// What is to become of what is watched. Pure.
TendIncidents::Step JudgeIncident(const IncidentPolicy& policy,
                                  const TendIncidents::Watched& watched, absl::Time now);

}  // namespace bounced
