#include "server/cli/lines.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced::cli {

absl::StatusOr<std::vector<std::string>> LineReader::Next(std::size_t most) {
  std::vector<std::string> lines;
  for (;;) {
    while (lines.size() < most) {
      std::size_t end = text_.find('\n', at_);
      const bool is_last = end == std::string::npos && ended_ && at_ < text_.size();
      if (end == std::string::npos && !is_last) break;
      if (is_last) end = text_.size();
      lines.emplace_back(StripBlanks(std::string_view(text_).substr(at_, end - at_)));
      at_ = is_last ? end : end + 1;
    }
    if (!lines.empty() || ended_) return lines;
    text_.erase(0, std::exchange(at_, 0));
    if (text_.size() > kMaxLineOctets) {
      return absl::InvalidArgumentError(
          absl::StrCat("a line is longer than ", kMaxLineOctets, " octets"));
    }
    const std::size_t before = text_.size();
    text_.resize(before + kMaxLineOctets);
    absl::StatusOr<std::size_t> got = source_.Read(text_.data() + before, kMaxLineOctets);
    if (!got.ok()) return got.status();
    text_.resize(before + *got);
    ended_ = *got == 0;
  }
}

}  // namespace bounced::cli
