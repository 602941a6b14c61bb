// `Name: value` lines, as headers (RFC 5322, 2.2) and status parts (RFC 3464, 2.1) have them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "parser/octets.h"

namespace bounced {

// The name of a field that begins at `at` of `text`: printable ASCII up to a colon, blanks before
// the colon dropped (RFC 7103, 7.2). It never goes beyond a line's end.
struct NamePlace {
  std::size_t size;   // of the name; 0: it is no field
  std::size_t colon;  // where it is, or what stands in its place
};
inline NamePlace FieldNameAt(std::string_view text, std::size_t at) {
  const std::size_t end = FindOctet(
      text, [](auto c) { return (c <= ' ') | (c > '~') | (c == ':'); }, at);
  std::size_t colon = end;
  while (colon < text.size() && (text[colon] == ' ' || text[colon] == '\t')) ++colon;
  return {colon < text.size() && text[colon] == ':' ? end - at : 0, colon};
}

// The name that a line begins with. Empty: it is no field.
inline std::string_view FieldName(std::string_view line) {
  return line.substr(0, FieldNameAt(line, 0).size);
}

struct Field {
  enum class Kind {
    kField,
    kBlank,  // nothing or blanks: a separator in a status part
    kJunk,   // neither, and no continuation of a field
  };
  Kind kind;
  std::string_view name;   // of a kField
  std::string_view value;  // of a kField: with its folds, from behind the colon
  std::string_view text;   // all of it
  bool cut;                // the value went on beyond `max_line`
};

// Reads one field after the other, each with the lines that it is folded over. Keeps a view of
// `text`, and all that it gives points into it. Linear; `text` of any kind is read to its end.
class FieldReader {
 public:
  // `max_line` bounds the octets of one value.
  FieldReader(std::string_view text, std::size_t max_line) : text_(text), max_line_(max_line) {}

  std::optional<Field> Next();

 private:
  std::string_view text_;
  std::size_t max_line_;
  std::size_t at_ = 0;  // where the next line begins
};

// `value` in one line: each fold is one blank (RFC 3464, 2.1.1), none at the ends.
std::string Unfold(std::string_view value);

}  // namespace bounced
