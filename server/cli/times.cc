#include "server/cli/times.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/output.h"

namespace bounced::cli {
namespace {

std::optional<absl::Duration> Unit(char letter) {
  switch (letter) {
    case 's':
      return absl::Seconds(1);
    case 'm':
      return absl::Minutes(1);
    case 'h':
      return absl::Hours(1);
    case 'd':
      return absl::Hours(24);
    case 'w':
      return absl::Hours(24 * 7);
    default:
      return std::nullopt;
  }
}

std::optional<absl::Duration> ParseLength(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  std::optional<absl::Duration> unit = Unit(text.back());
  std::uint32_t count = 0;
  const char* end = text.data() + text.size() - 1;
  const auto parsed = std::from_chars(text.data(), end, count);
  if (!unit || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return *unit * count;
}

// What a Timestamp can hold: the years 1 to 9999.
bool IsInRange(absl::Time time) {
  return time >= absl::FromUnixSeconds(-62'135'596'800) &&
         time < absl::FromUnixSeconds(253'402'300'800);
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace

absl::StatusOr<absl::Time> ParseTime(std::string_view text, absl::Time now, Direction direction) {
  absl::Time time;
  if (std::optional<absl::Duration> length = ParseLength(text)) {
    time = direction == Direction::kPast ? now - *length : now + *length;
    if (IsInRange(time)) return time;
  }
  if (absl::StatusOr<absl::Time> full = ParseFullTime(text); full.ok()) return full;
  const bool is_date = absl::ParseTime("%Y-%m-%d", Absl(text), absl::UTCTimeZone(), &time, nullptr);
  if (is_date && IsInRange(time)) return time;
  return absl::InvalidArgumentError(
      absl::StrCat("not a time: ", Shown(text),
                   " (2026-01-31T12:00:00Z, 2026-01-31, or from now: 90m, 12h, 7d, 4w)"));
}

absl::StatusOr<absl::Time> ParseFullTime(std::string_view text) {
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, Absl(text), &time, nullptr) && IsInRange(time)) {
    return time;
  }
  return absl::InvalidArgumentError("not a time of RFC 3339, as 2026-01-31T12:00:00Z");
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", ToTime(time), absl::UTCTimeZone());
}

std::string LineTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E6SZ", ToTime(time), absl::UTCTimeZone());
}

std::string ShownTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", ToTime(time), absl::UTCTimeZone());
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const std::int64_t seconds = absl::ToUnixSeconds(time);  // rounds down
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(
      static_cast<std::int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

}  // namespace bounced::cli
