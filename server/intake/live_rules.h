// The rules in force, which may be swapped while messages are read, and how often each has won.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "parser/parser.h"
#include "parser/rules.h"
#include "parser/text.h"
#include "storage/mutex.h"

namespace bounced {

// One set of rules at work. Thread-safe; a count is one relaxed atomic for each rule.
class RulesAtWork {
 public:
  RulesAtWork(std::shared_ptr<const RuleSet> rules, absl::Time load_time);

  const RuleSet& rules() const { return *rules_; }
  const Parser& parser() const { return parser_; }
  absl::Time load_time() const { return load_time_; }

  // What is counted: the rules in their order, then `unclassified` and `undefined`, which stand for
  // no rule and have no source.
  const std::vector<RuleInfo>& counted() const { return counted_; }
  // Of the one at `place` in counted().
  std::uint64_t hits(std::size_t place) const {
    return hits_[place].load(std::memory_order_relaxed);
  }

  // For each failed recipient of `report`, which parser() made, the place in counted() of what won.
  std::vector<std::uint32_t> WinsOf(const Report& report) const;
  void Count(std::span<const std::uint32_t> wins);

 private:
  const std::shared_ptr<const RuleSet> rules_;
  const Parser parser_;
  const absl::Time load_time_;
  std::vector<RuleInfo> counted_;
  // By the ids in counted_.
  absl::flat_hash_map<std::string_view, std::uint32_t, StringHash, std::equal_to<>> places_;
  std::vector<std::atomic<std::uint64_t>> hits_;  // beside counted_
};

// Thread-safe.
class LiveRules {
 public:
  LiveRules(std::shared_ptr<const RuleSet> rules, absl::Time load_time);

  // The set in force. Whoever reads a message holds on to it until the message is done, so that one
  // set reads it and counts it.
  std::shared_ptr<RulesAtWork> Get() const;
  // From now on Get() gives `rules`, counted from nought; messages under way end with what they
  // have.
  void Swap(std::shared_ptr<const RuleSet> rules, absl::Time load_time);

 private:
  mutable Mutex mutex_;
  std::shared_ptr<RulesAtWork> at_work_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bounced
