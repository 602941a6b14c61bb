// The bounds of the SMTP side. The names are the keys of the configuration's [smtp].
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace bounced::smtp {

inline constexpr std::size_t kMaxCommandLineOctets =
    2048;  // with CRLF; RFC 3461, 5.4 asks 1,036 at least
inline constexpr std::size_t kMaxSaslLineOctets =
    12288;  // with CRLF, in place of the other during AUTH; RFC 4954, 4
inline constexpr std::size_t kMaxReplyLineOctets = 512;  // RFC 5321, 4.5.3.1.5
// Overload: of max_sessions so many tenths are open, or more.
inline constexpr std::size_t kOverloadTenths = 9;

struct Limits {
  std::size_t max_sessions = 4000;
  // So many more of this machine, trusted proxies and allowed networks: a flood of others leaves
  // them.
  std::size_t reserved_sessions = 100;
  // Of one client and its network, see Clients. 0: no limit, but for the first.
  std::size_t max_sessions_per_client = 50;
  std::size_t max_connects_per_client = 0;            // a minute
  std::size_t max_handshakes_per_client = 50;         // a second
  std::size_t max_bad_recipients_per_client = 10000;  // an hour; then each waits error_delay
  std::size_t max_failed_logins_per_client = 30;      // an hour; then 421
  std::size_t max_handshakes = 500;                   // under way, all sessions
  std::size_t max_bad_recipients = 10;  // of one session; from then on each waits error_delay
  absl::Duration banner_delay;          // before the banner
  absl::Duration denial_timeout = absl::Seconds(10);  // of a session that is denied
  std::size_t max_message_size = 32 << 20;            // octets
  std::size_t max_recipients = 1000;   // of one transaction; RFC 5321, 4.5.3.1.8: 100 at least
  std::size_t max_transactions = 100;  // of one session
  std::size_t max_errors = 20;         // of one session, then 421
  std::size_t slow_errors = 10;        // from here on each error reply waits error_delay
  absl::Duration error_delay = absl::Seconds(1);
  std::size_t max_failed_logins = 3;    // of one session; that one gets 421
  std::size_t max_junk_commands = 100;  // RSET, NOOP, VRFY, HELP, EHLO; beyond: errors
  absl::Duration command_timeout = absl::Seconds(300);  // for a whole command line
  absl::Duration data_timeout = absl::Seconds(300);     // for a message, and ...
  std::size_t min_data_rate = 500;                      // ... a second more for so many octets
  absl::Duration reply_timeout = absl::Seconds(300);    // for our replies to be read
  absl::Duration proxy_header_timeout = absl::Seconds(5);
  absl::Duration tls_handshake_timeout = absl::Seconds(30);
  // In place of each of these five under overload, if shorter.
  absl::Duration overload_timeout = absl::Seconds(10);
  absl::Duration session_lifetime = absl::Hours(1);
  absl::Duration commit_timeout = absl::Seconds(60);
  absl::Duration drain = absl::Seconds(30);  // for messages under way at SIGTERM
  std::size_t inflight_bytes = 256 << 20;    // of messages being received, all sessions
  std::size_t max_reply_backlog = 64 << 10;  // octets of replies held for one client
};

}  // namespace bounced::smtp
