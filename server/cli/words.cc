#include "server/cli/words.h"

#include <google/protobuf/descriptor.h>

#include <cstddef>

#include "parser/text.h"

namespace bounced::cli {
namespace {

// Of all values of a type: BounceClass gives `BOUNCE_CLASS_`.
std::size_t PrefixOctets(const google::protobuf::EnumDescriptor& type) {
  std::size_t octets = 1;
  for (char c : type.name()) octets += FoldCase(c) == c ? 1 : 2;
  return octets - 1;
}

}  // namespace

std::string WordOf(const google::protobuf::EnumDescriptor& type, int value) {
  const auto* descriptor = type.FindValueByNumber(value);
  if (value == 0 || descriptor == nullptr) return "";
  return FoldCase(std::string_view(descriptor->name()).substr(PrefixOctets(type)));
}

std::optional<int> NumberOf(const google::protobuf::EnumDescriptor& type, std::string_view word) {
  for (int i = 0; i < type.value_count(); ++i) {
    const int number = type.value(i)->number();
    if (number != 0 && EqualsIgnoringCase(WordOf(type, number), word)) return number;
  }
  return std::nullopt;
}

std::vector<std::string> WordsOf(const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) words.push_back(WordOf(type, type.value(i)->number()));
  }
  return words;
}

}  // namespace bounced::cli
