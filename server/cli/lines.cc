#include "server/cli/lines.h"

#include <utility>

#include "parser/text.h"

namespace bounced::cli {

Line ToLine(std::string_view octets) {
  if (octets.ends_with('\r')) octets.remove_suffix(1);
  return {std::string(StripBlanks(octets.substr(0, kMaxLineOctets))),
          octets.size() > kMaxLineOctets};
}

absl::StatusOr<std::vector<Line>> LineReader::Next(std::size_t most) {
  std::vector<Line> lines;
  for (;;) {
    while (lines.size() < most) {
      std::size_t end = text_.find('\n', at_);
      const bool is_last = end == std::string::npos && ended_ && at_ < text_.size();
      if (end == std::string::npos && !is_last) break;
      if (is_last) end = text_.size();
      lines.push_back(ToLine(std::string_view(text_).substr(at_, end - at_)));
      at_ = is_last ? end : end + 1;
    }
    if (!lines.empty() || ended_) return lines;
    text_.erase(0, std::exchange(at_, 0));
    DropSurplus();
    const std::size_t before = text_.size();
    text_.resize(before + kMaxLineOctets);
    absl::StatusOr<std::size_t> got = source_.Read(text_.data() + before, kMaxLineOctets);
    if (!got.ok()) return got.status();
    text_.resize(before + *got);
    ended_ = *got == 0;
  }
}

void LineReader::DropSurplus() {
  constexpr std::size_t kEnough = kMaxLineOctets + 2;  // too long whether or not a CR is the last
  if (text_.size() > kEnough) text_.resize(kEnough);
}

}  // namespace bounced::cli
