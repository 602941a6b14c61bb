#include "tests/e2e/harness/smtp_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "tests/e2e/harness/deadline.h"

namespace bounced::e2e {

std::string SmtpReply::id() const {
  const std::size_t ok = text.rfind("Ok: ");
  if (code != 250 || ok == std::string::npos) return "";
  const std::size_t begin = ok + 4;
  return text.substr(begin, text.find_first_of(" \n", begin) - begin);
}

SmtpClient::SmtpClient(std::uint16_t port) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = kPatience.count(), .tv_usec = 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd_);
    throw std::runtime_error("nobody listens on port " + std::to_string(port));
  }
}

SmtpClient::~SmtpClient() { close(fd_); }

bool SmtpClient::Write(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t n = send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool SmtpClient::Fill() {
  char chunk[4096];
  const ssize_t n = recv(fd_, chunk, sizeof chunk, 0);
  if (n <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(n));
  received_.append(chunk, static_cast<std::size_t>(n));
  return true;
}

SmtpReply SmtpClient::Read() {
  SmtpReply reply;
  for (;;) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!Fill()) return {.code = 0, .text = "no reply; so far: " + reply.text + buffer_};
    }
    const std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    if (!reply.text.empty()) reply.text += '\n';
    reply.text += line.substr(std::min<std::size_t>(4, line.size()));
    if (line.size() > 3 && line[3] == '-') continue;
    reply.code = std::atoi(line.c_str());
    return reply;
  }
}

SmtpReply SmtpClient::Command(std::string_view line) {
  Write(std::string(line) + "\r\n");
  return Read();
}

SmtpReply SmtpClient::Greet() {
  const SmtpReply greeting = Read();
  return greeting.code == 220 ? Command("EHLO client.sender.example") : greeting;
}

SmtpReply SmtpClient::Data(std::string_view message) {
  const SmtpReply go_on = Command("DATA");
  if (go_on.code != 354) return go_on;
  Write(DotStuffed(message));
  return Read();
}

bool SmtpClient::Closed() {
  char octet = 0;
  return buffer_.empty() && recv(fd_, &octet, 1, 0) == 0;
}

std::string DotStuffed(std::string_view message) {
  std::string wire;
  wire.reserve(message.size() + message.size() / 16 + 8);
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size());
    std::string_view line = message.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('.')) wire += '.';
    wire.append(line).append("\r\n");
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  return wire + ".\r\n";
}

SmtpReply SendMail(std::uint16_t port, std::string_view reverse_path,
                   const std::vector<std::string>& recipients, std::string_view message) {
  SmtpClient client(port);
  SmtpReply reply = client.Greet();
  if (reply.code != 250) return reply;
  reply = client.Command("MAIL FROM:<" + std::string(reverse_path) + ">");
  if (reply.code != 250) return reply;
  for (const std::string& recipient : recipients) {
    reply = client.Command("RCPT TO:<" + recipient + ">");
    if (reply.code != 250) return reply;
  }
  reply = client.Data(message);
  client.Command("QUIT");
  return reply;
}

}  // namespace bounced::e2e
