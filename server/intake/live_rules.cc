#include "server/intake/live_rules.h"

#include <utility>

namespace bounced {

RulesAtWork::RulesAtWork(std::shared_ptr<const RuleSet> rules, absl::Time load_time)
    : rules_(std::move(rules)),
      parser_(rules_),
      load_time_(load_time),
      counted_(rules_->rules()),
      hits_(counted_.size() + 2) {
  for (const Reason reason : {Reason::kUnclassified, Reason::kUndefined}) {
    counted_.push_back({std::string(ToString(reason)), reason, "", RuleOrigin::kBuiltIn});
  }
  for (const RuleInfo& info : counted_) {
    places_.emplace(info.id, static_cast<std::uint32_t>(places_.size()));
  }
}

std::vector<std::uint32_t> RulesAtWork::WinsOf(const Report& report) const {
  std::vector<std::uint32_t> wins;
  for (const Recipient& recipient : report.recipients) {
    // What is no failure is decided by its kind, without a rule.
    const auto place = places_.find(recipient.classification.rule);
    if (place != places_.end()) wins.push_back(place->second);
  }
  return wins;
}

void RulesAtWork::Count(std::span<const std::uint32_t> wins) {
  for (const std::uint32_t place : wins) hits_[place].fetch_add(1, std::memory_order_relaxed);
}

LiveRules::LiveRules(std::shared_ptr<const RuleSet> rules, absl::Time load_time)
    : at_work_(std::make_shared<RulesAtWork>(std::move(rules), load_time)) {}

std::shared_ptr<RulesAtWork> LiveRules::Get() const {
  MutexLock lock(mutex_);
  return at_work_;
}

void LiveRules::Swap(std::shared_ptr<const RuleSet> rules, absl::Time load_time) {
  // Made before and unmade after the lock: neither may hold up who reads.
  auto at_work = std::make_shared<RulesAtWork>(std::move(rules), load_time);
  MutexLock lock(mutex_);
  at_work_.swap(at_work);
}

}  // namespace bounced
