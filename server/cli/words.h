// The enumerations of the API as words: VERDICT_SUPPRESSED is `suppressed`.
#pragma once

#include <google/protobuf/generated_enum_reflection.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bounced::cli {

// Empty for the value 0 and for one that this program does not know.
std::string WordOf(const google::protobuf::EnumDescriptor& type, int value);
// The number of a word, in whatever case, except that of the value 0.
std::optional<int> NumberOf(const google::protobuf::EnumDescriptor& type, std::string_view word);
// All but that of the value 0.
std::vector<std::string> WordsOf(const google::protobuf::EnumDescriptor& type);

template <typename Enum>
std::string Word(Enum value) {
  return WordOf(*google::protobuf::GetEnumDescriptor<Enum>(), value);
}
template <typename Enum>
std::optional<Enum> FromWord(std::string_view word) {
  std::optional<int> number = NumberOf(*google::protobuf::GetEnumDescriptor<Enum>(), word);
  return number ? std::optional(static_cast<Enum>(*number)) : std::nullopt;
}
template <typename Enum>
std::vector<std::string> Words() {
  return WordsOf(*google::protobuf::GetEnumDescriptor<Enum>());
}

}  // namespace bounced::cli
