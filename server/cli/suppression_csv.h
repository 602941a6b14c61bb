// Suppressions as CSV: what `export` writes and `import` reads.
#pragma once

#include <string>
#include <string_view>

#include "bounced/v1/suppression.pb.h"
#include "server/cli/csv_writer.h"

namespace bounced::cli {

// The first row, with its line end.
inline constexpr std::string_view kSuppressionCsvHeader =
    "address,tenant,stream,source,reason,bounce_class,create_time,expire_time,explanation\n";

// Appends one row. Times are RFC 3339, enumerations words, what is not set is empty.
void AppendSuppressionCsv(std::string& csv, const v1::Suppression& suppression, FormulaGuard guard);

}  // namespace bounced::cli
