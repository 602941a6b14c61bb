#include "server/cli/table_arguments.h"

#include <CLI/CLI.hpp>

namespace bounced::cli {

void TableArguments::AddTo(CLI::App& command) {
  command.add_option("--column", column, "The column of addresses: its name, or its number from 1")
      ->type_name("NAME");
  command
      .add_option("--delimiter", delimiter,
                  "What stands between fields, `tab` too (default: comma, semicolon or tab, as the "
                  "first row has it)")
      ->type_name("CHAR");
  command.add_flag("--no-header", no_header, "The first row is data");
}

absl::StatusOr<TableOptions> TableArguments::ToOptions() const {
  TableOptions options;
  options.column = column;
  options.header = no_header ? Header::kNone : Header::kAuto;
  if (delimiter.empty()) return options;
  const std::string character = delimiter == "tab" || delimiter == "\\t" ? "\t" : delimiter;
  if (character.size() != 1 || character.find_first_of("\"\r\n") != std::string::npos) {
    return absl::InvalidArgumentError(
        "--delimiter takes one ASCII character that is no quote or line end, or `tab`");
  }
  options.delimiter = character[0];
  return options;
}

}  // namespace bounced::cli
