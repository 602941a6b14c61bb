#include "tests/simulation/model.h"

#include <algorithm>

namespace bounced::simulation {
namespace {

// The README's defaults.
constexpr int kHardDays = 7;
constexpr int kHardConfirmations = 3;
constexpr int kHardWindowDays = 365;
constexpr int kSoftThreshold = 3;
constexpr int kSoftWindowDays = 30;
constexpr int kSoftDays = 30;
constexpr int kSoftMaxDays = 480;
constexpr int kProbationDays = 90;
constexpr std::size_t kCountedMails = 16;

constexpr const char* kApi = "api";
constexpr const char* kPolicy = "policy";

// So long after mail bounced, none of which was issued behind `newest`.
absl::Time After(absl::Time now, absl::Time bounced, Day newest, int days) {
  return std::min(now, std::max(bounced, StartOf(newest))) + days * absl::Hours(24);
}

void DropBefore(std::set<Day>& days, Day first) {
  days.erase(days.begin(), days.lower_bound(first));
}

// Adds a day to those of a window that ends with the newest. False: that changes nothing.
bool AddDay(std::set<Day>& days, Day day, int window) {
  const bool is_new = days.insert(day).second;
  DropBefore(days, *days.rbegin() - window + 1);
  return is_new && days.contains(day);
}

}  // namespace

std::vector<Answer> Model::Apply(const std::vector<Request>& batch, absl::Time now) {
  std::vector<Answer> answers;
  for (const Request& request : batch) {
    answers.push_back(std::visit([&](const auto& each) { return Do(each, now); }, request));
  }
  return answers;
}

Verdict Model::Check(const std::string& tenant, const std::string& stream, const Address& address,
                     absl::Time now) const {
  const AddressKey key = KeyOf(tenant, address);
  for (const auto& [of, stands] : StandingOf(key)) {
    if ((of.first.empty() || of.first == stream) && stands.until > now) return Verdict::kSuppressed;
  }
  const auto counts = counts_.find(key);
  const bool is_risky = counts != counts_.end() && DayOf(now) < counts->second.risky_until;
  return is_risky ? Verdict::kRisky : Verdict::kSend;
}

const Standing& Model::StandingOf(const AddressKey& address) const {
  static const Standing none;
  const auto found = standing_.find(address);
  return found == standing_.end() ? none : found->second;
}

bool Model::IsNewest(std::int64_t number) const {
  const HistoryEntry& of = entry(number);
  return std::none_of(history_.begin() + static_cast<std::ptrdiff_t>(number), history_.end(),
                      [&](const HistoryEntry& newer) {
                        return newer.address == of.address && newer.key == of.key;
                      });
}

std::vector<std::int64_t> Model::Old(absl::Time before) const {
  std::vector<std::int64_t> old;
  for (std::int64_t number = 1; number < newest(); ++number) {
    const HistoryEntry& of = entry(number);
    if (of.is_dropped || of.time >= before) continue;
    const bool stands = StandingOf(of.address).contains(of.key);
    if (!stands || !IsNewest(number)) old.push_back(number);
  }
  return old;
}

// --- Requests

Answer Model::Do(const Receive& request, absl::Time now) {
  for (const ReturnPath* return_path : request.return_paths) {
    // The same message again is no other event.
    if (!events_.emplace(return_path->path, request.mail->number).second) continue;
    Judge({.return_path = *return_path,
           .kind = request.mail->kind,
           .now = now,
           .bounced = std::min(now, request.time)});
  }
  return {};
}

Answer Model::Do(const Put& request, absl::Time now) {
  const Suppression& s = request.suppression;
  const AddressKey address = KeyOf(s.tenant, s.address);
  const StandsKey key(s.stream, s.source);
  const Standing& standing = StandingOf(address);
  const auto stands = standing.find(key);
  PutSuppressions::Outcome outcome = PutSuppressions::Outcome::kCreated;
  if (stands != standing.end()) {
    const bool is_over = stands->second.until <= now;
    outcome = is_over || request.replace ? PutSuppressions::Outcome::kReplaced
                                         : PutSuppressions::Outcome::kExists;
  }
  if (outcome != PutSuppressions::Outcome::kExists) {
    Set(address, key,
        {.until = s.expire_time,
         .create_time = s.create_time,
         .reason = s.reason,
         .return_path = ""},
        kApi, now);
  }
  return outcome;
}

Answer Model::Do(const Remove& request, absl::Time now) {
  const AddressKey address = KeyOf(request.tenant, request.address);
  const StandsKey key(request.stream, request.source);
  if (!StandingOf(address).contains(key)) return std::size_t{0};
  Erase(address, key, kApi, now);
  if (!request.stream.empty()) return std::size_t{1};
  Counts& counts = counts_[address];
  counts.released = now;
  counts.risky_until = 0;
  return std::size_t{1};
}

Answer Model::Do(const Undo& request, absl::Time now) {
  const HistoryEntry of = entry(request.number);
  if (of.is_dropped || of.address.first != request.tenant) return UndoChanges::Outcome::kGone;
  switch (of.what) {
    case Change::What::kReplaced:
      Set(of.address, of.key, *of.before, kApi, now, request.number);
      break;
    case Change::What::kRemoved:
      Set(of.address, of.key, of.after, kApi, now, request.number);
      break;
    default:
      Erase(of.address, of.key, kApi, now, request.number);
      break;
  }
  return UndoChanges::Outcome::kUndone;
}

Answer Model::Do(const Drop& request, absl::Time) {
  for (const std::int64_t number : request.numbers) {
    history_[static_cast<std::size_t>(number) - 1].is_dropped = true;
    dropped_up_to_ = std::max(dropped_up_to_, number);
  }
  return {};
}

// --- The policy

void Model::Judge(const Case& c) {
  Counts& counts = counts_[KeyOf(c.return_path.tenant, c.return_path.address)];
  Forget(counts);
  switch (c.kind) {
    case MailKind::kNoSuchUser:
    case MailKind::kDisabled:
      JudgeHard(c, counts);
      break;
    case MailKind::kFull:
      JudgeSoft(c, counts);
      break;
    case MailKind::kDelivered:
      JudgeDelivery(c, counts);
      break;
    case MailKind::kComplaint:
      Suppress(c, Source::kComplaint, "", absl::InfiniteFuture(), "complaint_abuse");
      break;
    case MailKind::kUnsubscribe:
      Suppress(c, Source::kUnsubscribe, c.return_path.stream, absl::InfiniteFuture(),
               "unsubscribe");
      break;
    case MailKind::kSpam:
    case MailKind::kDelayed:
    case MailKind::kAutoReply:
    case MailKind::kOther:
      break;
  }
  // Risky is what one more soft bounce would suppress.
  counts.risky_until = counts.probation_until;
  if (!counts.soft_days.empty()) {
    counts.risky_until = std::max(counts.risky_until, *counts.soft_days.rbegin() + kSoftWindowDays);
  }
  if (counts.risky_until <= DayOf(c.now)) counts.risky_until = 0;
}

// Nothing that rests on mail from before a person took the address off.
void Model::Forget(Counts& counts) {
  if (!counts.released) return;
  const Day day = DayOf(*counts.released);
  DropBefore(counts.hard_days, day);
  DropBefore(counts.soft_days, day);
  if (counts.soft_suppressed_on > day) return;
  counts.soft_suppressions = 0;
  counts.soft_suppressed_on = 0;
  counts.probation_until = 0;
}

bool Model::Count(const Case& c, Counts& counts) {
  if (counts.released && c.return_path.day < DayOf(*counts.released)) return false;
  // Both kinds of hard ones are of one class.
  const MailKind kind = c.kind == MailKind::kDisabled ? MailKind::kNoSuchUser : c.kind;
  const std::pair mail(c.return_path.path, kind);
  if (std::find(counts.counted.begin(), counts.counted.end(), mail) != counts.counted.end()) {
    return false;
  }
  counts.counted.push_back(mail);
  if (counts.counted.size() > kCountedMails) counts.counted.erase(counts.counted.begin());
  return true;
}

void Model::JudgeHard(const Case& c, Counts& counts) {
  if (!Count(c, counts)) return;
  if (c.kind == MailKind::kNoSuchUser) {
    return Suppress(c, Source::kBounce, "", absl::InfiniteFuture(), "no_such_user");
  }
  if (!AddDay(counts.hard_days, c.return_path.day, kHardWindowDays)) return;
  const int days = static_cast<int>(counts.hard_days.size());
  const bool lasts = days >= kHardConfirmations;
  Suppress(c, Source::kBounce, "",
           lasts ? absl::InfiniteFuture()
                 : After(c.now, c.bounced, *counts.hard_days.rbegin(), kHardDays << (days - 1)),
           "mailbox_disabled");
}

void Model::JudgeSoft(const Case& c, Counts& counts) {
  const Day day = c.return_path.day;
  if (!Count(c, counts)) return;
  const Day settled = std::max(counts.delivered_on, counts.soft_suppressed_on);
  if (day <= settled) return;
  DropBefore(counts.soft_days, settled + 1);
  if (counts.soft_suppressions > 0 && DayOf(c.bounced) < counts.probation_until) {
    // No relapse while the last one would last, if nothing stands that says so.
    const Standing& standing = StandingOf(KeyOf(c.return_path.tenant, c.return_path.address));
    const auto stands = standing.find({"", Source::kBounce});
    const bool is_known = stands != standing.end() && stands->second.create_time <= c.bounced &&
                          stands->second.until > c.bounced;
    const bool is_early = DayOf(c.bounced) < counts.probation_until - kProbationDays;
    return SuppressSoftly(c, counts, counts.soft_suppressions - (is_early && !is_known ? 1 : 0));
  }
  if (!AddDay(counts.soft_days, day, kSoftWindowDays)) return;
  if (counts.soft_days.size() >= kSoftThreshold) SuppressSoftly(c, counts, 0);
}

void Model::SuppressSoftly(const Case& c, Counts& counts, int relapses) {
  int days = kSoftDays;
  for (int i = 0; i < relapses && days < kSoftMaxDays; ++i) days *= 2;
  Day newest = c.return_path.day;
  if (!counts.soft_days.empty()) newest = std::max(newest, *counts.soft_days.rbegin());
  const absl::Time until = After(c.now, c.bounced, newest, std::min(days, kSoftMaxDays));
  counts.soft_days.clear();
  counts.soft_suppressions = relapses + 1;
  counts.soft_suppressed_on = std::max(DayOf(c.bounced), newest);
  counts.probation_until = DayOf(until) + kProbationDays;
  Suppress(c, Source::kBounce, "", until, "mailbox_full");
}

void Model::JudgeDelivery(const Case& c, Counts& counts) {
  const Day day = c.return_path.day;
  DropBefore(counts.soft_days, day + 1);
  if (day > counts.soft_suppressed_on) {
    counts.soft_suppressions = 0;
    counts.probation_until = 0;
  }
  counts.delivered_on = std::max(counts.delivered_on, day);
}

void Model::Suppress(const Case& c, Source source, const std::string& stream, absl::Time until,
                     std::string reason) {
  // It would be over by now.
  if (until <= c.now) return;
  const AddressKey address = KeyOf(c.return_path.tenant, c.return_path.address);
  const StandsKey key(stream, source);
  const Standing& standing = StandingOf(address);
  const auto stands = standing.find(key);
  if (stands != standing.end() && stands->second.until > c.now && stands->second.until >= until) {
    return;
  }
  Set(address, key,
      {.until = until,
       .create_time = c.now,
       .reason = std::move(reason),
       .return_path = c.return_path.path},
      kPolicy, c.now);
}

// --- The history

void Model::Set(const AddressKey& address, const StandsKey& key, Stands stands, std::string author,
                absl::Time now, std::int64_t undoes) {
  Standing& standing = standing_[address];
  HistoryEntry entry{.address = address,
                     .key = key,
                     .after = stands,
                     .time = now,
                     .author = std::move(author),
                     .undoes = undoes};
  if (const auto before = standing.find(key); before != standing.end()) {
    entry.what = Change::What::kReplaced;
    entry.before = before->second;
  }
  standing.insert_or_assign(key, std::move(stands));
  history_.push_back(std::move(entry));
}

void Model::Erase(const AddressKey& address, const StandsKey& key, std::string author,
                  absl::Time now, std::int64_t undoes) {
  Standing& standing = standing_[address];
  const auto stands = standing.find(key);
  history_.push_back({.what = Change::What::kRemoved,
                      .address = address,
                      .key = key,
                      .after = stands->second,
                      .time = now,
                      .author = std::move(author),
                      .undoes = undoes});
  standing.erase(stands);
}

}  // namespace bounced::simulation
