#include "parser/mime/field_reader.h"

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
  const std::optional<Line> first = lines_.Next();
  if (!first) return std::nullopt;
  Field field{Field::Kind::kJunk, FieldName(first->text), {}, first->text, false};
  if (field.name.empty() && StripBlanks(first->text).empty()) {
    field.kind = Field::Kind::kBlank;
    return field;
  }
  std::size_t end = first->begin + first->text.size();
  while (lines_.at() < text_.size() && IsBlank(text_[lines_.at()])) {
    Lines behind = lines_;
    const std::string_view line = behind.Next()->text;
    if (StripBlanks(line).empty()) break;
    end = lines_.at() + line.size();
    lines_ = behind;
  }
  field.text = text_.substr(first->begin, end - first->begin);
  if (field.name.empty()) return field;
  field.kind = Field::Kind::kField;
  std::size_t colon = field.name.size();
  while (field.text[colon] != ':') ++colon;
  field.value = field.text.substr(colon + 1);
  if (field.value.size() > max_line_) {
    field.value = field.value.substr(0, max_line_);
    field.cut = true;
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
