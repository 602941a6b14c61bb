#include "server/intake/incident_policy.h"

#include <cstdint>

namespace bounced {
namespace {

enum class AlarmLevel { kBelow, kHolding, kWarning, kCritical };

struct Measured {
  AlarmLevel level = AlarmLevel::kBelow;
  std::int64_t count = 0;
  std::int64_t total = 0;
  absl::Duration window = absl::ZeroDuration();
  bool deliveries_known = false;
  bool lacks_deliveries = false;
};

// Whether `count` is `percent` of `total` or more.
bool IsShare(std::int64_t count, double percent, std::int64_t total) {
  // A rate of exactly the threshold is one, though 0.1 has no end in binary.
  constexpr double kRounding = 1e-9;
  return static_cast<double>(count) * 100 + kRounding >= percent * static_cast<double>(total);
}

Measured OfRefusal(const IncidentPolicy& policy, const TendIncidents::Watched& watched) {
  Measured measured;
  measured.count = watched.hour.refused;
  measured.total = std::int64_t{watched.provider.delivered} + watched.provider.failed;
  measured.window = absl::Hours(1);
  measured.deliveries_known = watched.provider.delivered > 0;
  const auto is_above = [&](std::int64_t count) {
    return policy.refusal_count > 0 && count >= policy.refusal_count &&
           (!measured.deliveries_known || IsShare(count, policy.refusal_percent, measured.total));
  };
  if (is_above(measured.count)) {
    measured.level = AlarmLevel::kWarning;
  } else if (is_above(measured.count * 2)) {
    measured.level = AlarmLevel::kHolding;
  }
  return measured;
}

struct RateThresholds {
  int count;
  double warning_percent;
  double critical_percent;
};

Measured OfRate(const IncidentPolicy& policy, const RateThresholds& thresholds, std::int64_t count,
                const TallyCounts& counts, absl::Duration window) {
  Measured measured;
  measured.count = count;
  measured.total = std::int64_t{counts.delivered} + counts.failed;
  measured.window = window;
  measured.deliveries_known = counts.delivered > 0;
  // Without deliveries there is nothing that it would be a share of.
  measured.lacks_deliveries =
      !measured.deliveries_known && thresholds.count > 0 && count >= thresholds.count;
  if (thresholds.count == 0 || !measured.deliveries_known || measured.total < policy.min_sends) {
    return measured;
  }
  const bool is_enough = count >= thresholds.count;
  if (is_enough && IsShare(count, thresholds.critical_percent, measured.total)) {
    measured.level = AlarmLevel::kCritical;
  } else if (is_enough && IsShare(count, thresholds.warning_percent, measured.total)) {
    measured.level = AlarmLevel::kWarning;
  } else if (count * 2 >= thresholds.count &&
             IsShare(count * 2, thresholds.warning_percent, measured.total)) {
    measured.level = AlarmLevel::kHolding;
  }
  return measured;
}

// The worse of the hour and the day.
Measured OfStream(const IncidentPolicy& policy, const TendIncidents::Watched& watched) {
  const bool is_hard = watched.kind == Incident::Kind::kBounceRate;
  const RateThresholds thresholds =
      is_hard ? RateThresholds{policy.hard_count, policy.hard_warning_percent,
                               policy.hard_critical_percent}
              : RateThresholds{policy.complaint_count, policy.complaint_warning_percent,
                               policy.complaint_critical_percent};
  const auto of = [&](const TallyCounts& counts, absl::Duration window) {
    return OfRate(policy, thresholds, is_hard ? counts.hard : counts.complaints, counts, window);
  };
  const Measured hour = of(watched.hour, absl::Hours(1));
  const Measured day = of(watched.day, absl::Hours(24));
  Measured worse = day.level > hour.level ? day : hour;
  worse.lacks_deliveries = day.lacks_deliveries;
  return worse;
}

Incident::Severity SeverityAt(const TendIncidents::Watched& watched, AlarmLevel level) {
  if (watched.kind == Incident::Kind::kRefusal) return Incident::Severity::kNone;
  return level == AlarmLevel::kCritical ? Incident::Severity::kCritical
                                        : Incident::Severity::kWarning;
}

}  // namespace

TendIncidents::Step JudgeIncident(const IncidentPolicy& policy,
                                  const TendIncidents::Watched& watched, absl::Time now) {
  const Measured measured = watched.kind == Incident::Kind::kRefusal ? OfRefusal(policy, watched)
                                                                     : OfStream(policy, watched);
  TendIncidents::Step step;
  step.window_count = measured.count;
  step.window_total = measured.total;
  step.window = measured.window;
  step.deliveries_known = measured.deliveries_known;
  step.lacks_deliveries = measured.lacks_deliveries;
  if (measured.level >= AlarmLevel::kWarning) {
    step.act = TendIncidents::Step::Act::kOpen;
    step.severity = SeverityAt(watched, measured.level);
    return step;
  }
  if (watched.open == nullptr) return step;
  step.act = TendIncidents::Step::Act::kHold;
  step.severity = watched.open->severity;
  if (measured.level == AlarmLevel::kHolding) return step;
  // A clock that was set back begins the time anew.
  absl::Time since = watched.open->below_since.value_or(now);
  if (since > now) since = now;
  step.below_since = since;
  if (now - since >= policy.close_after) step.act = TendIncidents::Step::Act::kClose;
  return step;
}

}  // namespace bounced
