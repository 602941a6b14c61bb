// One row of a list, whatever it was written in: values by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace bounced::cli {

// Of one value; more than the server takes of any.
inline constexpr std::size_t kMaxFieldOctets = 64 << 10;
// Of one row.
inline constexpr std::size_t kMaxRecordFields = 256;

// A name as it is compared: in lower case, without blanks, `-` and `_`. "Email Address" and
// "email_address" are one.
std::string NormalizedName(std::string_view name);

// Used again and again, so that its memory is.
class Record {
 public:
  struct Field {
    std::string name;  // normalized; of objects within the row, with a dot between: "reason.code"
    std::string value;
  };

  std::uint64_t line = 0;
  // INVALID_ARGUMENT: the row cannot be read; says why.
  absl::Status status;

  void Clear() {
    used_ = 0;
    status = absl::OkStatus();
  }
  // The next field, whose strings are to be set.
  Field& Add() {
    if (used_ == fields_.size()) fields_.emplace_back();
    return fields_[used_++];
  }
  std::span<const Field> fields() const { return std::span(fields_).first(used_); }
  // The first value of that name, without blanks around it; empty: there is none.
  std::string_view Get(std::string_view normalized_name) const;

 private:
  std::vector<Field> fields_;
  std::size_t used_ = 0;
};

// Reads `json`, an object or a string, into the fields of `record`: a string is the field
// `address`, each value of an array a field of the array's name, what is null or an empty array a
// field without a value, and an object within an array none. INVALID_ARGUMENT: not JSON (RFC 8259),
// not UTF-8, or more than the bounds above.
absl::Status ReadJson(std::string_view json, Record& record);

// INVALID_ARGUMENT: `value` is too long, holds a NUL, or is not UTF-8.
absl::Status CheckField(std::string_view value);

}  // namespace bounced::cli
