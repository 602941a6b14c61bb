// Dialogues written down: what the client says, what it must see. A heading begins with the number
// of the statement that it holds, and says it.
//
// clang-format off
//   == S16: EHLO without an argument   a dialogue of its own follows, greeted already
//   # a comment
//   limit max_errors 3                 a field of Limits, in octets, pieces or seconds
//   ehlo | mail | rcpt | data          the dialogue is already so far
//   lmtp                               the listener speaks LMTP
//   login                              AUTH is served to "relay", whose password is "pencil"
//   hide STARTTLS                      a keyword that EHLO does not list
//   starttls | implicit_tls            what the listener does with TLS; else it has none
//   whole                              not cut: for what speaks out of turn
//   early                              the first octets come before the banner
//   C: NOOP                            a line of the client's; CRLF is added
//   c: .\r\n                           octets of the client's; nothing is added
//   S: 250 2.0.0                       a reply line begins so
//   V: NOT_FOUND                       the receiver's next answer to RCPT; A: to MAIL; M: to a message;
//                                      L: to STARTTLS; U: to a password, instead of the truth
//   R: text\r\n                        a message with these octets was handed over
//   E: helo=a from=b id=c to=d@e,f     ... with this envelope
//   D: framing                         a message was given up: framing, too_large, shed
//   P: 1s                              a pause
//   H:                                 the handshake of TLS begins, and is done
//   X: quit                            the server hangs up, and says so in its log
//   T: 300s                            time passes
//   !: shutdown | shed                 the daemon stops; there is too much in flight
//   !: overload | relief               few sessions are left; enough are again
// clang-format on
//
// C: and c: lines up to the next of another kind are one packet, which is fed whole, octet by
// octet, or cut at random; the dialogue must not tell the difference. In C:, c: and R: there are \r
// \n \t
// \\ \0 \xHH and \(N*TEXT), which is TEXT N times.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "server/smtp/limits.h"
#include "server/smtp/profile.h"

namespace bounced::smtp {

struct Transcript {
  struct Line {
    char kind;
    std::string text;
    std::string place;  // "file.txt:12"
  };
  std::string name;
  Limits limits;
  TlsUse tls = TlsUse::kNone;
  bool lmtp = false;
  bool login = false;
  std::vector<std::string> hidden;
  std::string state;  // "", "ehlo", "mail", "rcpt" or "data"
  bool whole = false;
  bool early = false;
  std::vector<Line> lines;
};

// For GoogleTest.
inline void PrintTo(const Transcript& transcript, std::ostream* out) { *out << transcript.name; }

// All of a file's. Aborts on a line that it cannot read.
std::vector<Transcript> ReadTranscripts(const std::string& path);

// How packets are cut: 0 not at all, 1 octet by octet, above at random with this seed. Failures are
// reported to GoogleTest.
void Play(const Transcript& transcript, std::uint32_t cut);

}  // namespace bounced::smtp
