#include "parser/classify/field_pattern.h"

#include "parser/dsn/status_fields.h"
#include "parser/mime/field_reader.h"
#include "parser/text.h"

namespace bounced {
namespace {

bool IsWordOctet(char c) { return IsLetter(c) || IsDigit(c); }

// Whether `words` stand in `text`, both folded, with no other letter or digit at either end.
bool HasWords(std::string_view text, std::string_view words) {
  for (std::size_t at = text.find(words); at != text.npos; at = text.find(words, at + 1)) {
    const std::size_t end = at + words.size();
    const bool begins = at == 0 || !IsWordOctet(text[at - 1]) || !IsWordOctet(words.front());
    const bool ends = end == text.size() || !IsWordOctet(text[end]) || !IsWordOctet(words.back());
    if (begins && ends) return true;
  }
  return false;
}

// The name of a further field that a line is. Empty: it is none.
std::string_view FurtherFieldName(std::string_view line) {
  const std::string_view name = FieldName(line);
  return IsReadByItself(name) ? std::string_view() : name;
}

}  // namespace

std::optional<FieldPattern> ParseField(std::string_view text) {
  const std::string_view name = FurtherFieldName(text);
  if (name.empty() || FoldCase(text) != text) return std::nullopt;
  FieldPattern pattern{std::string(name),
                       std::string(FoldedText(text.substr(text.find(':') + 1)).text())};
  if (pattern.words.empty()) return std::nullopt;
  return pattern;
}

std::optional<FurtherField> ParseFurtherField(std::string_view line) {
  const std::string_view name = FurtherFieldName(line);
  const std::string_view value = StripBlanks(line.substr(line.find(':') + 1));
  if (name.empty() || value.empty()) return std::nullopt;
  return FurtherField{std::string(name), {std::string(value), {}}};
}

const FurtherField* FieldEvidence::Find(const std::vector<FieldPattern>& patterns) {
  if (patterns.empty()) return nullptr;
  if (values_.empty()) {
    for (const FurtherField& field : symptoms_.fields) values_.push_back({&field});
    for (const FurtherField& field : symptoms_.message_fields) values_.push_back({&field});
  }
  for (Value& value : values_) {
    for (const FieldPattern& pattern : patterns) {
      if (!EqualsIgnoringCase(value.field->name, pattern.name)) continue;
      if (!value.folded) {
        const std::string_view octets = value.field->value.value;
        value.folded.emplace(octets.substr(0, kMaxFieldOctets));
      }
      if (HasWords(value.folded->text(), pattern.words)) return value.field;
    }
  }
  return nullptr;
}

}  // namespace bounced
