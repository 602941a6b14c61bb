// The rules work on days of issue, not on moments: which facts are known settles most of what is
// decided, and hardly ever the order in which they came. An address's record holds those facts, and
// each rule is a function that takes a copy, adds the event's fact and says what follows.
#include "server/intake/policy.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "parser/text.h"
#include "server/intake/mailbox_providers.h"

namespace bounced {
namespace {

// Doubling ends here, some 270 years out, long before an int or the calendar does.
constexpr int kMaxSuppressionDays = 100'000;

struct Case {
  const Policy& policy;
  const AddressHistory& history;
  const Message& message;
  const Event& event;
  absl::Time now;
  absl::Time bounced;  // what one's own mail system or its log reports may be long past
};

Decision Nothing(PolicyRule rule, AddressRecord record) {
  Decision decision;
  decision.rule = rule;
  decision.next = std::move(record);
  return decision;
}

// --- Days

void DropUpTo(std::vector<Day>& days, Day last) {
  std::erase_if(days, [last](Day day) { return day <= last; });
}

// Adds `day` and forgets what the window of `window_days` that ends with the newest no longer
// holds. False: that makes no difference, as the day is known or too old itself.
bool AddDay(std::vector<Day>& days, Day day, int window_days) {
  auto place = std::lower_bound(days.begin(), days.end(), day);
  const bool is_new = place == days.end() || *place != day;
  if (is_new) days.insert(place, day);
  const Day newest = days.back();
  DropUpTo(days, newest - window_days);
  return is_new && day > newest - window_days;
}

// `days` doubled `times`, at most `max_days`.
int Doubled(int days, int times, int max_days) {
  max_days = std::min(max_days, kMaxSuppressionDays);
  while (times-- > 0 && days < max_days) days *= 2;
  return std::min(days, max_days);
}

// So long after the mail bounced. Of facts that come late the newest one counts, whichever was told
// last: no mail of `newest` bounced before that day.
absl::Time InDays(const Case& c, Day newest, int days) {
  return std::min(c.now, std::max(c.bounced, StartOf(newest))) + absl::Hours(24) * days;
}

// --- The record

// Risky is an address that may soon be suppressed: while its newest soft bounce still counts (one
// more would find it in the window), and on probation.
Day RiskyUntil(const Policy& policy, const AddressRecord& record, absl::Time now) {
  Day until = record.probation_until;
  if (!record.soft_days.empty()) {
    until = std::max(until, record.soft_days.back() + policy.soft_window_days);
  }
  return until > DayOf(now) ? until : 0;
}

// Whether a signed return path tells which mail of ours the event is about.
bool NamesMail(const Message& message, const Event& event) {
  if (event.trust == Trust::kLocal) return !message.returned_path.empty();
  return event.trust >= Trust::kReturned;
}

// Counts the mail, once. False: it has been.
bool CountMail(const Case& c, AddressRecord& record) {
  const std::uint64_t id = CountedMailOf(c.message, c.event);
  std::vector<std::uint64_t>& mails = record.counted_mails;
  if (std::find(mails.begin(), mails.end(), id) != mails.end()) return false;
  mails.push_back(id);
  if (mails.size() > AddressRecord::kMaxCountedMails) mails.erase(mails.begin());
  return true;
}

// --- Suppressions

// "The remote server says that the mailbox does not exist (550 5.1.1, rule no-such-user)"
std::string Finding(const Event& event) {
  std::string meaning(Info(event.reason).meaning);
  if (meaning.ends_with('.')) meaning.pop_back();
  if (!meaning.empty()) meaning.front() = FoldCase(meaning.front());
  std::string codes = event.reply_code != 0 ? absl::StrCat(event.reply_code) : "";
  if (!event.enhanced_status.empty()) {
    absl::StrAppend(&codes, codes.empty() ? "" : " ", event.enhanced_status);
  }
  return absl::StrCat(event.reply_code != 0 ? "The remote server" : "The report", " says that ",
                      meaning, " (", codes, codes.empty() ? "" : ", ", "rule ", event.rule, ")");
}

// Decides to suppress until `until`. A suppression of the same source and stream that stands and
// lasts as long is left alone; `otherwise` is the effect then. One that would be over is not made.
void Suppress(const Case& c, Source source, const std::string& stream, absl::Time until,
              std::string explanation, Effect otherwise, Decision& decision) {
  if (until <= c.now) {
    decision.effect = Effect::kCounted;
    return;
  }
  for (const Suppression& standing : c.history.suppressions) {
    if (standing.source == source && standing.stream == stream && standing.expire_time > c.now &&
        standing.expire_time >= until) {
      decision.effect = otherwise;
      return;
    }
  }
  Suppression suppression{.tenant = c.message.tenant,
                          .stream = stream,
                          .address = *c.event.address,
                          .source = source,
                          .reason = std::string(ToString(c.event.reason)),
                          .bounce_class = c.event.bounce_class,
                          .create_time = c.now,
                          .expire_time = until,
                          .event_id = c.event.id,
                          .explanation = std::move(explanation)};
  decision.effect = Effect::kSuppressed;
  decision.suppress = std::move(suppression);
}

// For a bounce, in all streams.
void Suppress(const Case& c, absl::Time until, std::string explanation, Effect otherwise,
              Decision& decision) {
  Suppress(c, Source::kBounce, "", until, std::move(explanation), otherwise, decision);
}

// --- Bursts

// What the remote server said, without the words that differ from one address to the next: those
// with a digit or an @, and the local part itself. Case and punctuation are no difference.
std::uint64_t TextHashOf(const Event& event) {
  const std::string& text = !event.diagnostic.empty()     ? event.diagnostic
                            : !event.matched_text.empty() ? event.matched_text
                                                          : event.rule;
  const std::string folded = FoldCase(std::string_view(text));
  std::string kept;
  for (const auto each :
       absl::StrSplit(folded, absl::ByAnyChar(" \t\r\n<>()[]{}\"',;:"), absl::SkipEmpty())) {
    std::string_view word = Std(each);
    while (word.ends_with('.')) word.remove_suffix(1);
    if (word.empty() || word == event.address->local_part() ||
        word.find_first_of("@0123456789") != word.npos) {
      continue;
    }
    absl::StrAppend(&kept, Absl(word), " ");
  }
  return XXH3_64bits(kept.data(), kept.size());
}

std::optional<Burst> BurstOf(const Case& c) {
  const int limit = IsLargeMailboxProvider(c.event.address->domain()) ? c.policy.domain_burst_large
                                                                      : c.policy.domain_burst;
  if (limit == 0) return std::nullopt;
  return Burst{.text_hash = TextHashOf(c.event),
               .limit = limit,
               .window = absl::Minutes(c.policy.burst_minutes)};
}

// --- The rows of the table. Above each function stand the names that Explain gives its decisions.

bool LeavesNoDoubt(const Case& c) {
  const Reason reason = c.event.reason;
  return (reason == Reason::kNoSuchUser || reason == Reason::kNoSuchDomain ||
          reason == Reason::kBadAddressSyntax) &&
         c.event.confidence >= c.policy.hard_confidence && c.event.text_bears_out &&
         // Of another address that mail was forwarded to it says nothing for good: an alias may
         // have many, and this one may be taken off it tomorrow.
         c.event.forwarded_to.empty();
}

bool IsBeforeRelease(const Case& c, const AddressRecord& record) {
  return record.released && c.message.day < DayOf(*record.released);
}

// hard_certain, hard_short, hard_confirmed; released, same_message, stale.
Decision Hard(const Case& c, AddressRecord record) {
  if (IsBeforeRelease(c, record)) return Nothing(PolicyRule::kReleased, std::move(record));
  if (!CountMail(c, record)) return Nothing(PolicyRule::kSameMessage, std::move(record));
  Decision decision;
  if (LeavesNoDoubt(c)) {
    decision.rule = PolicyRule::kHardCertain;
    decision.next = std::move(record);
    Suppress(c, absl::InfiniteFuture(), absl::StrCat(Finding(c.event), "."), Effect::kNone,
             decision);
    if (decision.suppress) decision.burst = BurstOf(c);
    return decision;
  }
  const bool is_known =
      std::binary_search(record.hard_days.begin(), record.hard_days.end(), c.message.day);
  if (!AddDay(record.hard_days, c.message.day, c.policy.hard_window_days)) {
    return Nothing(is_known ? PolicyRule::kSameMessage : PolicyRule::kStale, std::move(record));
  }
  const int days = static_cast<int>(record.hard_days.size());
  const Day newest = record.hard_days.back();
  decision.next = std::move(record);
  std::string explanation = Finding(c.event);
  if (days > 1) absl::StrAppend(&explanation, ", as mail of ", days, " days has shown");
  explanation += '.';
  if (days >= c.policy.hard_confirmations) {
    decision.rule = PolicyRule::kHardConfirmed;
    Suppress(c, absl::InfiniteFuture(), std::move(explanation), Effect::kCounted, decision);
  } else {
    decision.rule = PolicyRule::kHardShort;
    const int length = Doubled(c.policy.hard_days, days - 1, kMaxSuppressionDays);
    Suppress(c, InDays(c, newest, length), std::move(explanation), Effect::kCounted, decision);
  }
  if (decision.suppress) decision.burst = BurstOf(c);
  return decision;
}

// Whether it bounced when the last soft suppression would have stopped it, had that been made by
// then. Whoever sent the mail could not know of it, so this is no relapse.
bool IsBeforeItWasKnown(const Case& c, const AddressRecord& record) {
  if (DayOf(c.bounced) >= record.probation_until - c.policy.probation_days) return false;
  return std::none_of(c.history.suppressions.begin(), c.history.suppressions.end(),
                      [&c](const Suppression& each) {
                        return each.source == Source::kBounce && each.create_time <= c.bounced &&
                               each.expire_time > c.bounced;
                      });
}

// Suppresses for soft bounces, the `relapses`-th time after the first.
Decision SuppressSoftly(const Case& c, AddressRecord record, PolicyRule rule, int relapses,
                        std::string why) {
  const int length = Doubled(c.policy.soft_days, relapses, c.policy.soft_max_days);
  Day newest = c.message.day;
  if (!record.soft_days.empty()) newest = std::max(newest, record.soft_days.back());
  const absl::Time until = InDays(c, newest, length);
  record.soft_days.clear();
  record.soft_suppressions = relapses + 1;
  // A sender's clock may be a day ahead of ours: its mail of that day must not count again either.
  record.soft_suppressed_on = std::max(DayOf(c.bounced), newest);
  record.probation_until = DayOf(until) + c.policy.probation_days;
  Decision decision;
  decision.rule = rule;
  decision.next = std::move(record);
  Suppress(c, until, absl::StrCat(Finding(c.event), ", ", why, "."), Effect::kCounted, decision);
  return decision;
}

// soft_counted, soft_threshold, soft_probation; released, same_message, stale.
Decision Soft(const Case& c, AddressRecord record) {
  const Day day = c.message.day;
  if (IsBeforeRelease(c, record)) return Nothing(PolicyRule::kReleased, std::move(record));
  if (!CountMail(c, record)) return Nothing(PolicyRule::kSameMessage, std::move(record));
  // Mail that is no newer than a delivery or a suppression has been answered by it.
  const Day settled = std::max(record.delivered_on, record.soft_suppressed_on);
  if (day <= settled) return Nothing(PolicyRule::kStale, std::move(record));
  DropUpTo(record.soft_days, settled);
  if (IsOnProbation(record, DayOf(c.bounced))) {
    const int relapses = record.soft_suppressions - (IsBeforeItWasKnown(c, record) ? 1 : 0);
    return SuppressSoftly(c, std::move(record), PolicyRule::kSoftProbation, relapses,
                          "again after a suppression for the like");
  }
  const bool is_known = std::binary_search(record.soft_days.begin(), record.soft_days.end(), day);
  if (!AddDay(record.soft_days, day, c.policy.soft_window_days)) {
    return Nothing(is_known ? PolicyRule::kSameMessage : PolicyRule::kStale, std::move(record));
  }
  const int days = static_cast<int>(record.soft_days.size());
  if (days >= c.policy.soft_threshold) {
    return SuppressSoftly(c, std::move(record), PolicyRule::kSoftThreshold, 0,
                          absl::StrCat("and mail of ", days, " days came back so"));
  }
  Decision decision = Nothing(PolicyRule::kSoftCounted, std::move(record));
  decision.effect = Effect::kCounted;
  return decision;
}

// delivery, delivery_relayed.
Decision Delivery(const Case& c, AddressRecord record) {
  // Handed on to a host that tells no more, or to a list (RFC 3464, 2.3.3).
  if (c.event.reason != Reason::kDelivered) {
    return Nothing(PolicyRule::kDeliveryRelayed, std::move(record));
  }
  const AddressRecord before = record;
  DropUpTo(record.soft_days, c.message.day);
  if (c.message.day > record.soft_suppressed_on) {
    record.soft_suppressions = 0;
    record.probation_until = 0;
  }
  const bool cleared = record != before;
  record.delivered_on = std::max(record.delivered_on, c.message.day);
  Decision decision = Nothing(PolicyRule::kDelivery, std::move(record));
  if (cleared) decision.effect = Effect::kCleared;
  return decision;
}

// Whether it says of a domain with mailboxes by the million that it does not exist, or takes no
// mail. Whoever sent the mail, or passed it on, then got a wrong answer of a name server: acting on
// that would suppress all who have a mailbox there.
bool DeniesAKnownDomain(const Event& event) {
  if (event.reason != Reason::kNoSuchDomain && event.reason != Reason::kDomainNoMail) return false;
  if (event.forwarded_to.empty()) return IsLargeMailboxProvider(event.address->domain());
  const absl::StatusOr<Address> last = Address::Parse(event.forwarded_to);
  return last.ok() && IsLargeMailboxProvider(last->domain());
}

// block, record_only, allowed, soft_not_counting, other; and what Hard() and Soft() decide.
Decision Bounce(const Case& c, AddressRecord record) {
  // Whatever the class says: the sender's fault is not the recipient's.
  if (c.event.bounce_class == BounceClass::kBlock || c.event.fault == Fault::kSender ||
      c.event.fault == Fault::kContent || DeniesAKnownDomain(c.event)) {
    return Nothing(PolicyRule::kBlock, std::move(record));
  }
  if (!c.policy.suppress_bounces) return Nothing(PolicyRule::kRecordOnly, std::move(record));
  if (c.history.allowed) return Nothing(PolicyRule::kAllowed, std::move(record));
  switch (c.event.bounce_class) {
    case BounceClass::kHard:
      return Hard(c, std::move(record));
    case BounceClass::kSoft:
      if (c.event.counts) return Soft(c, std::move(record));
      return Nothing(PolicyRule::kSoftNotCounting, std::move(record));
    case BounceClass::kBlock:
    case BounceClass::kNone:
      break;
  }
  return Nothing(PolicyRule::kOther, std::move(record));
}

// complaint, unsubscribe, other.
// What a person wants, and wants now: neither the day of the mail nor an earlier release matters.
// Of the types of feedback only two are such a wish (RFC 5965, 7.3).
Decision Wish(const Case& c, AddressRecord record) {
  const bool is_complaint = c.event.reason == Reason::kComplaintAbuse;
  if (!is_complaint && c.event.reason != Reason::kUnsubscribe) {
    return Nothing(PolicyRule::kOther, std::move(record));
  }
  Decision decision =
      Nothing(is_complaint ? PolicyRule::kComplaint : PolicyRule::kUnsubscribe, std::move(record));
  const bool is_for_all = is_complaint && c.policy.complaint_scope == ComplaintScope::kTenant;
  Suppress(c, is_complaint ? Source::kComplaint : Source::kUnsubscribe,
           is_for_all ? "" : c.message.stream, absl::InfiniteFuture(),
           std::string(Info(c.event.reason).meaning), Effect::kNone, decision);
  return decision;
}

// no_address, trust_too_low, delay, other; and what the others decide.
Decision ByKind(const Case& c, AddressRecord record) {
  if (!c.event.address) return Nothing(PolicyRule::kNoAddress, std::move(record));
  const bool is_wish = c.event.kind == Kind::kComplaint || c.event.kind == Kind::kUnsubscribe;
  const LeastTrust& least = c.message.least_trust;
  if (c.event.trust < (is_wish ? least.complaint : least.bounce)) {
    return Nothing(PolicyRule::kTrustTooLow, std::move(record));
  }
  switch (c.event.kind) {
    case Kind::kBounce:
      return Bounce(c, std::move(record));
    case Kind::kDelivery:
      return Delivery(c, std::move(record));
    case Kind::kDelay:
      return Nothing(PolicyRule::kDelay, std::move(record));
    case Kind::kComplaint:
    case Kind::kUnsubscribe:
      return Wish(c, std::move(record));
    default:
      return Nothing(PolicyRule::kOther, std::move(record));
  }
}

}  // namespace

AddressRecord SinceRelease(AddressRecord record) {
  if (!record.released) return record;
  const Day released_on = DayOf(*record.released);
  DropUpTo(record.hard_days, released_on - 1);
  DropUpTo(record.soft_days, released_on - 1);
  if (record.soft_suppressed_on <= released_on) {
    record.soft_suppressions = 0;
    record.soft_suppressed_on = 0;
    record.probation_until = 0;
  }
  return record;
}

bool IsOnProbation(const AddressRecord& record, Day day) {
  return record.soft_suppressions > 0 && day < record.probation_until;
}

// An unsigned return path may be that of all mail: what comes to it on one day is of one.
std::uint64_t CountedMailOf(const Message& message, const Event& event) {
  std::uint64_t seed = static_cast<std::uint64_t>(event.bounce_class);
  if (!NamesMail(message, event)) {
    seed |= std::uint64_t{static_cast<std::uint32_t>(message.day)} << 8;
  }
  const std::string& path =
      message.returned_path.empty() ? message.return_path : message.returned_path;
  return XXH3_64bits_withSeed(path.data(), path.size(), seed);
}

Decision Decide(const Policy& policy, const AddressHistory& history, const Message& message,
                const Event& event, absl::Time now) {
  const Case c{policy, history, message, event, now, std::min(now, message.receive_time)};
  Decision decision = ByKind(c, SinceRelease(history.record));
  decision.risky_until = RiskyUntil(policy, decision.next, now);
  return decision;
}

}  // namespace bounced
