// bouncectl: see --help.
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/cli/bouncectl.h"
#include "server/cli/streams.h"

namespace {

std::string Variable(const char* name, std::string_view otherwise) {
  const char* value = std::getenv(name);
  return std::string(value != nullptr && *value != '\0' ? std::string_view(value) : otherwise);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace bounced::cli;
  // Without it gRPC says on standard error what the verbs say in better words.
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  FdSource in(STDIN_FILENO, Ownership::kBorrowed, "standard input");
  FdSink out(STDOUT_FILENO, "standard output");
  constexpr std::size_t kAtOnce = 0;  // what is said on standard error is seen when it is said
  FdSink err(STDERR_FILENO, "standard error", kAtOnce);
  const Environment environment{
      .in = in,
      .out = out,
      .err = err,
      .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
      .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
      .server = Variable("BOUNCED_SERVER", kDefaultServer),
      .token = Variable("BOUNCED_TOKEN", ""),
      .author = Variable("USER", "bouncectl"),
      .clock = bounced::SystemClock(),
  };
  return static_cast<int>(RunBouncectl({argv + 1, argv + argc}, environment));
}
