// What makes a message one that is known.
#pragma once

#include <initializer_list>
#include <string_view>

#include "storage/records.h"

namespace bounced {

// SHA-256 over each field with its length before it, in 8 octets, big-endian; cut to 128 bits.
decltype(Message::digest) DigestOf(std::initializer_list<std::string_view> fields);

}  // namespace bounced
