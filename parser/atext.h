// What an atom is made of.
#pragma once

#include "parser/text.h"

namespace bounced {

// RFC 5322, 3.2.3; beyond ASCII RFC 6531, 3.3.
constexpr bool IsAtext(char c) {
  constexpr AsciiSet kAtext(
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~");
  return static_cast<unsigned char>(c) >= 0x80 || kAtext.Has(c);
}

}  // namespace bounced
