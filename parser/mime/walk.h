// The parts of a message (RFC 2046), found in one pass over its lines.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "parser/mime/content_type.h"
#include "parser/mime/transfer_encoding.h"
#include "parser/parser.h"
#include "parser/remarks.h"

namespace bounced {

// One part. The views are into the message.
struct Part {
  ContentType type;
  TransferEncoding encoding = TransferEncoding::kIdentity;
  std::string_view header;
  std::string_view body;
  bool closed = false;  // a delimiter came after it; else the message ended within
  int depth = 0;        // of the message itself; 1 for what is in its multipart, and so on
};

// The parts in order of appearance; the first is the message itself, whose body is all of it.
//
// A message inside the message (message/rfc822 and its kin) is a leaf: what is in it came back, or
// was sent on, and says nothing of its own. Damage is taken as it comes: a header that ends without
// a blank line, lines in it that are no fields, a part that the message's end cuts off, a boundary
// that is missing or never comes (then the first line with "--" that a Content- field follows
// gives one, once a message).
//
// Linear in the message, and no recursion: the open multiparts are a stack of no more than
// `limits.max_depth`. Parts beyond `limits.max_parts` are left unread and remarked.
std::vector<Part> WalkParts(std::string_view message, const ParserLimits& limits, Remarks& remarks);

}  // namespace bounced
