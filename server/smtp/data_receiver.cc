#include "server/smtp/data_receiver.h"

#include <cstring>

namespace bounced::smtp {
namespace {

// Where `c` stands first in `bytes` from `from` up to `end`; `end` if it does not.
std::size_t Find(char c, std::string_view bytes, std::size_t from, std::size_t end) {
  if (from == end) return end;
  const void* found = std::memchr(bytes.data() + from, c, end - from);
  return found == nullptr
             ? end
             : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
}

}  // namespace

std::size_t DataReceiver::Feed(std::string_view bytes, MessageBuffer& message) {
  std::size_t at = 0;
  // The first LF at or behind `at`. It is looked for once, however many CRs stand before it.
  std::size_t lf = 0;
  bool lf_known = false;
  while (at < bytes.size() && !ended()) {
    if (place_ == Place::kMiddle) {
      if (!lf_known || lf < at) {
        lf = Find('\n', bytes, at, bytes.size());
        lf_known = true;
      }
      const std::size_t stop = Find('\r', bytes, at, lf);
      if (stop > at) message.Append(bytes.substr(at, stop - at));
      at = stop;
      if (at == bytes.size()) break;
    }
    place_ = Step(bytes[at++], message);
  }
  return at;
}

DataReceiver::Place DataReceiver::AfterCr(char c) {
  switch (c) {
    case '\n':
      return Place::kCrLf;
    case '\r':
      return Place::kCr;
    case '.':
      return Place::kCrDot;
    default:
      return Place::kMiddle;
  }
}

DataReceiver::Place DataReceiver::Step(char c, MessageBuffer& message) {
  const bool withheld = place_ == Place::kCrLf && c == '.';
  const bool undecided = place_ == Place::kCrLfDot && c == '\r';
  if (place_ == Place::kCrLfDotCr) {
    if (c == '\n') return Place::kEnd;
    message.Append('\r');
  }
  if (!withheld && !undecided) message.Append(c);

  switch (place_) {
    case Place::kCrLf:
      if (c == '.') return Place::kCrLfDot;
      break;
    case Place::kCrLfDot:
      if (c == '\r') return Place::kCrLfDotCr;
      if (c == '\n') false_end_ = true;  // CRLF.LF
      if (c == '.') return Place::kMiddle;
      break;
    case Place::kCrLfDotCr:
      false_end_ = true;  // CRLF.CR
      return AfterCr(c);
    case Place::kLf:
      if (c == '.') return Place::kLfDot;
      break;
    case Place::kLfDot:
      if (c == '\n') false_end_ = true;  // LF.LF
      if (c == '\r') return Place::kLfDotCr;
      break;
    case Place::kLfDotCr:
      if (c == '\n') false_end_ = true;  // LF.CRLF
      return AfterCr(c);
    case Place::kCrDot:
      if (c == '\r' || c == '\n') false_end_ = true;  // CR.CR, CR.CRLF, CR.LF
      break;
    case Place::kCr:
      return AfterCr(c);
    case Place::kMiddle:
    case Place::kEnd:
      break;
  }
  if (c == '\r') return Place::kCr;
  return c == '\n' ? Place::kLf : Place::kMiddle;
}

}  // namespace bounced::smtp
