// The text of --help.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bounced::cli {

// What a terminal is sure to have.
inline constexpr std::size_t kHelpColumns = 79;

// `text` in lines of at most kHelpColumns characters, a longer word alone on its line. Its own line
// ends are blanks, but for those beside an empty line and before a line that begins with a blank,
// which stays as it is.
std::string Wrapped(std::string_view text);

}  // namespace bounced::cli
