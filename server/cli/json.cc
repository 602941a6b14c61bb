#include "server/cli/json.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <array>
#include <cstddef>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced::cli {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void AppendEscape(std::string& json, unsigned code_unit) {
  std::array<char, 8> escape{};
  std::snprintf(escape.data(), escape.size(), "\\u%04x", code_unit);
  json += escape.data();
}

// The octets of the well-formed character at the start of `s`; 0: there is none.
std::size_t CharacterOctets(std::string_view s) {
  const auto lead = static_cast<unsigned char>(s[0]);
  const std::size_t octets = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return s.size() >= octets && IsValidUtf8(s.substr(0, octets)) ? octets : 0;
}

// The code point of a well-formed character of two or three octets.
unsigned CodePoint(std::string_view character) {
  unsigned value =
      static_cast<unsigned char>(character[0]) & (character.size() == 2 ? 0x1Fu : 0xFu);
  for (char c : character.substr(1)) value = value << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  return value;
}

// C1, the line separators and what turns text around (UAX #9, 2).
bool IsUnfitToShow(unsigned c) {
  return (c >= 0x80 && c < 0xA0) || c == 0x200E || c == 0x200F || c == 0x61C ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

// Escapes what is unfit of the characters of `octets` octets that begin with `lead`.
void EscapeUnfit(std::string& json, std::string_view lead, std::size_t octets) {
  for (std::size_t at = 0; (at = json.find(lead, at)) != std::string::npos; ++at) {
    if (json.size() - at < octets) break;
    const unsigned code_point = CodePoint(std::string_view(json).substr(at, octets));
    if (!IsUnfitToShow(code_point)) continue;
    std::string escape;
    AppendEscape(escape, code_point);
    json.replace(at, octets, escape);
  }
}

void AppendAscii(std::string& json, char c) {
  if (c == '"' || c == '\\') {
    json += '\\';
    json += c;
  } else if (c == '\n') {
    json += "\\n";
  } else if (c == '\t') {
    json += "\\t";
  } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
    AppendEscape(json, static_cast<unsigned char>(c));
  } else {
    json += c;
  }
}

}  // namespace

void AppendJsonString(std::string& json, std::string_view value) {
  json += '"';
  while (!value.empty()) {
    const std::size_t octets = CharacterOctets(value);
    const std::string_view character = value.substr(0, octets);
    if (octets == 0) {
      json += kReplacement;
    } else if (octets == 1) {
      AppendAscii(json, value[0]);
    } else if (octets < 4 && IsUnfitToShow(CodePoint(character))) {
      AppendEscape(json, CodePoint(character));
    } else {
      json += character;
    }
    value.remove_prefix(octets == 0 ? 1 : octets);
  }
  json += '"';
}

std::string ToJson(const google::protobuf::Message& message, Unset unset) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = unset == Unset::kPrinted;
  options.preserve_proto_field_names = true;
  std::string json;
  // It fails for times out of range only, which no server of ours sends.
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) json = "{}";
  // The library escapes all that must not be shown but what Unicode 6.3 added: the bidirectional
  // isolates and the Arabic letter mark.
  EscapeUnfit(json, "\xE2\x81", 3);
  EscapeUnfit(json, "\xD8\x9C", 2);
  return json;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  Separate();
  AppendJsonString(text_, name);
  text_ += ':';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  Separate();
  AppendJsonString(text_, value);
  return *this;
}

JsonWriter& JsonWriter::Number(std::int64_t value) {
  Separate();
  absl::StrAppend(&text_, value);
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  text_ += json;
  return *this;
}

JsonWriter& JsonWriter::Merge(std::string_view json) {
  json.remove_prefix(1);
  json.remove_suffix(1);
  return json.empty() ? *this : Raw(json);
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  text_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  text_ += bracket;
  first_ = false;
  return *this;
}

void JsonWriter::Separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

}  // namespace bounced::cli
