// A sender's mail server, the servers it sends to, and the daemon that its bounces come back to.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/harness/daemon.h"
#include "tests/e2e/harness/mail_server.h"
#include "tests/e2e/harness/postfix.h"
#include "tests/e2e/harness/refusing_server.h"

namespace bounced::e2e {

enum class Sender { kPostfix, kExim, kOpenSmtpd };

struct MailSystemOptions {
  Sender sender = Sender::kPostfix;
  PostfixOptions postfix = {};
  std::chrono::seconds delay_warning{0};  // this and the next two: see MailServerOptions
  std::chrono::seconds lifetime{0};
  bool tls = false;
  std::string smtp = {};  // see DaemonOptions
};

// Starts all of them; they end with the object. Mail to rcpt.example goes to a RefusingServer of
// the kind kModern, that to plain.example and closed.example to those others, and nobody listens
// for that to silent.example.
class MailSystem {
 public:
  explicit MailSystem(const MailSystemOptions& options = {});
  // Why there is no such server here; empty: there is one.
  static std::string Unavailable(Sender sender);
  // Where a test has failed, the server's log goes to the output.
  ~MailSystem();

  Daemon& daemon() { return daemon_; }
  MailServer& sender() { return *sender_; }
  RefusingServer& receiver() { return receiver_; }

  // Hands a mail to the server, as the sender's application does. `recipient_options` go behind
  // each RCPT (" NOTIFY=SUCCESS"), `mail_options` behind MAIL. The first reply that was not
  // positive, else the last.
  SmtpReply SendOut(const std::string& return_path, const std::vector<std::string>& recipients,
                    std::string_view recipient_options = "", std::string_view mail_options = "");

  // The events of the address once there are as many; what there is when they don't come.
  std::vector<v1::Event> AwaitEvents(const std::string& address, std::size_t count = 1);
  // What Check says of the address once that is `verdict`, else at last. An event can be read as
  // soon as it is committed, and the verdict is there with the 250, a moment later.
  v1::Verdict AwaitVerdict(const std::string& address, v1::Verdict verdict);
  bool AwaitSenderLog(std::string_view text);

 private:
  RefusingServer receiver_;
  RefusingServer plain_{Receiver::kPlain};
  RefusingServer closed_{Receiver::kClosed};
  Daemon daemon_;
  std::unique_ptr<MailServer> sender_;
};

}  // namespace bounced::e2e
