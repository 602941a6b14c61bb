// What is forgotten, and what is dropped when it is old: parts of the writer.
#include <algorithm>
#include <set>
#include <utility>

#include "storage/sqlite/mention_scan.h"
#include "storage/sqlite/writer.h"

namespace bounced {
namespace {

// How long the emptying of the log waits for who reads from it. Commits wait meanwhile.
constexpr int kEmptyLogTimeoutMillis = 200;

}  // namespace

absl::Status Writer::Do(ForgetAddress& work) {
  work.next_event = 0;
  work.events = work.suppressions = 0;
  absl::StatusOr<Standing> standing = Find(work.tenant, *work.address);
  if (!standing.ok()) return standing.status();
  const AddressRow& row = standing->row;
  work.spellings = {work.address->canonical(), work.address->spelling()};
  if (row.address) work.spellings.push_back(row.address->spelling());
  work.is_known = row.id != 0;
  work.was_forgotten = row.is_forgotten;
  work.suppressions = static_cast<std::int64_t>(standing->suppressions.size());
  if (!work.is_known) return absl::OkStatus();
  if (!work.dry_run && work.from_event == 0) {
    if (absl::Status s = forgotten_.Note(row.hash, now_); !s.ok()) return s;
  }
  if (!work.dry_run && !row.is_forgotten) {
    if (absl::Status s = addresses_.Forget(row); !s.ok()) return s;
    if (absl::Status s = NoteForgotten(*standing, work.author); !s.ok()) return s;
  }
  absl::StatusOr<ForgottenTable::Wiped> wiped = forgotten_.WipeEvents(
      work.tenant, row.id, work.from_event, ForgetAddress::kForgetStepEvents, work.dry_run);
  if (!wiped.ok()) return wiped.status();
  work.events = wiped->with_texts;
  work.event_ids = std::move(wiped->events);
  work.message_ids.assign(wiped->messages.begin(), wiped->messages.end());
  work.evidence_ids.assign(wiped->evidence.begin(), wiped->evidence.end());
  work.next_event = wiped->next;
  return absl::OkStatus();
}

absl::Status Writer::NoteForgotten(Standing& standing, std::string_view author) {
  standing.row.is_forgotten = true;  // so that `author` is masked
  return Append(standing, Change::What::kForgotten, {.author = author, .words = "forgotten"},
                ToldOf(standing, Source::kManual, "forgotten", ""), nullptr);
}

absl::Status Writer::Do(MaskMentions& work) {
  const Mentions mentions(work.spellings);
  absl::StatusOr<MentionScan> scan = MentionScan::Create(connection_, mentions);
  return scan.ok() ? scan->Mask(work.tenant, work.mentions) : scan.status();
}

absl::Status Writer::Do(EmptyLog& work) {
  work.is_empty = false;
  empties_log_.push_back(&work);
  return absl::OkStatus();
}

// Behind the commit, since what it wrote is in the log, too. Pages that are held in memory may have
// traces in places that no row uses, which the file has not (GatheringVfs).
absl::Status Writer::EmptyLogs() {
  if (empties_log_.empty()) return absl::OkStatus();
  sqlite3* const db = connection_.db();
  sqlite3_busy_timeout(db, kEmptyLogTimeoutMillis);
  const int rc =
      sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(db, kBusyTimeoutMillis);
  sqlite3_db_release_memory(db);
  for (EmptyLog* work : empties_log_) work->is_empty = rc == SQLITE_OK;
  if (rc == SQLITE_OK) return absl::OkStatus();
  // What was committed is, whether there is time or space now to write it back.
  absl::Status status = SqliteStatus(db, rc);
  return absl::IsDataLoss(status) ? status : absl::OkStatus();
}

absl::StatusOr<std::optional<Mentions>> Writer::ForgottenIn(const NewMessage& message) {
  if (!forgotten_.any()) return std::nullopt;
  std::vector<std::string> spellings;
  for (const Event& event : message.events) {
    if (!event.address) continue;
    absl::StatusOr<Standing> standing = Find(message.message.tenant, *event.address);
    if (!standing.ok()) return standing.status();
    if (!standing->row.is_forgotten) continue;
    spellings.push_back(event.address->canonical());
    spellings.push_back(event.address->spelling());
  }
  if (spellings.empty()) return std::nullopt;
  return Mentions(spellings);
}

absl::Status Writer::Do(DropOld& work) {
  switch (work.what) {
    case Aged::kChanges:
      return DropOldChanges(work);
    case Aged::kEvidence:
      for (const std::int64_t id : work.ids) {
        if (absl::Status s = RemoveEvidence(connection_, id); !s.ok()) return s;
      }
      return absl::OkStatus();
    case Aged::kMessages:
      break;
  }
  return DropOldMessages(work);
}

absl::Status Writer::DropOldChanges(const DropOld& work) {
  std::set<std::int64_t> addresses;
  std::int64_t newest = 0;
  for (const std::int64_t number : work.ids) {
    absl::StatusOr<std::optional<std::int64_t>> address = changes_.Drop(number);
    if (!address.ok()) return address.status();
    if (*address) addresses.insert(**address);
    newest = std::max(newest, number);
  }
  if (newest == 0) return absl::OkStatus();
  if (absl::Status s = changes_.NoteDropped(newest); !s.ok()) return s;
  if (absl::Status s = block_hours_.DropUnused(Blocks::kChanges); !s.ok()) return s;
  return DropUnused(addresses, work.last_day);
}

absl::Status Writer::DropOldMessages(const DropOld& work) {
  std::set<std::int64_t> addresses;
  for (const std::int64_t id : work.ids) {
    if (absl::Status s = messages_.Drop(id, addresses); !s.ok()) return s;
  }
  if (absl::Status s = block_hours_.DropUnused(Blocks::kEvents); !s.ok()) return s;
  return DropUnused(addresses, work.last_day);
}

absl::Status Writer::DropUnused(const std::set<std::int64_t>& addresses, Day last_day) {
  for (const std::int64_t id : addresses) {
    if (absl::Status s = addresses_.DropIfUnused(id, last_day); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace bounced
