#include "parser/mime/field_reader.h"

#include <algorithm>

#include "parser/text.h"

namespace bounced {
namespace {

constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::string_view FieldName(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && line[end] > ' ' && line[end] <= '~' && line[end] != ':') ++end;
  std::size_t colon = end;
  while (colon < line.size() && IsBlank(line[colon])) ++colon;
  return colon < line.size() && line[colon] == ':' ? line.substr(0, end) : std::string_view();
}

FieldReader::FieldReader(std::string_view text, std::size_t max_line)
    : text_(text), max_line_(max_line), lines_(text), ahead_(lines_.Next()) {}

std::optional<Field> FieldReader::Next() {
  if (!ahead_) return std::nullopt;
  const Line first = *ahead_;
  Field field{Field::Kind::kJunk, FieldName(first.text), {}, first.text, false};
  if (StripBlanks(first.text).empty()) {
    field.kind = Field::Kind::kBlank;
    ahead_ = lines_.Next();
    return field;
  }
  std::size_t end = first.begin + first.text.size();
  for (ahead_ = lines_.Next(); ahead_; ahead_ = lines_.Next()) {
    if (ahead_->text.empty() || !IsBlank(ahead_->text.front())) break;
    if (StripBlanks(ahead_->text).empty()) break;
    end = ahead_->begin + ahead_->text.size();
  }
  field.text = text_.substr(first.begin, end - first.begin);
  if (field.name.empty()) return field;
  field.kind = Field::Kind::kField;
  field.value = field.text.substr(field.text.find(':') + 1);
  if (field.value.size() > max_line_) {
    field.value = field.value.substr(0, max_line_);
    field.cut = true;
  }
  return field;
}

std::string Unfold(std::string_view value) {
  value = StripBlanks(value);
  if (value.find('\n') == value.npos && value.find('\r') == value.npos) return std::string(value);
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
