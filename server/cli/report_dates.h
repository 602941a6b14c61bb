// Dates of a report, for people and programs.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace bounced::cli {

// "2026-11-26T13:07:58Z"
std::string InUtc(absl::Time time);

}  // namespace bounced::cli
