// One diagnostic without the report around it.
#pragma once

#include <string_view>

#include "parser/report.h"
#include "parser/rules.h"

namespace bounced {

// Reads `text` as the Diagnostic-Code (RFC 3464, 2.3.6) of a recipient to whom mail has failed, of
// whom nothing else is known: "smtp; 550 5.1.1 no such user", or what stands behind the type, which
// is then taken for a reply. Spans count from the beginning of `text`. Total and linear.
// With `candidates` the rules that did not win are listed.
Recipient ReadDiagnostic(std::string_view text, const RuleSet& rules, bool candidates = false);

}  // namespace bounced
