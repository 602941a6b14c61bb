// One event a line, to standard error: `smtp.rejected session=7f3a code=550 reason=expired`.
//
// Never, at the default level: an address, a local part, a token, a diagnostic's text, a header, a
// key. Values are quoted and escaped where they hold anything but plain words, so no input can make
// a second line or a second field.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace bounced {

enum class LogLevel { kError = 3, kWarning = 4, kInfo = 6, kDebug = 7 };  // syslog's numbers

struct LogField {
  LogField(std::string_view field, std::string_view text);
  template <std::integral Number>
  LogField(std::string_view field, Number number) : name(field), value(std::to_string(number)) {}

  std::string_view name;
  std::string value;
};

// Thread-safe: a line is one write(2).
class Log {
 public:
  // `journal`: lines begin with the level as "<6>", as systemd's journal reads it.
  explicit Log(LogLevel least = LogLevel::kInfo, bool journal = false, int fd = 2);

  void Write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const;
  void Error(std::string_view e, std::initializer_list<LogField> f = {}) const {
    Write(LogLevel::kError, e, f);
  }
  void Warning(std::string_view e, std::initializer_list<LogField> f = {}) const {
    Write(LogLevel::kWarning, e, f);
  }
  void Info(std::string_view e, std::initializer_list<LogField> f = {}) const {
    Write(LogLevel::kInfo, e, f);
  }
  void Debug(std::string_view e, std::initializer_list<LogField> f = {}) const {
    Write(LogLevel::kDebug, e, f);
  }
  bool enabled(LogLevel level) const { return level <= least_; }

 private:
  LogLevel least_;
  bool journal_;
  int fd_;
};

}  // namespace bounced
