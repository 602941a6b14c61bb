// Which of thousands of phrases stand in a text, found in one pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bounced {

// What the automaton of all phrases may take. RE2's own default of 8 MB is too little for a
// thousand phrases: its cache is then flushed again and again.
inline constexpr std::int64_t kMatcherMemoryOctets = 64 << 20;

// Finds literal phrases in folded text (folded_text.h). A phrase stands there only as whole words:
// where it begins or ends with a letter or digit, no other may touch it.
//
// Which phrases occur at all is one pass of one automaton. Where they occur is then looked up for
// those few; so a pattern has no gaps, which would blow the automaton up.
//
// Immutable, so one object serves every thread.
class PhraseMatcher {
 public:
  // `phrases` are folded and not empty. RESOURCE_EXHAUSTED: the automaton does not fit into
  // `memory_octets`.
  static absl::StatusOr<PhraseMatcher> Create(std::vector<std::string> phrases,
                                              std::int64_t memory_octets = kMatcherMemoryOctets);
  PhraseMatcher(PhraseMatcher&&) noexcept;
  PhraseMatcher& operator=(PhraseMatcher&&) noexcept;
  ~PhraseMatcher();

  // The indices into `phrases` of those that stand in `folded`, in ascending order. When the
  // automaton runs out of memory on the way, the phrases are tried one by one: slower, same answer.
  std::vector<int> Find(std::string_view folded) const;
  // Where phrase `index` begins, in ascending order.
  std::vector<std::uint32_t> Places(int index, std::string_view folded) const;

  std::size_t length(int index) const { return phrases_[static_cast<std::size_t>(index)].size(); }

 private:
  struct Automaton;
  PhraseMatcher(std::vector<std::string> phrases, std::unique_ptr<const Automaton> automaton);
  std::size_t Next(std::string_view phrase, std::string_view folded, std::size_t from) const;

  std::vector<std::string> phrases_;
  std::unique_ptr<const Automaton> automaton_;  // null when there are no phrases
};

}  // namespace bounced
