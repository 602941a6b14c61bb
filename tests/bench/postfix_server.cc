// Starts a Postfix that takes mail for discard.example and throws it away, prints `ready
// port=PORT`, and stops it when standard input ends. Arguments are more lines of its main.cf.
#include <cstdio>
#include <exception>
#include <string>

#include "tests/e2e/harness/postfix.h"

int main(int argc, char** argv) {
  using bounced::e2e::Postfix;
  const std::string unavailable = Postfix::Unavailable();
  if (!unavailable.empty()) {
    std::fprintf(stderr, "postfix_server: %s\n", unavailable.c_str());
    return 1;
  }
  try {
    std::string settings;
    for (int i = 1; i < argc; ++i) settings += std::string(argv[i]) + '\n';
    const Postfix postfix({}, {.settings = settings});
    std::printf("ready port=%d\n", postfix.port());
    std::fflush(stdout);
    while (std::getchar() != EOF) continue;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "postfix_server: %s\n", error.what());
    return 1;
  }
}
