#include "server/base/log.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
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

// A terminal that says there is room may keep who writes waiting all the same. A description of our
// own can be told not to, and others of the same terminal's do not notice.
int OpenTerminal(int fd) {
  if (::isatty(fd) == 0) return -1;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

}  // namespace

LogField::LogField(std::string_view field, std::string_view text)
    : name(field), value(IsPlain(text) ? std::string(text) : Quoted(text)) {}

Log::Log(LogLevel least, bool journal, int fd)
    : least_(least),
      journal_(journal),
      terminal_(OpenTerminal(fd)),
      fd_(terminal_ >= 0 ? terminal_ : fd),
      is_socket_(IsSocket(fd_)) {}

Log::~Log() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (terminal_ >= 0) ::close(terminal_);
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
  if (lost_ == 0) return "";
  told_ = std::exchange(lost_, 0);
  return Line(LogLevel::kWarning, "log.lost", {{"lines", told_}});
}

void Log::Write(LogLevel level, std::string_view event,
                std::initializer_list<LogField> fields) const {
  if (!enabled(level)) return;
  const std::string line = Line(level, event, fields);
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool others_wait = !waiting_.empty();
  if (waiting_.size() + line.size() > kMaxWaitingOctets) {
    ++lost_;
    return;
  }
  if (cut_ && !others_wait) waiting_ += '\n';
  waiting_ += LostLine();
  waiting_ += line;
  if (others_wait && thread_.joinable()) return;
  Flush();
  if (waiting_.empty()) return;
  if (thread_.joinable()) return changed_.notify_one();
  try {
    thread_ = std::thread([this] { SendLate(); });
  } catch (const std::system_error&) {
    // No more threads for now: the next line tries again.
  }
}

// Sends what goes out without waiting. False: the rest never will, and is lost.
bool Log::Flush() const {
  const Sent sent = Send(waiting_);
  if (sent.octets > 0) {
    cut_ = waiting_[sent.octets - 1] != '\n';
    told_ = 0;
    waiting_.erase(0, sent.octets);
  }
  if (!sent.failed) return true;
  const auto ends = std::count(waiting_.begin(), waiting_.end(), '\n');
  lost_ += static_cast<std::uint64_t>(ends) - (waiting_.starts_with('\n') ? 1 : 0);
  if (told_ > 0) lost_ += told_ - 1;
  told_ = 0;
  waiting_.clear();
  return false;
}

Log::Sent Log::Send(std::string_view text) const {
  std::size_t sent = 0;
  while (sent < text.size()) {
    std::string_view rest = text.substr(sent);
    ssize_t n = 0;
    if (is_socket_) {
      // A line each: it may be one of datagrams.
      rest = rest.substr(0, rest.find('\n') + 1);
      n = ::send(fd_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      // Not by O_NONBLOCK, which others have to bear who were given the same file. A pipe that has
      // room takes PIPE_BUF octets (pipe(7)).
      if (fd_ >= 0 && !HasRoom(fd_, 0)) return {sent, false};
      n = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return {sent, errno != EAGAIN};
    sent += static_cast<std::size_t>(n);
  }
  return {sent, false};
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
    if (Flush() && waiting_.empty()) waiting_ = LostLine();
  }
}

}  // namespace bounced
