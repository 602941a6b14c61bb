// What a report tells people about each recipient (RFC 3464, 2: its first part).
#pragma once

#include <string_view>
#include <vector>

namespace bounced {

// The words about each of `addresses`, in the same order; empty where there are none. They follow
// the address where it begins a line, in brackets or not:
//
//   <r@example.net>: host mx.example.net said: 550 5.1.1 no such user      r@example.net
//       (in reply to RCPT TO command)                                        550 no such user
//
// and go on over the lines that are indented deeper than it; or, of several, they are its line of a
// transcript, "550 5.1.1 <r@example.net>... User unknown". An address that comes twice has them the
// first time only, so that all words together are no longer than the text. Views into `text`, which
// is UTF-8. One pass over it, whatever the number of addresses.
std::vector<std::string_view> FindExplanations(std::string_view text,
                                               const std::vector<std::string_view>& addresses);

// Whom the mail was sent to before it was passed on, where the words about a recipient begin with
// it: "(expanded from <list@example.net>): host mx said" (Postfix, Sendmail), "(generated from
// r@example.net)" (Exim). Empty: they name no address. A view into `words`.
std::string_view OriginIn(std::string_view words);

}  // namespace bounced
