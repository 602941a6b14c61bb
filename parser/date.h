// Dates as mail has them.
#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace bounced {

// The instant that `text` names:
// - by RFC 5322, 3.3, and its older forms (4.3): comments, no weekday, no seconds, years of two and
//   three digits, zones by name and by letter; also as ctime() and RFC 850 write it
//   ("Thu Nov 26 13:07:58 2026", "Thursday, 26-Nov-26 13:07:58 GMT");
// - by ISO 8601, with a time of day ("2026-11-26T13:07:58.25+01:00", "20261126T1307Z").
//
// A zone that is missing, unknown or a single letter counts as UTC: RFC 5322, 4.3 takes those for
// "-0000". None: it is no date, or one that no calendar has. Total and linear; knows no clock.
std::optional<absl::Time> ParseDate(std::string_view text);

}  // namespace bounced
