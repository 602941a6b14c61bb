// The octets behind DATA: where they end, and which dots are not the message's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/smtp/message_buffer.h"

namespace bounced::smtp {

// Only CR LF `.` CR LF ends a message, and only lines that begin behind CR LF lose a dot (RFC 5321,
// 4.1.1.4 and 4.5.2). Everything else is the message's, octet for octet.
//
// Other servers end a message elsewhere, and who knows them can hide a second message, with
// commands of its own, inside of a first (CVE-2023-51764). So these are watched for, never ends of
// anything: LF.LF, LF.CRLF, CRLF.LF, CR.CR, CR.CRLF, CRLF.CR and CR.LF.
class DataReceiver {
 public:
  // Reads on, up to the end at most, and appends the message's octets to `message`. How many octets
  // of `bytes` were read. Linear in `bytes`, however they are cut.
  std::size_t Feed(std::string_view bytes, MessageBuffer& message);

  bool ended() const { return place_ == Place::kEnd; }
  // One of the false ends was seen.
  bool false_end() const { return false_end_; }

 private:
  // What stands before the next octet. "Cr" alone is one that no LF has followed yet.
  enum class Place : std::uint8_t {
    kMiddle,  // of a line
    kCr,
    kLf,         // without CR
    kCrLf,       // the begin of the data too: the line of DATA ended so
    kCrLfDot,    // the dot is withheld
    kCrLfDotCr,  // both are withheld
    kLfDot,
    kLfDotCr,
    kCrDot,
    kEnd,
  };

  Place Step(char c, MessageBuffer& message);
  static Place AfterCr(char c);

  Place place_ = Place::kCrLf;
  bool false_end_ = false;
};

}  // namespace bounced::smtp
