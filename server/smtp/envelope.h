// Who a message is for, as the client said it.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace bounced::smtp {

// A mailbox of RCPT: unquoted local part, domain as the client wrote it (one trailing dot dropped),
// an address literal with its brackets. An empty domain: the bare `postmaster`.
struct ForwardPath {
  std::string local_part;
  std::string domain;
};

struct EnvelopeRecipient {
  ForwardPath path;
  std::string original_recipient;  // ORCPT without its type, decoded; may be empty
  absl::Time vouch_time;           // when it was accepted, by the time of day
};

struct Envelope {
  std::string helo;          // argument of EHLO or HELO
  std::string reverse_path;  // without brackets and source route; empty: null
  std::string envelope_id;   // ENVID, decoded
  bool smtputf8 = false;
  std::string user;                           // who logged in; empty: nobody did
  std::string tls_version;                    // "TLSv1.3"; empty: in the clear
  std::vector<EnvelopeRecipient> recipients;  // accepted ones, none twice
};

}  // namespace bounced::smtp
