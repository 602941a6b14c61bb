#include "server/api/reclassify_answer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "parser/text.h"
#include "server/api/limits.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

bool Stands(const Suppression* suppression, absl::Time now) {
  return suppression != nullptr && suppression->expire_time > now;
}

v1::SuppressionState StateOf(const Suppression& suppression) {
  const v1::Suppression shown = ToProto(suppression);
  v1::SuppressionState state;
  state.set_stream(shown.stream());
  state.set_source(std::string(ToString(suppression.source)));
  state.set_reason(shown.reason());
  state.set_bounce_class(shown.bounce_class());
  *state.mutable_create_time() = shown.create_time();
  if (shown.has_expire_time()) *state.mutable_expire_time() = shown.expire_time();
  state.set_event_id(shown.event_id());
  state.set_explanation(shown.explanation());
  state.set_held(suppression.incident_id != 0);
  return state;
}

v1::EventReading ReadingOf(const Event& event) {
  v1::EventReading reading;
  reading.set_kind(static_cast<v1::Kind>(event.kind));
  reading.set_reason(std::string(ToString(event.reason)));
  reading.set_bounce_class(static_cast<v1::BounceClass>(event.bounce_class));
  reading.set_fault(static_cast<v1::Fault>(event.fault));
  reading.set_confidence(event.confidence);
  reading.set_rule(Presentable(event.rule, kMaxShownMatchOctets));
  reading.set_matched_text(Presentable(event.matched_text, kMaxShownMatchOctets));
  reading.set_effect(static_cast<v1::Effect>(event.effect));
  reading.set_policy_line(std::string(ToString(event.policy_rule)));
  return reading;
}

// What the changes of suppressions come to for the address.
class Comparison {
 public:
  Comparison(const AddressFacts& facts, absl::Time now) : now_(now), after_(facts.suppressions) {
    before_stands_ = AnyStands();
  }

  void Take(const Suppression* was, const Suppression* is) {
    const Suppression& key = was != nullptr ? *was : *is;
    std::erase_if(after_, [&](const Suppression& each) { return SameKey(each, key); });
    if (is != nullptr) after_.push_back(*is);
    const bool stood = Stands(was, now_);
    const bool stands = Stands(is, now_);
    if (stood != stands) differs_ = true;
    if (!stood || !stands) return;
    differs_ = differs_ || was->reason != is->reason || was->bounce_class != is->bounce_class ||
               was->expire_time != is->expire_time;
  }

  v1::ReclassifiedAddress::Outcome Result() const {
    const bool stands = AnyStands();
    if (stands && !before_stands_) return v1::ReclassifiedAddress::OUTCOME_ADDED;
    if (!stands && before_stands_) return v1::ReclassifiedAddress::OUTCOME_RELEASED;
    return differs_ ? v1::ReclassifiedAddress::OUTCOME_CHANGED
                    : v1::ReclassifiedAddress::OUTCOME_NOTED;
  }

 private:
  bool AnyStands() const {
    return std::any_of(after_.begin(), after_.end(),
                       [this](const Suppression& each) { return Stands(&each, now_); });
  }

  const absl::Time now_;
  std::vector<Suppression> after_;  // what stands afterwards
  bool before_stands_ = false;
  bool differs_ = false;
};

}  // namespace

std::optional<v1::ReclassifiedAddress> ReclassifiedAddressOf(const Address& address,
                                                             const AddressFacts& facts,
                                                             const Replayed& replayed,
                                                             absl::Time now) {
  if (replayed.is_as_it_was) return std::nullopt;
  v1::ReclassifiedAddress result;
  result.set_address(Presentable(address.spelling(), kMaxExplanationOctets));
  Comparison comparison(facts, now);
  const auto add = [&](const Suppression* was, const Suppression* is) {
    comparison.Take(was, is);
    v1::ReclassifiedSuppression* added = result.add_suppressions();
    if (was != nullptr) *added->mutable_before() = StateOf(*was);
    if (is != nullptr) *added->mutable_after() = StateOf(*is);
  };
  for (const Suppression& gone : replayed.remove)
    add(FindSameKey(facts.suppressions, gone), nullptr);
  for (const Suppression& put : replayed.put) add(FindSameKey(facts.suppressions, put), &put);
  result.set_outcome(comparison.Result());
  auto stored = facts.events.begin();
  for (const Event& event : replayed.events) {
    stored = std::find_if(stored, facts.events.end(),
                          [&](const StoredEvent& each) { return each.event.id == event.id; });
    if (stored == facts.events.end()) break;
    if (static_cast<std::size_t>(result.events_size()) == kMaxShownReclassified) break;
    v1::ReclassifiedEvent* added = result.add_events();
    added->set_event_id(event.id);
    *added->mutable_receive_time() = ToProto(stored->message.receive_time);
    *added->mutable_before() = ReadingOf(stored->event);
    *added->mutable_after() = ReadingOf(event);
  }
  result.set_event_count(static_cast<std::int32_t>(replayed.events.size()));
  return result;
}

void Count(const v1::ReclassifiedAddress& address, v1::ReclassifyProgress& progress) {
  switch (address.outcome()) {
    case v1::ReclassifiedAddress::OUTCOME_ADDED:
      return progress.set_added(progress.added() + 1);
    case v1::ReclassifiedAddress::OUTCOME_RELEASED:
      return progress.set_released(progress.released() + 1);
    case v1::ReclassifiedAddress::OUTCOME_CHANGED:
      return progress.set_changed(progress.changed() + 1);
    default:
      return progress.set_noted(progress.noted() + 1);
  }
}

}  // namespace bounced::api
