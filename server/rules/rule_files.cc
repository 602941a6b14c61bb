#include "server/rules/rule_files.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace bounced {

absl::StatusOr<std::vector<RuleSet::File>> ReadRuleFiles(const std::vector<std::string>& paths,
                                                         FileKind kind) {
  std::vector<RuleSet::File> files;
  for (const std::string& path : paths) {
    absl::StatusOr<std::vector<std::string>> names = ListTextFiles(path, ".toml", kMaxRuleFiles);
    if (!names.ok()) return names.status();
    for (std::string& name : *names) {
      absl::StatusOr<std::string> content = ReadTextFile(name, kMaxRuleFileOctets, kind);
      if (!content.ok()) return content.status();
      files.push_back({std::move(name), *std::move(content)});
    }
  }
  return files;
}

OperatorRules LoadRuleFiles(const std::vector<std::string>& paths, FileKind kind) {
  if (paths.empty()) return {RuleSet::BuiltIn(), {}};
  absl::StatusOr<std::vector<RuleSet::File>> files = ReadRuleFiles(paths, kind);
  if (files.ok()) return LoadOperatorRules(*files);
  // Its message names the file already.
  return {nullptr, {{"", 0, "", std::string(files.status().message())}}};
}

absl::Status ToStatus(const std::vector<RuleProblem>& problems) {
  if (problems.empty()) return absl::OkStatus();
  std::string message = ToString(problems.front());
  if (problems.size() > 1) {
    absl::StrAppend(&message, " (and ", problems.size() - 1,
                    " more: bouncectl rules lint tells them)");
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace bounced
