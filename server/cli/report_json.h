// What the parser reads, as JSON. README, "What classify says", has the names; they are those of
// parser/report.h.
#pragma once

#include <string>
#include <vector>

#include "parser/parser.h"
#include "parser/report.h"

namespace bounced::cli {

// An object in one line. What is not known is left out. With Detail::kFull also where each value
// stands, `path` and `candidates`.
std::string ReportAsJson(const std::string& file, const Report& report, Detail detail);

// The same of what ReadDiagnostic() made of `diagnostic`. `remarks` are on what was done to it
// before it was read.
std::string DiagnosticAsJson(const std::string& diagnostic, const Recipient& recipient,
                             const std::vector<Remark>& remarks, Detail detail);

}  // namespace bounced::cli
