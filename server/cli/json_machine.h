// Rows of JSON (RFC 8259) out of a text that comes in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace bounced::cli {

// Of objects and arrays within each other, in one row.
inline constexpr int kMaxJsonDepth = 32;

// One row as it stands in the text: an object or a string. Good until the machine is fed again.
struct JsonRow {
  std::string_view text;
  std::uint64_t line = 0;  // on which it begins, from 1
  // INVALID_ARGUMENT: it is too long, which this says, and `text` is empty.
  absl::Status status = {};
};

// Finds the rows of a text that comes in pieces, cut anywhere. No I/O; linear in the text; holds
// the last piece and one row, however long a list is.
//
// A text is any number of values, one after the other: objects (one a line, or over many), arrays
// of objects and strings, and pages, as APIs answer with. A page is an object that has its rows in
// an array under one of the names in `lists`; its other fields are passed over. A row is taken by
// its quotes and brackets alone, so that what else is wrong within it is wrong with it alone. One
// that is too long is passed over up to its end.
class JsonMachine {
 public:
  // `lists` outlives the machine.
  JsonMachine(std::span<const std::string_view> lists, std::size_t max_row_octets)
      : lists_(lists), max_row_octets_(max_row_octets) {}

  void Feed(std::string_view octets);
  // No more comes.
  void End() { ended_ = true; }
  // None: it wants more, has given all, or status() tells why it stopped.
  std::optional<JsonRow> Next();
  // INVALID_ARGUMENT, with the number of the line: a row is too deep, the text breaks off, or
  // something stands where a row should.
  const absl::Status& status() const { return status_; }

 private:
  // What the values at hand are part of.
  enum class Place : std::uint8_t { kText, kArray, kPage };
  // What may come next between values.
  enum class Wanted : std::uint8_t { kValue, kValueOrEnd, kCommaOrEnd };
  // What the last string at the first level of an object was: a name, once a colon follows.
  enum class Name : std::uint8_t { kNone, kEnded, kColon };

  std::optional<JsonRow> NextRow();
  bool Between();
  bool BeginValue(char c);
  void EndList();
  bool InString();
  bool InValue();
  bool AfterName(char c);
  void Drop() { row_ = at_; }
  // Whether of the value at hand nothing is kept but names that may be those of lists.
  bool passes_over() const { return is_page_ || is_too_long_; }
  void PassOver();
  JsonRow TooLong() const;
  void Fail(std::string_view what, std::uint64_t line);

  const std::span<const std::string_view> lists_;
  const std::size_t max_row_octets_;
  absl::Status status_;
  bool ended_ = false;
  std::string buffer_;
  std::size_t row_ = 0;  // where in the buffer the row begins, or what has not been looked at
  std::size_t at_ = 0;   // what has been looked at ends here
  std::uint64_t line_ = 1;
  std::uint64_t row_line_ = 1;

  Place place_ = Place::kText;
  Place outside_ = Place::kText;  // of the page
  Wanted wanted_ = Wanted::kValue;
  int depth_ = 0;  // in a value: brackets that are open
  bool in_string_ = false;
  bool escaped_ = false;
  bool is_page_ = false;      // the rest of one, which is passed over
  bool is_too_long_ = false;  // a row, which is passed over, or what comes before those of a page
  bool passed_over_ = false;  // the string was too long to be a name
  Name name_ = Name::kNone;
  std::size_t string_ = 0;  // where the string begins, counted from row_
  std::size_t string_octets_ = 0;
};

}  // namespace bounced::cli
