#include "server/base/log.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/escaping.h"

namespace bounced {
namespace {

// What needs no quotes: no blank, quote, '=' or control, so that a line splits at its blanks.
bool IsPlain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return (c > ' ' && c < 0x7f) && c != '"' && c != '=' && c != '\\';
  });
}

}  // namespace

LogField::LogField(std::string_view field, std::string_view text)
    : name(field),
      value(IsPlain(text)
                ? std::string(text)
                : '"' + absl::CHexEscape(absl::string_view(text.data(), text.size())) + '"') {}

Log::Log(LogLevel least, bool journal, int fd) : least_(least), journal_(journal), fd_(fd) {}

void Log::Write(LogLevel level, std::string_view event,
                std::initializer_list<LogField> fields) const {
  if (!enabled(level)) return;
  std::string line;
  if (journal_) line += '<' + std::to_string(static_cast<int>(level)) + '>';
  line += event;
  for (const LogField& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    line += field.value;
  }
  line += '\n';
  // A log that cannot be written must stop nobody.
  [[maybe_unused]] ssize_t written = ::write(fd_, line.data(), line.size());
}

}  // namespace bounced
