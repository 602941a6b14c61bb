#include "parser/dsn/ses_notification.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <unicode/utf8.h>

#include "parser/text.h"

namespace bounced {
namespace {

// Reads one JSON value, and gives each string in it with the names that lead to it; arrays have
// none. Objects in arrays are told as well, as each stands for one of something.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  // `on_object(path)` and `on_string(path, value)`, where `path` is "bounce.bouncedRecipients".
  // False: it is no JSON.
  template <class OnObject, class OnString>
  bool Read(const OnObject& on_object, const OnString& on_string) {
    std::vector<Level> levels;
    std::string path;
    do {
      // A value is due.
      SkipBlanks();
      if (at_ >= text_.size()) return false;
      const char c = text_[at_];
      if (c == '{' || c == '[') {
        if (levels.size() >= kMaxJsonDepth) return false;
        ++at_;
        if (c == '{') on_object(std::string_view(path));
        levels.push_back({c == '{', path.size()});
        SkipBlanks();
        if (!Accept(c == '{' ? '}' : ']')) {
          if (c == '{' && !ReadName(path)) return false;
          continue;
        }
        levels.pop_back();
      } else if (c == '"') {
        std::string value;
        if (!ReadString(value)) return false;
        on_string(std::string_view(path), std::move(value));
      } else if (!PassScalar()) {
        return false;
      }
      // A value was read: what closes with it, and whether another follows.
      while (!levels.empty()) {
        const Level& level = levels.back();
        path.resize(level.path);
        SkipBlanks();
        if (Accept(',')) {
          if (level.is_object && !ReadName(path)) return false;
          break;
        }
        if (!Accept(level.is_object ? '}' : ']')) return false;
        levels.pop_back();
      }
    } while (!levels.empty());
    return true;
  }

 private:
  struct Level {
    bool is_object;
    std::size_t path;  // its length where the level was entered
  };

  void SkipBlanks() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }

  bool Accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // `"name" :`, which is put behind `path`.
  bool ReadName(std::string& path) {
    SkipBlanks();
    std::string name;
    if (!ReadString(name)) return false;
    SkipBlanks();
    if (!path.empty()) path += '.';
    path += name;
    return Accept(':');
  }

  bool ReadString(std::string& value) {
    if (!Accept('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < ' ') return false;
      if (c != '\\') {
        value += c;
      } else if (!ReadEscape(value)) {
        return false;
      }
    }
    return false;
  }

  bool ReadEscape(std::string& value) {
    if (at_ >= text_.size()) return false;
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kOctets = "\"\\/\b\f\n\r\t";
    const char c = text_[at_++];
    if (const std::size_t place = kNames.find(c); place != kNames.npos) {
      value += kOctets[place];
      return true;
    }
    std::uint32_t unit = 0;
    if (c != 'u' || !ReadUnit(unit)) return false;
    if (unit >= 0xD800 && unit < 0xDC00) {
      std::uint32_t low = 0;
      if (!Accept('\\') || !Accept('u') || !ReadUnit(low)) return false;
      if (low < 0xDC00 || low > 0xDFFF) return false;
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
      return false;
    }
    char octets[U8_MAX_LENGTH];
    std::size_t length = 0;
    U8_APPEND_UNSAFE(octets, length, unit);
    value.append(octets, length);
    return true;
  }

  bool ReadUnit(std::uint32_t& unit) {
    constexpr std::size_t kDigits = 4;
    if (text_.size() - at_ < kDigits) return false;
    const char* const begin = text_.data() + at_;
    const auto parsed = std::from_chars(begin, begin + kDigits, unit, 16);
    at_ += kDigits;
    return parsed.ptr == begin + kDigits;
  }

  // A number, true, false or null: nothing that is needed.
  bool PassScalar() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (IsLetter(text_[at_]) || IsDigit(text_[at_]) ||
                                  text_[at_] == '-' || text_[at_] == '+' || text_[at_] == '.')) {
      ++at_;
    }
    return at_ > begin;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

// A line of more than 990 octets that Sendmail cut: "!", a line's end, a blank.
std::string WithoutCuts(std::string_view text) {
  std::string joined;
  joined.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '!') {
      std::size_t behind = at + 1;
      if (behind < text.size() && text[behind] == '\r') ++behind;
      if (behind + 1 < text.size() && text[behind] == '\n' && text[behind + 1] == ' ') {
        at = behind + 1;
        continue;
      }
    }
    joined += text[at];
  }
  return joined;
}

// What the events call what RFC 3464 calls otherwise.
struct EventType {
  std::string_view name;
  Kind kind;
  std::string_view recipients;  // the path to them
  std::string_view action;
};
constexpr EventType kEventTypes[] = {
    {"Bounce", Kind::kBounce, "bounce.bouncedRecipients", "failed"},
    {"Complaint", Kind::kComplaint, "complaint.complainedRecipients", ""},
    {"Delivery", Kind::kDelivery, "delivery.recipients", "delivered"},
    {"DeliveryDelay", Kind::kDelay, "deliveryDelay.delayedRecipients", "delayed"},
};

struct FieldRow {
  std::string_view path;
  std::string_view field;  // with what stands in front of its value
};
constexpr FieldRow kMessageRows[] = {
    {"mail.messageId", "Original-Envelope-Id: "},
    {"bounce.reportingMTA", "Reporting-MTA: "},
    {"delivery.reportingMTA", "Reporting-MTA: dns; "},
    {"deliveryDelay.reportingMTA", "Reporting-MTA: dns; "},
};
constexpr FieldRow kReturnedRows[] = {
    {"mail.source", "Return-Path: "},
    {"mail.commonHeaders.messageId", "Message-ID: "},
    {"mail.commonHeaders.to", "To: "},
    {"mail.commonHeaders.subject", "Subject: "},
};
constexpr FieldRow kRecipientRows[] = {
    {"emailAddress", "Final-Recipient: rfc822; "},
    {"status", "Status: "},
    {"diagnosticCode", "Diagnostic-Code: "},
};

// One line, whatever the value has in it.
void AppendField(std::string_view field, std::string_view value, std::string& text) {
  text += field;
  std::transform(value.begin(), value.end(), std::back_inserter(text),
                 [](char c) { return static_cast<unsigned char>(c) < ' ' ? ' ' : c; });
  text += '\n';
}

template <std::size_t kRows>
void AppendAs(const FieldRow (&rows)[kRows], std::string_view path, std::string_view value,
              std::string& text) {
  for (const FieldRow& row : rows) {
    if (row.path == path) AppendField(row.field, value, text);
  }
}

// What one object of JSON says.
struct Event {
  const EventType* type = nullptr;
  bool is_no_complaint = false;  // of a feedback loop that tells something else
  std::string message;           // the event inside SNS's own object
  std::string message_fields;
  std::string smtp_response;
  std::string recipients[std::size(kEventTypes)];  // fields, by type
  std::string returned_header;

  void TakeObject(std::string_view path) {
    for (std::size_t i = 0; i < std::size(kEventTypes); ++i) {
      if (kEventTypes[i].recipients != path) continue;
      recipients[i] += '\n';
      if (!kEventTypes[i].action.empty())
        AppendField("Action: ", kEventTypes[i].action, recipients[i]);
    }
  }

  void TakeString(std::string_view path, std::string value) {
    if (path == "notificationType" || path == "eventType") {
      const auto* row = std::find_if(std::begin(kEventTypes), std::end(kEventTypes),
                                     [&](const EventType& each) { return each.name == value; });
      if (row != std::end(kEventTypes)) type = row;
    } else if (path == "Message") {
      message = std::move(value);
    } else if (path == "complaint.complaintFeedbackType") {
      is_no_complaint = value == "not-spam" || value == "auth-failure";
    } else if (path == "delivery.smtpResponse") {
      smtp_response = std::move(value);
    } else {
      TakeField(path, value);
    }
  }

 private:
  void TakeField(std::string_view path, std::string_view value) {
    AppendAs(kMessageRows, path, value, message_fields);
    AppendAs(kReturnedRows, path, value, returned_header);
    for (std::size_t i = 0; i < std::size(kEventTypes); ++i) {
      const std::string_view list = kEventTypes[i].recipients;
      if (path == list) {  // a list of addresses
        TakeObject(path);
        AppendAs(kRecipientRows, "emailAddress", value, recipients[i]);
      } else if (path.starts_with(list) && path.substr(list.size()).starts_with('.')) {
        AppendAs(kRecipientRows, path.substr(list.size() + 1), value, recipients[i]);
      }
    }
  }
};

std::optional<Event> ReadEvent(std::string_view text) {
  Event event;
  const bool is_json = JsonReader(text).Read(
      [&](std::string_view path) { event.TakeObject(path); },
      [&](std::string_view path, std::string value) { event.TakeString(path, std::move(value)); });
  return is_json ? std::optional(std::move(event)) : std::nullopt;
}

}  // namespace

SesNotification ReadSesNotification(std::string_view text) {
  if (!StripBlanks(text).starts_with('{')) return {};
  std::optional<Event> event = ReadEvent(WithoutCuts(text));
  if (event && event->type == nullptr && !event->message.empty()) {
    event = ReadEvent(event->message);
  }
  if (!event || event->type == nullptr || event->is_no_complaint) return {};
  const auto index = static_cast<std::size_t>(event->type - std::begin(kEventTypes));
  if (event->recipients[index].empty()) return {};
  SesNotification found{event->type->kind, std::move(event->message_fields),
                        std::move(event->returned_header)};
  found.status_fields += event->recipients[index];
  if (!event->smtp_response.empty() && event->type->kind == Kind::kDelivery) {
    AppendField("Diagnostic-Code: smtp; ", event->smtp_response, found.status_fields);
  }
  return found;
}

}  // namespace bounced
