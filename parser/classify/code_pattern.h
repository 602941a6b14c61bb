// What rules say about codes: a few characters that stand for one code or for many.
#pragma once

#include <optional>
#include <string_view>

#include "parser/report.h"
#include "parser/taxonomy.h"

namespace bounced {

// Enhanced statuses (RFC 3463): "5.1.1"; "x.2.2" and "5.7.*", where x and * are any number;
// "5.7.606-649".
struct StatusPattern {
  struct Range {
    int low = 0;
    int high = 999;
    bool Has(int number) const { return low <= number && number <= high; }
    bool exact() const { return low == high; }
  };
  Range klass, subject, detail;
  bool Matches(EnhancedStatus status) const {
    return klass.Has(status.klass) && subject.Has(status.subject) && detail.Has(status.detail);
  }
};

// Reply codes (RFC 5321, 4.2): "550", "45x", "5xx".
struct CodePattern {
  int low = 0;
  int high = 0;
  bool Matches(int code) const { return low <= code && code <= high; }
};

// None: not such a pattern, or not a name of a stage.
std::optional<StatusPattern> ParseStatus(std::string_view text);
std::optional<CodePattern> ParseCode(std::string_view text);
std::optional<Stage> ParseStage(std::string_view text);

}  // namespace bounced
