// The words of an HTML text, for reading: no script runs, nothing is fetched or laid out.
#pragma once

#include <string>
#include <string_view>

namespace bounced {

// `html` (UTF-8) without its tags, comments, scripts and styles; what begins a block begins a line;
// character references that bounces use are undone. Never longer than `html` but for the line ends
// of blocks. Total, one pass.
std::string TextOfHtml(std::string_view html);

}  // namespace bounced
