// How a test says that it cannot run here.
#pragma once

#include <cstdlib>

#include "gtest/gtest.h"

namespace bounced {

// Whether whoever runs the tests has promised that everything they need is there.
inline bool SkipIsFailure() {
  const char* value = std::getenv("BOUNCED_SKIP_IS_FAILURE");
  return value != nullptr && *value != '\0';
}

}  // namespace bounced

// Ends the test (or a fixture's SetUp) as skipped, aloud with the reason. With
// BOUNCED_SKIP_IS_FAILURE set in the environment it has failed instead: a test that nobody ran
// proves nothing.
#define BOUNCED_SKIP(reason)                                           \
  do {                                                                 \
    if (::bounced::SkipIsFailure()) FAIL() << "not run: " << (reason); \
    GTEST_SKIP() << (reason);                                          \
  } while (false)
