// Texts in whatever charset, as UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bounced {

// `text` in UTF-8. `label` is what the mail says its charset is, in any case; the labels that lie
// by custom mean what the WHATWG Encoding standard takes them for (us-ascii and iso-8859-1 are
// windows-1252, gb2312 is GB18030, ks_c_5601-1987 is windows-949). A wrong octet becomes U+FFFD.
//
// No label, an unknown one, or one that says ASCII or UTF-8 and does not hold: valid UTF-8 is
// UTF-8, ISO 2022 escapes are ISO-2022-JP, else it is guessed (charset_guess.h). Total and linear.
std::string ToUtf8(std::string_view text, std::string_view label);
// The same without a label, and without a copy where `text` is UTF-8.
std::string Utf8Of(std::string text);

// The same where that is another text than `text`; none: it is UTF-8 as it stands.
std::optional<std::string> Recode(std::string_view text, std::string_view label);

// Whether there is a converter for `label`.
bool IsKnownCharset(std::string_view label);

}  // namespace bounced
