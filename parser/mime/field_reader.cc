#include "parser/mime/field_reader.h"

#include "parser/mime/lines.h"
#include "parser/octets.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::string_view FieldName(std::string_view line) {
  const std::size_t end =
      FindOctet(line, [](auto c) { return (c <= ' ') | (c > '~') | (c == ':'); });
  std::size_t colon = end;
  while (colon < line.size() && IsBlank(line[colon])) ++colon;
  return colon < line.size() && line[colon] == ':' ? line.substr(0, end) : std::string_view();
}

std::optional<Field> FieldReader::Next() {
  std::optional<Field> field;
  if (at_ >= text_.size()) return field;
  const std::size_t begin = at_;
  std::size_t end = LineEnd(text_, begin);
  at_ = BehindLineEnd(text_, end);
  const std::string_view first = text_.substr(begin, end - begin);
  field = Field{Field::Kind::kJunk, FieldName(first), {}, first, false};
  if (field->name.empty() && StripBlanks(first).empty()) {
    field->kind = Field::Kind::kBlank;
    return field;
  }
  while (at_ < text_.size() && IsBlank(text_[at_])) {
    const std::size_t next_end = LineEnd(text_, at_);
    if (StripBlanks(text_.substr(at_, next_end - at_)).empty()) break;
    end = next_end;
    at_ = BehindLineEnd(text_, end);
  }
  field->text = text_.substr(begin, end - begin);
  if (field->name.empty()) return field;
  field->kind = Field::Kind::kField;
  std::size_t colon = field->name.size();
  while (field->text[colon] != ':') ++colon;
  field->value = field->text.substr(colon + 1);
  if (field->value.size() > max_line_) {
    field->value = field->value.substr(0, max_line_);
    field->cut = true;
  }
  return field;
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
