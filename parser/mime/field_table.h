// Fields of which the first one counts, by name, as data.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "parser/mime/field_reader.h"
#include "parser/text.h"

namespace bounced {

// Where in a Fields the value of the field `name`, in lower case, is kept. Value is a
// std::string_view, empty while there is none, or an optional one.
template <typename Fields, typename Value>
struct FieldPlace {
  std::string_view name;
  Value Fields::*value;
};

inline bool IsSet(std::string_view value) { return !value.empty(); }
inline bool IsSet(const std::optional<std::string_view>& value) { return value.has_value(); }

// Keeps the value of `field`, which is a kField, where `table` says, unless there is one already.
template <typename Fields, typename Value, std::size_t kCount>
void KeepFirst(const Field& field, const FieldPlace<Fields, Value> (&table)[kCount],
               Fields& found) {
  for (const FieldPlace<Fields, Value>& place : table) {
    if (!EqualsIgnoringCase(field.name, place.name)) continue;
    if (!IsSet(found.*place.value)) found.*place.value = StripBlanks(field.value);
    return;
  }
}

}  // namespace bounced
