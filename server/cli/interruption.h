// SIGINT, for verbs that end in good order.
#pragma once

#include <atomic>

#include "absl/time/time.h"
#include "server/cli/streams.h"

namespace bounced::cli {

// While one lives, the first SIGINT asks to end, and the next one ends the program as ever. One at
// a time; where the program was started to ignore SIGINT, it still does.
class Interruption {
 public:
  // Once it is asked, what reads `source` gets CANCELLED. It outlives this.
  explicit Interruption(Source& source);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  bool asked() const { return asked_; }
  // Waits; once it is asked no longer.
  void Pause(absl::Duration time) const;

  // Ends the program as SIGINT does, so that whoever started it sees that (to a shell it is 130).
  // What was to be written is written.
  [[noreturn]] static void EndProgram();

 private:
  static void Take(int signal);

  Source& source_;
  const int wake_;  // an eventfd, readable once it is asked
  std::atomic<bool> asked_ = false;
};

}  // namespace bounced::cli
