// Where a text names something rather than says it: its links and host names.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace bounced {

// Octets [begin, end) of a text.
struct NameRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The links ("https://example.net/help/spam", "www.example.net/spam") and the host names
// ("spam-filter.example.net") in `text`, in their order; none overlap. A host name is in lower case
// throughout and ends in a label of 2 to 8 letters, which parts it from the words with dots that
// some servers write ("QUEUE.Expired", "err.nosuchuser", "e.g."). Linear.
std::vector<NameRange> FindNames(std::string_view text);

}  // namespace bounced
