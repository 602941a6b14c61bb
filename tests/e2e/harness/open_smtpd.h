// OpenSMTPD's portable edition, as Debian packs it.
#pragma once

#include <cstdint>
#include <string>

#include "tests/e2e/harness/unpacked_server.h"

namespace bounced::e2e {

// Retries after minutes only. Knows no SMTPUTF8.
class OpenSmtpd : public UnpackedServer {
 public:
  explicit OpenSmtpd(const MailServerOptions& options);

  std::string log() const override { return errors(); }

 private:
  void WriteConfiguration(std::uint16_t port) override;

  const MailServerOptions options_;
};

}  // namespace bounced::e2e
