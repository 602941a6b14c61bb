#include "parser/notice/disposition.h"

#include <optional>

#include "parser/mime/field_reader.h"
#include "parser/text.h"

namespace bounced {
namespace {

struct DispositionField {
  std::string_view name;
  std::string_view DispositionFields::*value;
};
constexpr DispositionField kDispositionFields[] = {
    {"original-recipient", &DispositionFields::original_recipient},
    {"final-recipient", &DispositionFields::final_recipient},
    {"original-message-id", &DispositionFields::original_message_id},
    {"disposition", &DispositionFields::disposition},
};

}  // namespace

DispositionFields ReadDispositionFields(std::string_view part, std::size_t max_line) {
  DispositionFields found;
  FieldReader fields(part, max_line);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->kind != Field::Kind::kField) continue;
    for (const DispositionField& each : kDispositionFields) {
      if ((found.*each.value).empty() && EqualsIgnoringCase(field->name, each.name)) {
        found.*each.value = StripBlanks(field->value);
      }
    }
  }
  return found;
}

}  // namespace bounced
