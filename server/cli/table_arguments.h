// How the command line describes a list of addresses.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/cli/table.h"

namespace CLI {
class App;
}

namespace bounced::cli {

// For the footer of a verb that takes a list.
inline constexpr std::string_view kColumnHelp =
    "The column of addresses is the one that the first row calls email, e-mail address, mail,\n"
    "mail address, recipient, recipient address, rcpt, subscriber, address or to (the first of\n"
    "these, whatever its case); without such a header, the one field with an @ in it.";

struct TableArguments {
  std::string column;
  std::string delimiter;
  bool no_header = false;

  // This object outlives the command.
  void AddTo(CLI::App& command);
  // INVALID_ARGUMENT: the delimiter is not one octet, or one that means something else.
  absl::StatusOr<TableOptions> ToOptions() const;
};

}  // namespace bounced::cli
