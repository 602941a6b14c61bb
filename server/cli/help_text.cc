#include "server/cli/help_text.h"

#include <algorithm>

namespace bounced::cli {
namespace {

// What stands in front of the first `end`, which is taken off `text`, too.
std::string_view TakeUpTo(char end, std::string_view& text) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

}  // namespace

std::string Wrapped(std::string_view text) {
  std::string wrapped;
  std::size_t column = 0;  // of the line that the next word may join; 0: there is none
  const auto end_line = [&] {
    if (column > 0) wrapped += '\n';
    column = 0;
  };
  while (!text.empty()) {
    std::string_view line = TakeUpTo('\n', text);
    if (line.empty() || line.front() == ' ') {
      end_line();
      wrapped += line;
      wrapped += '\n';
      continue;
    }
    while (!line.empty()) {
      const std::string_view word = TakeUpTo(' ', line);
      if (word.empty()) continue;
      if (column + 1 + word.size() > kHelpColumns) end_line();
      if (column > 0) wrapped += ' ';
      column += word.size() + (column > 0 ? 1 : 0);
      wrapped += word;
    }
  }
  if (wrapped.ends_with('\n')) wrapped.pop_back();
  return wrapped;
}

}  // namespace bounced::cli
