#include "storage/records.h"

#include <algorithm>
#include <limits>

namespace bounced {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

}  // namespace

Day DayOf(absl::Time time) {
  // ToUnixSeconds rounds down and saturates, so what is before 1970 or infinite works, too.
  std::int64_t seconds = absl::ToUnixSeconds(time);
  std::int64_t day = seconds / kSecondsPerDay - (seconds % kSecondsPerDay < 0 ? 1 : 0);
  return static_cast<Day>(std::clamp<std::int64_t>(day, std::numeric_limits<Day>::min(),
                                                   std::numeric_limits<Day>::max()));
}

absl::Time StartOf(Day day) { return absl::FromUnixSeconds(day * kSecondsPerDay); }

std::string_view KeyDomainOf(const Message& message) {
  if (message.return_path_key.empty()) return "";
  const std::string_view path =
      message.returned_path.empty() ? message.return_path : message.returned_path;
  return path.substr(path.rfind('@') + 1);
}

std::string_view ToString(Trust trust) {
  switch (trust) {
    case Trust::kUnverified:
      return "unverified";
    case Trust::kAuthenticated:
      return "authenticated";
    case Trust::kReturned:
      return "returned";
    case Trust::kSigned:
      return "signed";
    case Trust::kLocal:
      return "local";
  }
  return "unknown";
}

std::string_view ToString(Effect effect) {
  switch (effect) {
    case Effect::kNone:
      return "none";
    case Effect::kCounted:
      return "counted";
    case Effect::kSuppressed:
      return "suppressed";
    case Effect::kCleared:
      return "cleared";
  }
  return "unknown";
}

std::string_view ToString(PolicyRule rule) {
  switch (rule) {
    case PolicyRule::kNoAddress:
      return "no_address";
    case PolicyRule::kTrustTooLow:
      return "trust_too_low";
    case PolicyRule::kHardCertain:
      return "hard_certain";
    case PolicyRule::kHardShort:
      return "hard_short";
    case PolicyRule::kHardConfirmed:
      return "hard_confirmed";
    case PolicyRule::kSoftCounted:
      return "soft_counted";
    case PolicyRule::kSoftThreshold:
      return "soft_threshold";
    case PolicyRule::kSoftProbation:
      return "soft_probation";
    case PolicyRule::kSoftNotCounting:
      return "soft_not_counting";
    case PolicyRule::kBlock:
      return "block";
    case PolicyRule::kDelay:
      return "delay";
    case PolicyRule::kDelivery:
      return "delivery";
    case PolicyRule::kDeliveryRelayed:
      return "delivery_relayed";
    case PolicyRule::kSameMessage:
      return "same_message";
    case PolicyRule::kOther:
      return "other";
    case PolicyRule::kReleased:
      return "released";
    case PolicyRule::kStale:
      return "stale";
    case PolicyRule::kComplaint:
      return "complaint";
    case PolicyRule::kUnsubscribe:
      return "unsubscribe";
    case PolicyRule::kAllowed:
      return "allowed";
    case PolicyRule::kRecordOnly:
      return "record_only";
  }
  return "unknown";
}

std::string_view ToString(Incident::Kind kind) {
  switch (kind) {
    case Incident::Kind::kQuarantine:
      return "quarantine";
    case Incident::Kind::kRefusal:
      return "refusal";
    case Incident::Kind::kBounceRate:
      return "bounce_rate";
    case Incident::Kind::kComplaintRate:
      return "complaint_rate";
  }
  return "unknown";
}

std::string_view ToString(Incident::State state) {
  switch (state) {
    case Incident::State::kOpen:
      return "open";
    case Incident::State::kConfirmed:
      return "confirmed";
    case Incident::State::kReleased:
      return "released";
    case Incident::State::kClosed:
      return "closed";
  }
  return "unknown";
}

std::string_view ToString(Incident::Severity severity) {
  switch (severity) {
    case Incident::Severity::kNone:
      return "none";
    case Incident::Severity::kWarning:
      return "warning";
    case Incident::Severity::kCritical:
      return "critical";
  }
  return "unknown";
}

std::string_view ToString(Source source) {
  switch (source) {
    case Source::kBounce:
      return "bounce";
    case Source::kComplaint:
      return "complaint";
    case Source::kUnsubscribe:
      return "unsubscribe";
    case Source::kManual:
      return "manual";
    case Source::kImport:
      return "import";
  }
  return "unknown";
}

bool SameKey(const Suppression& a, const Suppression& b) {
  return a.stream == b.stream && a.source == b.source;
}

const Suppression* FindSameKey(std::span<const Suppression> all, const Suppression& key) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Suppression& each) { return SameKey(each, key); });
  return found == all.end() ? nullptr : &*found;
}

bool SaysTheSame(const Suppression& next, const Suppression& standing) {
  return next.reason == standing.reason && next.bounce_class == standing.bounce_class &&
         next.create_time == standing.create_time && next.expire_time == standing.expire_time &&
         (next.event_id == standing.event_id || next.event_id == 0) &&
         next.explanation == standing.explanation && next.incident_id == standing.incident_id;
}

std::string_view ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSend:
      return "send";
    case Verdict::kSuppressed:
      return "suppressed";
    case Verdict::kRisky:
      return "risky";
    case Verdict::kInvalid:
      return "invalid";
  }
  return "unknown";
}

}  // namespace bounced
