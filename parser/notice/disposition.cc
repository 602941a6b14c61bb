#include "parser/notice/disposition.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "parser/mime/field_reader.h"
#include "parser/mime/field_table.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr FieldPlace<DispositionFields, std::string_view> kDispositionFieldPlaces[] = {
    {"original-recipient", &DispositionFields::original_recipient},
    {"final-recipient", &DispositionFields::final_recipient},
    {"original-message-id", &DispositionFields::original_message_id},
    {"disposition", &DispositionFields::disposition},
};
constexpr FieldTable kDispositionFields(kDispositionFieldPlaces);

}  // namespace

DispositionFields ReadDispositionFields(std::string_view part, std::size_t max_line) {
  DispositionFields found;
  FieldReader fields(part, max_line);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->kind == Field::Kind::kField) KeepFirst(*field, kDispositionFields, found);
  }
  return found;
}

bool MayBeRefusal(std::string_view disposition) {
  const std::string folded = FoldCase(disposition);
  const std::size_t semicolon = folded.find(';');
  if (semicolon == folded.npos || folded.find("automatic-action") > semicolon) return false;
  constexpr std::string_view kTypes[] = {"deleted", "denied", "failed"};
  const std::string_view type = StripBlanks(std::string_view(folded).substr(semicolon + 1));
  return std::any_of(std::begin(kTypes), std::end(kTypes),
                     [type](std::string_view each) { return type.starts_with(each); });
}

}  // namespace bounced
