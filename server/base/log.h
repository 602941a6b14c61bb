// One event a line, to standard error: `smtp.message session=7f3a result=stored octets=4096`.
//
// Never, at the default level: an address, a local part, a token, a diagnostic's text, a header, a
// key. Values are quoted and escaped where they hold anything but plain words, so no input can make
// a second line or a second field.
#pragma once

#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace bounced {

enum class LogLevel { kError = 3, kWarning = 4, kInfo = 6, kDebug = 7 };  // syslog's numbers

struct LogField {
  LogField(std::string_view field, std::string_view text);
  template <std::integral Number>
  LogField(std::string_view field, Number number) : name(field), value(std::to_string(number)) {}

  std::string_view name;
  std::string value;
};

// Thread-safe. Whoever writes a line is never kept waiting for its reader. A line goes out at once
// where there is room for it. In a pipe that nobody reads there is none: then it waits, behind
// those that wait already, and a thread of the log's own sends them as there is room again. Lines
// beyond kMaxWaitingOctets are lost, and so are those that cannot be written, as to a full disk;
// `log.lost` tells how many, where they are missing.
class Log {
 public:
  static constexpr std::size_t kMaxWaitingOctets = 1 << 20;

  // `journal`: lines begin with the level as "<6>", as systemd's journal reads it.
  explicit Log(LogLevel least = LogLevel::kInfo, bool journal = false, int fd = 2);
  // Gives lines that wait a second to go out.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

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
  std::string Line(LogLevel level, std::string_view event,
                   std::initializer_list<LogField> fields) const;
  struct Sent {
    std::size_t octets;
    bool failed;  // the rest can never go out
  };
  std::string LostLine() const;
  Sent Send(std::string_view text) const;
  bool Flush() const;
  void SendLate() const;

  const LogLevel least_;
  const bool journal_;
  const int terminal_;  // a description of our own of what it is written to, or -1
  const int fd_;
  const bool is_socket_;

  mutable std::mutex mutex_;  // guards what follows, and lets one line out at a time
  mutable std::condition_variable changed_;
  mutable std::string waiting_;     // whole lines, but for the first, which may be out in part
  mutable bool cut_ = false;        // what is out ends inside of a line
  mutable std::uint64_t lost_ = 0;  // lines, since the last LostLine()
  mutable std::uint64_t told_ = 0;  // by the LostLine() that waits
  bool stopping_ = false;
  mutable std::thread thread_;  // once something had to wait
};

}  // namespace bounced
