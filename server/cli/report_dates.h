// Dates of a report, for people and programs.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "parser/report.h"

namespace bounced::cli {

// "2026-11-26T13:07:58Z"
std::string InUtc(absl::Time time);

// The instant that a field names which is a date (RFC 3464, 2.3.7 and 2.3.9); none: it is another
// field, or no date.
std::optional<absl::Time> TimeOf(const FurtherField& field);

}  // namespace bounced::cli
