// One epoll loop. A session is a row of steps; each reply that ends in "NNN " moves it one on.
#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace bounced::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

enum class Step {
  kGreeting,
  kEhlo,
  kStartTls,
  kHandshake,
  kMail,
  kRcpt,
  kData,
  kMessage,
  kQuit,
};

// What a read or a write came to: octets, nothing for now, or the end.
struct Moved {
  std::size_t octets = 0;
  bool ended = false;
};

struct Session {
  int fd = -1;
  std::unique_ptr<SSL, Freed<SSL_free>> tls = nullptr;
  Step step = Step::kGreeting;
  bool pipelining = false;
  std::size_t letter = 0;
  std::size_t sent = 0;  // messages of this connection
  Time begin = {};
  Time end_of_data = {};
  std::string in = {};
  std::string out = {};
  std::size_t written = 0;
  bool waits_to_write = false;
};

class Load {
 public:
  Load(const LoadOptions& options, const std::vector<Letter>& letters)
      : options_(options),
        letters_(letters),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        tls_(SSL_CTX_new(TLS_client_method())) {
    result_.latencies.reserve(letters.size());
    result_.acceptances.reserve(letters.size());
    // Partial writes are tried again from another place of the same text.
    SSL_CTX_set_mode(tls_.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
  ~Load() { close(epoll_); }

  LoadResult Run() {
    begin_ = Clock::now();
    for (std::size_t i = 0; i < std::min(options_.sessions, letters_.size()); ++i) {
      Connect(sessions_.emplace_back());
    }
    std::vector<epoll_event> events(sessions_.size());
    Time last = begin_;  // when something came
    while (open_ > 0 || !waiting_.empty()) {
      const int n =
          epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), MillisecondsToDue());
      if (n == 0 && waiting_.empty()) {
        // Where the server's queue of connections overflows, the kernel drops some that look open
        // from here, and nobody says so.
        if (options_.retry && IsOver()) break;
        throw std::runtime_error("the server has said nothing for a minute");
      }
      if (n > 0) last = Clock::now();
      for (int i = 0; i < n; ++i) {
        Serve(*static_cast<Session*>(events[static_cast<std::size_t>(i)].data.ptr));
      }
      BeginWhatIsDue();
    }
    result_.elapsed = last - begin_;
    std::sort(result_.latencies.begin(), result_.latencies.end());
    std::sort(result_.acceptances.begin(), result_.acceptances.end());
    return std::move(result_);
  }

 private:
  bool IsOver() const {
    return options_.duration.count() > 0 && Clock::now() - begin_ >= options_.duration;
  }

  // The next letter to send, if there is one.
  std::optional<std::size_t> NextLetter() {
    if (IsOver()) return std::nullopt;
    if (!again_.empty()) {
      const std::size_t letter = again_.front();
      again_.pop_front();
      return letter;
    }
    if (next_ == letters_.size()) return std::nullopt;
    return next_++;
  }

  // When the next letter is to be begun.
  Time Due() const {
    return begin_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                        options_.rate > 0 ? static_cast<double>(next_) / options_.rate : 0));
  }

  int MillisecondsToDue() const {
    if (waiting_.empty()) return 60'000;
    const std::chrono::duration<double, std::milli> left = Due() - Clock::now();
    return static_cast<int>(std::ceil(std::max(left.count(), 0.0)));
  }

  void BeginWhatIsDue() {
    while (!waiting_.empty() && (IsOver() || Due() <= Clock::now())) {
      Session* session = waiting_.front();
      waiting_.pop_front();
      if (session->fd < 0) {
        Connect(*session);
      } else {
        Continue(*session);
      }
    }
  }

  // Whether the session has to wait for its next letter's time.
  bool Wait(Session& session) {
    if (options_.rate == 0 || next_ == letters_.size() || IsOver() || Due() <= Clock::now()) {
      return false;
    }
    waiting_.push_back(&session);
    return true;
  }

  // Takes the next letter and connects; does nothing when there is none.
  void Connect(Session& session) {
    if (Wait(session)) return;
    const Time begin = options_.rate > 0 ? Due() : Clock::now();
    const std::optional<std::size_t> letter = NextLetter();
    if (!letter) return;
    session = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
               .letter = *letter,
               .begin = begin};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr);
    const int on = 1;
    setsockopt(session.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (options_.sources > 0) BindToNextSource(session.fd);
    if (connect(session.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS) {
      throw std::runtime_error("cannot connect");
    }
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &session}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, session.fd, &event);
    ++open_;
  }

  void BindToNextSource(int fd) {
    constexpr std::size_t kNetworks = 512;
    constexpr std::uint32_t kFirst = 198U << 24 | 18U << 16;
    const std::size_t source = source_++ % options_.sources;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(kFirst | static_cast<std::uint32_t>(source % kNetworks) << 8 |
                                    static_cast<std::uint32_t>(source / kNetworks + 1));
    const int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("198.18.0.0/15 is not this machine's");
    }
  }

  void Serve(Session& session) {
    if (session.step == Step::kHandshake && !Handshake(session)) return;
    if (session.written < session.out.size()) Flush(session);
    while (session.fd >= 0 && session.step != Step::kHandshake) {
      char chunk[4096];
      const Moved moved = Read(session, chunk);
      if (moved.ended) return Lose(session);
      if (moved.octets == 0) return;
      session.in.append(chunk, moved.octets);
      TakeLines(session);
    }
  }

  void TakeLines(Session& session) {
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

  template <std::size_t kSize>
  static Moved Read(Session& session, char (&chunk)[kSize]) {
    if (session.tls) {
      const int n = SSL_read(session.tls.get(), chunk, kSize);
      return MovedByTls(session, n);
    }
    const ssize_t n = recv(session.fd, chunk, kSize, 0);
    if (n > 0) return {.octets = static_cast<std::size_t>(n)};
    return {.ended = n == 0 || errno != EAGAIN};
  }

  static Moved MovedByTls(const Session& session, int n) {
    if (n > 0) return {.octets = static_cast<std::size_t>(n)};
    const int error = SSL_get_error(session.tls.get(), n);
    return {.ended = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE};
  }

  // Whether it is done; a session whose handshake fails is lost.
  bool Handshake(Session& session) {
    const int done = SSL_connect(session.tls.get());
    if (done == 1) {
      Say(session, Step::kEhlo, kEhloLine);
      return true;
    }
    if (MovedByTls(session, done).ended) Lose(session);
    return false;
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
        return Say(session, Step::kEhlo, kEhloLine);
      case Step::kEhlo:
        if (options_.tls && !session.tls) return Say(session, Step::kStartTls, "STARTTLS\r\n");
        return Begin(session);
      case Step::kStartTls:
        session.step = Step::kHandshake;
        session.tls.reset(SSL_new(tls_.get()));
        SSL_set_fd(session.tls.get(), session.fd);
        Handshake(session);
        return;
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
      case Step::kHandshake:
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
    const Time now = Clock::now();
    result_.latencies.push_back(now - session.begin);
    result_.acceptances.push_back(now - session.end_of_data);
    ++result_.accepted;
    ++session.sent;
    if (session.sent == options_.messages_per_connection) return Quit(session);
    if (!Wait(session)) Continue(session);
  }

  // The next letter on the same connection.
  void Continue(Session& session) {
    const Time begin = options_.rate > 0 ? Due() : Clock::now();
    const std::optional<std::size_t> letter = NextLetter();
    if (!letter) return Quit(session);
    session.letter = *letter;
    session.begin = begin;
    Begin(session);
  }

  void Quit(Session& session) { Say(session, Step::kQuit, "QUIT\r\n"); }

  void Lose(Session& session) {
    if (session.step != Step::kQuit) Refused(session, "connection lost");
    Close(session);
  }

  void Refused(const Session& session, const std::string& line) {
    ++result_.refused;
    if (options_.retry) again_.push_back(session.letter);
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
    session.written += Write(session, rest).octets;
    const bool more = session.written < session.out.size();
    if (!more && session.step == Step::kMessage) session.end_of_data = Clock::now();
    if (more == session.waits_to_write) return;
    session.waits_to_write = more;
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &session}};
    if (more) event.events |= EPOLLOUT;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, session.fd, &event);
  }

  static Moved Write(Session& session, std::string_view octets) {
    if (session.tls) {
      std::size_t total = 0;
      while (total < octets.size()) {
        const int n = SSL_write(session.tls.get(), octets.data() + total,
                                static_cast<int>(octets.size() - total));
        if (n <= 0) break;
        total += static_cast<std::size_t>(n);
      }
      return {.octets = total};
    }
    const ssize_t n = send(session.fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    return {.octets = n > 0 ? static_cast<std::size_t>(n) : 0};
  }

  void Close(Session& session) {
    close(session.fd);
    session.fd = -1;
    session.tls.reset();
    --open_;
    Connect(session);
  }

  static constexpr std::string_view kEhloLine = "EHLO mta.sender.example\r\n";

  const LoadOptions& options_;
  const std::vector<Letter>& letters_;
  const int epoll_;
  const std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> tls_;
  std::deque<Session> sessions_;   // their addresses are epoll's
  std::deque<Session*> waiting_;   // for the time of the next letter
  std::deque<std::size_t> again_;  // letters that were refused
  std::size_t next_ = 0;
  std::size_t open_ = 0;
  std::size_t source_ = 0;  // of the next connection
  Time begin_;
  LoadResult result_;
};

}  // namespace

LoadResult SendAll(const LoadOptions& options, const std::vector<Letter>& letters) {
  return Load(options, letters).Run();
}

}  // namespace bounced::bench
