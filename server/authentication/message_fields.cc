#include "server/authentication/message_fields.h"

#include <optional>

#include "parser/mime/field_reader.h"
#include "parser/mime/lines.h"

namespace bounced {

MessageFields SplitMessage(std::string_view message) {
  MessageFields parts;
  const auto fault = [](std::string_view why) { return MessageFields{{}, {}, why}; };
  Lines lines(message.substr(0, kMaxAuthenticatedHeaderOctets));
  while (const std::optional<Line> line = lines.Next()) {
    const std::size_t text_end = line->begin + line->text.size();
    if (line->end == text_end + 1 && message[text_end] == '\r') {
      return fault("a line of the header ends in CR alone");
    }
    if (line->text.empty()) {
      parts.body = message.substr(line->end);
      return parts;
    }
    if (line->text.front() == ' ' || line->text.front() == '\t') {
      if (parts.fields.empty()) return fault("the header begins with a folded line");
      std::string_view& text = parts.fields.back().text;
      const auto begin = static_cast<std::size_t>(text.data() - message.data());
      text = message.substr(begin, text_end - begin);
      continue;
    }
    const std::string_view name = FieldName(line->text);
    if (name.empty()) return fault("a line of the header is no field");
    parts.fields.push_back({name, line->text});
  }
  if (message.size() > kMaxAuthenticatedHeaderOctets) return fault("the header is too long");
  return parts;
}

}  // namespace bounced
