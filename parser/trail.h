// Collects a Report's path, where somebody asks for it, and bounds what else is told then.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/report.h"

namespace bounced {

class Trail {
 public:
  // A report of thousands of recipients goes the same way for each: the first tell it.
  static constexpr std::size_t kMaxSteps = 200;
  // Of all recipients together; those behind the one that met it have none.
  static constexpr std::size_t kMaxCandidates = 20'000;

  void Add(std::string text, Span where = {}) {
    if (steps_.size() < kMaxSteps) steps_.push_back({std::move(text), where});
  }
  std::vector<PathStep> Take() && { return std::move(steps_); }

  bool HasRoomForCandidates() const { return candidates_ < kMaxCandidates; }
  void CountCandidates(std::size_t count) { candidates_ += count; }

 private:
  std::vector<PathStep> steps_;
  std::size_t candidates_ = 0;
};

// Adds a step to `trail`; null: nobody asks.
inline void Tell(Trail* trail, std::string_view step, Span where = {}) {
  if (trail != nullptr) trail->Add(std::string(step), where);
}

}  // namespace bounced
