#include "parser/classify/code_pattern.h"

#include <charconv>
#include <cstddef>
#include <system_error>

namespace bounced {
namespace {

bool ParseNumber(std::string_view text, int max, int& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0 && number <= max &&
         text.front() != '+';
}

bool ParseRange(std::string_view text, int max, StatusPattern::Range& range) {
  if (text == "x" || text == "*") {
    range = {0, max};
    return true;
  }
  std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    if (text.empty() || !ParseNumber(text, max, range.low)) return false;
    range.high = range.low;
    return true;
  }
  std::string_view low = text.substr(0, dash), high = text.substr(dash + 1);
  return !low.empty() && !high.empty() && ParseNumber(low, max, range.low) &&
         ParseNumber(high, max, range.high) && range.low < range.high;
}

}  // namespace

std::optional<StatusPattern> ParseStatus(std::string_view text) {
  std::size_t first = text.find('.');
  std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  StatusPattern pattern;
  if (!ParseRange(text.substr(0, first), 5, pattern.klass) ||
      !ParseRange(text.substr(first + 1, second - first - 1), 999, pattern.subject) ||
      !ParseRange(text.substr(second + 1), 999, pattern.detail)) {
    return std::nullopt;
  }
  return pattern;
}

std::optional<CodePattern> ParseCode(std::string_view text) {
  if (text.size() != 3 || text[0] < '2' || text[0] > '5') return std::nullopt;
  CodePattern pattern{text[0] - '0', text[0] - '0'};
  bool wild = false;
  for (char c : text.substr(1)) {
    if (c != 'x' && (wild || c < '0' || c > '9')) return std::nullopt;
    wild = wild || c == 'x';
    pattern.low = pattern.low * 10 + (wild ? 0 : c - '0');
    pattern.high = pattern.high * 10 + (wild ? 9 : c - '0');
  }
  return pattern;
}

std::optional<Stage> ParseStage(std::string_view text) {
  for (Stage stage :
       {Stage::kConnect, Stage::kHelo, Stage::kMail, Stage::kRcpt, Stage::kData, Stage::kQueue}) {
    if (ToString(stage) == text) return stage;
  }
  return std::nullopt;
}

}  // namespace bounced
