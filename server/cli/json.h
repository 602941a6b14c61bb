// JSON, one value a line: valid UTF-8 whatever comes in, and with nothing in it that a terminal
// would obey.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace google::protobuf {
class Message;
}

namespace bounced::cli {

// Appends `value` as a JSON string. Controls, line separators and bidirectional marks become \u
// escapes, ill-formed octets U+FFFD.
void AppendJsonString(std::string& json, std::string_view value);

// What becomes of a number, text or flag that has no value.
enum class Unset { kLeftOut, kPrinted };

// A message of the API under its field names, without blanks or a line end (proto3's JSON mapping:
// enumerations by name, 64-bit numbers and times as strings). Counts want kPrinted: their zero is
// an answer.
std::string ToJson(const google::protobuf::Message& message, Unset unset = Unset::kLeftOut);

// Writes one value, part by part; commas come by themselves.
class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view value);
  JsonWriter& Number(std::int64_t value);
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  // `json` is one whole value.
  JsonWriter& Raw(std::string_view json);
  // The fields of the object `json` as further fields of the open object.
  JsonWriter& Merge(std::string_view json);

  const std::string& text() const { return text_; }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string text_;
  bool first_ = true;  // nothing stands before the next value in its object or array
};

}  // namespace bounced::cli
