// A message as those who sign it see it: fields, and a body.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace bounced {

// Longest header that is looked at, in octets, with the empty line behind it. Real ones have a few
// thousand.
inline constexpr std::size_t kMaxAuthenticatedHeaderOctets = 256 << 10;

struct MessageField {
  std::string_view name;  // without blanks before the colon
  std::string_view text;  // all of it as it stands: name, colon, folds; not the last line's end
};

// Views into the message.
struct MessageFields {
  std::vector<MessageField> fields;  // in their order
  std::string_view body;             // behind the first empty line
  // Why there are no fields, for people; empty: nothing is wrong.
  std::string_view fault;
};

// Cuts `message` at the first empty line (RFC 5322, 2.1). CR LF and a bare LF end a line.
//
// It is a fault when the header is too long, when a line of it is neither a field nor folded, and
// when one holds a CR elsewhere: who reads the message may take that for the begin of the body or
// of another field, and what was signed is not what is read. Linear.
MessageFields SplitMessage(std::string_view message);

}  // namespace bounced
