// Changes that are put back: parts of the writer.
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/writer.h"

namespace bounced {
namespace {

// How many changes of one suppression are looked at to undo one of them.
constexpr int kMaxUndoDepth = 1'000;

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

}  // namespace

absl::Status Writer::Do(UndoChanges& work) {
  work.outcomes.clear();
  for (const std::int64_t number : work.numbers) {
    absl::StatusOr<UndoChanges::Outcome> outcome = Undo(work, number);
    if (!outcome.ok()) return outcome.status();
    work.outcomes.push_back(*outcome);
  }
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

// Goes from the newest change of the suppression down to this one. One that undid others is taken
// together with them: they are as if they had never been.
absl::StatusOr<Writer::Undoing> Writer::CanUndo(const UndoChanges& work, const StoredChange& row) {
  using Outcome = UndoChanges::Outcome;
  const std::int64_t number = row.change.number;
  std::int64_t below = std::numeric_limits<std::int64_t>::max();
  bool is_taken_along = false;
  std::int64_t newest_batch = 0;
  for (int depth = 0; depth < kMaxUndoDepth; ++depth) {
    absl::StatusOr<std::optional<Change>> newer = changes_.NewestBelow(below, row);
    if (!newer.ok()) return newer.status();
    if (depth == 0 && newer->has_value()) newest_batch = (*newer)->batch;
    if (!newer->has_value() || (*newer)->number < number) {
      const bool by_this = work.batch->id != 0 && newest_batch == work.batch->id;
      return Undoing{.outcome = by_this ? Outcome::kUndone : Outcome::kUndoneBefore};
    }
    if ((*newer)->number == number) {
      if (is_taken_along) return Undoing{};
      absl::StatusOr<Change> oldest = OldestOfRun(work, row);
      if (!oldest.ok()) return oldest.status();
      return Undoing{.oldest = *std::move(oldest)};
    }
    if (IsToBeUndone(work, **newer)) {
      is_taken_along = true;
      below = (*newer)->number;
    } else if ((*newer)->undoes != 0) {
      below = (*newer)->undoes;
    } else {
      break;
    }
  }
  return Undoing{.outcome = Outcome::kOvertaken};
}

// The oldest of the changes that follow each other down from this one and are all to be undone.
absl::StatusOr<Change> Writer::OldestOfRun(const UndoChanges& work, const StoredChange& row) {
  Change oldest = row.change;
  for (int depth = 0; depth < kMaxUndoDepth; ++depth) {
    absl::StatusOr<std::optional<Change>> older = changes_.NewestBelow(oldest.number, row);
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
    case Change::What::kCreated:
      break;
  }
  for (std::size_t i = 0; i < standing->suppressions.size(); ++i) {
    const Suppression& stands = standing->suppressions[i].suppression;
    if (stands.stream != entry.stream || stands.source != entry.source) continue;
    return Remove(*standing, i, cause);
  }
  return absl::OkStatus();
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
