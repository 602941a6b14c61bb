// A real mail server of the sender's: makes real reports.
#pragma once

#include <cstdint>
#include <string>

#include "tests/e2e/harness/files.h"
#include "tests/e2e/harness/process.h"

namespace bounced::e2e {

struct PostfixOptions {
  // Where mail to rcpt.example goes, and where to bounces.example. 0: nowhere (discarded).
  std::uint16_t receiver_port = 0;
  std::uint16_t bounces_port = 0;
  std::string bounces_hop = {};      // in place of the port: "lmtp:unix:/PATH"
  std::string settings = {};         // more lines of main.cf
  std::string virtual_aliases = {};  // "alias target, target" lines for addresses of local.example
};

// A Postfix that is nobody else's: its configuration, queue and log are in a directory of its own,
// it listens on a free port of loopback, asks no DNS and speaks to nothing but the ports given.
// Mail to discard.example is delivered nowhere, with success. Retries every second.
class Postfix {
 public:
  // Why there can be none here; empty: there can.
  static std::string Unavailable();

  // Returns when it listens. Throws, with its log, when it does not start.
  explicit Postfix(const PostfixOptions& options);
  // Stops it and waits for its end.
  ~Postfix();
  Postfix(const Postfix&) = delete;
  Postfix& operator=(const Postfix&) = delete;

  std::uint16_t port() const { return port_; }
  std::string log() const;

 private:
  void WriteConfiguration(const PostfixOptions& options);
  void MakeQueue();

  TempDir dir_;
  std::uint16_t port_ = 0;
};

// A port of loopback that was free a moment ago.
std::uint16_t FreePort();

}  // namespace bounced::e2e
