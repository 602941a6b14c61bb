// A text that comes in pieces.
#pragma once

#include <cstddef>
#include <string_view>

namespace bounced::cli {

// Feeds `text` to `machine` in pieces, as long as `cut` says of what is left, and ends it; calls
// `take` after each.
template <typename Machine, typename Cut, typename Take>
void FeedInPieces(Machine& machine, std::string_view text, Cut cut, Take take) {
  while (!text.empty()) {
    const std::size_t octets = cut(text.size());
    machine.Feed(text.substr(0, octets));
    text.remove_prefix(octets);
    take();
  }
  machine.End();
  take();
}

}  // namespace bounced::cli
