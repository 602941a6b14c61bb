// What a part is said to be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bounced {

// A Content-Type field (RFC 2045, 5.1), with the parameters that matter here. Values are those that
// the sender meant: quotes, comments and the splits and percent codes of RFC 2231 are undone.
struct ContentType {
  std::string type = "text/plain";  // lower case; RFC 2045, 5.2 has this one for what says nothing
  std::string boundary;
  std::string charset;      // lower case
  std::string report_type;  // lower case (RFC 6522, 3)
  std::string name;         // of a file, in its own charset
  bool stated = false;      // there was a field, and a type in it

  bool IsMultipart() const { return type.starts_with("multipart/"); }
  // A returned message or its header: message/rfc822, message/global (RFC 6532, 3.7),
  // message/global-headers (RFC 6533, 6.3), text/rfc822-headers (RFC 6522, 4), and
  // message/rfc822-headers and text/rfc822-header, which some hosts write for it; also a file of no
  // type whose name ends in ".eml", which gateways make of it.
  bool IsMessage() const;
  // message/delivery-status or message/global-delivery-status (RFC 6533, 4.1).
  bool IsDeliveryStatus() const;
  bool IsFeedbackReport() const { return type == "message/feedback-report"; }  // RFC 5965, 3
  // RFC 8098, 3.1, or RFC 6533, 4.2's form of it.
  bool IsDispositionNotification() const;
};

// Total and linear: what can't be read is skipped, the first parameter of a name stays.
ContentType ParseContentType(std::string_view value);

}  // namespace bounced
