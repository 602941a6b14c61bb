#include "server/cli/json_machine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced::cli {
namespace {

// Longer than the name of any list.
constexpr std::size_t kMaxNameOctets = 100;

bool IsJsonSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

void JsonMachine::Feed(std::string_view octets) {
  buffer_.erase(0, row_);
  at_ -= row_;
  row_ = 0;
  buffer_ += octets;
}

std::optional<JsonRow> JsonMachine::Next() {
  if (!status_.ok()) return std::nullopt;
  std::optional<JsonRow> row = NextRow();
  if (row || !status_.ok()) return row;
  if (!passes_over() && at_ - row_ > max_row_octets_) PassOver();
  if (ended_ && (depth_ > 0 || in_string_)) {
    Fail("the text breaks off within what begins here", row_line_);
  } else if (ended_ && place_ != Place::kText) {
    Fail("the text breaks off before the list ends", line_);
  }
  return std::nullopt;
}

// None: all that there is has been looked at, or status_ tells.
std::optional<JsonRow> JsonMachine::NextRow() {
  while (at_ < buffer_.size() && status_.ok()) {
    if (depth_ == 0 && !in_string_) {
      if (!Between()) return std::nullopt;
      continue;
    }
    if (!(in_string_ ? InString() : InValue())) continue;
    const std::string_view text = std::string_view(buffer_).substr(row_, at_ - row_);
    Drop();
    wanted_ = place_ == Place::kText ? Wanted::kValue : Wanted::kCommaOrEnd;
    if (is_page_) {
      is_page_ = false;
      continue;
    }
    if (std::exchange(is_too_long_, false) || text.size() > max_row_octets_) return TooLong();
    return JsonRow{text, row_line_};
  }
  return std::nullopt;
}

// Up to the beginning of a value. False: it failed.
bool JsonMachine::Between() {
  const char c = buffer_[at_];
  if (c == '\n') ++line_;
  if (IsJsonSpace(c)) {
    ++at_;
    Drop();
    return true;
  }
  const bool in_list = place_ != Place::kText;
  if (in_list && c == ']' && wanted_ != Wanted::kValue) {
    ++at_;
    Drop();
    EndList();
    return true;
  }
  if (in_list && c == ',' && wanted_ == Wanted::kCommaOrEnd) {
    ++at_;
    Drop();
    wanted_ = Wanted::kValue;
    return true;
  }
  if (wanted_ != Wanted::kCommaOrEnd && BeginValue(c)) return true;
  Fail(wanted_ == Wanted::kCommaOrEnd ? "a comma or the end of the list is missing"
                                      : "neither an object nor a string",
       line_);
  return false;
}

bool JsonMachine::BeginValue(char c) {
  Drop();
  row_line_ = line_;
  ++at_;
  if (c == '{') {
    depth_ = 1;
    name_ = Name::kNone;
  } else if (c == '"' && place_ != Place::kText) {
    in_string_ = true;
    passed_over_ = false;
  } else if (c == '[' && place_ == Place::kText) {
    Drop();
    place_ = Place::kArray;
    wanted_ = Wanted::kValueOrEnd;
  } else {
    return false;
  }
  return true;
}

void JsonMachine::EndList() {
  if (place_ == Place::kArray) {
    place_ = Place::kText;
    wanted_ = Wanted::kValue;
    return;
  }
  // The rest of the page.
  place_ = outside_;
  is_page_ = true;
  depth_ = 1;
  name_ = Name::kNone;
  row_line_ = line_;
}

// True: it is over, and with it the value.
bool JsonMachine::InString() {
  for (; at_ < buffer_.size(); ++at_) {
    const char c = buffer_[at_];
    if (c == '\n') ++line_;
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      string_octets_ = at_ - row_ - string_;
      ++at_;
      in_string_ = false;
      if (depth_ == 1 && !passed_over_) name_ = Name::kEnded;
      return depth_ == 0;
    }
  }
  // In what is passed over nothing is kept that is no name of a list.
  if (passes_over() && at_ - row_ > kMaxNameOctets) {
    passed_over_ = true;
    Drop();
  }
  return false;
}

// True: the object is over.
bool JsonMachine::InValue() {
  for (; at_ < buffer_.size(); ++at_) {
    const char c = buffer_[at_];
    if (IsJsonSpace(c)) {
      if (c == '\n') ++line_;
      continue;
    }
    if (depth_ == 1 && AfterName(c)) return false;
    if (c == '"') {
      if (passes_over()) Drop();
      string_ = at_ + 1 - row_;
      in_string_ = true;
      passed_over_ = false;
      ++at_;
      return false;
    }
    if (c == '{' || c == '[') {
      if (++depth_ > kMaxJsonDepth) {
        Fail(absl::StrCat("deeper than ", kMaxJsonDepth, " objects and arrays"), line_);
        return false;
      }
    } else if (c == '}' || c == ']') {
      if (--depth_ == 0) {
        ++at_;
        return true;
      }
    }
  }
  // Of what is passed over nothing is kept but the name that may have begun.
  if (passes_over() && (name_ == Name::kNone || at_ - row_ > 2 * kMaxNameOctets)) {
    name_ = Name::kNone;
    Drop();
  }
  return false;
}

// At the first level of an object. True: the rows of a page begin.
bool JsonMachine::AfterName(char c) {
  if (name_ == Name::kEnded && c == ':') {
    name_ = Name::kColon;
    return false;
  }
  const bool may_be_list = name_ == Name::kColon && c == '[' && place_ != Place::kPage;
  name_ = Name::kNone;
  if (!may_be_list) return false;
  const std::string_view name = std::string_view(buffer_).substr(row_ + string_, string_octets_);
  if (std::none_of(lists_.begin(), lists_.end(),
                   [&](std::string_view list) { return EqualsIgnoringCase(list, name); })) {
    return false;
  }
  ++at_;
  Drop();
  outside_ = place_;
  place_ = Place::kPage;
  wanted_ = Wanted::kValueOrEnd;
  depth_ = 0;
  is_page_ = false;
  is_too_long_ = false;
  return true;
}

// From here on. A name that has begun, or is not yet known to be one of a list, stays.
void JsonMachine::PassOver() {
  is_too_long_ = true;
  const bool may_be_name = depth_ == 1 && (in_string_ || name_ != Name::kNone);
  if (may_be_name && at_ - row_ - string_ <= kMaxNameOctets) {
    row_ += string_ - 1;
    string_ = 1;
  } else {
    passed_over_ = in_string_;
    name_ = Name::kNone;
    Drop();
  }
}

JsonRow JsonMachine::TooLong() const {
  return {.text = {},
          .line = row_line_,
          .status = absl::InvalidArgumentError(
              absl::StrCat("a row is longer than ", max_row_octets_,
                           " octets; is a quote or a bracket never closed?"))};
}

void JsonMachine::Fail(std::string_view what, std::uint64_t line) {
  status_ = absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", Absl(what)));
}

}  // namespace bounced::cli
