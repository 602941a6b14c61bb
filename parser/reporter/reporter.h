// Who wrote a report: mail programs and providers, by what only they write (reporters.toml).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "parser/classify/phrase_matcher.h"
#include "parser/report.h"
#include "parser/text.h"

namespace bounced {

// Octets of the words for people, and of the header, that are looked at: who writes says so at the
// beginning.
inline constexpr std::size_t kMaxReporterOctets = 1 << 10;
inline constexpr std::size_t kMaxReporterHeaderOctets = 32 << 10;

// Immutable, so one object serves every thread.
class Reporters {
 public:
  // Those of reporters.toml, which is compiled into the program.
  static const Reporters& BuiltIn();
  // INVALID_ARGUMENT says what is wrong with `toml`, and in which line.
  static absl::StatusOr<Reporters> Load(std::string_view toml);

  // The name of the first for whom anything speaks: the fields of the status, of many recipients
  // those of the first; else the report's header, as it stands. Empty: nothing does.
  std::string_view FindByFields(const Report& report, std::string_view header) const;
  // The same of the words for people, in UTF-8. Both are linear in what is looked at.
  std::string_view FindByWords(std::string_view words) const;

 private:
  class Loader;
  class Search;
  // Phrases that have to be there together.
  using Together = std::vector<int>;
  struct Reporter {
    std::string name;
    std::vector<Together> texts;
  };
  struct HeaderField {
    std::string name;
    std::vector<std::pair<int, std::size_t>> phrases;  // each with whom it speaks for
  };
  struct Tables {
    std::vector<Reporter> reporters;
    // Each by the place of a reporter in the list.
    StringMap<std::size_t> hosts;
    StringMap<std::size_t> fields;
    StringMap<std::size_t> types;
    std::vector<HeaderField> headers;
  };

  Reporters(PhraseMatcher matcher, Tables tables)
      : matcher_(std::move(matcher)), tables_(std::move(tables)) {}

  PhraseMatcher matcher_;  // of the words and of header fields
  Tables tables_;
};

}  // namespace bounced
