// Many SMTP sessions at once from one thread: how fast does a server take messages?
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bounced::bench {

struct Letter {
  std::string recipient;  // of RCPT
  std::string wire;       // the message, dots doubled, with the final dot
};

struct LoadOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::size_t sessions = 1;
  // Messages of one connection; then another is made. 0: as many as there are.
  std::size_t messages_per_connection = 1;
  // MAIL, RCPT and DATA in one write where the server offers it (RFC 2920), as senders do.
  bool pipelining = true;
  // STARTTLS on each connection, a whole handshake each time.
  bool tls = false;
  // Letters a second, each begun when it is due, however late the ones before are. 0: as fast as
  // the server takes them.
  double rate = 0;
  // What is refused, or whose connection is lost, is sent again, at once; only what is accepted is
  // done with.
  bool retry = false;
  // Connections come from so many addresses of 198.18.0.0/15 (RFC 2544) in turn, the first 512 each
  // in a /24 of its own; they must be this machine's. 0: from whatever the system takes.
  std::size_t sources = 0;
  // After so long no letter is begun any more. 0: no limit.
  std::chrono::duration<double> duration{};
};

struct LoadResult {
  std::size_t accepted = 0;  // 250 after the final dot
  std::size_t refused = 0;   // anything else
  std::string first_refusal;
  std::chrono::duration<double> elapsed{};
  // From the connection (or the reply before; at a rate, from when it was due) to the 250, sorted.
  std::vector<std::chrono::duration<double>> latencies;
  // From the last octet of the message to the 250, sorted.
  std::vector<std::chrono::duration<double>> acceptances;
};

// Sends all letters with an empty reverse path, over `sessions` connections at a time. Everything
// is composed before, so that the driver takes little of the machine that it measures.
LoadResult SendAll(const LoadOptions& options, const std::vector<Letter>& letters);

}  // namespace bounced::bench
