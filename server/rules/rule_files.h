// An operator's files of rules, as they lie on the disk.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "parser/rule_check.h"
#include "server/base/text_file.h"

namespace bounced {

inline constexpr std::size_t kMaxRuleFiles = 1'000;  // of one folder
inline constexpr std::size_t kMaxRuleFileOctets = 1 << 20;

// Reads the files that `paths` stand for: files, and folders of *.toml, which are taken in the
// order of their names; a folder may be empty. The message names the file: NOT_FOUND,
// PERMISSION_DENIED: it cannot be read; FAILED_PRECONDITION: it is not of that kind;
// INVALID_ARGUMENT: more than kMaxRuleFiles or kMaxRuleFileOctets.
absl::StatusOr<std::vector<RuleSet::File>> ReadRuleFiles(const std::vector<std::string>& paths,
                                                         FileKind kind = FileKind::kAny);

// Reads them and checks them on top of the built-in rules. What cannot be read is a problem of that
// file, and the only one then.
OperatorRules LoadRuleFiles(const std::vector<std::string>& paths, FileKind kind = FileKind::kAny);

// The first problem, and how many more there are. OK: there is none.
absl::Status ToStatus(const std::vector<RuleProblem>& problems);

}  // namespace bounced
