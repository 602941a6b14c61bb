#include "server/cli/output.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "parser/text.h"
#include "server/cli/json.h"

namespace bounced::cli {
namespace {

// The octets at the end of `text` that may be the beginning of a character.
std::size_t BegunOctets(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto c = static_cast<unsigned char>(text[text.size() - back]);
    if (c < 0x80) return 0;
    if (c < 0xC0) continue;
    const std::size_t octets = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    return octets > back ? back : 0;
  }
  return 0;
}

// `text` escaped as Presentable() does, but for its line ends and tabs.
std::string Safe(std::string_view text) {
  constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const std::size_t piece = std::min(text.find_first_of("\n\t"), text.size());
    std::string_view plain = text.substr(0, piece);
    const bool crlf = piece < text.size() && text[piece] == '\n' && plain.ends_with('\r');
    if (crlf) plain.remove_suffix(1);
    safe += Presentable(plain, kNoBound);
    if (crlf) safe += '\r';
    if (piece < text.size()) safe += text[piece];
    text.remove_prefix(std::min(piece + 1, text.size()));
  }
  return safe;
}

}  // namespace

std::string Shown(std::string_view value) { return Presentable(value, kMaxShownOctets); }

std::string OrDash(std::string value) { return value.empty() ? "-" : std::move(value); }

absl::Status TerminalSink::Write(std::string_view octets) {
  rest_ += octets;
  std::string text = std::exchange(rest_, {});
  std::size_t begun = BegunOctets(text);
  if (begun == 0 && text.ends_with('\r')) begun = 1;  // of a CRLF, perhaps
  rest_ = text.substr(text.size() - begun);
  text.erase(text.size() - begun);
  return Show(text);
}

absl::Status TerminalSink::Flush() {
  if (absl::Status status = Show(std::exchange(rest_, {})); !status.ok()) return status;
  return terminal_.Flush();
}

absl::Status TerminalSink::Show(std::string_view text) { return terminal_.Write(Safe(text)); }

void Output::Text(std::string_view text) { Keep(sink_.Write(Safe(text))); }

void Output::Line(std::initializer_list<std::string_view> fields) {
  std::string line;
  std::string_view separator;
  for (std::string_view field : fields) {
    line += separator;
    line += Shown(field);
    separator = "\t";
  }
  line += '\n';
  Keep(sink_.Write(line));
}

void Output::Json(std::string_view json) {
  Keep(sink_.Write(json));
  Keep(sink_.Write("\n"));
}

void Output::Json(const google::protobuf::Message& message) { Json(ToJson(message)); }

void Output::Flush() { Keep(Raw().Flush()); }

absl::Status Output::Finish() {
  Flush();
  return std::exchange(status_, absl::OkStatus());
}

void Output::Keep(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

}  // namespace bounced::cli
