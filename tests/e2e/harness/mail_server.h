// A real mail server of the sender's: takes its mail, and makes real reports.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace bounced::e2e {

// A server on loopback. A sender that fails to reach one may leave its address alone for a while,
// so those that fail have addresses of their own.
struct NextHop {
  std::string address;
  std::uint16_t port = 0;
};

struct MailServerOptions {
  // Where mail to each domain goes.
  std::map<std::string, NextHop> routes = {};
  // When it first says that a mail is late, and when it gives it up. 0: never, and after days.
  std::chrono::seconds delay_warning{0};
  std::chrono::seconds lifetime{0};
  // Whether it sends under TLS where that is offered. Whose certificate it is does not matter to
  // it.
  bool tls = false;
};

// A server that is nobody else's: configuration, queue and log are in a directory of its own, it
// listens on a free port of loopback, takes what comes from there, and speaks to nothing but their
// ports. Its name is mta.sender.example. Ends with the object.
class MailServer {
 public:
  virtual ~MailServer() = default;

  virtual std::uint16_t port() const = 0;
  virtual std::string log() const = 0;
};

// A port of loopback that was free a moment ago.
std::uint16_t FreePort();

}  // namespace bounced::e2e
