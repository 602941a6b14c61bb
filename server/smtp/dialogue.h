// The server's side of one SMTP connection as a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/smtp/limits.h"

namespace bounced::smtp {

// A mailbox of RCPT: unquoted local part, domain as the client wrote it (one trailing dot dropped).
// An empty domain: the bare `postmaster`.
struct ForwardPath {
  std::string local_part;
  std::string domain;
};

struct EnvelopeRecipient {
  ForwardPath path;
  std::string original_recipient;  // ORCPT, decoded; may be empty
  absl::Time vouch_time;           // when it was accepted
};

struct Envelope {
  std::string helo;          // argument of EHLO or HELO
  std::string reverse_path;  // without brackets; empty: null
  std::string envelope_id;   // ENVID, decoded
  bool smtputf8 = false;
  std::vector<EnvelopeRecipient> recipients;  // accepted ones, none twice
};

// What the dialogue wants done, in order.
struct Reply {
  std::string text;
};  // whole lines, CRLF included: send it
struct Pause {
  absl::Duration duration;
};  // before what follows
struct Admit {
  std::uint64_t declared_octets;
};  // at MAIL; answer with Admitted()
struct Vouch {
  ForwardPath path;
};  // at RCPT; answer with Vouched()
struct Accept {
  Envelope envelope;
  std::string message;
};                 // message whole; answer with Accepted()
struct HangUp {};  // what was said is sent, then the connection ends
using Action = std::variant<Reply, Pause, Admit, Vouch, Accept, HangUp>;

// The server's side of one SMTP connection (RFC 5321; 1870, 2034, 2920, 3030, 3461, 6152, 6531).
// Bytes go in, actions come out; it owns no socket, clock or thread, so a test or a fuzzer drives
// it as well as the network does. For input that keeps to RFC 2920 the actions do not depend on how
// the bytes were cut.
class Dialogue {
 public:
  // Greets at once. `hostname` is what the banner and EHLO say.
  Dialogue(std::string hostname, const Limits& limits, absl::Time now);

  void Feed(std::string_view bytes, absl::Time now);
  // The deadline passed and nothing came.
  void TimedOut(absl::Time now);
  // The daemon stops: an idle session is told 421, one in a message may end within Limits::drain.
  void ShutDown(absl::Time now);

  // None: it wants bytes, or is owed an answer.
  std::optional<Action> Next();

  // RESOURCE_EXHAUSTED becomes 452 4.3.1, other errors 451 4.3.0.
  void Admitted(const absl::Status& status);
  // NOT_FOUND becomes 550 5.7.1 (no relay), PERMISSION_DENIED 550 5.1.1, other errors 451 4.3.5.
  void Vouched(const absl::Status& status, absl::Time now);
  // OK (with the id to name) becomes 250, RESOURCE_EXHAUSTED 452 4.3.1, anything else 451 4.3.0.
  void Accepted(const absl::StatusOr<std::string>& id, absl::Time now);

  // Of the peer's silence or slowness.
  absl::Time Deadline() const;
  // Octets of message held.
  std::size_t held_octets() const;
  // Says nothing more and wants no more bytes.
  bool done() const;

 private:
  // ...
};

}  // namespace bounced::smtp
