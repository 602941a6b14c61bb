// Content-Transfer-Encoding (RFC 2045, 6), undone as far as it goes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bounced {

enum class TransferEncoding { kIdentity, kBase64, kQuotedPrintable };

// An unknown one counts as 8bit (RFC 2045, 6.4).
TransferEncoding ParseTransferEncoding(std::string_view value);

// All three take any octets and never fail: characters that are none of the encoding's are skipped
// (base64) or kept (quoted-printable), padding may miss, hexadecimal digits be lower case (RFC
// 7103, 8.2). At most `max_octets` come out; linear.
std::string DecodeBase64(std::string_view encoded, std::size_t max_octets);
std::string DecodeQuotedPrintable(std::string_view encoded, std::size_t max_octets);
// The Q of an encoded word: as quoted-printable, with "_" for a blank (RFC 2047, 4.2).
std::string DecodeQ(std::string_view encoded);

}  // namespace bounced
