// Reports as mail servers make them (RFC 3464), for tests that need many and no Postfix.
#pragma once

#include <cstddef>
#include <string>

namespace bounced::e2e {

// The defaults are a mailbox that is not there.
struct FailureReport {
  std::string recipient;
  std::string action = "failed";
  std::string status = "5.1.1";
  std::string diagnostic = "smtp; 550 5.1.1 <nobody>: Recipient address rejected: User unknown";
  // Tells two reports about the same recipient apart: Message-ID of the mail that came back.
  std::string message_id = "1@sender.example";
  // The mail that came back is made so long, in octets.
  std::size_t returned_octets = 200;
};

// The message, with CRLF line ends.
std::string Compose(const FailureReport& report);

}  // namespace bounced::e2e
