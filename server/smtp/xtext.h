// How DSN parameters are encoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bounced::smtp {

// RFC 3461, 4: printable ASCII without `=`, and `+HH` for any octet. None: not that.
std::optional<std::string> DecodeXtext(std::string_view text);

// An address of type utf-8 (RFC 6533, 3): printable ASCII or UTF-8 without `+` and `=`, and
// `\x{HEX}` for any character. None: not that. `text` is well-formed UTF-8, and so is the answer.
std::optional<std::string> DecodeUnitext(std::string_view text);

}  // namespace bounced::smtp
