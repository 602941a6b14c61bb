// Fields of CSV (RFC 4180) that are ours to write.
#pragma once

#include <string>
#include <string_view>

namespace bounced::cli {

// Whether what a spreadsheet would take for a formula is marked as text.
enum class FormulaGuard { kMark, kRaw };

// Appends `value` to a row, quoted when it has to be.
//
// With kMark a value that begins with one of = + - @, tab, CR or LF gets a ' in front, which makes
// it text to a spreadsheet; quotes alone would not. One that begins with such a mark already gets
// another, so that TakeMarkOff() gives every value back as it was.
void AppendCsvField(std::string& row, std::string_view value, char delimiter, FormulaGuard guard);

// `value` without the mark that AppendCsvField() may have put in front of it.
std::string_view TakeMarkOff(std::string_view value);

}  // namespace bounced::cli
