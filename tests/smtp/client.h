// A client of a Server on loopback, without any library, and what it may meet there.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

namespace bounced::smtp {

struct SocketPath {
  std::string path;
};

// Blocks until what it waits for is there; gives up after a minute, which fails the test.
class Client {
 public:
  Client() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{60, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  explicit Client(const std::string& address) : Client() { Connect(address); }
  explicit Client(const SocketPath& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    path.path.copy(to.sun_path, sizeof(to.sun_path) - 1);
    EXPECT_EQ(::syscall(SYS_connect, fd_, &to, sizeof(to)), 0);
  }
  ~Client() { Close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Connect(const std::string& address) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Not by connect(): the test counts who calls that.
    ASSERT_EQ(::syscall(SYS_connect, fd_, &to, sizeof(to)), 0);
  }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  // As a machine that was switched off answers later: by a reset.
  void Reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    Close();
  }

  void Send(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t n = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      ASSERT_GT(n, 0);
      octets.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // The next line, without CRLF; "<end>" when the server closed.
  std::string ReadLine() {
    for (;;) {
      const std::size_t end = input_.find("\r\n");
      if (end != std::string::npos) {
        std::string line = input_.substr(0, end);
        input_.erase(0, end + 2);
        return line;
      }
      char buffer[4096];
      const ssize_t n = ::recv(fd_, buffer, sizeof(buffer), 0);
      if (n == 0) return "<end>";
      if (n < 0) return errno == ECONNRESET ? "<reset>" : "<silence>";
      input_.append(buffer, static_cast<std::size_t>(n));
    }
  }
  // The next reply's last line.
  std::string Read() {
    std::string line = ReadLine();
    while (line.size() > 3 && line[3] == '-') line = ReadLine();
    return line;
  }
  std::string Ask(std::string_view command) {
    Send(std::string(command) + "\r\n");
    return Read();
  }
  // Whether the server has said nothing that was not read.
  bool Silent() {
    char c;
    return input_.empty() && ::recv(fd_, &c, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
  }
  // Up to the 354, banner included.
  void BeginData() {
    ASSERT_EQ(Read().substr(0, 4), "220 ");
    ASSERT_EQ(Ask("EHLO client.example").substr(0, 4), "250 ");
    ASSERT_EQ(Ask("MAIL FROM:<>").substr(0, 9), "250 2.1.0");
    ASSERT_EQ(Ask("RCPT TO:<bounce@rp.example>").substr(0, 9), "250 2.1.5");
    ASSERT_EQ(Ask("DATA").substr(0, 4), "354 ");
  }
  int fd() const { return fd_; }

 private:
  int fd_;
  std::string input_;
};

}  // namespace bounced::smtp
