#include "tests/e2e/harness/mail_system.h"

#include <iostream>

#include "gtest/gtest.h"
#include "tests/e2e/harness/deadline.h"

namespace bounced::e2e {
namespace {

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

MailSystem::MailSystem(const MailSystemOptions& options)
    : receiver_(options.receiver),
      daemon_({.smtp = options.smtp}),
      postfix_({.receiver_port = receiver_.port(),
                .bounces_port = daemon_.smtp_port(),
                .bounces_hop = options.bounces_hop,
                .settings = options.postfix_settings,
                .virtual_aliases = options.virtual_aliases}) {}

MailSystem::~MailSystem() {
  if (testing::Test::HasFailure()) std::cerr << "--- Postfix's log:\n" << postfix_.log() << "---\n";
}

SmtpReply MailSystem::SendOut(const std::string& return_path,
                              const std::vector<std::string>& recipients,
                              std::string_view recipient_options) {
  SmtpClient client(postfix_.port());
  SmtpReply reply = client.Greet();
  if (reply.code != 250) return reply;
  reply = client.Command("MAIL FROM:<" + return_path + ">");
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

bool MailSystem::AwaitPostfixLog(std::string_view text) {
  return Eventually([&] { return postfix_.log().find(text) != std::string::npos; });
}

}  // namespace bounced::e2e
