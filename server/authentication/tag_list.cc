#include "server/authentication/tag_list.h"

#include <algorithm>

#include "parser/text.h"

namespace bounced {
namespace {

constexpr bool IsTagNameOctet(char c) { return IsLetter(c) || IsDigit(c) || c == '_'; }

// Beyond ASCII RFC 8616, 5.
constexpr bool IsTagValueOctet(char c) {
  return static_cast<unsigned char>(c) > ' ' ? c != '\x7f' : IsOneOf(c, " \t\r\n");
}

}  // namespace

std::optional<Tag> ParseTag(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos) return std::nullopt;
  const std::string_view field = text.substr(equals + 1);
  const Tag tag{StripBlanks(text.substr(0, equals)), StripBlanks(field), field};
  const bool is_name = !tag.name.empty() && IsLetter(tag.name.front()) &&
                       std::all_of(tag.name.begin(), tag.name.end(), IsTagNameOctet);
  const bool is_value = std::all_of(tag.value.begin(), tag.value.end(), IsTagValueOctet);
  return is_name && is_value ? std::optional(tag) : std::nullopt;
}

std::optional<TagList> TagList::Parse(std::string_view text) {
  TagList list;
  do {
    const std::size_t semicolon = std::min(text.find(';'), text.size());
    const std::optional<Tag> tag = ParseTag(text.substr(0, semicolon));
    if (!tag || list.Find(tag->name) != nullptr || list.tags_.size() == kMaxTags) {
      return std::nullopt;
    }
    list.tags_.push_back(*tag);
    text.remove_prefix(std::min(semicolon + 1, text.size()));
  } while (!StripBlanks(text).empty());
  return list;
}

const Tag* TagList::Find(std::string_view name) const {
  const auto found =
      std::find_if(tags_.begin(), tags_.end(), [name](const Tag& tag) { return tag.name == name; });
  return found == tags_.end() ? nullptr : &*found;
}

}  // namespace bounced
