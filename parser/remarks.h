// Collects a Report's remarks, no more than its bound.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/report.h"

namespace bounced {

class Remarks {
 public:
  explicit Remarks(std::size_t max_remarks) : max_(max_remarks) {}

  // A text is kept once, with the place where it was true first: a hostile message can be odd in
  // the same way a million times.
  void Add(std::string_view text, Span where) {
    if (remarks_.size() >= max_) return;
    const bool known = std::any_of(remarks_.begin(), remarks_.end(),
                                   [text](const Remark& remark) { return remark.text == text; });
    if (!known) remarks_.push_back({std::string(text), where});
  }

  std::vector<Remark> Take() && { return std::move(remarks_); }

 private:
  std::size_t max_;
  std::vector<Remark> remarks_;
};

}  // namespace bounced
