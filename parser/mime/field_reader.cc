#include "parser/mime/field_reader.h"

#include "parser/mime/lines.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }

constexpr std::size_t SkipBlanks(std::string_view text, std::size_t at) {
  while (at < text.size() && IsBlank(text[at])) ++at;
  return at;
}

}  // namespace

std::optional<Field> FieldReader::Next() {
  if (at_ >= text_.size()) return std::nullopt;
  const std::size_t begin = at_;
  const NamePlace name = FieldNameAt(text_, begin);
  std::size_t end = LineEnd(text_, name.colon);
  at_ = BehindLineEnd(text_, end);
  // Where a name is not, what stands behind the blanks tells.
  if (name.size == 0 && SkipBlanks(text_, begin) == end) {
    return Field{Field::Kind::kBlank, {}, {}, text_.substr(begin, end - begin), false};
  }
  while (at_ < text_.size() && IsBlank(text_[at_])) {
    const std::size_t words = SkipBlanks(text_, at_);
    if (words == text_.size() || IsLineEnd(text_[words])) break;
    end = LineEnd(text_, words);
    at_ = BehindLineEnd(text_, end);
  }
  const std::string_view text = text_.substr(begin, end - begin);
  if (name.size == 0) return Field{Field::Kind::kJunk, {}, {}, text, false};
  const std::string_view value = text.substr(name.colon + 1 - begin);
  return Field{Field::Kind::kField, text.substr(0, name.size), value.substr(0, max_line_), text,
               value.size() > max_line_};
}

std::string Unfold(std::string_view value) {
  value = StripBlanks(value);
  if (LineEnd(value, 0) == value.size()) return std::string(value);
  std::string unfolded;
  unfolded.reserve(value.size());
  Lines lines(value);
  while (const std::optional<Line> line = lines.Next()) {
    const std::string_view piece = StripBlanks(line->text);
    if (piece.empty()) continue;
    if (!unfolded.empty()) unfolded += ' ';
    unfolded += piece;
  }
  return unfolded;
}

}  // namespace bounced
