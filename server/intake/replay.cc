#include "server/intake/replay.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "server/intake/policy.h"
#include "server/intake/reread.h"

namespace bounced {
namespace {

bool IsOfEvents(Source source) {
  return source == Source::kBounce || source == Source::kComplaint ||
         source == Source::kUnsubscribe;
}

bool IsOfSuppression(Change::What what) {
  return what == Change::What::kCreated || what == Change::What::kReplaced ||
         what == Change::What::kRemoved;
}

bool SuppressesSoftly(PolicyRule rule) {
  return rule == PolicyRule::kSoftThreshold || rule == PolicyRule::kSoftProbation;
}

// What somebody did to the address.
struct Act {
  absl::Time time;
  std::int64_t number = 0;         // of the change; 0: no change of it is kept
  const Change* change = nullptr;  // null with it: it was taken off
};

// A delivery that no event tells of, and the event, by its place, before which it was known.
struct Noted {
  std::size_t before;
  Day day;
};

class Past {
 public:
  Past(const Policies& policies, const ReturnPaths& paths, const AddressFacts& facts,
       std::span<const Event> readings, std::vector<Noted> noted, absl::Time now)
      : policies_(policies), paths_(paths), facts_(facts), noted_(std::move(noted)), now_(now) {
    events_.reserve(facts.events.size());
    for (const StoredEvent& stored : facts.events) events_.push_back(stored.event);
    for (const Event& reading : readings) {
      if (Event* event = FindEvent(reading.id)) *event = reading;
    }
    FindReplays();
    ReadActs();
    ReadTimes();
  }

  Replayed Play() {
    Begin();
    for (std::size_t i = 0; i < events_.size(); ++i) {
      DoActsBefore(i);
      Take(i);
    }
    DoActsBefore(events_.size());
    if (delivery_) NoteDelivery(*delivery_, now_);
    return Outcome();
  }

  // What was stale then, and would not be by what the events tell, was made so by a delivery that
  // left none. That is known as long as all else comes to what it came to then.
  std::vector<Noted> FindNoted() {
    Begin();
    std::vector<Noted> found;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      DoActsBefore(i);
      const AddressRecord record = record_;
      const std::vector<Suppression> standing = standing_;
      const Day risky_until = risky_until_;
      Take(i);
      if (IsSameReading(events_[i], facts_.events[i].event)) continue;
      const StoredEvent& stored = facts_.events[i];
      if (stored.event.policy_rule != PolicyRule::kStale ||
          stored.message.day > facts_.record.delivered_on) {
        break;
      }
      record_ = record;
      standing_ = standing;
      risky_until_ = risky_until;
      NoteDelivery(stored.message.day, times_[i]);
      Take(i);
      if (!IsSameReading(events_[i], stored.event)) break;
      found.push_back({.before = i, .day = stored.message.day});
    }
    return found;
  }

 private:
  Event* FindEvent(std::int64_t id) {
    const auto found =
        std::lower_bound(events_.begin(), events_.end(), id,
                         [](const Event& event, std::int64_t wanted) { return event.id < wanted; });
    return found == events_.end() || found->id != id ? nullptr : &*found;
  }
  // Whether the event is not stored (any more), so that nothing can be played of it.
  bool IsGone(std::int64_t event_id) { return event_id == 0 || FindEvent(event_id) == nullptr; }

  // --- What happened when

  void FindReplays() {
    for (const Change& change : facts_.changes) {
      by_number_.emplace(change.number, &change);
      if (change.what == Change::What::kReclassified && change.undoes == 0) {
        replays_.insert(change.batch);
      }
    }
  }

  // Whether a replay made the change, or who undid one.
  bool IsOfReplay(const Change* change) const {
    while (change->undoes != 0) {
      const auto undone = by_number_.find(change->undoes);
      if (undone == by_number_.end()) return false;
      change = undone->second;
    }
    return change->batch != 0 && replays_.contains(change->batch);
  }

  // The policy itself, as the event came; or an incident, of what the event had done.
  bool IsOfEvent(const Change& change) const {
    return change.what != Change::What::kRemoved && change.suppression.event_id != 0 &&
           change.undoes == 0 && !IsOfReplay(&change);
  }

  // When each event was decided, to the moment where a change tells. Else it was when its message
  // came. What one's own mail system reported may have been decided long behind it: no earlier than
  // what came before, and behind the release for which it did not count.
  void ReadTimes() {
    const auto note = [this](const Suppression& suppression, std::int64_t number) {
      if (suppression.event_id == 0 || !IsOfEvents(suppression.source)) return;
      decided_.try_emplace(suppression.event_id, suppression.create_time, number);
    };
    for (const Change& change : facts_.changes) {
      if (!IsOfSuppression(change.what)) continue;
      note(change.suppression, IsOfEvent(change) ? change.number : 0);
      if (change.before) note(*change.before, 0);
    }
    for (const Suppression& suppression : facts_.suppressions) note(suppression, 0);
    absl::Time last = absl::InfinitePast();
    for (const StoredEvent& stored : facts_.events) {
      absl::Time time = stored.message.receive_time;
      const auto decided = decided_.find(stored.event.id);
      if (decided != decided_.end()) {
        time = decided->second.first;
      } else if (stored.message.report_form == kSessionForm) {
        time = std::max(time, last);
        if (stored.event.policy_rule == PolicyRule::kReleased) {
          time = std::max(time, ReleaseOf(stored.message.day) + absl::Nanoseconds(1));
        }
      }
      times_.push_back(time);
      last = std::max(last, time);
    }
  }

  // The first that puts an end to what mail of that day has shown; the infinite past: none does.
  absl::Time ReleaseOf(Day day) const {
    for (const Act& act : acts_) {
      const bool is_release = act.change == nullptr || IsRelease(*act.change);
      if (is_release && day < DayOf(act.time)) return act.time;
    }
    return absl::InfinitePast();
  }

  bool IsBefore(const Act& act, std::size_t event) const {
    const auto decided = decided_.find(events_[event].id);
    if (act.number != 0 && decided != decided_.end() && decided->second.second != 0) {
      return act.number < decided->second.second;
    }
    return act.time < times_[event];
  }

  void ReadActs() {
    bool knows_release = !facts_.record.released;
    for (const Change& change : facts_.changes) {
      if (!IsOfSuppression(change.what) || IsOfReplay(&change) || IsOfEvent(change)) continue;
      acts_.push_back({change.time, change.number, &change});
      knows_release = knows_release || (IsRelease(change) && change.time == facts_.record.released);
    }
    if (knows_release) return;
    const Act release{.time = *facts_.record.released};
    acts_.insert(std::upper_bound(acts_.begin(), acts_.end(), release,
                                  [](const Act& a, const Act& b) { return a.time < b.time; }),
                 release);
  }

  static bool IsRelease(const Change& change) {
    return change.what == Change::What::kRemoved && change.undoes == 0 &&
           change.suppression.stream.empty();
  }

  // --- What was there before the first event that is stored

  void Begin() {
    const AddressRecord& known = facts_.record;
    record_ = {};
    bool has_soft_suppression = false;
    std::vector<std::uint64_t> mails;
    Day delivered_on = 0;
    for (std::size_t i = 0; i < facts_.events.size(); ++i) {
      const StoredEvent& stored = facts_.events[i];
      mails.push_back(CountedMailOf(stored.message, stored.event));
      const PolicyRule rule = stored.event.policy_rule;
      const bool is_soft_suppression = SuppressesSoftly(rule);
      has_soft_suppression = has_soft_suppression || is_soft_suppression;
      if (rule == PolicyRule::kDelivery) delivered_on = std::max(delivered_on, stored.message.day);
      // Had the last delivery been known by then, it would not have been counted.
      if ((is_soft_suppression || rule == PolicyRule::kSoftCounted) &&
          stored.message.day <= known.delivered_on) {
        first_after_delivery_ = i + 1;
      }
    }
    if (known.delivered_on > delivered_on) delivery_ = known.delivered_on;
    record_.hard_days = DaysOfGone(known.hard_days, BounceClass::kHard);
    record_.soft_days = DaysOfGone(known.soft_days, BounceClass::kSoft);
    std::sort(mails.begin(), mails.end());
    for (const std::uint64_t mail : known.counted_mails) {
      if (!std::binary_search(mails.begin(), mails.end(), mail)) {
        record_.counted_mails.push_back(mail);
      }
    }
    if (!has_soft_suppression) {
      record_.soft_suppressions = known.soft_suppressions;
      record_.soft_suppressed_on = known.soft_suppressed_on;
      record_.probation_until = known.probation_until;
    }
    BeginSuppressions();
  }

  // Those of `days` that no stored event can have brought.
  std::vector<Day> DaysOfGone(const std::vector<Day>& days, BounceClass bounce_class) const {
    std::vector<Day> gone;
    for (const Day day : days) {
      const bool is_stored =
          std::any_of(facts_.events.begin(), facts_.events.end(), [&](const StoredEvent& stored) {
            return stored.message.day == day && stored.event.bounce_class == bounce_class;
          });
      if (!is_stored) gone.push_back(day);
    }
    return gone;
  }

  // What stands of an event that is gone stood from the first, and so did what the oldest change
  // that is kept found there.
  void BeginSuppressions() {
    for (const Suppression& standing : facts_.suppressions) {
      if (IsOfEvents(standing.source) && standing.event_id != 0 && IsGone(standing.event_id)) {
        standing_.push_back(standing);
      }
    }
    std::vector<Suppression> seen;  // the keys
    for (const Change& change : facts_.changes) {
      const Suppression& key = change.suppression;
      if (!IsOfSuppression(change.what) || !IsOfEvents(key.source)) continue;
      if (FindSameKey(seen, key) != nullptr) continue;
      seen.push_back(key);
      if (FindSameKey(standing_, key) != nullptr) continue;
      if (change.what == Change::What::kRemoved) {
        if (IsGone(key.event_id)) standing_.push_back(key);
      } else if (change.before && IsGone(change.before->event_id)) {
        standing_.push_back(*change.before);
      } else if (key.event_id != 0 && change.undoes == 0 && IsGone(key.event_id)) {
        standing_.push_back(key);
      }
    }
    for (const Suppression& standing : facts_.suppressions) {
      if (IsOfEvents(standing.source) && standing.event_id == 0 &&
          FindSameKey(seen, standing) == nullptr && FindSameKey(standing_, standing) == nullptr) {
        standing_.push_back(standing);
      }
    }
  }

  // --- One thing after the other

  // All that was done before the event of that place, and what was known by then.
  void DoActsBefore(std::size_t event) {
    for (; next_act_ < acts_.size(); ++next_act_) {
      const Act& act = acts_[next_act_];
      if (event < events_.size() && !IsBefore(act, event)) break;
      if (IsTimeOfDelivery(event, act.time)) NoteDelivery(*delivery_, act.time);
      Do(act);
    }
    if (event == events_.size()) return;
    if (IsTimeOfDelivery(event, times_[event])) NoteDelivery(*delivery_, times_[event]);
    for (const Noted& noted : noted_) {
      if (noted.before == event) NoteDelivery(noted.day, times_[event]);
    }
  }

  // A delivery that changed nothing then left no event, only its day. It may have come at any time
  // from that day on; it is taken to have come as early as what was decided then allows.
  bool IsTimeOfDelivery(std::size_t event, absl::Time time) const {
    return delivery_ && event >= first_after_delivery_ && time >= StartOf(*delivery_);
  }

  void NoteDelivery(Day day, absl::Time time) {
    StoredEvent noted;
    noted.event.kind = Kind::kDelivery;
    noted.event.reason = Reason::kDelivered;
    noted.event.trust = Trust::kLocal;
    noted.event.address = facts_.events.empty() ? std::nullopt : facts_.events[0].event.address;
    noted.message.day = day;
    if (delivery_ && day >= *delivery_) delivery_.reset();
    if (!noted.event.address) return;
    Carry(Ask(noted.event, noted.message, time, false), noted.event);
  }

  void Put(Suppression suppression) {
    std::erase_if(standing_, [&](const Suppression& each) { return SameKey(each, suppression); });
    standing_.push_back(std::move(suppression));
  }

  void Do(const Act& act) {
    if (act.change == nullptr) {
      // Which were taken off is not told any more: not those that still stand from before it.
      std::erase_if(standing_, [&](const Suppression& each) {
        const Suppression* stands = FindSameKey(facts_.suppressions, each);
        return each.create_time <= act.time &&
               (stands == nullptr || stands->create_time > act.time);
      });
      Release(act.time);
      return;
    }
    const Suppression& told = act.change->suppression;
    if (act.change->what != Change::What::kRemoved) {
      if (IsOfEvents(told.source)) Put(told);
      return;
    }
    std::erase_if(standing_, [&](const Suppression& each) {
      return SameKey(each, told) && each.create_time <= act.time;
    });
    if (IsRelease(*act.change)) Release(act.time);
  }

  void Release(absl::Time time) {
    record_.released = time;
    risky_until_ = 0;
  }

  // What was decided tells it, and where it does not, the allowances that stand.
  bool WasAllowed(std::size_t event) const {
    switch (facts_.events[event].event.policy_rule) {
      case PolicyRule::kAllowed:
        return true;
      case PolicyRule::kHardCertain:
      case PolicyRule::kHardShort:
      case PolicyRule::kHardConfirmed:
      case PolicyRule::kSoftCounted:
      case PolicyRule::kSoftThreshold:
      case PolicyRule::kSoftProbation:
      case PolicyRule::kSoftNotCounting:
      case PolicyRule::kSameMessage:
      case PolicyRule::kReleased:
      case PolicyRule::kStale:
        return false;
      default:
        break;
    }
    return std::any_of(
        facts_.allowances.begin(), facts_.allowances.end(),
        [&](const Allowance& allowance) { return allowance.create_time <= times_[event]; });
  }

  // Of a return path that is none of ours any more, what was decided tells. Nothing is above the
  // trust in one's own mail system, to whose reports no return path has come.
  LeastTrust LeastTrustOf(const StoredEvent& stored) const {
    if (const auto least = paths_.LeastTrustOf(stored.message.return_path)) return *least;
    const Trust trust = stored.event.trust;
    if (stored.event.policy_rule != PolicyRule::kTrustTooLow || trust == Trust::kLocal) {
      return trust;
    }
    return static_cast<Trust>(static_cast<int>(trust) + 1);
  }

  void Take(std::size_t i) {
    Message message = facts_.events[i].message;
    message.least_trust = LeastTrustOf(facts_.events[i]);
    Decision decision = Ask(events_[i], message, times_[i], WasAllowed(i));
    if (decision.suppress && decision.suppress->expire_time <= now_ && WasToldLate(i)) {
      decision = Ask(events_[i], message, decision.suppress->expire_time, WasAllowed(i));
    }
    Carry(std::move(decision), events_[i]);
  }

  // Whether it may have been told when the suppression that it asked for was over, so that none was
  // made: no change tells when.
  bool WasToldLate(std::size_t i) const {
    const StoredEvent& stored = facts_.events[i];
    return stored.message.report_form == kSessionForm && stored.event.effect == Effect::kCounted &&
           !decided_.contains(stored.event.id);
  }

  Decision Ask(const Event& event, const Message& message, absl::Time time, bool is_allowed) const {
    const Policy& policy = policies_.Of(message.tenant, message.stream);
    const AddressHistory history{
        .record = record_, .suppressions = standing_, .allowed = is_allowed};
    return Decide(policy, history, message, event, time);
  }

  void Carry(Decision decision, Event& event) {
    event.effect = decision.effect;
    event.policy_rule = decision.rule;
    record_ = std::move(decision.next);
    risky_until_ = decision.risky_until;
    if (decision.suppress) Put(*std::move(decision.suppress));
  }

  // --- What it comes to

  bool IsOfAnotherReading(const Suppression* suppression) {
    if (suppression == nullptr || suppression->event_id == 0) return false;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (events_[i].id != suppression->event_id) continue;
      const Event& former = facts_.events[i].event;
      return events_[i].kind != former.kind || events_[i].reason != former.reason;
    }
    return false;
  }

  void Compare(const Suppression* was, const Suppression* is, Replayed& replayed) {
    const Suppression& key = was != nullptr ? *was : *is;
    if (key.source != Source::kBounce && !IsOfAnotherReading(was) && !IsOfAnotherReading(is)) {
      return;
    }
    if (is == nullptr) {
      replayed.remove.push_back(*was);
      return;
    }
    Suppression put = *is;
    put.incident_id = was != nullptr ? was->incident_id : 0;
    if (was == nullptr && put.expire_time <= now_) return;
    if (was == nullptr || !SaysTheSame(put, *was)) replayed.put.push_back(std::move(put));
  }

  Replayed Outcome() {
    Replayed replayed;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (!IsSameReading(events_[i], facts_.events[i].event)) replayed.events.push_back(events_[i]);
    }
    for (const Suppression& was : facts_.suppressions) {
      if (IsOfEvents(was.source)) Compare(&was, FindSameKey(standing_, was), replayed);
    }
    for (const Suppression& is : standing_) {
      if (FindSameKey(facts_.suppressions, is) == nullptr) Compare(nullptr, &is, replayed);
    }
    record_.released = facts_.record.released;
    record_.delivered_on = std::max(record_.delivered_on, facts_.record.delivered_on);
    // What a release has put an end to may still be written there.
    if (SinceRelease(record_) == SinceRelease(facts_.record)) record_ = facts_.record;
    // A day that has passed is none.
    const auto from_now = [today = DayOf(now_)](Day day) { return day > today ? day : 0; };
    const bool is_as_risky = from_now(risky_until_) == from_now(facts_.risky_until);
    replayed.risky_until = is_as_risky ? facts_.risky_until : risky_until_;
    replayed.record = std::move(record_);
    replayed.is_as_it_was = replayed.events.empty() && replayed.put.empty() &&
                            replayed.remove.empty() && is_as_risky &&
                            replayed.record == facts_.record;
    return replayed;
  }

  const Policies& policies_;
  const ReturnPaths& paths_;
  const AddressFacts& facts_;
  std::vector<Event> events_;                  // as they are read today; beside those of the facts
  std::vector<absl::Time> times_;              // beside them
  absl::flat_hash_set<std::int64_t> replays_;  // batches
  absl::flat_hash_map<std::int64_t, const Change*> by_number_;
  // When the event was decided, and the number of its change; 0: none is kept.
  absl::flat_hash_map<std::int64_t, std::pair<absl::Time, std::int64_t>> decided_;
  std::vector<Act> acts_;
  std::size_t next_act_ = 0;
  const std::vector<Noted> noted_;
  const absl::Time now_;
  std::optional<Day> delivery_;  // that no event tells of, until it is played
  std::size_t first_after_delivery_ = 0;

  AddressRecord record_;
  std::vector<Suppression> standing_;  // of the sources of events alone
  Day risky_until_ = 0;
};

}  // namespace

Replayed Replay(const Policies& policies, const ReturnPaths& paths, const AddressFacts& facts,
                std::span<const Event> readings, absl::Time now) {
  std::vector<Noted> noted = Past(policies, paths, facts, {}, {}, now).FindNoted();
  return Past(policies, paths, facts, readings, std::move(noted), now).Play();
}

}  // namespace bounced
