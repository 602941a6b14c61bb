#include "parser/notice/disposition.h"

#include <optional>

#include "parser/mime/field_reader.h"
#include "parser/mime/field_table.h"

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

}  // namespace bounced
