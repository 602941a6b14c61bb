#include "storage/sqlite/writer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/index_grace.h"
#include "storage/sqlite/index_reader.h"

namespace bounced {
namespace {

absl::Status Check(const StoreMessages& work) {
  for (const NewMessage& message : work.messages) {
    if (message.events.empty()) return absl::InvalidArgumentError("a message without an event");
  }
  return absl::OkStatus();
}

absl::Status Check(const RecordDeliveries& work) {
  for (const NewMessage& message : work.messages) {
    if (message.events.size() != 1 || !message.events.front().address || message.evidence) {
      return absl::InvalidArgumentError("not one event with an address, and no evidence");
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const PutSuppressions&) { return absl::OkStatus(); }

absl::Status Check(const RemoveSuppressions& work) {
  return work.address ? absl::OkStatus() : absl::InvalidArgumentError("address is not set");
}

absl::Status Check(const PutAllowance&) { return absl::OkStatus(); }

absl::Status Check(const RemoveAllowance& work) {
  return work.address ? absl::OkStatus() : absl::InvalidArgumentError("address is not set");
}

absl::Status Check(const ResolveIncident&) { return absl::OkStatus(); }

absl::Status Check(const TendIncidents& work) {
  return work.judge ? absl::OkStatus() : absl::InvalidArgumentError("judge is not set");
}

absl::Status Check(const UndoChanges& work) {
  return work.batch != nullptr ? absl::OkStatus() : absl::InvalidArgumentError("batch is not set");
}

absl::Status Check(const DropOld&) { return absl::OkStatus(); }

absl::Status Check(const ForgetAddress& work) {
  return work.address && !work.address->is_domain()
             ? absl::OkStatus()
             : absl::InvalidArgumentError("address is not set, or is a domain");
}

absl::Status Check(const MaskMentions&) { return absl::OkStatus(); }

absl::Status Check(const EmptyLog&) { return absl::OkStatus(); }

absl::Status Check(const BeginReclassification&) { return absl::OkStatus(); }

absl::Status Check(const ReclassifyAddresses& work) {
  for (const ReclassifyAddresses::One& one : work.addresses) {
    if (!one.address) return absl::InvalidArgumentError("address is not set");
  }
  return work.replay ? absl::OkStatus() : absl::InvalidArgumentError("replay is not set");
}

absl::Status Check(const RevokeKey& work) {
  if (!work.domain.empty() && !work.key_id.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("domain or key_id is not set");
}

absl::Status Check(const PutApiKeys& work) {
  for (const ApiKey& key : work.keys) {
    if (key.id.empty()) return absl::InvalidArgumentError("a key without an id");
  }
  return absl::OkStatus();
}

absl::Status Check(const PutPolicies&) { return absl::OkStatus(); }

// What is stored of a text about an address that is forgotten.
std::string Masked(const Address& address, std::string_view text) {
  const std::string spellings[] = {address.canonical(), address.spelling()};
  return Mentions(spellings).Mask(text);
}

PutSuppressions::Outcome OutcomeOf(const PutSuppressions& work, const Suppression& next,
                                   const Suppression& standing, absl::Time now) {
  using Outcome = PutSuppressions::Outcome;
  if (SaysTheSame(next, standing)) return Outcome::kUnchanged;
  const bool in_force = standing.expire_time > now && standing.incident_id == 0;
  if (!in_force) return Outcome::kReplaced;
  const bool is_longer = next.expire_time > standing.expire_time;
  if (is_longer && work.lengthen) return Outcome::kReplaced;
  const bool is_weaker = !is_longer && standing.event_id != 0 && next.event_id == 0;
  return work.replace && !is_weaker ? Outcome::kReplaced : Outcome::kExists;
}

}  // namespace

IndexEntry EntryOf(std::span<const SuppressionRow> suppressions, std::string_view stream,
                   Day risky_until, absl::Time now) {
  IndexEntry entry;
  for (const SuppressionRow& row : suppressions) {
    if (row.suppression.stream != stream || row.suppression.expire_time <= now) continue;
    std::uint16_t& until =
        row.suppression.incident_id == 0 ? entry.suppressed_until : entry.risky_until;
    until = std::max(until, IndexEntry::FirstDayWithout(row.suppression.expire_time));
  }
  if (stream.empty() && DayOf(now) < risky_until) {
    entry.risky_until = std::max(entry.risky_until, IndexEntry::FirstDayWithout(risky_until));
  }
  return entry;
}

absl::StatusOr<std::unique_ptr<Writer>> Writer::Create(Connection& connection,
                                                       SuppressionIndex& index,
                                                       WideIndex& wide_index, ChangeFeed& feed,
                                                       const EvidenceLimits& evidence_limits) {
  std::unique_ptr<Writer> writer(new Writer(connection, index, wide_index, feed, evidence_limits));
  absl::Status status = writer->Prepare();
  if (!status.ok()) return status;
  return writer;
}

absl::Status Writer::Prepare() {
  Preparer prepare(connection_.db());
  prepare(begin_, "BEGIN IMMEDIATE");
  prepare(commit_, "COMMIT");
  prepare(roll_back_, "ROLLBACK");
  absl::Status status = prepare.status();
  if (status.ok()) status = addresses_.Prepare(connection_);
  if (status.ok()) status = messages_.Prepare(connection_);
  if (status.ok()) status = suppressions_.Prepare(connection_);
  if (status.ok()) status = changes_.Prepare(connection_);
  if (status.ok()) status = block_hours_.Prepare(connection_);
  if (status.ok()) status = revocations_.Prepare(connection_);
  if (status.ok()) status = allowances_.Prepare(connection_);
  if (status.ok()) status = incidents_.Prepare(connection_);
  if (status.ok()) status = rates_.Prepare(connection_);
  if (status.ok()) status = api_keys_.Prepare(connection_);
  if (status.ok()) status = policies_.Prepare(connection_);
  if (status.ok()) status = former_.Prepare(connection_);
  if (status.ok()) status = facts_.Prepare(connection_, index_);
  if (status.ok()) status = forgotten_.Prepare(connection_);
  auto last = [&](std::int64_t& next, std::string_view sql) {
    if (!status.ok()) return;
    absl::StatusOr<std::int64_t> newest = connection_.AskNumber(sql);
    if (newest.ok()) next = *newest + 1;
    status = newest.status();
  };
  last(next_.address, "SELECT max(id) FROM address");
  last(next_.message, "SELECT max(id) FROM message");
  last(next_.evidence, "SELECT max(id) FROM evidence");
  // The ids of events that were dropped stand in suppressions still.
  last(next_.event,
       "SELECT max(value, (SELECT ifnull(max(id), 0) FROM event)) FROM meta"
       " WHERE name = 'events_dropped_up_to'");
  last(next_.suppression, "SELECT max(id) FROM suppression");
  last(next_.change, "SELECT max(number) FROM change");
  feed_.Publish({}, next_.change - 1);
  return status;
}

absl::Status Writer::Apply(std::span<Work* const> batch, Store::Decide decide, absl::Time now) {
  for (const Work* work : batch) {
    absl::Status status = std::visit([](const auto& one) { return Check(one); }, *work);
    if (!status.ok()) return status;
  }
  decide_ = &decide;
  now_ = FromColumn(ToColumn(now));
  absl::Status status = Begin();
  for (Work* work : batch) {
    if (status.ok()) status = std::visit([this](auto& one) { return Do(one); }, *work);
  }
  if (status.ok()) status = Commit();
  if (status.ok()) {
    Publish();
    status = EmptyLogs();
  } else {
    RollBack();
  }
  return status;
}

absl::Status Writer::Begin() {
  before_ = next_;
  unvouched_before_ = unvouched_;
  kept_.clear();
  published_.clear();
  published_wide_.clear();
  published_allowances_.clear();
  incidents_.Begin();
  rates_.Begin();
  bursts_.Begin();
  news_.clear();
  begun_.clear();
  empties_log_.clear();
  return begin_->Run();
}

absl::Status Writer::Commit() { return commit_->Run(); }

void Writer::RollBack() {
  next_ = before_;
  unvouched_ = unvouched_before_;
  block_hours_.RollBack();
  incidents_.RollBack();
  rates_.RollBack();
  bursts_.RollBack();
  for (Batch* batch : begun_) batch->id = 0;
  // SQLite has done it already after most failures; what it then says of this one is no news.
  if (sqlite3_get_autocommit(connection_.db()) == 0) roll_back_->Run().IgnoreError();
}

void Writer::Publish() {
  bursts_.Commit();
  rates_.Commit(now_);
  for (const auto& [hash, entry] : published_) index_.Publish(hash, entry);
  for (const auto& [hash, entry] : published_wide_) wide_index_.Publish(hash, entry);
  for (const auto& [hash, is_allowed] : published_allowances_) {
    wide_index_.PublishAllowance(hash, is_allowed);
  }
  feed_.Publish(news_, next_.change - 1);
}

absl::Status Writer::Do(StoreMessages& work) {
  work.receipts.clear();
  for (NewMessage& message : work.messages) {
    absl::StatusOr<MessageReceipt> receipt = StoreMessage(message);
    if (!receipt.ok()) return receipt.status();
    work.receipts.push_back(*std::move(receipt));
  }
  return absl::OkStatus();
}

absl::Status Writer::Do(RecordDeliveries& work) {
  work.outcomes.clear();
  for (NewMessage& message : work.messages) {
    if (message.events.front().kind == Kind::kDelivery) {
      absl::StatusOr<bool> is_noted = NoteDelivery(message.message, message.events.front());
      if (!is_noted.ok()) return is_noted.status();
      if (*is_noted) {
        CountForRates(message.message, message.events.front());
        work.outcomes.push_back(RecordDeliveries::Outcome::kNoted);
        continue;
      }
    }
    absl::StatusOr<MessageReceipt> receipt = StoreMessage(message);
    if (!receipt.ok()) return receipt.status();
    work.outcomes.push_back(receipt->duplicate ? RecordDeliveries::Outcome::kDuplicate
                                               : RecordDeliveries::Outcome::kStored);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Writer::NoteDelivery(const Message& message, Event& event) {
  absl::StatusOr<Standing> standing = Find(message.tenant, *event.address);
  if (!standing.ok()) return standing.status();
  if (standing->row.id == 0) return true;
  Decision decision = Ask(*standing, message, event);
  if (decision.effect != Effect::kNone || decision.suppress) return false;
  event.policy_rule = decision.rule;
  absl::Status status = Save(*standing, std::move(decision.next), decision.risky_until);
  if (!status.ok()) return status;
  return true;
}

absl::StatusOr<MessageReceipt> Writer::StoreMessage(NewMessage& message) {
  const Message& m = message.message;
  absl::StatusOr<MessageRow> row = messages_.Find(index_.Hash(m.tenant, "", m.return_path), m);
  if (!row.ok()) return row.status();
  MessageReceipt receipt;
  receipt.duplicate = row->id != 0;
  if (!receipt.duplicate) {
    absl::StatusOr<std::optional<Mentions>> forgotten = ForgottenIn(message);
    if (!forgotten.ok()) return forgotten.status();
    absl::StatusOr<std::optional<std::int64_t>> evidence = std::optional<std::int64_t>();
    if (!forgotten->has_value()) evidence = Keep(message, row->return_path_hash);
    if (!evidence.ok()) return evidence.status();
    row->id = next_.message++;
    row->events = static_cast<std::int64_t>(message.events.size());
    row->first_event_id = next_.event;
    row->evidence_id = *evidence;
    row->octets = message.evidence ? message.evidence->octets() : 0;
    next_.event += row->events;
    absl::Status status = forgotten->has_value()
                              ? messages_.Insert(*row, WithoutNames(m, **forgotten))
                              : messages_.Insert(*row, m);
    if (status.ok()) {
      status = block_hours_.Note(Blocks::kEvents, row->first_event_id, row->events, m.receive_time);
    }
    for (std::size_t i = 0; i < message.events.size() && status.ok(); ++i) {
      Event& event = message.events[i];
      event.id = row->first_event_id + static_cast<std::int64_t>(i);
      event.message_id = row->id;
      status = Judge(m, event, *forgotten);
      if (status.ok()) CountForRates(m, event);
    }
    if (!status.ok()) return status;
  }
  receipt.message_id = row->id;
  for (std::int64_t i = 0; i < row->events; ++i) {
    receipt.event_ids.push_back(row->first_event_id + i);
  }
  return receipt;
}

void Writer::CountForRates(const Message& message, const Event& event) {
  const std::uint64_t hash =
      event.address ? index_.Hash(message.tenant, "", event.address->canonical()) : 0;
  rates_.Count(message, event, hash, now_);
}

// The id under which the message itself is kept; none: beyond the bound it is not. All before it
// were kept, so those are counted that came, which the index alone tells.
absl::StatusOr<std::optional<std::int64_t>> Writer::Keep(const NewMessage& message,
                                                         std::uint64_t return_path_hash) {
  if (message.evidence == nullptr) return std::nullopt;
  if (message.message.trust == Trust::kSigned) {
    absl::StatusOr<std::int64_t> came =
        messages_.CountAt(return_path_hash, message.message, evidence_limits_.per_return_path);
    if (!came.ok()) return came.status();
    if (*came >= evidence_limits_.per_return_path) return std::nullopt;
  } else if (!message.message.client_address.empty() && !TakesUnvouched(*message.evidence)) {
    return std::nullopt;
  }
  auto [kept, is_new] = kept_.try_emplace(message.evidence.get(), next_.evidence);
  if (is_new) {
    absl::Status status = messages_.InsertEvidence(next_.evidence++, *message.evidence);
    if (!status.ok()) return status;
  }
  return kept->second;
}

bool Writer::TakesUnvouched(const Evidence& evidence) {
  if (kept_.contains(&evidence)) return true;
  if (unvouched_.day != DayOf(now_)) unvouched_ = {.day = DayOf(now_)};
  const auto octets = static_cast<std::int64_t>(evidence.packed().size());
  if (unvouched_.octets + octets > evidence_limits_.unvouched_per_day) return false;
  unvouched_.octets += octets;
  return true;
}

absl::Status Writer::Judge(const Message& message, Event& event,
                           const std::optional<Mentions>& forgotten) {
  if (!event.address) {
    event.effect = Effect::kNone;
    event.policy_rule = PolicyRule::kNoAddress;
    if (!forgotten) return messages_.InsertEvent(event, std::nullopt);
    return messages_.InsertEvent(WithoutNames(event, *forgotten, /*is_own=*/false), std::nullopt);
  }
  absl::StatusOr<Standing> standing = Find(message.tenant, *event.address);
  if (!standing.ok()) return standing.status();
  Decision decision = Ask(*standing, message, event);
  event.effect = decision.effect;
  event.policy_rule = decision.rule;
  absl::Status status = Save(*standing, std::move(decision.next), decision.risky_until);
  std::optional<Event> nameless;
  if (forgotten) nameless = WithoutNames(event, *forgotten, standing->row.is_forgotten);
  const Event& stored = nameless ? *nameless : event;
  if (status.ok()) status = messages_.InsertEvent(stored, standing->row.id);
  if (status.ok() && decision.suppress) {
    if (decision.suppress->event_id == 0) decision.suppress->event_id = event.id;
    if (decision.burst) status = Quarantine(*decision.burst, stored, *standing, *decision.suppress);
    if (!status.ok()) return status;
    status = Put(*standing, *std::move(decision.suppress),
                 {.author = "policy", .words = ToString(decision.rule)});
  }
  return status;
}

Decision Writer::Ask(const Standing& standing, const Message& message, const Event& event) {
  AddressHistory history{.record = standing.row.record,
                         .suppressions = {},
                         .allowed = wide_index_.IsAllowed(
                             message.tenant, event.address->canonical(), published_allowances_)};
  for (const SuppressionRow& row : standing.suppressions) {
    history.suppressions.push_back(row.suppression);
  }
  return (*decide_)(history, message, event);
}

absl::Status Writer::Do(PutSuppressions& work) {
  work.outcomes.clear();
  for (Suppression& suppression : work.suppressions) {
    suppression = AsStored(std::move(suppression));
    absl::StatusOr<Standing> standing = Find(suppression.tenant, suppression.address);
    if (!standing.ok()) return standing.status();
    const std::optional<std::size_t> place = standing->PlaceOf(suppression);
    const PutSuppressions::Outcome outcome =
        place ? OutcomeOf(work, suppression, standing->suppressions[*place].suppression, now_)
              : PutSuppressions::Outcome::kCreated;
    work.outcomes.push_back(outcome);
    const bool changes = outcome == PutSuppressions::Outcome::kCreated ||
                         outcome == PutSuppressions::Outcome::kReplaced;
    if (work.dry_run || !changes) continue;
    absl::Status status = Save(*standing, standing->row.record, standing->row.risky_until);
    if (status.ok()) {
      status = Put(*standing, suppression,
                   {.author = work.author, .words = work.cause, .batch = work.batch.get()});
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Writer::Do(RemoveSuppressions& work) {
  work.removed.clear();
  absl::StatusOr<Standing> standing = Find(work.tenant, *work.address);
  if (!standing.ok()) return standing.status();
  for (std::size_t i = standing->suppressions.size(); i-- > 0;) {
    const Suppression& suppression = standing->suppressions[i].suppression;
    if (suppression.stream != work.stream) continue;
    if (work.source && suppression.source != *work.source) continue;
    work.removed.push_back(suppression);
    absl::Status status = Remove(*standing, i, {.author = work.author, .words = work.cause});
    if (!status.ok()) return status;
  }
  // What holds for one kind of mail alone is a wish about that, and says nothing of bounces.
  if (work.removed.empty() || !work.stream.empty()) return absl::OkStatus();
  AddressRecord record = standing->row.record;
  record.released = now_;
  return Save(*standing, std::move(record), 0);
}

absl::Status Writer::Do(RevokeKey& work) {
  absl::StatusOr<Revocation> revocation = revocations_.Revoke(work, now_);
  if (revocation.ok()) work.revocation = *std::move(revocation);
  return revocation.status();
}

absl::Status Writer::Quarantine(const Burst& burst, const Event& event, const Standing& standing,
                                Suppression& suppression) {
  // What is held stays with the incident that asks about it, and what is in force for as long has
  // nothing to do with this.
  if (const std::optional<std::size_t> place = standing.PlaceOf(suppression)) {
    const Suppression& stands = standing.suppressions[*place].suppression;
    const bool is_held = stands.incident_id != 0 && stands.expire_time > now_;
    if (is_held || stands.expire_time >= suppression.expire_time) {
      suppression.incident_id = stands.incident_id;
      return absl::OkStatus();
    }
  }
  const BurstKey key{std::string(standing.tenant), std::string(standing.address.domain()),
                     burst.text_hash};
  suppression.incident_id = incidents_.FindOpen(key);
  if (suppression.incident_id != 0) return incidents_.Count(suppression.incident_id, now_);
  const std::size_t count = bursts_.Add(key, standing.address, now_, burst.window);
  if (count < static_cast<std::size_t>(burst.limit)) return absl::OkStatus();
  const std::vector<Address> bounced = bursts_.AddressesOf(key);
  bursts_.Forget(key);
  absl::StatusOr<std::int64_t> id =
      incidents_.Insert({.tenant = key.tenant,
                         .domain = key.domain,
                         .text_hash = key.text_hash,
                         .reason = event.reason,
                         .sample = event.diagnostic.empty() ? event.matched_text : event.diagnostic,
                         .first_time = now_,
                         .last_time = now_,
                         .count = 1});
  if (!id.ok()) return id.status();
  suppression.incident_id = *id;
  for (const Address& address : bounced) {
    if (address == standing.address) continue;
    absl::Status status =
        Hold(standing.tenant, address, *id, {.author = "policy", .words = "quarantine"});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Writer::Hold(std::string_view tenant, const Address& address, std::int64_t incident_id,
                          Cause cause) {
  absl::StatusOr<Standing> standing = Find(tenant, address);
  if (!standing.ok()) return standing.status();
  for (const SuppressionRow& row : standing->suppressions) {
    if (row.suppression.source != Source::kBounce || row.suppression.expire_time <= now_) continue;
    Suppression held = row.suppression;
    const bool is_new = held.incident_id == 0;
    held.incident_id = incident_id;
    absl::Status status = Put(*standing, std::move(held), cause);
    if (status.ok() && is_new && incident_id != 0) status = incidents_.Count(incident_id, now_);
    return status;
  }
  return absl::OkStatus();
}

absl::Status Writer::Do(ResolveIncident& work) {
  absl::StatusOr<std::optional<Incident>> incident = incidents_.Find(work.tenant, work.incident_id);
  if (!incident.ok()) return incident.status();
  work.incident = *std::move(incident);
  work.was_open = work.incident && work.incident->state == Incident::State::kOpen;
  using Resolution = ResolveIncident::Resolution;
  const bool is_quarantine = work.incident && work.incident->kind == Incident::Kind::kQuarantine;
  work.fits = is_quarantine ==
              (work.resolution == Resolution::kConfirm || work.resolution == Resolution::kRelease);
  if (!work.was_open || !work.fits) return absl::OkStatus();
  if (!is_quarantine) return rates_.Resolve(work, *work.incident, now_);
  const bool confirm = work.resolution == Resolution::kConfirm;
  absl::StatusOr<std::vector<Address>> held = suppressions_.HeldBy(work.incident_id);
  if (!held.ok()) return held.status();
  const Cause cause{.author = work.author, .words = work.cause, .batch = &work.batch};
  for (const Address& address : *held) {
    absl::Status status = confirm ? Hold(work.tenant, address, 0, cause)
                                  : Release(work.tenant, address, work.incident_id, cause);
    if (!status.ok()) return status;
  }
  work.incident->state = confirm ? Incident::State::kConfirmed : Incident::State::kReleased;
  work.incident->resolve_time = now_;
  work.incident->author = work.author;
  work.incident->cause = work.cause;
  return incidents_.Resolve(*work.incident);
}

absl::Status Writer::Do(TendIncidents& work) { return rates_.Tend(work, now_); }

absl::Status Writer::Release(std::string_view tenant, const Address& address,
                             std::int64_t incident_id, Cause cause) {
  absl::StatusOr<Standing> standing = Find(tenant, address);
  if (!standing.ok()) return standing.status();
  for (std::size_t i = standing->suppressions.size(); i-- > 0;) {
    const Suppression& held = standing->suppressions[i].suppression;
    if (held.incident_id != incident_id) continue;
    absl::StatusOr<std::optional<Suppression>> former = StoodBefore(*standing, held);
    if (!former.ok()) return former.status();
    const bool stands = former->has_value() && (*former)->expire_time > now_;
    absl::Status status =
        stands ? Put(*standing, **std::move(former), cause) : Remove(*standing, i, cause);
    if (!status.ok()) return status;
  }
  AddressRecord record = standing->row.record;
  record.released = now_;
  return Save(*standing, std::move(record), 0);
}

absl::StatusOr<std::optional<Suppression>> Writer::StoodBefore(const Standing& standing,
                                                               const Suppression& held) {
  for (std::int64_t below = next_.change;;) {
    absl::StatusOr<std::optional<Change>> change =
        changes_.NewestBelow(below, standing.row.id, held, Thing::kSuppression);
    if (!change.ok()) return change.status();
    if (!change->has_value() || !(*change)->before) return std::nullopt;
    const Suppression& before = *(*change)->before;
    // Until it was held it was in force, as of the same event.
    const bool is_of_the_burst = before.incident_id == held.incident_id ||
                                 before.event_id == (*change)->suppression.event_id;
    if (!is_of_the_burst) return before;
    below = (*change)->number;
  }
}

absl::Status Writer::Do(PutAllowance& work) {
  Allowance& allowance = work.allowance;
  allowance.create_time = FromColumn(ToColumn(allowance.create_time));
  absl::StatusOr<Standing> standing = Find(allowance.tenant, allowance.address);
  if (!standing.ok()) return standing.status();
  absl::Status status = Save(*standing, standing->row.record, standing->row.risky_until);
  if (!status.ok()) return status;
  Allowance stored = allowance;
  if (standing->row.is_forgotten) {
    stored.author = Masked(allowance.address, stored.author);
    stored.note = Masked(allowance.address, stored.note);
  }
  absl::StatusOr<bool> is_new = allowances_.Insert(standing->row.id, stored);
  if (!is_new.ok()) return is_new.status();
  work.is_new = *is_new;
  if (!work.is_new) return absl::OkStatus();
  return NoteAllowance(*standing, Change::What::kAllowed,
                       {.author = stored.author, .words = stored.note}, stored.note);
}

absl::Status Writer::Do(RemoveAllowance& work) {
  absl::StatusOr<Standing> standing = Find(work.tenant, *work.address);
  if (!standing.ok()) return standing.status();
  absl::StatusOr<std::optional<std::string>> note = allowances_.Remove(standing->row.id);
  if (!note.ok()) return note.status();
  work.removed = note->has_value();
  if (!work.removed) return absl::OkStatus();
  return NoteAllowance(*standing, Change::What::kDisallowed,
                       {.author = work.author, .words = work.cause}, **note);
}

absl::Status Writer::NoteAllowance(const Standing& standing, Change::What what, Cause cause,
                                   const std::string& note) {
  const bool is_allowed = what == Change::What::kAllowed;
  published_allowances_[standing.row.hash] = is_allowed;
  return Append(standing, what, cause, ToldOf(standing, Source::kManual, "allowed", note), nullptr);
}

Suppression Writer::ToldOf(const Standing& standing, Source source, std::string_view reason,
                           std::string explanation) const {
  return {.tenant = std::string(standing.tenant),
          .stream = "",
          .address = standing.address,
          .source = source,
          .reason = std::string(reason),
          .bounce_class = BounceClass::kNone,
          .create_time = now_,
          .expire_time = absl::InfiniteFuture(),
          .event_id = 0,
          .explanation = std::move(explanation)};
}

absl::Status Writer::Do(PutApiKeys& work) {
  for (const ApiKey& key : work.keys) {
    if (absl::Status status = api_keys_.Put(key); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Writer::Do(PutPolicies& work) { return policies_.Put(work, now_); }

std::optional<std::size_t> Writer::Standing::PlaceOf(const Suppression& key) const {
  const auto found =
      std::find_if(suppressions.begin(), suppressions.end(),
                   [&](const SuppressionRow& each) { return SameKey(each.suppression, key); });
  if (found == suppressions.end()) return std::nullopt;
  return static_cast<std::size_t>(found - suppressions.begin());
}

absl::StatusOr<Writer::Standing> Writer::Find(std::string_view tenant, const Address& address) {
  absl::StatusOr<AddressRow> row =
      addresses_.Find(RowHashOf(index_, tenant, address), tenant, address);
  if (!row.ok()) return row.status();
  Standing standing{
      .tenant = tenant, .address = address, .row = *std::move(row), .suppressions = {}};
  if (standing.row.id == 0) return standing;
  absl::StatusOr<std::vector<SuppressionRow>> suppressions =
      suppressions_.Of(standing.row.id, tenant, address);
  if (!suppressions.ok()) return suppressions.status();
  standing.suppressions = *std::move(suppressions);
  return standing;
}

absl::Status Writer::Save(Standing& standing, AddressRecord record, Day risky_until) {
  AddressRow& row = standing.row;
  bool as_it_was = row.id != 0 && row.record == record && row.risky_until == risky_until;
  if (as_it_was) return absl::OkStatus();
  bool is_new = row.id == 0;
  if (is_new) row.id = next_.address++;
  row.record = std::move(record);
  row.risky_until = risky_until;
  Note(standing, "", row.hash);
  return is_new ? addresses_.Insert(row, standing.tenant, standing.address)
                : addresses_.Update(row);
}

absl::Status Writer::Put(Standing& standing, Suppression suppression, Cause cause) {
  suppression = AsStored(std::move(suppression));
  if (standing.row.is_forgotten) {
    suppression.reason = Masked(standing.address, suppression.reason);
    suppression.explanation = Masked(standing.address, suppression.explanation);
  }
  suppression.tenant = std::string(standing.tenant);
  suppression.address = standing.address;
  const std::optional<std::size_t> place = standing.PlaceOf(suppression);
  std::optional<Suppression> before;
  absl::Status status;
  if (!place) {
    const std::uint64_t hash =
        suppression.stream.empty()
            ? standing.row.hash
            : index_.Hash(standing.tenant, suppression.stream, standing.address.canonical());
    standing.suppressions.push_back(
        {.id = next_.suppression++, .hash = hash, .suppression = std::move(suppression)});
    status = suppressions_.Insert(standing.suppressions.back(), standing.row.id);
  } else {
    SuppressionRow& stands = standing.suppressions[*place];
    if (cause.undoes == 0 && SaysTheSame(suppression, stands.suppression)) {
      return absl::OkStatus();
    }
    before = std::exchange(stands.suppression, std::move(suppression));
    status = suppressions_.Update(stands);
  }
  if (!status.ok()) return status;
  const SuppressionRow& row = place ? standing.suppressions[*place] : standing.suppressions.back();
  Note(standing, row.suppression.stream, row.hash);
  return Append(standing, before ? Change::What::kReplaced : Change::What::kCreated, cause,
                row.suppression, before ? &*before : nullptr);
}

absl::Status Writer::Remove(Standing& standing, std::size_t at, Cause cause) {
  SuppressionRow row = std::move(standing.suppressions[at]);
  standing.suppressions.erase(standing.suppressions.begin() + static_cast<std::ptrdiff_t>(at));
  absl::Status status = suppressions_.Remove(row.id);
  if (!status.ok()) return status;
  Note(standing, row.suppression.stream, row.hash);
  return Append(standing, Change::What::kRemoved, cause, row.suppression, nullptr);
}

absl::Status Writer::Append(const Standing& standing, Change::What what, Cause cause,
                            const Suppression& suppression, const Suppression* before) {
  std::string author;
  std::string words;
  if (standing.row.is_forgotten) {
    author = Masked(standing.address, cause.author);
    words = Masked(standing.address, cause.words);
    cause.author = author;
    cause.words = words;
  }
  const std::int64_t number = next_.change++;
  if (cause.batch != nullptr && cause.batch->id == 0) {
    cause.batch->id = number;
    begun_.push_back(cause.batch);
  }
  auto news = std::find_if(news_.begin(), news_.end(), [&](const ChangeFeed::News& each) {
    return each.tenant == standing.tenant;
  });
  if (news == news_.end()) news = news_.insert(news, {.tenant = std::string(standing.tenant)});
  ++news->changes;
  absl::Status status = block_hours_.Note(Blocks::kChanges, number, 1, now_);
  if (!status.ok()) return status;
  return changes_.Append({.number = number,
                          .time = now_,
                          .what = what,
                          .address_id = standing.row.id,
                          .author = cause.author,
                          .cause = cause.words,
                          .batch = cause.batch == nullptr ? 0 : cause.batch->id,
                          .undoes = cause.undoes,
                          .suppression = suppression,
                          .before = before});
}

void Writer::Note(const Standing& standing, std::string_view stream, std::uint64_t hash) {
  const std::string& canonical = standing.address.canonical();
  auto& published = WideIndex::Concerns(standing.tenant, canonical) ? published_wide_ : published_;
  published[hash] =
      EntryOf(standing.suppressions, stream, standing.row.risky_until, now_ - kIndexGrace);
}

}  // namespace bounced
