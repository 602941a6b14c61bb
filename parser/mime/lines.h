// Lines of mail as it comes, not as it should.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include "parser/octets.h"

namespace bounced {

struct Line {
  std::string_view text;  // without its end
  std::size_t begin;      // of `text`, counted from the start of what is read
  std::size_t end;        // behind the line's end
};

constexpr bool IsLineEnd(char c) { return c == '\n' || c == '\r'; }

// Where the line of `text` ends that the octet at `at` is in; it may be the end itself.
inline std::size_t LineEnd(std::string_view text, std::size_t at) {
  return FindOctet(
      text, [](auto c) { return (c == '\n') | (c == '\r'); }, at);
}

// Where the line behind that end begins, which is at `end`.
constexpr std::size_t BehindLineEnd(std::string_view text, std::size_t end) {
  const bool is_pair = end + 1 < text.size() && text[end] == '\r' && text[end + 1] == '\n';
  return std::min(end + (is_pair ? 2 : 1), text.size());
}

// Where the line of `text` begins that the octet at `at` is in.
constexpr std::size_t LineBegin(std::string_view text, std::size_t at) {
  while (at > 0 && !IsLineEnd(text[at - 1])) --at;
  return at;
}

// The blanks and tabs that `line` begins with; its size when it has nothing else.
constexpr std::size_t IndentOf(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

// Reads line after line. CR LF, a bare LF and a bare CR all end one (RFC 7103, 6 and 7.7): what the
// SMTP session let through came from hosts that mean a line's end by each of them. Keeps a view of
// `text`.
class Lines {
 public:
  explicit Lines(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

  // Where the next line begins.
  std::size_t at() const { return at_; }

  // None: that was the last line.
  std::optional<Line> Next() {
    if (at_ >= text_.size()) return std::nullopt;
    const std::size_t begin = at_;
    const std::size_t end = LineEnd(text_, begin);
    at_ = BehindLineEnd(text_, end);
    return Line{text_.substr(begin, end - begin), begin, at_};
  }

 private:
  std::string_view text_;
  std::size_t at_;
};

}  // namespace bounced
