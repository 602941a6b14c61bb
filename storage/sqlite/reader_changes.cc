// What the reader says of changes.
#include <algorithm>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "storage/sqlite/addresses.h"
#include "storage/sqlite/changes.h"
#include "storage/sqlite/paging.h"
#include "storage/sqlite/reader.h"

namespace bounced {
namespace {

// Of a row that has kChangeColumns behind its number, its address and the row of that.
Change ListedChange(const Query& row, std::string_view tenant, Address address) {
  Change change = ChangeOf(row, row.Integer(0), 4, tenant, std::move(address));
  change.suppression.address_id = row.Integer(3);
  if (change.before) change.before->address_id = change.suppression.address_id;
  return change;
}

absl::StatusOr<Change> ListedChange(const Query& row, std::string_view tenant) {
  absl::StatusOr<Address> address = AddressOf(row, 1, 2);
  if (!address.ok()) return address.status();
  return ListedChange(row, tenant, *std::move(address));
}

}  // namespace

absl::Status Reader::PrepareChanges() {
  Preparer prepare(connection_.db());
  const std::string rows =
      absl::StrCat("SELECT number, canonical, spelling, address_id, ", Absl(kChangeColumns),
                   " FROM change CROSS JOIN address ON address.id = address_id");
  prepare(changes_of_address_,
          rows + " WHERE address_id = ? AND number < ? AND number >= ? ORDER BY number DESC");
  prepare(changes_of_batch_, rows +
                                 " WHERE batch = ?1 AND batch > 0 AND number < ?2"
                                 " AND change.tenant = ?3 AND number >= ?4 ORDER BY number DESC");
  prepare(changes_of_tenant_,
          rows + " WHERE change.tenant = ? AND number < ? AND number >= ? ORDER BY number DESC");
  prepare(changes_after_, rows + " WHERE change.tenant = ? AND number > ? ORDER BY number LIMIT ?");
  // The last column: whether it may go.
  const std::string thing = ThingSql("old.");
  AgedRows& changes = aged_[static_cast<std::size_t>(Aged::kChanges)];
  prepare(changes.page,
          absl::StrCat("SELECT number, time, CASE ", thing,
                       " WHEN 1 THEN NOT EXISTS (SELECT 1 FROM allowance"
                       " WHERE allowance.address_id = old.address_id)"
                       " WHEN 0 THEN NOT EXISTS (SELECT 1 FROM suppression"
                       " WHERE suppression.address_id = old.address_id"
                       " AND suppression.stream = old.stream"
                       " AND suppression.source = old.source)"
                       " ELSE 1 END"
                       " OR EXISTS (SELECT 1 FROM change AS newer"
                       " WHERE newer.address_id = old.address_id AND newer.number > old.number"
                       " AND newer.stream = old.stream AND newer.source = old.source"
                       " AND ",
                       ThingSql("newer."), " = ", thing,
                       ") FROM change AS old"
                       " WHERE number > ? AND number < (SELECT max(number) FROM change)"
                       " ORDER BY number LIMIT ?"));
  prepare(changes.last, "SELECT max(number) - 1 FROM change");
  prepare(changes.from,
          "SELECT number, time FROM change WHERE number >= ? ORDER BY number LIMIT 1");
  AgedRows& evidence = aged_[static_cast<std::size_t>(Aged::kEvidence)];
  prepare(evidence.page,
          "SELECT evidence_id, max(receive_time) FROM message WHERE evidence_id > ?"
          " GROUP BY evidence_id ORDER BY evidence_id LIMIT ?");
  // Only with this condition it is the index that is asked, which has no row without evidence.
  prepare(evidence.last, "SELECT max(evidence_id) FROM message WHERE evidence_id IS NOT NULL");
  prepare(evidence.from,
          "SELECT evidence_id, receive_time FROM message WHERE evidence_id >= ?"
          " ORDER BY evidence_id LIMIT 1");
  AgedRows& messages = aged_[static_cast<std::size_t>(Aged::kMessages)];
  prepare(messages.page, "SELECT id, receive_time FROM message WHERE id > ? ORDER BY id LIMIT ?");
  prepare(messages.last, "SELECT max(id) FROM message");
  prepare(messages.from, "SELECT id, receive_time FROM message WHERE id >= ? ORDER BY id LIMIT 1");
  prepare(newest_change_, "SELECT max(number) FROM change");
  prepare(dropped_up_to_, kDroppedUpToSql);
  return prepare.status();
}

absl::StatusOr<Page<Change>> Reader::ListChanges(const ChangeFilter& filter, int page_size,
                                                 Cursor from) {
  absl::Status status = CheckPaging(page_size, from);
  if (!status.ok()) return status;
  if (from == 0) from = kNewest;
  if (filter.number != 0) from = std::min(from, filter.number + 1);
  if (filter.up_to != kNewest) from = std::min(from, filter.up_to + 1);
  // A batch has the number of its first change.
  const std::int64_t least = std::max(filter.number, filter.batch);
  // Those of an address are its own by its row; its text may be forgotten.
  ChangeFilter of_row = filter;
  auto select = [&](const Query& row) -> absl::StatusOr<std::optional<Change>> {
    absl::StatusOr<Change> change = ListedChange(row, filter.tenant);
    if (!change.ok()) return change.status();
    if (!Selects(of_row, *change)) return std::nullopt;
    return *std::move(change);
  };
  if (filter.address) {
    absl::StatusOr<AddressRow> row =
        FindAddress(*find_address_, RowHashOf(index_, filter.tenant, *filter.address),
                    filter.tenant, *filter.address);
    if (!row.ok()) return row.status();
    if (row->id == 0) return Page<Change>{};
    of_row.address = std::nullopt;
    Query query = changes_of_address_->Start(row->id, from, least);
    return ReadPage<Change>(query, page_size, select);
  }
  if (filter.batch != 0) {
    Query query =
        changes_of_batch_->Start(filter.batch, from, std::string_view(filter.tenant), least);
    return ReadPage<Change>(query, page_size, select);
  }
  PageFilling<Change, decltype(select)> page(page_size, select);
  status = blocks_.ForEach(Blocks::kChanges, {filter.from, filter.before}, least, from,
                           [&](std::int64_t lowest, std::int64_t below) {
                             Query query = changes_of_tenant_->Start(
                                 std::string_view(filter.tenant), below, lowest);
                             return page.Take(query);
                           });
  if (!status.ok()) return status;
  return page.Release();
}

absl::StatusOr<ChangesAfter> Reader::ListChangesAfter(std::string_view tenant,
                                                      std::optional<FeedPosition> from, int most) {
  // One transaction, so that no commit comes between its parts.
  absl::Status status = connection_.Execute("BEGIN");
  if (!status.ok()) return status;
  absl::Cleanup end = [this] { connection_.Execute("ROLLBACK").IgnoreError(); };
  absl::StatusOr<std::int64_t> newest = Number(*newest_change_);
  if (!newest.ok()) return newest.status();
  absl::StatusOr<std::int64_t> dropped = Number(*dropped_up_to_);
  if (!dropped.ok()) return dropped.status();
  if (!from) from = FeedPosition{.number = 0, .dropped_up_to = *dropped};
  if (*dropped > std::max(from->number, from->dropped_up_to)) {
    return absl::OutOfRangeError("changes that come next have been dropped");
  }
  if (from->number > *newest) return absl::OutOfRangeError("the store is not as far as that");
  ChangesAfter after{.changes = {}, .next = *from, .more = false};
  Query query = changes_after_->Start(tenant, from->number, most + 1);
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) break;
    after.more = after.changes.size() >= static_cast<std::size_t>(most);
    if (after.more) break;
    absl::StatusOr<Change> change = ListedChange(query, tenant);
    if (!change.ok()) return change.status();
    after.changes.push_back(*std::move(change));
  }
  after.next.number = after.more ? after.changes.back().number : *newest;
  return after;
}

absl::StatusOr<Page<std::int64_t>> Reader::ListOld(Aged what, absl::Time before, int page_size,
                                                   Cursor from) {
  absl::Status status = CheckPaging(page_size, from);
  if (!status.ok()) return status;
  Page<std::int64_t> page;
  int seen = 0;
  int old = 0;
  Cursor last = 0;
  AgedRows& rows = aged_[static_cast<std::size_t>(what)];
  Query query = rows.page->Start(from, page_size);
  for (;; ++seen) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) break;
    last = query.Integer(0);
    if (query.Time(1) >= before) continue;
    ++old;
    if (what != Aged::kChanges || query.Integer(2) != 0) page.rows.push_back(last);
  }
  if (seen < page_size) return page;
  absl::StatusOr<bool> more = old > 0;
  if (old == 0) more = IsOldBehind(rows, last, before, page_size);
  if (!more.ok()) return more.status();
  if (*more) page.next = last;
  return page;
}

// Ids go with time but for a clock that was wrong for a while. To be sure takes all of them.
absl::StatusOr<bool> Reader::IsOldBehind(AgedRows& rows, std::int64_t id, absl::Time before,
                                         int samples) {
  const absl::StatusOr<std::int64_t> last = Number(*rows.last);
  if (!last.ok()) return last.status();
  const std::int64_t rest = *last - id;
  for (std::int64_t i = 1; i <= std::min<std::int64_t>(samples, rest); ++i) {
    // In doubles: the product may exceed 64 bits.
    const double share = static_cast<double>(i) / samples;
    const auto at = static_cast<std::int64_t>(static_cast<double>(rest) * share);
    Query query = rows.from->Start(id + std::max(at, i));
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (*there && query.Integer(0) <= *last && query.Time(1) < before) return true;
  }
  return false;
}

absl::StatusOr<std::int64_t> Reader::Number(Statement& statement) {
  Query query = statement.Start();
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  return *there ? query.Integer(0) : 0;
}

absl::StatusOr<std::vector<Change>> Reader::ReadChanges(std::int64_t address_id,
                                                        std::string_view tenant,
                                                        const Address& address, int max_changes) {
  Query query = changes_of_address_->Start(address_id, kNewest, std::int64_t{0});
  absl::StatusOr<Page<Change>> page = ReadPage<Change>(
      query, max_changes, [&](const Query& row) -> absl::StatusOr<std::optional<Change>> {
        return ListedChange(row, tenant, address);
      });
  if (!page.ok()) return page.status();
  return std::move(page->rows);
}

}  // namespace bounced
