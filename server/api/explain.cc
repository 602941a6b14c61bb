#include "server/api/explain.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/api/checker.h"
#include "server/api/plain_words.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

// What a rule is called that there is none of.
constexpr std::string_view kNoRule = "unknown";

std::string ShowTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}
// "1 day", "2 days".
std::string Plural(int n, std::string_view noun) {
  return absl::StrCat(n, " ", Absl(noun), n == 1 ? "" : "s");
}

// What still counts today of the days that are kept. Of what SinceRelease() leaves.
struct Counted {
  std::vector<Day> hard;
  std::vector<Day> soft;
  bool on_probation = false;
};

// The policy's window ends with the newest day, not with today: as long as that counts, so do those
// that share its window, beside mail of their time that comes back late.
std::vector<Day> LiveDays(const std::vector<Day>& days, int window_days, Day settled, Day today) {
  std::vector<Day> live;
  if (days.empty() || days.back() <= today - window_days) return live;
  for (const Day day : days) {
    if (day > days.back() - window_days && day > settled) live.push_back(day);
  }
  return live;
}

Counted CountToday(const AddressRecord& record, const Policy& policy, Day today) {
  Counted counted;
  const Day settled = std::max(record.delivered_on, record.soft_suppressed_on);
  counted.hard = LiveDays(record.hard_days, policy.hard_window_days, 0, today);
  counted.soft = LiveDays(record.soft_days, policy.soft_window_days, settled, today);
  counted.on_probation = IsOnProbation(record, today);
  return counted;
}

// How many bounces of mail issued on as many days would suppress an address at the soonest, and for
// how long.
struct Forecast {
  int bounces = 0;
  int days = 0;  // 0: until somebody takes it off
};
enum class Wanted { kAny, kForGood };

// Days of issue, those first that add most to what is counted: beside `counted` and in its window,
// from the newest back; then from today on, or what follows the newest.
std::vector<Day> DaysToTry(const std::vector<Day>& counted, int window_days, Day today, int most) {
  std::vector<Day> days;
  if (!counted.empty()) {
    const Day newest = counted.back();
    const Day oldest = std::max(newest - window_days + 1, newest - 2 * most);
    for (Day day = newest; day >= oldest; --day) days.push_back(day);
    for (Day day = newest + 1; day < today && day <= newest + most; ++day) days.push_back(day);
  }
  for (Day day = today; day <= today + 2 * most; ++day) days.push_back(day);
  return days;
}

// Asks the policy itself, so that the sentences hold whatever its rules are. None: it would not, by
// `most` bounces.
std::optional<Forecast> Foresee(const AddressRecord& record, const Policy& policy, Reason reason,
                                absl::Time now, Wanted wanted, int most,
                                const std::vector<Day>& counted = {}) {
  static const absl::StatusOr<Address> kAnybody = Address::Parse("anybody@example.com");
  const ReasonInfo& info = Info(reason);
  Event event;
  event.kind = Kind::kBounce;
  event.address = *kAnybody;
  event.reason = reason;
  event.bounce_class = info.bounce_class;
  event.fault = info.fault;
  event.counts = info.counts;
  event.trust = Trust::kSigned;
  Message message;
  AddressHistory history{record, {}};
  const int window_days =
      info.bounce_class == BounceClass::kHard ? policy.hard_window_days : policy.soft_window_days;
  int bounces = 0;
  for (const Day day : DaysToTry(counted, window_days, DayOf(now), most)) {
    if (bounces == most) break;
    message.day = day;
    // No mail that has been counted has this return path.
    message.return_path = absl::StrCat("forecast ", day);
    const absl::Time then = std::max(now, StartOf(day));
    message.receive_time = then;
    Decision decision = Decide(policy, history, message, event, then);
    // A day on which mail has been counted already, or that a suppression has settled.
    if (decision.effect == Effect::kNone && !decision.suppress) continue;
    ++bounces;
    if (decision.suppress) {
      absl::Time until = decision.suppress->expire_time;
      if (until == absl::InfiniteFuture()) return Forecast{bounces, 0};
      int days = static_cast<int>((until - then) / absl::Hours(24));
      if (wanted == Wanted::kAny) return Forecast{bounces, days};
    }
    history.record = decision.next;
  }
  return std::nullopt;
}

// `change`: by which it came to stand; null: none tells.
std::string SummaryOf(const Suppression& suppression, const Change* change) {
  std::string text = "No mail may be sent";
  std::string_view since = " on ";
  absl::StrAppend(&text, suppression.stream.empty()
                             ? " in any stream"
                             : absl::StrCat(" in stream ", suppression.stream));
  if (suppression.address.is_domain()) {
    absl::StrAppend(&text, " to anybody of ", Absl(suppression.address.domain()));
  }
  if (suppression.tenant == kAnyTenant) absl::StrAppend(&text, " by any tenant");
  switch (suppression.source) {
    case Source::kManual:
      absl::StrAppend(&text, ": suppressed by hand");
      break;
    case Source::kImport:
      absl::StrAppend(&text, ": suppressed by a list that was taken over");
      // The list says since when; the change, when it was taken over.
      if (change == nullptr) {
        since = ", since ";
      } else if (ShowTime(change->time) != ShowTime(suppression.create_time)) {
        absl::StrAppend(&text, " on ", ShowTime(change->time));
        since = ", and stood there since ";
      }
      break;
    case Source::kUnsubscribe:
      absl::StrAppend(&text, ": unsubscribed");
      break;
    default:
      absl::StrAppend(&text, ": suppressed by a ", Absl(ToString(suppression.source)));
  }
  if (suppression.event_id != 0) {
    absl::StrAppend(&text, " (event ", suppression.event_id, ")");
  } else if (suppression.source != Source::kManual && suppression.source != Source::kImport) {
    absl::StrAppend(&text, " elsewhere, as a list that was taken over says,");
  }
  absl::StrAppend(&text, Absl(since), ShowTime(suppression.create_time), ", reason ",
                  suppression.reason, ".");
  if (!suppression.explanation.empty()) absl::StrAppend(&text, " ", suppression.explanation);
  return text;
}

std::string SummaryOfRisky(const Counted& counted, const AddressRecord& record,
                           const Policy& policy) {
  if (counted.on_probation && counted.soft.empty()) {
    return absl::StrCat("Mail may be sent, but soft bounces have suppressed this address before: ",
                        "it is on probation until ", ShownDay(record.probation_until), ".");
  }
  return absl::StrCat("Mail may be sent, but soft bounces are under way: ", counted.soft.size(),
                      " of ", policy.soft_threshold, " are counted.");
}

std::string SummaryOfHeld(const Suppression& held) {
  return absl::StrCat(
      "Mail may be sent, but the address bounced: its suppression, of ", ShowTime(held.create_time),
      ", reason ", held.reason, ", is held by incident ", held.incident_id,
      ", since many addresses of its domain bounced alike within minutes. ", held.explanation);
}

std::string SummaryOfSend(const AddressDossier& dossier, absl::Time now) {
  if (dossier.standing.allowed) {
    return "Mail may be sent: somebody has allowed the address or its domain, so that no bounce "
           "suppresses it.";
  }
  if (dossier.events.empty() && dossier.standing.suppressions.empty()) {
    return "Mail may be sent: nothing is known of this address.";
  }
  auto ended =
      std::find_if(dossier.standing.suppressions.begin(), dossier.standing.suppressions.end(),
                   [now](const Suppression& each) { return each.expire_time <= now; });
  if (ended != dossier.standing.suppressions.end()) {
    return absl::StrCat("Mail may be sent: its suppression ended on ", ShowTime(ended->expire_time),
                        ".");
  }
  if (dossier.record.released) {
    return absl::StrCat("Mail may be sent: somebody took the address off on ",
                        ShowTime(*dossier.record.released), ".");
  }
  if (!dossier.standing.suppressions.empty()) {
    return "Mail may be sent in this stream: what stands against the address is of another.";
  }
  return "Mail may be sent: no threshold has been reached by what is known of the address.";
}

// What would change the verdict, and when it changes by itself.
class Outlook {
 public:
  Outlook(const AddressDossier& dossier, const Policy& policy, absl::Time now)
      : dossier_(dossier),
        record_(SinceRelease(dossier.record)),
        policy_(policy),
        now_(now),
        counted_(CountToday(record_, policy, DayOf(now))) {}

  const Counted& counted() const { return counted_; }

  // `suppression`: the one that stops mail; `held`: what an incident holds, where that decides.
  // Null: there is none.
  std::vector<std::string> Sentences(const Suppression* suppression, const Suppression* held) {
    if (suppression != nullptr) End(*suppression);
    const bool for_good =
        suppression != nullptr && suppression->expire_time == absl::InfiniteFuture();
    if (held != nullptr) {
      // Soft bounces may suppress for longer than what is held.
      if (held->expire_time != absl::InfiniteFuture() && policy_.suppress_bounces) Soft();
      Say("Until somebody decides on the incident no hard bounce changes that: its suppression is "
          "held, whatever it bounces with.");
    } else if (!for_good && !dossier_.standing.allowed) {
      Bounces(suppression);
    }
    if (dossier_.standing.allowed) {
      Say("Complaints and mail to unsubscribe would still suppress it.");
    } else if (suppression != nullptr) {
      Say("If somebody takes it off, bounces of mail issued on a day before that no longer count.");
    } else if (record_.released) {
      Say("Bounces of mail issued before ", ShownDay(DayOf(*record_.released)),
          " do not count: somebody took the address off then.");
    }
    return std::move(sentences_);
  }

 private:
  template <typename... Pieces>
  void Say(const Pieces&... pieces) {
    sentences_.push_back(absl::StrCat(pieces...));
  }

  void End(const Suppression& suppression) {
    if (suppression.expire_time == absl::InfiniteFuture()) {
      return Say("It lasts until somebody takes it off.");
    }
    Say("It ends by itself on ", ShowTime(suppression.expire_time), ".");
    if (!IsOnProbation(record_, DayOf(suppression.expire_time))) return;
    std::optional<Forecast> next =
        Foresee(record_, policy_, kSoft, suppression.expire_time, Wanted::kAny, 1);
    if (!next) return;
    Say("From then until ", ShownDay(record_.probation_until),
        " one more soft bounce would suppress it again, for ", Plural(next->days, "day"), ".");
  }

  void Bounces(const Suppression* suppression) {
    if (!policy_.suppress_bounces) {
      return Say(
          "No bounce suppresses here (suppress_bounces = false); complaints and mail to "
          "unsubscribe do.");
    }
    if (suppression == nullptr) Soft();
    Hard(suppression);
  }

  void Soft() {
    std::optional<Forecast> next =
        Foresee(record_, policy_, kSoft, now_, Wanted::kAny, policy_.soft_threshold, counted_.soft);
    if (next && next->bounces == 1) {
      Say("One more soft bounce of mail issued on another day would suppress it for ",
          Plural(next->days, "day"), ".");
    } else if (next) {
      Say(next->bounces, counted_.soft.empty() ? "" : " more", " soft bounces of mail issued on ",
          next->bounces, counted_.soft.empty() ? " days" : " other days", " within ",
          Plural(policy_.soft_window_days, "day"), " would suppress it for ",
          Plural(next->days, "day"), ".");
    }
    if (counted_.on_probation) {
      Say("Its probation ends on ", ShownDay(record_.probation_until), ", or with a delivery.");
    }
    if (!counted_.soft.empty()) {
      Say("The oldest soft bounce that counts lapses beside one of mail issued on ",
          ShownDay(counted_.soft.front() + policy_.soft_window_days),
          " or later; a delivery would clear them all.");
    }
    if (dossier_.risky_until > DayOf(now_)) {
      Say("Without another soft bounce it is no longer risky from ", ShownDay(dossier_.risky_until),
          " on.");
    }
  }

  void Hard(const Suppression* suppression) {
    Say("A hard bounce whose text leaves no doubt would suppress it until somebody takes it off.");
    const std::string_view other = counted_.hard.empty() ? "" : " of mail issued on another day";
    std::optional<Forecast> next =
        Foresee(record_, policy_, kHard, now_, Wanted::kAny, 1, counted_.hard);
    if (next && next->days == 0) {
      return Say("A less certain hard bounce", Absl(other), " would do the same.");
    }
    std::optional<Forecast> last = Foresee(record_, policy_, kHard, now_, Wanted::kForGood,
                                           policy_.hard_confirmations, counted_.hard);
    if (!next || !last) return;
    const bool is_shorter =
        suppression != nullptr && now_ + absl::Hours(24) * next->days <= suppression->expire_time;
    Say("A less certain hard bounce", Absl(other),
        is_shorter ? absl::StrCat(" would change nothing before ",
                                  ShownDay(DayOf(suppression->expire_time)))
                   : absl::StrCat(" would suppress it for ", Plural(next->days, "day")),
        "; ", last->bounces, " of mail issued on ", last->bounces,
        counted_.hard.empty() ? " days" : " other days", " would do so until it is taken off.");
  }

  // What a full mailbox and a closed one are: soft bounces that count, and hard ones that are not
  // certain.
  static constexpr Reason kSoft = Reason::kMailboxFull;
  static constexpr Reason kHard = Reason::kMailboxDisabled;

  const AddressDossier& dossier_;
  const AddressRecord record_;
  const Policy& policy_;
  const absl::Time now_;
  const Counted counted_;
  std::vector<std::string> sentences_;
};

// Whether the event has been counted towards a threshold.
bool IsCounted(const StoredEvent& stored) {
  return stored.event.effect == Effect::kCounted || stored.event.effect == Effect::kSuppressed;
}

// What is no longer kept of what decides: of suppressions, or of what makes the address risky. An
// event came when the suppression that names it was made.
void AddNotes(const AddressDossier& dossier, bool is_risky, absl::Time now, KeepDays keep,
              v1::ExplainResponse& response) {
  if (dossier.forgotten) {
    response.add_notes(
        "The text of this address was forgotten: what stands is found by a keyed hash, and events "
        "have none of their texts.");
  }
  for (const Suppression& each : dossier.standing.suppressions) {
    const bool is_lost = std::find(dossier.lost_events.begin(), dossier.lost_events.end(),
                                   each.event_id) != dossier.lost_events.end();
    if (!is_lost) continue;
    response.add_notes(
        absl::StrCat("Event ", each.event_id, ", on which a suppression rests, has expired on ",
                     ShownDay(DayOf(each.create_time) + keep.events), ": events are kept for ",
                     Plural(keep.events, "day"), " (store.event_days)."));
  }
  if (is_risky && std::none_of(dossier.events.begin(), dossier.events.end(), IsCounted)) {
    response.add_notes(
        absl::StrCat("The events that make it risky have expired: events are kept for ",
                     Plural(keep.events, "day"), " (store.event_days)."));
  }
  for (const StoredEvent& each : dossier.events) {
    const Day end = DayOf(each.message.receive_time) + keep.evidence;
    const bool is_lost =
        !each.has_evidence && !dossier.forgotten && each.message_octets > 0 && end <= DayOf(now);
    const bool decides =
        (is_risky && IsCounted(each)) ||
        std::any_of(dossier.standing.suppressions.begin(), dossier.standing.suppressions.end(),
                    [&](const Suppression& one) { return one.event_id == each.event.id; });
    if (!is_lost || !decides) continue;
    response.add_notes(absl::StrCat("The message of event ", each.event.id, " has expired on ",
                                    ShownDay(end), ": messages are kept for ",
                                    Plural(keep.evidence, "day"), " (store.evidence_days)."));
  }
}

void AddCount(std::string_view name, const std::vector<Day>& days, int threshold, int window_days,
              v1::ExplainResponse& response) {
  v1::Count* count = response.add_counts();
  count->set_name(std::string(name));
  count->set_value(static_cast<std::int32_t>(days.size()));
  count->set_threshold(threshold);
  for (Day day : days) count->add_days(ShownDay(day));
  count->set_window_days(window_days);
  if (!days.empty()) count->set_until(ShownDay(days.front() + window_days));
}

void AddCounts(const AddressRecord& record, const Counted& counted, const Policy& policy,
               v1::ExplainResponse& response) {
  AddCount("hard_confirmations", counted.hard, policy.hard_confirmations, policy.hard_window_days,
           response);
  AddCount("soft_bounces", counted.soft, policy.soft_threshold, policy.soft_window_days, response);
  if (!counted.on_probation) return;
  v1::Count* count = response.add_counts();
  count->set_name("soft_suppressions");
  count->set_value(record.soft_suppressions);
  count->set_until(ShownDay(record.probation_until));
}

// The newest change of the suppression that leaves it as it stands.
const Change* NewestChangeOf(const AddressDossier& dossier, const Suppression& suppression) {
  for (const Change& change : dossier.changes) {
    const Suppression& told = change.suppression;
    const bool is_of_it =
        change.what == Change::What::kCreated || change.what == Change::What::kReplaced;
    if (is_of_it && told.tenant == suppression.tenant && told.address == suppression.address &&
        told.stream == suppression.stream && told.source == suppression.source) {
      return &change;
    }
  }
  return nullptr;
}

// By which the address was last taken off.
const Change* Release(const AddressDossier& dossier) {
  for (const Change& change : dossier.changes) {
    if (change.what == Change::What::kRemoved && change.time == dossier.record.released) {
      return &change;
    }
  }
  return nullptr;
}

// `suppression`: the one that stops mail, or that an incident holds; null: none does.
Ground GroundOf(const AddressDossier& dossier, const Suppression* suppression, bool is_risky) {
  Ground ground{.suppression = suppression};
  if (suppression != nullptr) {
    ground.change = NewestChangeOf(dossier, *suppression);
  } else if (!is_risky) {
    ground.change = Release(dossier);
  }
  for (const StoredEvent& stored : dossier.events) {
    const bool is_ground = suppression != nullptr ? stored.event.id == suppression->event_id
                                                  : is_risky && IsCounted(stored);
    if (!is_ground) continue;
    ground.event = &stored;
    break;
  }
  return ground;
}

// Whether a line of the policy is called so.
bool IsPolicyRule(std::string_view name) {
  for (int number = 1;; ++number) {
    const std::string_view known = ToString(static_cast<PolicyRule>(number));
    if (known == kNoRule) return false;
    if (known == name) return true;
  }
}

// The line of the policy that made `suppression` of its event; empty: there is none, or no change
// that tells it.
std::string_view LineOf(const AddressDossier& dossier, const Suppression& suppression) {
  for (const Change& change : dossier.changes) {
    const bool is_by_event = change.author == "policy" && suppression.event_id != 0 &&
                             change.suppression.event_id == suppression.event_id;
    if (is_by_event && IsPolicyRule(change.cause)) return change.cause;
  }
  return "";
}

void AddGround(const AddressDossier& dossier, const Ground& ground, v1::ExplainResponse& response) {
  if (ground.event != nullptr) {
    if (ground.suppression != nullptr && !ground.event->event.forwarded_to.empty()) {
      absl::StrAppend(response.mutable_summary(),
                      " The mail had been forwarded: that is said of another address.");
    }
    response.set_policy_line(std::string(ToString(ground.event->event.policy_rule)));
  } else if (ground.suppression != nullptr) {
    // It outlives the event.
    response.set_policy_line(std::string(LineOf(dossier, *ground.suppression)));
  }
  if (ground.change != nullptr && ground.change->author != "policy") {
    const v1::SuppressionChange change = ToProto(*ground.change);
    response.set_author(change.author());
    response.set_cause(change.cause());
  } else if (response.verdict() == v1::VERDICT_SEND && !dossier.allowances.empty()) {
    const v1::Allowance allowance = ToProto(dossier.allowances.front());
    response.set_author(allowance.author());
    response.set_cause(allowance.note());
  }
}

}  // namespace

v1::ExplainResponse Explain(const AddressDossier& dossier, const Policy& policy,
                            std::string_view stream, absl::Time now, KeepDays keep) {
  v1::ExplainResponse response;
  Outlook outlook(dossier, policy, now);
  const Suppression* suppression = Strongest(dossier.standing, stream, now);
  const Suppression* ground_suppression = suppression;
  Verdict verdict = Verdict::kSend;
  if (suppression != nullptr) {
    verdict = Verdict::kSuppressed;
    response.set_verdict(v1::VERDICT_SUPPRESSED);
    *response.mutable_suppression() = ToProto(*suppression);
    response.set_summary(SummaryOf(*suppression, NewestChangeOf(dossier, *suppression)));
  } else if (const Suppression* held = Held(dossier.standing, now);
             held != nullptr && !dossier.standing.allowed) {
    verdict = Verdict::kRisky;
    ground_suppression = held;
    response.set_verdict(v1::VERDICT_RISKY);
    response.set_summary(SummaryOfHeld(*held));
    response.add_outlook(absl::StrCat("Whoever confirms incident ", held->incident_id,
                                      " suppresses it; whoever releases that takes it off."));
  } else if (!dossier.standing.allowed && DayOf(now) < dossier.risky_until) {
    verdict = Verdict::kRisky;
    response.set_verdict(v1::VERDICT_RISKY);
    response.set_summary(SummaryOfRisky(outlook.counted(), dossier.record, policy));
  } else {
    response.set_verdict(v1::VERDICT_SEND);
    response.set_summary(SummaryOfSend(dossier, now));
  }
  const Suppression* held = suppression == nullptr ? ground_suppression : nullptr;
  for (std::string& sentence : outlook.Sentences(suppression, held)) {
    response.add_outlook(std::move(sentence));
  }
  for (const Suppression& each : dossier.standing.suppressions) {
    *response.add_suppressions() = ToProto(each);
  }
  response.set_allowed(dossier.standing.allowed);
  AddNotes(dossier, verdict == Verdict::kRisky && ground_suppression == nullptr, now, keep,
           response);
  for (const StoredEvent& event : dossier.events) *response.add_events() = ToProto(event);
  for (const Change& change : dossier.changes) *response.add_changes() = ToProto(change);
  AddCounts(dossier.record, outlook.counted(), policy, response);
  for (const Allowance& each : dossier.allowances) *response.add_allowances() = ToProto(each);
  for (const Incident& each : dossier.incidents) *response.add_incidents() = ToProto(each);
  const Ground ground = GroundOf(dossier, ground_suppression, verdict == Verdict::kRisky);
  AddGround(dossier, ground, response);
  for (std::string& sentence : PlainWords(dossier, policy, verdict, ground, outlook.counted().soft,
                                          outlook.counted().on_probation, now)) {
    response.add_plain(std::move(sentence));
  }
  return response;
}

v1::ExplainResponse ExplainInvalid(const absl::Status& why) {
  v1::ExplainResponse response;
  response.set_verdict(v1::VERDICT_INVALID);
  response.set_summary(absl::StrCat("This is no address: ", why.message(), "."));
  response.add_plain("This is not a mail address as it is written, so no mail can be sent to it.");
  return response;
}

}  // namespace bounced::api
