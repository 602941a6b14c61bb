#include "server/base/log.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"

namespace bounced {
namespace {

constexpr std::chrono::seconds kLastWords(1);
// How long the end of a log may go unnoticed by its thread.
constexpr int kPollMilliseconds = 100;

// What needs no quotes: no blank, quote, '=' or control, so that a line splits at its blanks.
bool IsPlain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return (c > ' ' && c < 0x7f) && c != '"' && c != '=' && c != '\\';
  });
}

// As in C, but for the single quote, which needs no escape between double ones.
std::string Quoted(std::string_view text) {
  const std::string escaped = absl::CHexEscape(absl::string_view(text.data(), text.size()));
  return '"' + absl::StrReplaceAll(escaped, {{"\\'", "'"}}) + '"';
}

bool IsSocket(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

bool HasRoom(int fd, int milliseconds) {
  pollfd room{fd, POLLOUT, 0};
  return ::poll(&room, 1, milliseconds) != 0;
}

}  // namespace

LogField::LogField(std::string_view field, std::string_view text)
    : name(field), value(IsPlain(text) ? std::string(text) : Quoted(text)) {}

Log::Log(LogLevel least, bool journal, int fd)
    : least_(least), journal_(journal), fd_(fd), is_socket_(IsSocket(fd)) {}

Log::~Log() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::string Log::Line(LogLevel level, std::string_view event,
                      std::initializer_list<LogField> fields) const {
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
  return line;
}

// For those that are missing up to here.
std::string Log::LostLine() const {
  const std::uint64_t lines = std::exchange(lost_, 0);
  return lines == 0 ? "" : Line(LogLevel::kWarning, "log.lost", {{"lines", lines}});
}

void Log::Write(LogLevel level, std::string_view event,
                std::initializer_list<LogField> fields) const {
  if (!enabled(level)) return;
  const std::string line = Line(level, event, fields);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.size() + line.size() > kMaxWaitingOctets) {
    ++lost_;
    return;
  }
  const bool others_wait = !waiting_.empty();
  const std::size_t sent = others_wait ? 0 : Send(line);
  if (sent == line.size()) return;
  waiting_ += LostLine();
  waiting_ += line.substr(sent);
  if (!thread_.joinable()) thread_ = std::thread([this] { SendLate(); });
  if (!others_wait) changed_.notify_one();
}

// Whatever of `text` goes out without waiting, in octets. What can never go out, as to a pipe whose
// reader is gone, counts as sent: a log that cannot be written must stop nobody.
std::size_t Log::Send(std::string_view text) const {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const std::string_view rest = text.substr(sent);
    ssize_t n = 0;
    if (is_socket_) {
      n = ::send(fd_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      // Not by O_NONBLOCK, which others have to bear who were given the same file. A pipe that has
      // room takes PIPE_BUF octets (pipe(7)).
      if (fd_ >= 0 && !HasRoom(fd_, 0)) return sent;
      n = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN ? sent : text.size();
    sent += static_cast<std::size_t>(n);
  }
  return sent;
}

void Log::SendLate() const {
  std::unique_lock<std::mutex> lock(mutex_);
  std::chrono::steady_clock::time_point end = std::chrono::steady_clock::time_point::max();
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    if (stopping_) end = std::min(end, now + kLastWords);
    if (now >= end) return;
    lock.unlock();
    HasRoom(fd_, kPollMilliseconds);
    lock.lock();
    waiting_.erase(0, Send(waiting_));
    if (waiting_.empty()) waiting_ = LostLine();
  }
}

}  // namespace bounced
