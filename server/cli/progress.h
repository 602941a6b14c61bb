// How far a long run has come, for a person who watches.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/cli/output.h"

namespace bounced::cli {

// `1,234,567`.
std::string Grouped(std::uint64_t count);

// A line on standard error that is written over again and again; nothing when that is no terminal.
class Progress {
 public:
  Progress(Output& err, const Clock& clock)
      : err_(err), clock_(clock), start_(clock.Steady()), shown_(start_) {}
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` so far of what `noun` names.
  void Show(std::uint64_t done, std::string_view noun);
  // Takes the line away.
  void Clear();

 private:
  Output& err_;
  const Clock& clock_;
  const absl::Time start_;
  absl::Time shown_;
  bool visible_ = false;
};

}  // namespace bounced::cli
