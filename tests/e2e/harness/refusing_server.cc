#include "tests/e2e/harness/refusing_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "parser/text.h"

namespace bounced::e2e {

const std::vector<Refusal>& Refusals() {
  static const std::vector<Refusal> refusals = {
      {"nouser", false, "550 5.1.1 <{}>: Recipient address rejected: User unknown"},
      {"multiline", false,
       "550-5.1.1 The email account that you tried to reach does not exist.\r\n"
       "550-5.1.1 Check the spelling of the recipient's address,\r\n"
       "550-5.1.1 and look for blanks in it. There is more at\r\n"
       "550 5.1.1 https://mail.rcpt.example/help?code=17 k9si123 - mx"},
      {"bare", false, "550 unknown user"},
      {"disabled", false, "550 5.2.1 The email account that you tried to reach is disabled."},
      {"full", false, "552 5.2.2 <{}>: The mailbox is over its quota of 1 GB"},
      {"busy", false,
       "450 4.2.1 The user you are trying to contact is receiving mail too quickly; try later"},
      {"grey", false, "451 4.7.1 Greylisted, please come back in 300 seconds"},
      {"blocklisted", false,
       "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.dnsbl.example; "
       "https://bl.dnsbl.example/query/192.0.2.1"},
      {"spam", true, "550 5.7.1 Message rejected as spam by content filtering"},
      {"latin", false, "550 5.1.1 Empf\xe4nger unbekannt: User unknown"},
      {"utf8", false, "550 5.1.1 <{}>: Empfänger unbekannt: User unknown"},
      {"late", true, "550 5.1.1 <{}> user unknown"},
      {"moved", false, "551 5.1.6 User has moved; please try <new.address@other.example>"},
      {"large", true, "552 5.3.4 Message size exceeds fixed maximum message size of 10 bytes"},
      {"bye", false, "421 4.3.2 mx.rcpt.example Service shutting down, closing channel", true},
      {"drop", true, "", true},
      {"relay", false, "554 5.7.1 <{}>: Relay access denied"},
      {"dmarc", true,
       "550-5.7.26 Unauthenticated email from sender.example is not accepted due to\r\n"
       "550 5.7.26 domain's DMARC policy. See https://mail.rcpt.example/dmarc"},
  };
  return refusals;
}

namespace {

const Refusal* FindRefusal(std::string_view address) {
  if (address.starts_with('"')) address.remove_prefix(1);
  const std::string_view name = address.substr(0, address.find_first_of("+-.@ "));
  for (const Refusal& refusal : Refusals()) {
    if (refusal.local_part == name) return &refusal;
  }
  return nullptr;
}

std::string Fill(std::string_view reply, std::string_view address) {
  if (reply.empty()) return "";
  std::string text(reply);
  const std::size_t place = text.find("{}");
  if (place != std::string::npos) text.replace(place, 2, address);
  return text + "\r\n";
}

// What is between the angle brackets.
std::string Path(std::string_view line) {
  const std::size_t begin = line.find('<');
  const std::size_t end = line.find('>', begin);
  if (begin == std::string_view::npos || end == std::string_view::npos) return "";
  return std::string(line.substr(begin + 1, end - begin - 1));
}

}  // namespace

struct RefusingServer::Session {
  std::string in;
  std::string out;
  Received mail;
  const Refusal* after_data = nullptr;
  bool in_data = false;
  bool closes = false;  // once its output is sent
};

RefusingServer::RefusingServer(Receiver kind) : kind_(kind) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = inet_addr(place().address.c_str());
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listener_, 128) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

RefusingServer::~RefusingServer() {
  stop_ = true;
  thread_.join();
  for (const auto& [fd, session] : sessions_) close(fd);
  close(listener_);
}

std::vector<Received> RefusingServer::received() const {
  MutexLock lock(mutex_);
  return received_;
}

void RefusingServer::Serve() {
  while (!stop_) {
    std::vector<pollfd> waiting = {{.fd = listener_, .events = POLLIN, .revents = 0}};
    for (const auto& [fd, session] : sessions_) {
      waiting.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    }
    poll(waiting.data(), waiting.size(), 20);
    for (const pollfd& ready : waiting) {
      if (ready.revents == 0) continue;
      if (ready.fd == listener_) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) continue;
        sessions_[fd].closes = kind_ == Receiver::kClosed;
        sessions_[fd].out = kind_ == Receiver::kClosed ? "554 5.7.1 no mail from you here\r\n"
                                                       : "220 mx.rcpt.example ESMTP\r\n";
      } else if (!ReadFrom(ready.fd, sessions_[ready.fd])) {
        close(ready.fd);
        sessions_.erase(ready.fd);
      }
    }
    for (auto& [fd, session] : sessions_) {
      // Replies are short and the client waits for them, so a socket always has room.
      if (!session.out.empty()) send(fd, session.out.data(), session.out.size(), MSG_NOSIGNAL);
      session.out.clear();
      if (session.closes) shutdown(fd, SHUT_WR);
    }
  }
}

bool RefusingServer::ReadFrom(int fd, Session& session) {
  char chunk[16384];
  const ssize_t n = recv(fd, chunk, sizeof chunk, 0);
  if (n <= 0) return false;
  session.in.append(chunk, static_cast<std::size_t>(n));
  std::size_t end = 0;
  while (!session.closes && (end = session.in.find("\r\n")) != std::string::npos) {
    const std::string line = session.in.substr(0, end);
    session.in.erase(0, end + 2);
    Line(session, line);
  }
  return true;
}

void RefusingServer::Line(Session& session, const std::string& line) {
  if (session.in_data) {
    if (line == ".") return EndOfData(session);
    session.mail.message += line.substr(line.starts_with('.') ? 1 : 0) + "\r\n";
    return;
  }
  const std::string verb = FoldCase(std::string_view(line).substr(0, 4));
  if (verb == "ehlo") {
    session.out += "250-mx.rcpt.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n";
    if (kind_ == Receiver::kModern) session.out += "250-DSN\r\n250-SMTPUTF8\r\n";
    session.out += "250 ENHANCEDSTATUSCODES\r\n";
  } else if (verb == "mail") {
    session.mail = {.reverse_path = Path(line), .recipients = {}, .message = ""};
    session.after_data = nullptr;
    session.out += "250 2.1.0 Ok\r\n";
  } else if (verb == "rcpt") {
    const std::string address = Path(line);
    const Refusal* refusal = FindRefusal(address);
    if (refusal != nullptr && !refusal->after_data) {
      session.out += Fill(refusal->reply, address);
      session.closes = refusal->closes;
      return;
    }
    if (refusal != nullptr) session.after_data = refusal;
    session.mail.recipients.push_back(address);
    session.out += "250 2.1.5 Ok\r\n";
  } else if (verb == "data") {
    session.in_data = !session.mail.recipients.empty();
    session.out += session.in_data ? "354 go ahead\r\n" : "554 5.5.1 no valid recipients\r\n";
  } else if (verb == "quit") {
    session.closes = true;
    session.out += "221 2.0.0 Bye\r\n";
  } else {
    session.out += verb == "rset" || verb == "helo" || verb == "noop" ? "250 2.0.0 Ok\r\n"
                                                                      : "502 5.5.2 What?\r\n";
  }
}

void RefusingServer::EndOfData(Session& session) {
  session.in_data = false;
  if (session.after_data != nullptr) {
    session.out += Fill(session.after_data->reply, session.mail.recipients.front());
    session.closes = session.after_data->closes;
    return;
  }
  session.out += "250 2.0.0 Ok\r\n";
  MutexLock lock(mutex_);
  received_.push_back(session.mail);
}

}  // namespace bounced::e2e
