// Postfix as it is installed: its delivery over LMTP and its virtual aliases, too.
#pragma once

#include <cstdint>
#include <string>

#include "tests/e2e/harness/files.h"
#include "tests/e2e/harness/mail_server.h"
#include "tests/e2e/harness/process.h"

namespace bounced::e2e {

struct PostfixOptions {
  std::string bounces_hop = {};      // where mail to bounces.example goes: "lmtp:unix:/PATH"
  std::string settings = {};         // more lines of main.cf
  std::string virtual_aliases = {};  // "alias target, target" lines for addresses of local.example
};

// Mail to discard.example is delivered nowhere, with success. Retries every second.
class Postfix : public MailServer {
 public:
  // Why there can be none here; empty: there can.
  static std::string Unavailable();

  // Returns when it listens. Throws, with its log, when it does not start.
  explicit Postfix(const MailServerOptions& options, const PostfixOptions& own = {});
  // Stops it and waits for its end.
  ~Postfix() override;
  Postfix(const Postfix&) = delete;
  Postfix& operator=(const Postfix&) = delete;

  std::uint16_t port() const override { return port_; }
  std::string log() const override;
  std::string log_file() const { return dir_ / "maillog"; }

 private:
  void WriteConfiguration(const MailServerOptions& options, const PostfixOptions& own);
  void MakeQueue();

  TempDir dir_;
  std::uint16_t port_ = 0;
};

}  // namespace bounced::e2e
