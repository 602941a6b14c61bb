// A sender's mail server, the servers it sends to, and the daemon that its bounces come back to.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/postfix.h"
#include "tests/e2e/harness/refusing_server.h"

namespace bounced::e2e {

struct MailSystemOptions {
  std::string postfix_settings = {};
  std::string virtual_aliases = {};  // see PostfixOptions
  Extensions receiver = Extensions::kAll;
  std::string smtp = {};         // see DaemonOptions
  std::string bounces_hop = {};  // see PostfixOptions
};

// Starts all three; they end with the object.
class MailSystem {
 public:
  explicit MailSystem(const MailSystemOptions& options = {});
  // Where a test has failed, Postfix's log goes to the output.
  ~MailSystem();

  Daemon& daemon() { return daemon_; }
  Postfix& postfix() { return postfix_; }
  RefusingServer& receiver() { return receiver_; }

  // Hands a mail to Postfix, as the sender's application does. `recipient_options` go behind each
  // RCPT: " NOTIFY=SUCCESS". The first reply that was not positive, else the last.
  SmtpReply SendOut(const std::string& return_path, const std::vector<std::string>& recipients,
                    std::string_view recipient_options = "");

  // The events of the address once there are as many; what there is when they don't come.
  std::vector<v1::Event> AwaitEvents(const std::string& address, std::size_t count = 1);
  bool AwaitPostfixLog(std::string_view text);

 private:
  RefusingServer receiver_;
  Daemon daemon_;
  Postfix postfix_;
};

}  // namespace bounced::e2e
