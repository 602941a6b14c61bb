// What a Dialogue wants done.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "absl/time/time.h"
#include "server/login/exchange.h"
#include "server/smtp/envelope.h"

namespace bounced::smtp {

// Send it: whole lines, CRLF included. It may wait for others while Next() gives more, and goes out
// before anything is waited for (RFC 2920, 3.2).
struct Reply {
  std::string text;
};

// Before what follows.
struct Pause {
  absl::Duration duration;
};

// At MAIL; answer with Admitted(). 0: the client did not say.
struct Admit {
  std::uint64_t declared_octets;
};

// At RCPT; answer with Vouched().
struct Vouch {
  ForwardPath path;
};

// A message is whole; answer with Accepted().
struct Accept {
  Envelope envelope;
  std::string message;
};

enum class DiscardReason { kFraming, kTooLarge, kShed };

// A message is not kept, and the reply that says so follows. Wants no answer: for log and counters.
struct Discard {
  DiscardReason reason;
  std::uint64_t octets;
};

// At STARTTLS; answer with TlsAdmitted().
struct AdmitTls {};

// What was said is sent, then the handshake of TLS begins; answer with TlsBegun(). One that fails
// ends the connection, without another octet in the clear (RFC 3207, 4.1).
struct Handshake {};

// Whether somebody may log in: a password is to be checked, the rest is settled already. Answer
// with LoggedIn() or TooManyFailedLogins().
struct CheckLogin {
  std::variant<SaslRefused, SaslPassword, SaslDone> claim;
};

// What was said is sent, then the connection ends. Why, for the log: a word, or the limit's name.
struct HangUp {
  std::string_view end;
};

using Action = std::variant<Reply, Pause, Admit, Vouch, Accept, Discard, AdmitTls, Handshake,
                            CheckLogin, HangUp>;

}  // namespace bounced::smtp
