// Exim, as Debian packs it ("light").
#pragma once

#include <cstdint>
#include <string>

#include "tests/e2e/harness/unpacked_server.h"

namespace bounced::e2e {

// Retries every second. Repeats a warning that a mail is late.
class Exim : public UnpackedServer {
 public:
  explicit Exim(const MailServerOptions& options);

  std::string log() const override { return ReadFile(dir() / "log/main"); }

 private:
  void WriteConfiguration(std::uint16_t port) override;

  const MailServerOptions options_;
};

}  // namespace bounced::e2e
