// Encoded words in header fields (RFC 2047).
#pragma once

#include <string>
#include <string_view>

namespace bounced {

// `text` in UTF-8 with its encoded words decoded, wherever they stand (mail has them inside quotes,
// comments and words, too) and however long they are. Neighbours in one charset are joined before
// they are converted, since some hosts split a character between two (RFC 2047, 6.2). What can't be
// decoded stays as it came. Total and linear.
std::string DecodeEncodedWords(std::string_view text);

}  // namespace bounced
