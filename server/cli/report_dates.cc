#include "server/cli/report_dates.h"

#include "parser/date.h"
#include "parser/text.h"

namespace bounced::cli {

std::string InUtc(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::optional<absl::Time> TimeOf(const FurtherField& field) {
  const bool is_date = EqualsIgnoringCase(field.name, "last-attempt-date") ||
                       EqualsIgnoringCase(field.name, "will-retry-until");
  return is_date ? ParseDate(field.value.value) : std::nullopt;
}

}  // namespace bounced::cli
