// Lines of mail as it comes, not as it should.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace bounced {

struct Line {
  std::string_view text;  // without its end
  std::size_t begin;      // of `text`, counted from the start of what is read
  std::size_t end;        // behind the line's end
};

// Reads line after line. CR LF, a bare LF and a bare CR all end one (RFC 7103, 6 and 7.7): what the
// SMTP session let through came from hosts that mean a line's end by each of them. Looks at each
// octet at most twice. Keeps a view of `text`.
class Lines {
 public:
  explicit Lines(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

  // Where the next line begins.
  std::size_t at() const { return at_; }

  // None: that was the last line.
  std::optional<Line> Next() {
    if (at_ >= text_.size()) return std::nullopt;
    if (feed_ < at_ || !knows_feed_) {
      feed_ = std::min(text_.find('\n', at_), text_.size());
      knows_feed_ = true;
    }
    const std::string_view ahead = text_.substr(at_, feed_ - at_);
    const std::size_t length = std::min(ahead.find('\r'), ahead.size());
    Line line{ahead.substr(0, length), at_, std::min(at_ + length + 1, text_.size())};
    if (length < ahead.size() && line.end == feed_ && feed_ < text_.size()) ++line.end;
    at_ = line.end;
    return line;
  }

 private:
  std::string_view text_;
  std::size_t at_;
  std::size_t feed_ =
      0;  // the LF at or behind at_, or the end: what lies before is never sought twice
  bool knows_feed_ = false;
};

}  // namespace bounced
