// How the command line narrows a list of suppressions.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "bounced/v1/suppression.pb.h"
#include "server/cli/lists.h"
#include "server/cli/session.h"

namespace CLI {
class App;
}

namespace bounced::cli {

// The words of --source, for help.
std::string SourceWords();
// Empty: unspecified. INVALID_ARGUMENT: no such source.
absl::StatusOr<v1::Source> ParseSource(const std::string& word);

struct FilterArguments {
  std::string source;
  std::string reason;
  std::string domain;
  std::string prefix;
  Period period;
  std::string return_path_key;
  std::string return_path_domain;
  bool in_force = false;
  std::int64_t incident_id = 0;

  // This object outlives the command.
  void AddTo(CLI::App& command);
  // With --stream of the session, if it was given. INVALID_ARGUMENT: not a time or a source.
  absl::StatusOr<v1::SuppressionFilter> ToFilter(const Session& session) const;
};

}  // namespace bounced::cli
