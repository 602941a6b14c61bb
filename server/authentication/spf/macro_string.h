// Macro strings of SPF records (RFC 7208, 7).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"

namespace bounced {

// Of a longer name that a macro string expands to, labels are dropped from the left (RFC 7208,
// 7.3).
inline constexpr std::size_t kMaxTargetNameOctets = 253;

// A macro string that has been read. Holds views of its text. Copy it freely.
class MacroString {
 public:
  // Gives the value of a macro's letter, which is one of "slodiphv"; none: it is not known yet.
  using Values = absl::FunctionRef<std::optional<std::string>(char letter)>;

  // RFC 7208, 7.1. None: not the grammar's macro-string, or it has a macro that only explanations
  // may have (c, r, t).
  static std::optional<MacroString> Parse(std::string_view text);
  // The same of a domain-spec, which ends in a macro or in a top label behind a dot.
  static std::optional<MacroString> ParseDomainSpec(std::string_view text);

  // The name that the string stands for, without a dot at its end; it need not be one that DNS can
  // be asked for. None: a value that it depends on is not known. Asks from the right, and stops
  // where kMaxTargetNameOctets are full, so its cost is that of one value and of one name.
  std::optional<std::string> ExpandToName(Values values) const;

 private:
  // Text that stands for itself, or a macro.
  struct Part {
    std::string_view literal = {};
    char letter = 0;  // in lower case; 0: it is the literal
    bool is_url_escaped = false;
    bool is_reversed = false;
    std::size_t parts_kept = 0;  // from the right; 0: all
    std::string_view delimiters = {};
  };

  bool TakeMacro(std::string_view& text);
  static std::string Transform(const Part& part, std::string_view value);

  std::vector<Part> parts_;
  std::string_view last_literal_;  // what stands behind the last '%'-sequence
};

}  // namespace bounced
