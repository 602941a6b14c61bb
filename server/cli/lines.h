// Lines of text that arrive.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/cli/streams.h"

namespace bounced::cli {

// Of one line, without its end.
inline constexpr std::size_t kMaxLineOctets = 64 << 10;

struct Line {
  std::string text;     // without LF or CRLF and blanks around it
  bool is_cut = false;  // it was longer than kMaxLineOctets, and only so many were looked at
};

// The line in `octets`, which end where its LF begins.
Line ToLine(std::string_view octets);

// Gives lines as soon as they are there, so that a person who types gets answers.
class LineReader {
 public:
  explicit LineReader(Source& source) : source_(source) {}

  // At least one line, at most `most`. Empty: the end. Errors are the source's.
  absl::StatusOr<std::vector<Line>> Next(std::size_t most);
  // Whether Next() would have to wait for them.
  bool WouldWait() const {
    return !ended_ && text_.find('\n', at_) == std::string::npos && source_.WouldWait();
  }

 private:
  // Drops of a line that has not ended what is never given.
  void DropSurplus();

  Source& source_;
  std::string text_;
  std::size_t at_ = 0;  // of the first line that was not given
  bool ended_ = false;
};

}  // namespace bounced::cli
