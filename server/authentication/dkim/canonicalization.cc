#include "server/authentication/dkim/canonicalization.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "parser/mime/lines.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr AsciiSet kBlanks(" \t");
// A line ends within a field only before a blank.
constexpr AsciiSet kFoldingBlanks(" \t\r\n");

// Appends `text` to `out`, each row of `blanks` as one blank.
template <typename Out>
void AppendReduced(std::string_view text, const AsciiSet& blanks, Out& out) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = blanks.FirstIn(text, at);
    out.append(text.substr(at, end - at));
    at = blanks.FirstNotIn(text, end);
    if (at > end) out.append(std::string_view(" "));
  }
}

// Makes few large pieces of many small ones.
class Pieces {
 public:
  explicit Pieces(absl::FunctionRef<void(std::string_view)> sink) : sink_(sink) {
    held_.reserve(kPieceOctets);
  }

  void append(std::string_view text) {
    if (held_.size() + text.size() > kPieceOctets) Flush();
    if (text.size() > kPieceOctets) {
      sink_(text);
    } else {
      held_ += text;
    }
  }
  void Flush() {
    if (!held_.empty()) sink_(held_);
    held_.clear();
  }

 private:
  static constexpr std::size_t kPieceOctets = 16 << 10;

  absl::FunctionRef<void(std::string_view)> sink_;
  std::string held_;
};

std::string_view WithoutTrailingBlanks(std::string_view line) {
  while (!line.empty() && kBlanks.Has(line.back())) line.remove_suffix(1);
  return line;
}

// Takes the first line off `body`, which is not empty.
std::string_view TakeLine(std::string_view& body) {
  const std::size_t end = std::min(body.find('\n'), body.size());
  std::string_view line = body.substr(0, end);
  if (end < body.size() && line.ends_with('\r')) line.remove_suffix(1);
  body.remove_prefix(std::min(end + 1, body.size()));
  return line;
}

}  // namespace

std::string CanonicalField(Canonicalization canonicalization, std::string_view field) {
  std::string canonical;
  if (canonicalization == Canonicalization::kSimple) {
    Lines lines(field);
    while (const std::optional<Line> line = lines.Next()) {
      if (line->begin > 0) canonical += kLineEnd;
      canonical += line->text;
    }
    return canonical;
  }
  const std::size_t colon = std::min(field.find(':'), field.size());
  canonical = FoldCase(StripBlanks(field.substr(0, colon)));
  canonical += ':';
  AppendReduced(StripBlanks(field.substr(std::min(colon + 1, field.size()))), kFoldingBlanks,
                canonical);
  return canonical;
}

void CanonicalizeBody(Canonicalization canonicalization, std::string_view body,
                      absl::FunctionRef<void(std::string_view)> sink) {
  const bool is_relaxed = canonicalization == Canonicalization::kRelaxed;
  Pieces pieces(sink);
  bool is_empty = true;
  // Those at the end of the body do not count.
  std::size_t empty_lines = 0;
  while (!body.empty()) {
    std::string_view line = TakeLine(body);
    if (is_relaxed) line = WithoutTrailingBlanks(line);
    if (line.empty()) {
      ++empty_lines;
      continue;
    }
    for (; empty_lines > 0; --empty_lines) pieces.append(kLineEnd);
    is_empty = false;
    if (is_relaxed) {
      AppendReduced(line, kBlanks, pieces);
    } else {
      pieces.append(line);
    }
    pieces.append(kLineEnd);
  }
  // RFC 6376, 3.4.3: no body is one empty line; 3.4.4: it is nothing.
  if (is_empty && !is_relaxed) pieces.append(kLineEnd);
  pieces.Flush();
}

}  // namespace bounced
