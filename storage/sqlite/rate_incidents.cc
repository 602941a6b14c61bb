#include "storage/sqlite/rate_incidents.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {
namespace {

using Step = TendIncidents::Step;
using News = TendIncidents::News;

// Who closes what is over, and why.
constexpr std::string_view kCloser = "policy";
constexpr std::string_view kFell = "rate_fell";

bool IsRate(Incident::Kind kind) {
  return kind == Incident::Kind::kBounceRate || kind == Incident::Kind::kComplaintRate;
}

// What incidents of this kind count.
std::int64_t CountOf(Incident::Kind kind, const TallyCounts& counts) {
  switch (kind) {
    case Incident::Kind::kBounceRate:
      return counts.hard;
    case Incident::Kind::kComplaintRate:
      return counts.complaints;
    default:
      return counts.refused;
  }
}

}  // namespace

RateIncidents::Key RateIncidents::KeyOf(const Incident& incident) {
  const bool is_rate = IsRate(incident.kind);
  return {incident.kind, incident.tenant, is_rate ? incident.stream : incident.provider,
          incident.sender, is_rate ? Reason::kUndefined : incident.reason};
}

TallyKey RateIncidents::TallyOf(const Key& key) {
  const auto what = IsRate(key.kind) ? TallyKey::What::kStream : TallyKey::What::kRefusal;
  return {what, key.tenant, key.name, key.sender, key.reason};
}

absl::Status RateIncidents::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(put_tally_,
          "INSERT OR REPLACE INTO tally (id, what, is_known, reason, tenant, name, sender, slots)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  prepare(drop_tally_, "DELETE FROM tally WHERE id = ?");
  if (!prepare.status().ok()) return prepare.status();

  absl::StatusOr<Statement> incidents = Statement::Prepare(
      connection.db(), absl::StrCat("SELECT ", Absl(kIncidentColumns),
                                    " FROM incident WHERE kind > 1 AND state IN (1, 4)"
                                    " ORDER BY id"));
  if (!incidents.ok()) return incidents.status();
  {
    Query row = incidents->Start();
    for (;;) {
      absl::StatusOr<bool> there = row.Next();
      if (!there.ok()) return there.status();
      if (!*there) break;
      Incident incident = IncidentOf(row);
      const Key key = KeyOf(incident);
      if (incident.state == Incident::State::kOpen) {
        open_[key] = std::move(incident);
      } else {
        closed_[key] = incident.resolve_time.value_or(absl::InfinitePast());
      }
    }
  }

  absl::StatusOr<Statement> tallies = Statement::Prepare(
      connection.db(),
      "SELECT id, what, is_known, reason, tenant, name, sender, slots FROM tally ORDER BY id");
  if (!tallies.ok()) return tallies.status();
  Query row = tallies->Start();
  for (;;) {
    absl::StatusOr<bool> there = row.Next();
    if (!there.ok() || !*there) return there.status();
    // What cannot be read is not counted, and goes with the next that has its id.
    std::optional<Tally> tally = Tally::Decode(row.Octets(7));
    const std::optional<Reason> reason = ReasonFromNumber(row.Number<int>(3));
    if (!tally || !reason) continue;
    tallies_.Restore({row.Number<TallyKey::What>(1), std::string(row.Text(4)),
                      std::string(row.Text(5)), std::string(row.Text(6)), *reason},
                     row.Integer(0), *std::move(tally), row.Integer(2) != 0);
  }
}

void RateIncidents::Begin() {
  tallies_.Begin();
  changed_.clear();
  newly_closed_.clear();
  told_.clear();
  is_tended_ = false;
  opened_ = 0;
}

void RateIncidents::Commit(absl::Time now) {
  for (auto& [key, incident] : changed_) {
    if (incident) {
      open_[key] = *std::move(incident);
    } else {
      open_.erase(key);
    }
  }
  for (const auto& [key, time] : newly_closed_) closed_[key] = time;
  for (const auto& [key, is_told] : told_) tallies_.SetTold(key, is_told);
  if (is_tended_) {
    tallies_.Tended(now);
    absl::erase_if(closed_, [now](const auto& each) {
      return each.second < now - Tallies::kStreamWindow - Tally::kSlot;
    });
  }
  tallies_.Commit(now);
  Begin();
}

const Incident* RateIncidents::FindOpen(const Key& key) const {
  if (const auto changed = changed_.find(key); changed != changed_.end()) {
    return changed->second ? &*changed->second : nullptr;
  }
  const auto found = open_.find(key);
  return found == open_.end() ? nullptr : &found->second;
}

absl::Time RateIncidents::ClosedAt(const Key& key) const {
  if (const auto closed = newly_closed_.find(key); closed != newly_closed_.end()) {
    return closed->second;
  }
  const auto found = closed_.find(key);
  return found == closed_.end() ? absl::InfinitePast() : found->second;
}

absl::Status RateIncidents::Tend(TendIncidents& work, absl::Time now) {
  work.news.clear();
  work.unverified.clear();
  work.without_deliveries.clear();
  work.uncounted = tallies_.uncounted();
  std::vector<Key> keys;
  for (const auto& [key, entry] : tallies_.entries()) {
    switch (key.what) {
      case TallyKey::What::kStream:
        keys.push_back({Incident::Kind::kBounceRate, key.tenant, key.name});
        keys.push_back({Incident::Kind::kComplaintRate, key.tenant, key.name});
        break;
      case TallyKey::What::kRefusal:
        keys.push_back({Incident::Kind::kRefusal, key.tenant, key.name, key.sender, key.reason});
        break;
      case TallyKey::What::kUnverified:
        LookAtUnverified(key, entry, work, now);
        break;
      case TallyKey::What::kProvider:
        break;
    }
  }
  for (const auto& [key, incident] : open_) {
    if (tallies_.Find(TallyOf(key)) == nullptr) keys.push_back(key);
  }
  for (const Key& key : keys) {
    if (absl::Status status = Look(key, work, now); !status.ok()) return status;
  }
  if (absl::Status status = StoreTallies(now); !status.ok()) return status;
  is_tended_ = true;
  return absl::OkStatus();
}

absl::Status RateIncidents::Look(const Key& key, TendIncidents& work, absl::Time now) {
  const Tallies::Entry* const entry = tallies_.Find(TallyOf(key));
  const absl::Time from = ClosedAt(key);
  TendIncidents::Watched watched{.kind = key.kind, .open = FindOpen(key)};
  if (entry != nullptr) {
    watched.hour = entry->tally.Within(Tallies::kWindow, now, from);
    watched.day = entry->tally.Within(Tallies::kStreamWindow, now, from);
  }
  const Tallies::Entry* const provider =
      tallies_.Find({TallyKey::What::kProvider, key.tenant, key.name});
  if (key.kind == Incident::Kind::kRefusal && provider != nullptr) {
    watched.provider = provider->tally.Within(Tallies::kWindow, now, from);
  }
  const Step step = work.judge(watched);
  if (step.lacks_deliveries && entry != nullptr && !entry->is_told) {
    work.without_deliveries.push_back({key.tenant, key.name});
    told_.emplace_back(TallyOf(key), true);
  }
  switch (step.act) {
    case Step::Act::kNone:
      return absl::OkStatus();
    case Step::Act::kClose:
      return Close(key, work, now);
    case Step::Act::kOpen:
      if (watched.open == nullptr) return Open(key, step, entry, work, now);
      return Keep(key, step, entry, work, now);
    case Step::Act::kHold:
      return Keep(key, step, entry, work, now);
  }
  return absl::OkStatus();
}

void RateIncidents::Show(const TallyKey& tally, const Tallies::Entry* entry, const Step& step,
                         absl::Time now, Incident& incident) const {
  incident.below_since = step.below_since;
  if (!step.below_since) {
    incident.window_count = step.window_count;
    incident.window_total = step.window_total;
    incident.window = step.window;
    incident.deliveries_known = step.deliveries_known;
  }
  const Tallies::Entry* const counted =
      tally.what == TallyKey::What::kStream
          ? entry
          : tallies_.Find({TallyKey::What::kProvider, tally.tenant, tally.name});
  incident.unverified =
      counted == nullptr ? 0 : counted->tally.Within(Tallies::kWindow, now).unverified;
  if (entry == nullptr) return;
  if (!entry->code.empty()) incident.code = entry->code;
  for (const std::string& sample : entry->samples) {
    std::vector<std::string>& more = incident.more_samples;
    if (incident.sample.empty()) {
      incident.sample = sample;
    } else if (sample != incident.sample && more.size() + 1 < Incident::kMaxSamples &&
               std::find(more.begin(), more.end(), sample) == more.end()) {
      more.push_back(sample);
    }
  }
}

absl::Status RateIncidents::Open(const Key& key, const Step& step, const Tallies::Entry* entry,
                                 TendIncidents& work, absl::Time now) {
  if (open_.size() + opened_ >= kMaxOpen) return absl::OkStatus();
  Incident incident{.kind = key.kind,
                    .tenant = key.tenant,
                    .reason = key.reason,
                    .first_time = now,
                    .last_time = now,
                    .count = step.window_count,
                    .severity = step.severity};
  if (IsRate(key.kind)) {
    incident.stream = key.name;
  } else {
    incident.provider = key.name;
    incident.sender = key.sender;
    if (entry != nullptr && entry->last >= entry->first) {
      incident.first_time = entry->first;
      incident.last_time = entry->last;
    }
  }
  Show(TallyOf(key), entry, step, now, incident);
  absl::StatusOr<std::int64_t> id = table_.Insert(incident);
  if (!id.ok()) return id.status();
  incident.id = *id;
  ++opened_;
  work.news.push_back({News::What::kOpened, incident});
  changed_[key] = std::move(incident);
  return absl::OkStatus();
}

absl::Status RateIncidents::Keep(const Key& key, const Step& step, const Tallies::Entry* entry,
                                 TendIncidents& work, absl::Time now) {
  Incident incident = *FindOpen(key);
  const std::int64_t fresh = entry == nullptr ? 0 : CountOf(key.kind, entry->fresh);
  if (fresh > 0) {
    incident.count += fresh;
    incident.last_time =
        std::max(incident.last_time, entry->last >= entry->first ? entry->last : now);
  }
  Show(TallyOf(key), entry, step, now, incident);
  if (step.severity > incident.severity) {
    incident.severity = step.severity;
    work.news.push_back({News::What::kWorse, incident});
  }
  if (absl::Status status = table_.Update(incident); !status.ok()) return status;
  changed_[key] = std::move(incident);
  return absl::OkStatus();
}

absl::Status RateIncidents::Close(const Key& key, TendIncidents& work, absl::Time now) {
  Incident incident = *FindOpen(key);
  incident.state = Incident::State::kClosed;
  incident.resolve_time = now;
  // Who has acknowledged it said more.
  if (incident.author.empty()) {
    incident.author = kCloser;
    incident.cause = kFell;
  }
  if (absl::Status status = table_.Update(incident); !status.ok()) return status;
  work.news.push_back({News::What::kClosed, std::move(incident)});
  changed_[key] = std::nullopt;
  newly_closed_[key] = now;
  return absl::OkStatus();
}

// Told once, and again when it has been below half of it.
void RateIncidents::LookAtUnverified(const TallyKey& key, const Tallies::Entry& entry,
                                     TendIncidents& work, absl::Time now) {
  if (work.unverified_count <= 0) return;
  const std::int64_t count = entry.tally.Within(Tallies::kWindow, now).unverified;
  if (!entry.is_told && count >= work.unverified_count) {
    work.unverified.push_back({key.tenant, count});
    told_.emplace_back(key, true);
  } else if (entry.is_told && count * 2 < work.unverified_count) {
    told_.emplace_back(key, false);
  }
}

absl::Status RateIncidents::StoreTallies(absl::Time now) {
  for (const auto& [key, entry] : tallies_.entries()) {
    const Tally left = Tallies::Left(key, entry, now);
    absl::Status status;
    if (left.empty()) {
      status = drop_tally_->Run(entry.id);
    } else if (entry.is_changed) {
      const std::string slots = left.Encode();
      status = put_tally_->Run(entry.id, key.what, entry.is_known, key.reason,
                               std::string_view(key.tenant), std::string_view(key.name),
                               std::string_view(key.sender), Blob{slots});
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RateIncidents::Resolve(const ResolveIncident& work, Incident& incident,
                                    absl::Time now) {
  const Key key = KeyOf(incident);
  incident.author = work.author;
  incident.cause = work.cause;
  if (work.resolution == ResolveIncident::Resolution::kAcknowledge) {
    incident.acknowledge_time = now;
    changed_[key] = incident;
  } else {
    incident.state = Incident::State::kClosed;
    incident.resolve_time = now;
    changed_[key] = std::nullopt;
    newly_closed_[key] = now;
  }
  return table_.Update(incident);
}

}  // namespace bounced
