// Points in time as people write and read them, in UTC.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace bounced::cli {

// Which way a bare length of time counts from now.
enum class Direction { kPast, kFuture };

// `2026-01-31T12:00:00Z` (RFC 3339), `2026-01-31` (its first moment), or a length of time from now:
// a number and one of s, m, h, d, w (`7d`). INVALID_ARGUMENT: none of these.
absl::StatusOr<absl::Time> ParseTime(std::string_view text, absl::Time now, Direction direction);

// `2026-01-31T12:00:00Z` alone. INVALID_ARGUMENT: not RFC 3339, or outside of the years 1 to 9999.
absl::StatusOr<absl::Time> ParseFullTime(std::string_view text);

// RFC 3339 with as many decimals as it takes; empty: not set.
std::string FormatTime(const google::protobuf::Timestamp& time);
// The same in a line of text: always six decimals, as many as are stored, so that lines sort by it.
std::string LineTime(const google::protobuf::Timestamp& time);
// For people: `2026-01-31 12:00:00`.
std::string ShownTime(const google::protobuf::Timestamp& time);

google::protobuf::Timestamp ToTimestamp(absl::Time time);

}  // namespace bounced::cli
