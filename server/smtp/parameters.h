// The parameters of MAIL and RCPT (RFC 5321, 4.1.1.11).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bounced::smtp {

inline constexpr std::size_t kMaxSizeDigits = 20;         // RFC 1870, 3
inline constexpr std::size_t kMaxEnvelopeIdOctets = 100;  // as xtext; RFC 3461, 4.4
inline constexpr std::size_t kMaxOrcptOctets = 500;       // type and xtext; RFC 3461, 4.2

enum class Body { k7Bit, k8BitMime, kBinaryMime };

enum class ParameterError {
  kNone,
  kSyntax,   // one cannot be read, or stands twice
  kUnknown,  // one is not known, or has a value that is not
};

struct MailParameters {
  std::uint64_t size = 0;  // RFC 1870; 0: not said; what needs more than 64 bits: the greatest
  Body body = Body::k7Bit;
  bool smtputf8 = false;
  std::string envelope_id;  // decoded
};

struct RcptParameters {
  std::string original_recipient;  // without its type, decoded
};

// `text` is what stands behind the path. SIZE (RFC 1870), BODY (RFC 6152, 3030), SMTPUTF8 (RFC
// 6531), RET and ENVID (RFC 3461), AUTH (RFC 4954, 5; has no effect). Total.
ParameterError ParseMailParameters(std::string_view text, MailParameters& parameters);
// NOTIFY and ORCPT (RFC 3461; RFC 6533, 3). Total.
ParameterError ParseRcptParameters(std::string_view text, RcptParameters& parameters);

}  // namespace bounced::smtp
