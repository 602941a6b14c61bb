// Fields of which the first one counts, by name, as data.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
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

// The places of the fields that are looked for. Most that come are not among them, which their
// first letter and their length tell.
template <typename Fields, typename Value>
class FieldTable {
 public:
  using Place = FieldPlace<Fields, Value>;

  // `places` must outlive it.
  template <std::size_t kCount>
  constexpr explicit FieldTable(const Place (&places)[kCount]) : places_(places) {
    for (const Place& place : places) lengths_[LetterOf(place.name)] |= BitOf(place.name);
  }

  // The place of the field `name`, which is not empty; null: it is not looked for.
  const Place* Find(std::string_view name) const {
    if ((lengths_[LetterOf(name)] & BitOf(name)) == 0) return nullptr;
    for (const Place& place : places_) {
      if (EqualsIgnoringCase(name, place.name)) return &place;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t kLetters = 32;
  static constexpr std::size_t LetterOf(std::string_view name) {
    return static_cast<unsigned char>(name.front()) % kLetters;  // the same in either case
  }
  static constexpr std::uint32_t BitOf(std::string_view name) {
    return std::uint32_t{1} << std::min<std::size_t>(name.size(), 31);
  }

  std::span<const Place> places_;
  std::array<std::uint32_t, kLetters> lengths_{};
};

inline bool IsSet(std::string_view value) { return !value.empty(); }
inline bool IsSet(const std::optional<std::string_view>& value) { return value.has_value(); }

// Keeps the value of `field`, which is a kField, where `table` says, unless there is one already.
template <typename Fields, typename Value>
void KeepFirst(const Field& field, const FieldTable<Fields, Value>& table, Fields& found) {
  const auto* place = table.Find(field.name);
  if (place == nullptr || IsSet(found.*place->value)) return;
  found.*place->value = StripBlanks(field.value);
}

}  // namespace bounced
