#include "server/cli/csv_writer.h"

#include <algorithm>
#include <cstddef>

namespace bounced::cli {
namespace {

constexpr std::string_view kFormulaStarts = "=+-@\t\r\n";

// Whether there is a formula behind any number of marks.
bool IsFormula(std::string_view value) {
  const std::size_t start = value.find_first_not_of('\'');
  return start != std::string_view::npos &&
         kFormulaStarts.find(value[start]) != std::string_view::npos;
}

}  // namespace

void AppendCsvField(std::string& row, std::string_view value, char delimiter, FormulaGuard guard) {
  const bool mark = guard == FormulaGuard::kMark && IsFormula(value);
  const bool quote = std::any_of(value.begin(), value.end(), [delimiter](char c) {
    return c == delimiter || c == '"' || c == '\r' || c == '\n';
  });
  if (quote) row += '"';
  if (mark) row += '\'';
  for (char c : value) {
    if (c == '"') row += '"';
    row += c;
  }
  if (quote) row += '"';
}

std::string_view TakeMarkOff(std::string_view value) {
  return value.starts_with('\'') && IsFormula(value) ? value.substr(1) : value;
}

}  // namespace bounced::cli
