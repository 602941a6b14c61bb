// Changes that are put back: parts of the writer.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/writer.h"

namespace bounced {
namespace {

// How many changes are undone at once by one, and how many that undid others are passed over.
constexpr int kMaxUndoDepth = 1'000;

// Changes to be undone that a walk has passed: less is walked again in the next work of a dry run,
// more is remembered until then.
constexpr int kLongWalk = 100;

// Whether `change` is to be undone by `work`. What the work itself has put back is not.
bool IsToBeUndone(const UndoChanges& work, const Change& change) {
  if (work.batch->id != 0 && change.batch == work.batch->id) return false;
  return Selects(work.selection, change);
}

std::string CauseOf(const UndoChanges& work, std::int64_t number) {
  std::string words = absl::StrCat("undo of change ", number);
  if (work.selection.batch != 0) absl::StrAppend(&words, " of batch ", work.selection.batch);
  if (!work.cause.empty()) absl::StrAppend(&words, ": ", work.cause);
  return words;
}

// The incident that held the suppression until `change`, which did nothing but let it into force;
// 0: it is another change.
std::int64_t IncidentThatHeld(const Change& change) {
  if (change.what != Change::What::kReplaced || !change.before) return 0;
  Suppression freed = *change.before;
  freed.incident_id = 0;
  const bool is_all = change.suppression.incident_id == 0 && SaysTheSame(freed, change.suppression);
  return is_all ? change.before->incident_id : 0;
}

}  // namespace

absl::Status Writer::Do(UndoChanges& work) {
  work.outcomes.clear();
  if (!work.dry_run) work.walks.clear();
  for (const std::int64_t number : work.numbers) {
    absl::StatusOr<UndoChanges::Outcome> outcome = Undo(work, number);
    if (!outcome.ok()) return outcome.status();
    work.outcomes.push_back(*outcome);
  }
  std::erase_if(work.walks, [&work](const auto& each) {
    return !work.dry_run || each.second.passed < kLongWalk;
  });
  return absl::OkStatus();
}

absl::StatusOr<UndoChanges::Outcome> Writer::Undo(UndoChanges& work, std::int64_t number) {
  absl::StatusOr<std::optional<StoredChange>> row = changes_.Find(number);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return UndoChanges::Outcome::kGone;
  const Change& change = (*row)->change;
  if (change.suppression.tenant != work.selection.tenant || !IsToBeUndone(work, change)) {
    return UndoChanges::Outcome::kGone;
  }
  // The text is there no more.
  if (change.what == Change::What::kForgotten) return UndoChanges::Outcome::kGone;
  // Where an entry of a stream would be found is known no more.
  if (IsStandIn(change.suppression.address.canonical()) && !change.suppression.stream.empty()) {
    return UndoChanges::Outcome::kGone;
  }
  absl::StatusOr<Undoing> undoing = CanUndo(work, **row);
  if (!undoing.ok()) return undoing.status();
  if (work.dry_run || !undoing->oldest) return undoing->outcome;
  const std::string words = CauseOf(work, number);
  absl::Status status = PutBack(*undoing->oldest, {.author = work.author,
                                                   .words = words,
                                                   .batch = work.batch.get(),
                                                   .undoes = undoing->oldest->number});
  if (!status.ok()) return status;
  return undoing->outcome;
}

// Goes on from the newest change of the suppression down to this one. One that undid others is
// taken together with them: they are as if they had never been.
absl::StatusOr<Writer::Undoing> Writer::CanUndo(UndoChanges& work, const StoredChange& row) {
  using Outcome = UndoChanges::Outcome;
  const std::int64_t number = row.change.number;
  const Suppression& entry = row.change.suppression;
  const Thing thing = ThingOf(row.change.what);
  UndoWalk& walk =
      work.walks[{row.address_id, entry.stream, entry.source, static_cast<int>(thing)}];
  while (!walk.is_overtaken) {
    absl::StatusOr<std::optional<Change>> newer =
        changes_.NewestBelow(walk.below, row.address_id, entry, thing);
    if (!newer.ok()) return newer.status();
    if (!newer->has_value() || (*newer)->number < number) {
      return Undoing{.outcome = walk.is_by_this ? Outcome::kUndone : Outcome::kUndoneBefore};
    }
    if ((*newer)->number == number) {
      if (walk.is_taken_along) return Undoing{};
      const std::int64_t held_by = IncidentThatHeld(row.change);
      if (work.dry_run && held_by == 0) return Undoing{};
      absl::StatusOr<Change> oldest = OldestOfRun(work, row);
      if (!oldest.ok()) return oldest.status();
      if (held_by != 0 && oldest->number == number) {
        absl::StatusOr<std::optional<Incident>> incident = incidents_.Find(entry.tenant, held_by);
        if (!incident.ok()) return incident.status();
        // Nobody is asked about it any more: it would be put back in force, as it is.
        if (!*incident || (*incident)->state != Incident::State::kOpen) {
          return Undoing{.outcome = Outcome::kOvertaken};
        }
      }
      if (work.dry_run) return Undoing{};
      // What is put back undoes all down to it.
      walk.below = oldest->number;
      walk.is_by_this = true;
      return Undoing{.oldest = *std::move(oldest)};
    }
    if (IsToBeUndone(work, **newer)) {
      ++walk.passed;
      walk.is_taken_along = true;
      walk.below = (*newer)->number;
    } else if ((*newer)->undoes != 0 && walk.put_back < kMaxUndoDepth) {
      ++walk.put_back;
      walk.below = (*newer)->undoes;
      walk.is_by_this = work.batch->id != 0 && (*newer)->batch == work.batch->id;
    } else {
      walk.is_overtaken = true;
    }
  }
  return Undoing{.outcome = Outcome::kOvertaken};
}

// The oldest of the changes that follow each other down from this one and are all to be undone.
// What is known of an address each of them knows in part, so these are put back one by one.
absl::StatusOr<Change> Writer::OldestOfRun(const UndoChanges& work, const StoredChange& row) {
  Change oldest = row.change;
  const Thing thing = ThingOf(oldest.what);
  if (thing == Thing::kKnowledge) return oldest;
  for (int depth = 0; depth < kMaxUndoDepth; ++depth) {
    absl::StatusOr<std::optional<Change>> older =
        changes_.NewestBelow(oldest.number, row.address_id, row.change.suppression, thing);
    if (!older.ok()) return older.status();
    if (!older->has_value() || !IsToBeUndone(work, **older)) break;
    oldest = **std::move(older);
  }
  return oldest;
}

// What is counted about the address stays: this is no release of it by a person.
absl::Status Writer::PutBack(const Change& change, const Cause& cause) {
  const Suppression& entry = change.suppression;
  absl::StatusOr<Standing> standing = Find(entry.tenant, entry.address);
  if (!standing.ok()) return standing.status();
  switch (change.what) {
    case Change::What::kReplaced:
      return PutBackSuppression(*standing, change.before.value_or(entry), cause);
    case Change::What::kRemoved:
      return PutBackSuppression(*standing, entry, cause);
    case Change::What::kAllowed:
    case Change::What::kDisallowed:
      return PutBackAllowance(*standing, change, cause);
    case Change::What::kReclassified:
      return PutBackKnowledge(*standing, change, cause);
    case Change::What::kForgotten:
      return absl::OkStatus();
    case Change::What::kCreated:
      break;
  }
  const std::optional<std::size_t> place = standing->PlaceOf(entry);
  return place ? Remove(*standing, *place, cause) : absl::OkStatus();
}

// One that an incident held is in force when nobody is to be asked about that any more.
absl::Status Writer::PutBackSuppression(Standing& standing, Suppression suppression,
                                        const Cause& cause) {
  if (suppression.incident_id != 0) {
    absl::StatusOr<std::optional<Incident>> incident =
        incidents_.Find(suppression.tenant, suppression.incident_id);
    if (!incident.ok()) return incident.status();
    const bool is_open = incident->has_value() && (*incident)->state == Incident::State::kOpen;
    if (!is_open) suppression.incident_id = 0;
  }
  return Put(standing, std::move(suppression), cause);
}

absl::Status Writer::PutBackAllowance(const Standing& standing, const Change& change,
                                      const Cause& cause) {
  const Suppression& told = change.suppression;
  if (change.what == Change::What::kAllowed) {
    absl::StatusOr<std::optional<std::string>> note = allowances_.Remove(standing.row.id);
    if (!note.ok()) return note.status();
    if (!note->has_value()) return absl::OkStatus();
    return NoteAllowance(standing, Change::What::kDisallowed, cause, **note);
  }
  absl::StatusOr<bool> is_new =
      allowances_.Insert(standing.row.id, {.tenant = told.tenant,
                                           .address = told.address,
                                           .create_time = now_,
                                           .author = std::string(cause.author),
                                           .note = told.explanation});
  if (!is_new.ok() || !*is_new) return is_new.status();
  return NoteAllowance(standing, Change::What::kAllowed, cause, told.explanation);
}

}  // namespace bounced
