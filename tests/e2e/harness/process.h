// Programs that a test starts.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/harness/deadline.h"

namespace bounced::e2e {

struct ProcessOptions {
  std::vector<std::string> argv;              // argv[0] is looked for in PATH
  std::vector<std::string> environment = {};  // "NAME=value", on top of the test's own
  std::string stdin_path = "/dev/null";
  std::string stdout_path = "/dev/null";
  std::string stderr_path = "/dev/null";
};

// A program that runs. It is killed when the object or the test's main thread ends.
class Process {
 public:
  // Throws when there is no such program.
  explicit Process(const ProcessOptions& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // Does nothing when it has ended.
  void Signal(int signal);
  // Its exit code, or 128 and the number of the signal that ended it; none: it still runs.
  std::optional<int> Poll();
  // The same when it has ended; none: it did not within `patience`.
  std::optional<int> Wait(std::chrono::milliseconds patience = kPatience);

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

struct Outcome {
  int status = -1;  // as Process::Poll(); -1: it did not end in time and was killed
  std::string out;
  std::string err;
};

// Runs a program to its end.
Outcome RunProgram(std::vector<std::string> argv, std::vector<std::string> environment = {},
                   std::string_view input = {});

}  // namespace bounced::e2e
