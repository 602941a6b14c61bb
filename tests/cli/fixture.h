// bouncectl as users run it, against a server that remembers what it was sent.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/cli/bouncectl.h"
#include "tests/cli/fake_server.h"
#include "tests/cli/strings.h"
#include "tests/cli/temporary_folder.h"

namespace bounced::cli {

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

class BouncectlTest : public testing::Test {
 protected:
  static Outcome RunAt(const std::string& server, std::vector<std::string> arguments,
                       const std::string& input, bool terminal, const Clock& clock) {
    StringSource in(input);
    StringSink out;
    StringSink err;
    const ExitCode code = RunBouncectl(std::move(arguments), {.in = in,
                                                              .out = out,
                                                              .err = err,
                                                              .out_is_terminal = terminal,
                                                              .err_is_terminal = terminal,
                                                              .server = server,
                                                              .author = "tester",
                                                              .clock = clock});
    return {static_cast<int>(code), out.text, err.text};
  }
  Outcome Run(std::vector<std::string> arguments, const std::string& input = "") {
    return RunAt(server_.address(), std::move(arguments), input, false, SystemClock());
  }

  FakeServer server_;
  TemporaryFolder folder_;
};

}  // namespace bounced::cli
