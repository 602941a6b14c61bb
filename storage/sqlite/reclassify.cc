// Addresses whose past is replayed: parts of the writer.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "storage/sqlite/writer.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxEventsTold = 10;  // of one change

// "no_such_user by rule no-such-user", and what that did.
std::string ShownReading(const Event& event) {
  return absl::StrCat(Absl(ToString(event.reason)), " by rule ", event.rule, ", ",
                      Absl(ToString(event.policy_rule)));
}

const Event* FindEvent(const AddressFacts& facts, std::int64_t id) {
  const auto found = std::lower_bound(
      facts.events.begin(), facts.events.end(), id,
      [](const StoredEvent& stored, std::int64_t wanted) { return stored.event.id < wanted; });
  return found == facts.events.end() || found->event.id != id ? nullptr : &found->event;
}

std::string ExplanationOf(const AddressFacts& facts, const Replayed& replayed) {
  if (replayed.events.empty()) return "Counted anew.";
  std::string text;
  std::size_t told = 0;
  for (const Event& event : replayed.events) {
    if (told == kMaxEventsTold) break;
    const Event* former = FindEvent(facts, event.id);
    if (former == nullptr) continue;
    absl::StrAppend(&text, told++ == 0 ? "" : "; ", "event ", event.id, ": ", ShownReading(*former),
                    " is now ", ShownReading(event));
  }
  if (replayed.events.size() > told) {
    absl::StrAppend(&text, "; and ", replayed.events.size() - told, " more");
  }
  text += '.';
  text.front() = 'E';
  return text;
}

}  // namespace

absl::Status Writer::Do(BeginReclassification& work) {
  absl::StatusOr<std::int64_t> id = former_.Begin(work.run);
  if (id.ok()) work.run.id = *id;
  return id.status();
}

absl::Status Writer::Do(ReclassifyAddresses& work) {
  work.run.reset();
  absl::StatusOr<std::optional<Reclassification>> run = former_.Find(work.run_id);
  if (!run.ok()) return run.status();
  if (!run->has_value() || (*run)->is_done || (*run)->next != work.from) return absl::OkStatus();
  work.batch.id = (*run)->batch;
  const Cause cause{.author = (*run)->author, .words = (*run)->cause, .batch = &work.batch};
  for (ReclassifyAddresses::One& one : work.addresses) {
    absl::StatusOr<AddressFacts> facts = facts_.Read((*run)->tenant, *one.address);
    if (!facts.ok()) return facts.status();
    one.facts = *std::move(facts);
    one.replayed = {};
    one.replayed.is_as_it_was = true;
    if (one.facts.MayBeReplayed()) one.replayed = work.replay(one.facts, one.readings, now_);
    if (one.replayed.is_as_it_was) continue;
    absl::Status status = CarryOut((*run)->tenant, *one.address, one.facts, one.replayed, cause);
    if (!status.ok()) return status;
  }
  (*run)->next = work.next;
  (*run)->batch = work.batch.id;
  (*run)->is_done = work.is_last;
  work.run = **run;
  return former_.NoteStep(**run);
}

absl::Status Writer::CarryOut(std::string_view tenant, const Address& address,
                              const AddressFacts& facts, const Replayed& replayed,
                              const Cause& cause) {
  absl::StatusOr<Standing> standing = Find(tenant, address);
  if (!standing.ok()) return standing.status();
  const std::int64_t number = next_.change;
  absl::Status status = former_.KeepRecord(number, {.risky_until = standing->row.risky_until,
                                                    .record = standing->row.record,
                                                    .next_record = replayed.record});
  for (const Event& event : replayed.events) {
    if (status.ok()) status = former_.KeepEvent(number, event.id);
    if (status.ok()) status = messages_.UpdateEvent(event);
  }
  if (status.ok()) status = Save(*standing, replayed.record, replayed.risky_until);
  if (!status.ok()) return status;

  Suppression told = ToldOf(*standing, Source::kBounce, "counted", ExplanationOf(facts, replayed));
  Suppression before = told;
  before.explanation.clear();
  if (!replayed.events.empty()) {
    const Event& event = replayed.events.back();
    told.reason = ToString(event.reason);
    told.bounce_class = event.bounce_class;
    told.event_id = before.event_id = event.id;
    if (const Event* former = FindEvent(facts, event.id)) {
      before.reason = ToString(former->reason);
      before.bounce_class = former->bounce_class;
    }
  }
  status = Append(*standing, Change::What::kReclassified, cause, told, &before);
  for (const Suppression& gone : replayed.remove) {
    const std::optional<std::size_t> place = standing->PlaceOf(gone);
    if (status.ok() && place) status = Remove(*standing, *place, cause);
  }
  for (const Suppression& put : replayed.put) {
    if (status.ok()) status = Put(*standing, put, cause);
  }
  return status;
}

// What was counted since stays counted.
absl::Status Writer::PutBackKnowledge(Standing& standing, const Change& change,
                                      const Cause& cause) {
  absl::StatusOr<std::vector<Event>> events = former_.EventsOf(change.number);
  if (!events.ok()) return events.status();
  absl::StatusOr<std::optional<FormerRecord>> former = former_.RecordOf(change.number);
  if (!former.ok()) return former.status();
  const std::int64_t number = next_.change;
  absl::Status status;
  for (const Event& event : *events) {
    if (status.ok()) status = former_.KeepEvent(number, event.id);
    if (status.ok()) status = messages_.UpdateEvent(event);
  }
  if (status.ok() && former->has_value() && (*former)->next_record == standing.row.record) {
    status = former_.KeepRecord(number, {.risky_until = standing.row.risky_until,
                                         .record = standing.row.record,
                                         .next_record = (*former)->record});
    if (status.ok()) status = Save(standing, (*former)->record, (*former)->risky_until);
  }
  if (!status.ok()) return status;
  Suppression told = change.before.value_or(change.suppression);
  told.explanation = "As it was before.";
  const Suppression& before = change.suppression;
  return Append(standing, Change::What::kReclassified, cause, told, &before);
}

}  // namespace bounced
