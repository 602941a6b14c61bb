// Tag lists: what DKIM's signatures and keys and DMARC's records are written in.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace bounced {

// `name=value` (RFC 6376, 3.2). Views into what was read.
struct Tag {
  std::string_view name;   // its case counts
  std::string_view value;  // without white space around it; it may have some inside
  std::string_view field;  // the same with the white space: all from behind the "=" on
};

// `text` holds no semicolon. None: it is no tag.
std::optional<Tag> ParseTag(std::string_view text);

// RFC 6376 defines 13 for a signature.
inline constexpr std::size_t kMaxTags = 64;

// Tags with semicolons between them and perhaps one behind the last; no name twice. Keeps views
// into what was parsed. A value.
class TagList {
 public:
  // None: `text` is no such list, or one of more than kMaxTags. Linear.
  static std::optional<TagList> Parse(std::string_view text);

  // Null: there is no such tag. The pointer is good as long as this object is.
  const Tag* Find(std::string_view name) const;
  // In their order; at least one.
  const std::vector<Tag>& tags() const { return tags_; }

 private:
  std::vector<Tag> tags_;
};

}  // namespace bounced
