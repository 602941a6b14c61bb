#include "storage/sqlite/forget_list.h"

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "storage/sqlite/addresses.h"
#include "storage/sqlite/forgotten.h"
#include "storage/sqlite/mention_scan.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/statement.h"
#include "storage/suppression_index.h"

namespace bounced {
namespace {

using Key = std::pair<std::uint64_t, std::int64_t>;  // hash and secret

// One under whose secret the hashes of some entries are.
struct Hasher {
  explicit Hasher(std::int64_t secret_)
      : secret(secret_),
        index(std::make_unique<SuppressionIndex>(static_cast<std::uint64_t>(secret_))) {}

  std::int64_t secret;
  std::unique_ptr<SuppressionIndex> index;
};

struct Found {
  AddressRow row;
  std::string tenant;
};

// Those of the list that `connection` does not know of, or only of an earlier time.
absl::StatusOr<std::vector<ForgetListEntry>> NewIn(Connection& connection,
                                                   const std::vector<ForgetListEntry>& list) {
  absl::StatusOr<std::vector<ForgetListEntry>> known = ReadForgetList(connection);
  if (!known.ok()) return known.status();
  std::map<Key, absl::Time> times;
  for (const ForgetListEntry& each : *known) times[{each.hash, each.secret}] = each.time;
  std::vector<ForgetListEntry> fresh;
  for (const ForgetListEntry& each : list) {
    const auto time = times.find({each.hash, each.secret});
    if (time == times.end() || time->second < each.time) fresh.push_back(each);
  }
  return fresh;
}

// The addresses of which it has the text.
absl::StatusOr<std::vector<Found>> Find(Connection& connection,
                                        const std::vector<ForgetListEntry>& list) {
  absl::flat_hash_set<Key> wanted;
  std::map<std::int64_t, Hasher> hashers;
  for (const ForgetListEntry& each : list) {
    wanted.emplace(each.hash, each.secret);
    hashers.try_emplace(each.secret, each.secret);
  }
  absl::StatusOr<Statement> addresses = Statement::Prepare(
      connection.db(), "SELECT id, hash, tenant, canonical, spelling FROM address");
  if (!addresses.ok()) return addresses.status();
  std::vector<Found> found;
  Query query = addresses->Start();
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    if (!*there) return found;
    const std::string_view canonical = query.Text(3);
    if (IsStandIn(canonical)) continue;
    for (const auto& [secret, hasher] : hashers) {
      if (!wanted.contains(Key{hasher.index->Hash(query.Text(2), "", canonical), secret})) continue;
      absl::StatusOr<Address> address = AddressOf(query, 3, 4);
      if (!address.ok()) return address.status();
      Found one{.row = {}, .tenant = std::string(query.Text(2))};
      one.row.id = query.Integer(0);
      one.row.hash = static_cast<std::uint64_t>(query.Integer(1));
      one.row.address = *std::move(address);
      found.push_back(std::move(one));
      break;
    }
  }
}

absl::Status MaskAll(Connection& connection, const std::string& tenant,
                     const std::vector<std::string>& spellings) {
  const Mentions mentions(spellings);
  absl::StatusOr<MentionScan> scan = MentionScan::Create(connection, mentions);
  if (!scan.ok()) return scan.status();
  Cursor cursor = 0;
  do {
    absl::StatusOr<Page<MentionedRow>> page = scan->Find(tenant, cursor);
    if (!page.ok()) return page.status();
    if (absl::Status s = scan->Mask(tenant, page->rows); !s.ok()) return s;
    cursor = page->next;
  } while (cursor != 0);
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> Replay(Connection& connection,
                                    const std::vector<ForgetListEntry>& list, absl::Time now) {
  ForgottenTable forgotten;
  AddressTable addresses;
  if (absl::Status s = forgotten.Prepare(connection); !s.ok()) return s;
  if (absl::Status s = addresses.Prepare(connection); !s.ok()) return s;
  absl::StatusOr<std::vector<Found>> found = Find(connection, list);
  if (!found.ok()) return found.status();
  std::map<std::string, std::vector<std::string>> spellings;  // by tenant
  for (const Found& each : *found) {
    absl::Status status = addresses.Forget(each.row);
    if (status.ok()) status = forgotten.Note(each.row.hash, now);
    if (!status.ok()) return status;
    absl::StatusOr<ForgottenTable::Wiped> wiped =
        forgotten.WipeEvents(each.tenant, each.row.id, 0, std::numeric_limits<int>::max(),
                             /*dry_run=*/false);
    if (!wiped.ok()) return wiped.status();
    spellings[each.tenant].push_back(each.row.address->canonical());
    spellings[each.tenant].push_back(each.row.address->spelling());
  }
  for (const auto& [tenant, of_tenant] : spellings) {
    if (absl::Status s = MaskAll(connection, tenant, of_tenant); !s.ok()) return s;
  }
  for (const ForgetListEntry& each : list) {
    if (absl::Status s = forgotten.Put(each.hash, each.secret, each.time); !s.ok()) return s;
  }
  return static_cast<std::int64_t>(found->size());
}

}  // namespace

absl::StatusOr<std::vector<ForgetListEntry>> ReadForgetList(Connection& connection) {
  absl::StatusOr<std::int64_t> there = connection.AskNumber(
      "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'forgotten'");
  if (!there.ok()) return there.status();
  std::vector<ForgetListEntry> list;
  if (*there == 0) return list;
  absl::StatusOr<Statement> rows =
      Statement::Prepare(connection.db(), "SELECT hash, secret, time FROM forgotten");
  if (!rows.ok()) return rows.status();
  Query query = rows->Start();
  for (;;) {
    absl::StatusOr<bool> row = query.Next();
    if (!row.ok()) return row.status();
    if (!*row) return list;
    list.push_back({.hash = static_cast<std::uint64_t>(query.Integer(0)),
                    .secret = query.Integer(1),
                    .time = query.Time(2)});
  }
}

absl::StatusOr<std::int64_t> ReplayForgetList(Connection& connection,
                                              const std::vector<ForgetListEntry>& list,
                                              absl::Time now) {
  absl::StatusOr<std::vector<ForgetListEntry>> fresh = NewIn(connection, list);
  if (!fresh.ok()) return fresh.status();
  if (fresh->empty()) return 0;
  absl::Status status = connection.Execute("PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON");
  if (status.ok()) status = Migrate(connection);
  if (status.ok()) status = connection.Execute("BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  absl::StatusOr<std::int64_t> replayed = Replay(connection, *fresh, now);
  if (!replayed.ok()) {
    connection.Execute("ROLLBACK").IgnoreError();
    return replayed;
  }
  status = connection.Execute("COMMIT");
  if (!status.ok()) return status;
  return replayed;
}

}  // namespace bounced
