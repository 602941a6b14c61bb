// One diagnostic without the report around it.
#pragma once

#include <string_view>

#include "parser/report.h"
#include "parser/rules.h"

namespace bounced {

// Reads `text` as the Diagnostic-Code (RFC 3464, 2.3.6) of a recipient to whom mail has failed, of
// whom nothing else is known: "smtp; 550 5.1.1 no such user", or what stands behind the type, which
// is then taken for a reply. Spans count from the beginning of `text`. Total and linear.
Recipient ReadDiagnostic(std::string_view text, const RuleSet& rules);

}  // namespace bounced
