// What a fuzzer claims of each input.
#pragma once

#include <cstdlib>

// Ends the process, which libFuzzer takes for a finding, unless it holds.
inline void Require(bool holds) {
  if (!holds) std::abort();
}
