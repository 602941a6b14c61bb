// What the parser reads, as JSON. README, "What classify says", has the names; they are those of
// parser/report.h.
#pragma once

#include <string>

#include "parser/parser.h"
#include "parser/report.h"

namespace bounced::cli {

// An object in one line. What is not known is left out. With Detail::kFull also where each value
// stands, `path` and `candidates`.
std::string ReportAsJson(const std::string& file, const Report& report, Detail detail);

// The same of what ReadDiagnostic() made of `diagnostic`.
std::string DiagnosticAsJson(const std::string& diagnostic, const Recipient& recipient,
                             Detail detail);

}  // namespace bounced::cli
