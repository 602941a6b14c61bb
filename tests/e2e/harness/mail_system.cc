#include "tests/e2e/harness/mail_system.h"

#include <iostream>

#include "gtest/gtest.h"
#include "tests/e2e/harness/deadline.h"
#include "tests/e2e/harness/exim.h"
#include "tests/e2e/harness/open_smtpd.h"

namespace bounced::e2e {
namespace {

constexpr std::uint16_t kNobodysPort = 1;  // tcpmux (RFC 1078)

constexpr std::string_view kMail =
    "From: News <news@sender.example>\n"
    "To: reader\n"
    "Subject: news of the week\n"
    "MIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=utf-8\n"
    "\n"
    "Hello.\n"
    ".a line that begins with a dot\n";

}  // namespace

MailSystem::MailSystem(const MailSystemOptions& options) : daemon_({.smtp = options.smtp}) {
  MailServerOptions server{.routes = {{"rcpt.example", receiver_.place()},
                                      {"plain.example", plain_.place()},
                                      {"closed.example", closed_.place()},
                                      {"silent.example", {"127.0.0.4", kNobodysPort}}},
                           .delay_warning = options.delay_warning,
                           .lifetime = options.lifetime,
                           .tls = options.tls};
  if (options.postfix.bounces_hop.empty())
    server.routes["bounces.example"] = {"127.0.0.1", daemon_.smtp_port()};
  switch (options.sender) {
    case Sender::kPostfix:
      sender_ = std::make_unique<Postfix>(server, options.postfix);
      break;
    case Sender::kExim:
      sender_ = std::make_unique<Exim>(server);
      break;
    case Sender::kOpenSmtpd:
      sender_ = std::make_unique<OpenSmtpd>(server);
      break;
  }
}

MailSystem::~MailSystem() {
  if (!testing::Test::HasFailure()) return;
  std::cerr << "--- the sender's server's log:\n" << sender_->log() << "---\n";
}

std::string MailSystem::Unavailable(Sender sender) {
  return sender == Sender::kPostfix ? Postfix::Unavailable() : UnpackedServer::Unavailable();
}

SmtpReply MailSystem::SendOut(const std::string& return_path,
                              const std::vector<std::string>& recipients,
                              std::string_view recipient_options, std::string_view mail_options) {
  SmtpClient client(sender_->port());
  SmtpReply reply = client.Greet();
  if (reply.code != 250) return reply;
  reply = client.Command("MAIL FROM:<" + return_path + ">" + std::string(mail_options));
  for (const std::string& recipient : recipients) {
    if (reply.code != 250) return reply;
    reply = client.Command("RCPT TO:<" + recipient + ">" + std::string(recipient_options));
  }
  return reply.code == 250 ? client.Data(kMail) : reply;
}

std::vector<v1::Event> MailSystem::AwaitEvents(const std::string& address, std::size_t count) {
  std::vector<v1::Event> events;
  Eventually([&] {
    events = daemon_.api().Events(address);
    return events.size() >= count;
  });
  return events;
}

v1::Verdict MailSystem::AwaitVerdict(const std::string& address, v1::Verdict verdict) {
  v1::Verdict last = v1::VERDICT_UNSPECIFIED;
  Eventually([&] { return (last = daemon_.Check(address)) == verdict; });
  return last;
}

bool MailSystem::AwaitSenderLog(std::string_view text) {
  return Eventually([&] { return sender_->log().find(text) != std::string::npos; });
}

}  // namespace bounced::e2e
