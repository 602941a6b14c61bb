#include "parser/mime/content_type.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "parser/octets.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxSegments = 64;  // of one parameter that RFC 2231 splits

// What ends a token (RFC 2045, 5.1): no octet beyond ASCII does; '/' and '=' stand in unquoted
// boundaries, but '=' ends a name.
constexpr auto kEndsValue = [](auto c) {
  return (c == 0) | ((c >= '\t') & (c <= '\r')) | (c == ' ') | (c == '"') | (c == '(') |
         (c == ')') | (c == ',') | (c == ';') | (c == '<') | (c == '>') | (c == '@') |
         ((c >= '[') & (c <= ']'));
};
constexpr auto kEndsName = [](auto c) { return kEndsValue(c) | (c == '='); };

// Reads the tokens, quoted strings and separators of a value from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view value) : rest_(value) {}

  bool AtEnd() {
    SkipBlanksAndComments();
    return rest_.empty();
  }
  bool Take(char c) {
    if (AtEnd() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void SkipOne() { rest_.remove_prefix(std::min<std::size_t>(1, rest_.size())); }

  template <typename Question>
  std::string_view Token(Question ends) {
    if (AtEnd()) return {};
    const std::string_view token = rest_.substr(0, FindOctet(rest_, ends));
    rest_.remove_prefix(token.size());
    return token;
  }

  std::string Value() {
    if (!Take('"')) return std::string(Token(kEndsValue));
    std::string value;
    while (!rest_.empty()) {
      const std::size_t plain = FindOctet(rest_, [](auto each) {
        return (each == '"') | (each == '\\') | (each == '\r') | (each == '\n');
      });
      value += rest_.substr(0, plain);
      rest_.remove_prefix(plain);
      if (rest_.empty()) break;
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') break;
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      if (c != '\r' && c != '\n') value += c;
    }
    return value;
  }

 private:
  void SkipBlanksAndComments() {
    for (int depth = 0; !rest_.empty(); rest_.remove_prefix(1)) {
      const char c = rest_.front();
      if (c == '\\' && depth > 0 && rest_.size() > 1) {
        rest_.remove_prefix(1);
      } else if (c == '(') {
        ++depth;
      } else if (c == ')' && depth > 0) {
        --depth;
      } else if (depth == 0 && !IsSpace(c)) {
        return;
      }
    }
  }

  std::string_view rest_;
};

// "a%20b" of RFC 2231, 4; what is no percent code stays.
std::string DecodePercent(std::string_view s) {
  std::string decoded;
  for (std::size_t i = 0; i < s.size(); ++i) {
    unsigned octet = 0;
    if (s[i] == '%' && i + 2 < s.size() &&
        std::from_chars(s.data() + i + 1, s.data() + i + 3, octet, 16).ptr == s.data() + i + 3) {
      decoded += static_cast<char>(octet);
      i += 2;
    } else {
      decoded += s[i];
    }
  }
  return decoded;
}

// Most are told from `type` by their size, which a comparison with a char* would not look at first.
template <std::size_t kCount>
bool IsAnyOf(std::string_view type, const std::string_view (&types)[kCount]) {
  return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

// A part of a parameter that RFC 2231, 3, splits.
struct Segment {
  int number;
  std::string value;
  bool encoded;
};

struct Parameter {
  std::string_view name;
  std::string ContentType::*value;
  bool is_known = false;
  std::vector<Segment> segments = {};  // where there are any, they are the value
};

// `suffix` is what stands behind a parameter's name: "*", "*0", "*0*" (RFC 2231, 3 and 4).
void AddSegment(std::string_view suffix, std::string value, std::vector<Segment>& segments) {
  int number = 0;
  std::from_chars(suffix.data() + 1, suffix.data() + suffix.size(), number);
  const bool encoded = suffix.ends_with('*');
  if (segments.size() < kMaxSegments) segments.push_back({number, std::move(value), encoded});
}

std::string Joined(std::vector<Segment> segments) {
  std::stable_sort(segments.begin(), segments.end(),
                   [](const Segment& a, const Segment& b) { return a.number < b.number; });
  std::string joined;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    std::string_view value = segments[i].value;
    if (i == 0 && segments[i].encoded) {  // charset'language'value
      const std::size_t first = value.find('\'');
      const std::size_t second = first == value.npos ? first : value.find('\'', first + 1);
      if (second != value.npos) value.remove_prefix(second + 1);
    }
    joined += segments[i].encoded ? DecodePercent(value) : std::string(value);
  }
  return joined;
}

}  // namespace

bool ContentType::IsMessage() const {
  constexpr std::string_view kFile = "application/octet-stream";
  constexpr std::string_view kMessageFile = ".eml";
  if (type == kFile && name.size() > kMessageFile.size()) {
    return EndsWithIgnoringCase(name, kMessageFile);
  }
  constexpr std::string_view kTypes[] = {"message/rfc822",         "message/global",
                                         "message/global-headers", "text/rfc822-headers",
                                         "message/rfc822-headers", "text/rfc822-header"};
  return IsAnyOf(type, kTypes);
}

bool ContentType::IsDeliveryStatus() const {
  constexpr std::string_view kTypes[] = {"message/delivery-status",
                                         "message/global-delivery-status"};
  return IsAnyOf(type, kTypes);
}

bool ContentType::IsDispositionNotification() const {
  constexpr std::string_view kTypes[] = {"message/disposition-notification",
                                         "message/global-disposition-notification"};
  return IsAnyOf(type, kTypes);
}

ContentType ParseContentType(std::string_view value) {
  ContentType content_type;
  Scanner scanner(value);
  const std::string_view type = scanner.Token(kEndsName);
  if (type.find('/') != type.npos) {
    content_type.type = FoldCase(type);
    content_type.stated = true;
  }
  std::array<Parameter, 4> parameters{{{"boundary", &ContentType::boundary},
                                       {"charset", &ContentType::charset},
                                       {"report-type", &ContentType::report_type},
                                       {"name", &ContentType::name}}};
  while (!scanner.AtEnd()) {
    const std::string_view name = scanner.Token(kEndsName);
    if (!scanner.Take('=')) {
      if (name.empty()) scanner.SkipOne();
      continue;
    }
    std::string argument = scanner.Value();
    const std::size_t star = std::min(name.find('*'), name.size());
    for (Parameter& parameter : parameters) {
      if (!EqualsIgnoringCase(name.substr(0, star), parameter.name)) continue;
      if (star < name.size()) {
        AddSegment(name.substr(star), std::move(argument), parameter.segments);
      } else if (!std::exchange(parameter.is_known, true)) {
        content_type.*parameter.value = std::move(argument);
      }
      break;
    }
  }
  for (Parameter& parameter : parameters) {
    if (parameter.segments.empty()) continue;
    content_type.*parameter.value = Joined(std::move(parameter.segments));
  }
  FoldCaseIn(content_type.charset);
  FoldCaseIn(content_type.report_type);
  // Blanks at its end can't be seen by who wrote it (RFC 2046, 5.1.1).
  while (!content_type.boundary.empty() && IsSpace(content_type.boundary.back())) {
    content_type.boundary.pop_back();
  }
  return content_type;
}

}  // namespace bounced
