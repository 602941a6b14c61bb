// Which line of a file each row came from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace bounced::cli {

// Rows that follow each other line by line take no memory; the others 16 octets.
class LineMap {
 public:
  // The next row, from 0, begins on `line`.
  void Add(std::uint64_t line) {
    if (runs_.empty() || line != runs_.back().line + (rows_ - runs_.back().row)) {
      runs_.push_back({rows_, line});
    }
    ++rows_;
  }
  // Of a row that was added.
  std::uint64_t LineOf(std::uint64_t row) const {
    auto after = std::upper_bound(runs_.begin(), runs_.end(), row,
                                  [](std::uint64_t r, const Run& run) { return r < run.row; });
    const Run& run = *std::prev(after);
    return run.line + (row - run.row);
  }
  std::uint64_t rows() const { return rows_; }

 private:
  struct Run {
    std::uint64_t row;   // the first of it
    std::uint64_t line;  // on which that begins
  };
  std::vector<Run> runs_;
  std::uint64_t rows_ = 0;
};

}  // namespace bounced::cli
