// One epoll loop. A session is a row of steps; each reply that ends in "NNN " moves it one on.
#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <stdexcept>
#include <string_view>

namespace bounced::bench {
namespace {

using Time = std::chrono::steady_clock::time_point;

enum class Step { kGreeting, kEhlo, kMail, kRcpt, kData, kMessage, kQuit };

struct Session {
  int fd = -1;
  Step step = Step::kGreeting;
  bool pipelining = false;
  std::size_t letter = 0;
  std::size_t sent = 0;  // messages of this connection
  Time begin = {};
  std::string in = {};
  std::string out = {};
  std::size_t written = 0;
  bool waits_to_write = false;
};

class Load {
 public:
  Load(const LoadOptions& options, const std::vector<Letter>& letters)
      : options_(options), letters_(letters), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    result_.latencies.reserve(letters.size());
  }
  ~Load() { close(epoll_); }

  LoadResult Run() {
    const Time begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < std::min(options_.sessions, letters_.size()); ++i) {
      Connect(sessions_.emplace_back());
    }
    std::vector<epoll_event> events(sessions_.size());
    while (open_ > 0) {
      const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 60'000);
      if (n == 0) throw std::runtime_error("the server has said nothing for a minute");
      for (int i = 0; i < n; ++i) {
        Serve(*static_cast<Session*>(events[static_cast<std::size_t>(i)].data.ptr));
      }
    }
    result_.elapsed = std::chrono::steady_clock::now() - begin;
    std::sort(result_.latencies.begin(), result_.latencies.end());
    return std::move(result_);
  }

 private:
  // Takes the next letter and connects; does nothing when there is none.
  void Connect(Session& session) {
    if (next_ == letters_.size()) return;
    session = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
               .letter = next_++,
               .begin = std::chrono::steady_clock::now()};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr);
    const int on = 1;
    setsockopt(session.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(session.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS) {
      throw std::runtime_error("cannot connect");
    }
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &session}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, session.fd, &event);
    ++open_;
  }

  void Serve(Session& session) {
    if (session.written < session.out.size()) Flush(session);
    char chunk[4096];
    const ssize_t n = recv(session.fd, chunk, sizeof chunk, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      if (session.step != Step::kQuit) Refused(session, "connection lost");
      return Close(session);
    }
    session.in.append(chunk, static_cast<std::size_t>(n));
    std::size_t end = 0;
    while (session.fd >= 0 && (end = session.in.find('\n')) != std::string::npos) {
      const std::string line = session.in.substr(0, end);
      session.in.erase(0, end + 1);
      if (session.step == Step::kEhlo && line.substr(4).starts_with("PIPELINING")) {
        session.pipelining = options_.pipelining;
      }
      if (line.size() > 3 && line[3] != '-') Replied(session, line);
    }
  }

  void Replied(Session& session, const std::string& line) {
    const bool good = line[0] == (session.step == Step::kData ? '3' : '2');
    if (!good && session.step != Step::kQuit) {
      Refused(session, line);
      return Close(session);
    }
    const Letter& letter = letters_[session.letter];
    switch (session.step) {
      case Step::kGreeting:
        return Say(session, Step::kEhlo, "EHLO mta.sender.example\r\n");
      case Step::kEhlo:
        return Begin(session);
      case Step::kMail:
        session.step = Step::kRcpt;
        if (!session.pipelining)
          Say(session, Step::kRcpt, "RCPT TO:<" + letter.recipient + ">\r\n");
        return;
      case Step::kRcpt:
        session.step = Step::kData;
        if (!session.pipelining) Say(session, Step::kData, "DATA\r\n");
        return;
      case Step::kData:
        return Say(session, Step::kMessage, letter.wire);
      case Step::kMessage:
        return Accepted(session);
      case Step::kQuit:
        return Close(session);
    }
  }

  void Begin(Session& session) {
    std::string commands = "MAIL FROM:<>\r\n";
    if (session.pipelining) {
      commands += "RCPT TO:<" + letters_[session.letter].recipient + ">\r\nDATA\r\n";
    }
    Say(session, Step::kMail, commands);
  }

  void Accepted(Session& session) {
    const Time now = std::chrono::steady_clock::now();
    result_.latencies.push_back(now - session.begin);
    ++result_.accepted;
    ++session.sent;
    if (session.sent == options_.messages_per_connection || next_ == letters_.size()) {
      return Say(session, Step::kQuit, "QUIT\r\n");
    }
    session.letter = next_++;
    session.begin = now;
    Begin(session);
  }

  void Refused(Session& session, const std::string& line) {
    ++result_.refused;
    if (result_.first_refusal.empty()) {
      result_.first_refusal =
          line + " (step " + std::to_string(static_cast<int>(session.step)) + ")";
    }
  }

  void Say(Session& session, Step step, std::string_view octets) {
    session.step = step;
    session.out = octets;
    session.written = 0;
    Flush(session);
  }

  void Flush(Session& session) {
    const std::string_view rest = std::string_view(session.out).substr(session.written);
    const ssize_t n = send(session.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n > 0) session.written += static_cast<std::size_t>(n);
    const bool more = session.written < session.out.size();
    if (more == session.waits_to_write) return;
    session.waits_to_write = more;
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &session}};
    if (more) event.events |= EPOLLOUT;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, session.fd, &event);
  }

  void Close(Session& session) {
    close(session.fd);
    session.fd = -1;
    --open_;
    Connect(session);
  }

  const LoadOptions& options_;
  const std::vector<Letter>& letters_;
  const int epoll_;
  std::deque<Session> sessions_;  // their addresses are epoll's
  std::size_t next_ = 0;
  std::size_t open_ = 0;
  LoadResult result_;
};

}  // namespace

LoadResult SendAll(const LoadOptions& options, const std::vector<Letter>& letters) {
  return Load(options, letters).Run();
}

}  // namespace bounced::bench
