#include "storage/sqlite/integrity.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/address.h"
#include "parser/text.h"
#include "storage/records.h"
#include "storage/sqlite/addresses.h"
#include "storage/sqlite/changes.h"
#include "storage/sqlite/evidence.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/record_blob.h"
#include "storage/sqlite/statement.h"
#include "storage/wide_index.h"

namespace bounced {
namespace {

// Messages that are unpacked where not all are.
constexpr std::int64_t kSampledEvidence = 1'000;

// Calls `each` with every row of `sql`.
template <typename Each, typename... Values>
absl::Status ForEachRow(Connection& connection, std::string_view sql, Each each,
                        const Values&... values) {
  absl::StatusOr<Statement> statement = Statement::Prepare(connection.db(), sql);
  if (!statement.ok()) return statement.status();
  Query query = statement->Start(values...);
  for (;;) {
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok() || !*there) return there.status();
    each(static_cast<const Query&>(query));
  }
}

class IntegrityCheck {
 public:
  IntegrityCheck(Connection& connection, const CheckOptions& options, Findings& findings)
      : connection_(connection), options_(options), findings_(findings) {}

  absl::Status Run() {
    if (absl::Status s = Pages(); !s.ok() || findings_.count > 0) return s;
    absl::StatusOr<std::int64_t> secret =
        connection_.AskNumber("SELECT value FROM meta WHERE name = 'index_secret'");
    if (!secret.ok()) return Told("meta", secret.status());
    hashes_.emplace(static_cast<std::uint64_t>(*secret));
    const std::pair<std::string_view, absl::Status (IntegrityCheck::*)()> parts[] = {
        {"meta", &IntegrityCheck::Meta},         {"references", &IntegrityCheck::References},
        {"address", &IntegrityCheck::Addresses}, {"suppression", &IntegrityCheck::Suppressions},
        {"history", &IntegrityCheck::History},   {"change", &IntegrityCheck::Changes},
        {"message", &IntegrityCheck::Messages},  {"evidence", &IntegrityCheck::Evidences},
        {"block_hours", &IntegrityCheck::Hours}};
    for (const auto& [name, part] : parts) {
      if (absl::Status s = Told(name, (this->*part)()); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

 private:
  template <typename... Parts>
  void Find(const Parts&... parts) {
    findings_.Add(absl::StrCat(parts...));
  }

  // That something cannot be read is what is looked for.
  absl::Status Told(std::string_view what, const absl::Status& status) {
    if (!absl::IsDataLoss(status)) return status;
    Find(Absl(what), ": cannot be read (", status.message(), ")");
    return absl::OkStatus();
  }

  absl::Status Pages() {
    const absl::Status status =
        ForEachRow(connection_, absl::StrCat("PRAGMA integrity_check(", Findings::kMaxShown, ")"),
                   [this](const Query& row) {
                     if (row.Text(0) != "ok") Find("pages: ", Absl(row.Text(0)));
                   });
    if (absl::Status s = Told("pages", status); !s.ok()) return s;
    return Told("tables", CheckSchema(connection_));
  }

  absl::Status Meta() {
    for (const char* name : {"index_secret", "history", "token_secret", "changes_dropped_up_to"}) {
      absl::StatusOr<std::int64_t> there = connection_.AskNumber(
          absl::StrCat("SELECT count(*) FROM meta WHERE name = '", name, "'"));
      if (!there.ok()) return there.status();
      // Those of the older ones come with a migration.
      absl::StatusOr<std::int64_t> version = connection_.AskNumber("PRAGMA user_version");
      if (!version.ok()) return version.status();
      if (*there == 0 && *version == Migrations().back().number) Find("meta: has no ", name);
    }
    return absl::OkStatus();
  }

  absl::Status References() {
    return ForEachRow(connection_, "PRAGMA foreign_key_check", [this](const Query& row) {
      Find(Absl(row.Text(0)), " ", row.Integer(1), ": its ", Absl(row.Text(2)), " is not there");
    });
  }

  absl::Status Addresses() {
    return ForEachRow(
        connection_, "SELECT id, hash, tenant, canonical, spelling, record FROM address",
        [this](const Query& row) {
          const std::int64_t id = row.Integer(0);
          const std::string_view canonical = row.Text(3);
          const absl::StatusOr<Address> address = Address::ParseEntry(canonical);
          if (!address.ok() || address->canonical() != canonical) {
            Find("address ", id, ": is no address");
          }
          const std::uint64_t hash =
              HashInStandIn(canonical).value_or(hashes_->Hash(row.Text(2), "", canonical));
          if (HashOf(row, 1) != hash) {
            Find("address ", id, ": its hash is not that of its text");
          }
          if (!row.IsNull(4)) {
            const absl::StatusOr<Address> spelt = Address::ParseEntry(row.Text(4));
            if (!spelt.ok() || spelt->canonical() != canonical) {
              Find("address ", id, ": its spelling is of another");
            }
          }
          if (!DecodeRecord(row.Octets(5))) Find("address ", id, ": its record cannot be read");
        });
  }

  absl::Status Suppressions() {
    return ForEachRow(
        connection_,
        "SELECT suppression.id, suppression.hash, tenant, stream, canonical"
        " FROM suppression CROSS JOIN address ON address.id = address_id",
        [this](const Query& row) {
          // Of an address that is forgotten nothing else can be said.
          if (IsStandIn(row.Text(4)) ||
              HashOf(row, 1) == hashes_->Hash(row.Text(2), row.Text(3), row.Text(4))) {
            return;
          }
          Find("suppression ", row.Integer(0), ": its hash is not that of its address");
        });
  }

  // A suppression says what the last change of it says.
  absl::Status History() {
    return ForEachRow(connection_, absl::StrCat("SELECT id FROM ", Absl(kUnlikeHistorySql)),
                      [this](const Query& row) {
                        Find("suppression ", row.Integer(0), ": is not as its last change left it");
                      });
  }

  // Above what retention has been through numbers have no gaps, and the newest change is never
  // dropped.
  absl::Status Changes() {
    const absl::StatusOr<std::int64_t> dropped = connection_.AskNumber(kDroppedUpToSql);
    if (!dropped.ok()) return dropped.status();
    return ForEachRow(
        connection_,
        "SELECT count(*), (SELECT ifnull(max(number), 0) FROM change) FROM change WHERE number > ?",
        [this, up_to = *dropped](const Query& row) {
          const std::int64_t there = row.Integer(0);
          const std::int64_t newest = row.Integer(1);
          if (newest == up_to + there && (up_to == 0 || there > 0)) return;
          Find("change: there are ", there, " behind number ", up_to, ", and the newest is ",
               newest);
        },
        *dropped);
  }

  absl::Status Messages() {
    absl::Status status = ForEachRow(
        connection_,
        "SELECT id, events, (SELECT count(*) FROM event WHERE event.id >= first_event_id"
        " AND event.id < first_event_id + events AND message_id = message.id),"
        " return_path_hash, tenant, return_path FROM message",
        [this](const Query& row) {
          if (row.Integer(1) != row.Integer(2)) {
            Find("message ", row.Integer(0), ": has ", row.Integer(2), " of its ", row.Integer(1),
                 " events");
          }
          // "@domain": whom it vouched for is forgotten.
          if (!row.Text(5).starts_with('@') &&
              HashOf(row, 3) != hashes_->Hash(row.Text(4), "", row.Text(5))) {
            Find("message ", row.Integer(0), ": its hash is not that of its return path");
          }
        });
    if (!status.ok()) return status;
    return ForEachRow(
        connection_,
        "SELECT (SELECT count(*) FROM event), (SELECT ifnull(sum(events), 0) FROM message)",
        [this](const Query& row) {
          if (row.Integer(0) == row.Integer(1)) return;
          Find("event: there are ", row.Integer(0), ", and messages have ", row.Integer(1));
        });
  }

  absl::Status Evidences() {
    absl::StatusOr<std::int64_t> count = connection_.AskNumber("SELECT max(id) FROM evidence");
    if (!count.ok()) return count.status();
    const std::int64_t step =
        options_.full ? 1 : std::max<std::int64_t>(*count / kSampledEvidence, 1);
    return ForEachRow(
        connection_, "SELECT id, octets, codec, data FROM evidence WHERE id % ? = 0",
        [this](const Query& row) {
          if (Unpack(row.Octets(3), row.Integer(1), row.Number<EvidenceCodec>(2)).ok()) return;
          Find("evidence ", row.Integer(0), ": cannot be unpacked");
        },
        step);
  }

  // A list of a time passes over what is not of the hours of its block. Wider ones do no harm.
  absl::Status Hours() {
    absl::StatusOr<std::int64_t> there = connection_.AskNumber(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'block_hours'");
    // It comes with a migration.
    if (!there.ok() || *there == 0) return there.status();
    absl::Status status = ForEachRow(
        connection_,
        "SELECT block, count(*) FROM message CROSS JOIN block_hours ON block_hours.what = 1"
        " AND block BETWEEN first_event_id / 4096 AND (first_event_id + events - 1) / 4096"
        " WHERE max(receive_time, 0) / 3600000000 NOT BETWEEN first_hour AND last_hour"
        " GROUP BY block",
        [this](const Query& row) {
          Find("block_hours ", row.Integer(0), ": ", row.Integer(1),
               " messages with events of it are of other hours");
        });
    if (!status.ok()) return status;
    return ForEachRow(
        connection_,
        "SELECT block, count(*) FROM change CROSS JOIN block_hours ON block_hours.what = 2"
        " AND block = number / 4096"
        " WHERE max(time, 0) / 3600000000 NOT BETWEEN first_hour AND last_hour GROUP BY block",
        [this](const Query& row) {
          Find("block_hours ", row.Integer(0), ": ", row.Integer(1),
               " of its changes are of other hours");
        });
  }

  static std::uint64_t HashOf(const Query& row, int column) {
    return static_cast<std::uint64_t>(row.Integer(column));
  }

  Connection& connection_;
  const CheckOptions options_;
  Findings& findings_;
  std::optional<SuppressionIndex> hashes_;
};

// What the index may say of one key of an address, as a range: a row that ends today stands in an
// index that was read yesterday, and not in one of today.
struct Expected {
  IndexEntry least;
  IndexEntry most;
};

// What is over by today says nothing.
IndexEntry InForce(IndexEntry entry, absl::Time now) {
  const Day today = std::max(DayOf(now) - IndexEntry::kEpochDay, 0);
  if (entry.suppressed_until <= today) entry.suppressed_until = 0;
  if (entry.risky_until <= today) entry.risky_until = 0;
  return entry;
}

// Of one address, whose rows come one after the other.
class AddressCheck {
 public:
  AddressCheck(const SuppressionIndex& index, const WideIndex& wide_index, absl::Time now)
      : index_(index), wide_index_(wide_index), now_(now) {}

  void Begin(const Query& row) {
    id_ = row.Integer(0);
    tenant_ = row.Text(1);
    canonical_ = row.Text(2);
    expected_.clear();
    Expected& whole = expected_[static_cast<std::uint64_t>(row.Integer(7))];
    whole.least.risky_until = whole.most.risky_until =
        IndexEntry::FirstDayWithout(row.Number<Day>(3));
  }
  void Add(const Query& row) {
    if (row.IsNull(4)) return;  // an address without a suppression
    Expected& expected = expected_[static_cast<std::uint64_t>(row.Integer(4))];
    const absl::Time end = row.Time(5);
    const std::uint16_t until = IndexEntry::FirstDayWithout(end);
    // What an incident holds is not in force, but a risk.
    const auto place =
        row.Integer(6) == 0 ? &IndexEntry::suppressed_until : &IndexEntry::risky_until;
    expected.most.*place = std::max(expected.most.*place, until);
    if (end > now_) expected.least.*place = std::max(expected.least.*place, until);
  }
  bool Differs() const {
    const bool is_wide = WideIndex::Concerns(tenant_, canonical_);
    return std::any_of(expected_.begin(), expected_.end(), [&](const auto& key) {
      const IndexEntry found = is_wide ? wide_index_.Find(key.first) : index_.Find(key.first);
      const IndexEntry is = InForce(found, now_);
      return is != InForce(key.second.least, now_) && is != InForce(key.second.most, now_);
    });
  }
  std::int64_t id() const { return id_; }

 private:
  const SuppressionIndex& index_;
  const WideIndex& wide_index_;
  const absl::Time now_;
  std::int64_t id_ = 0;
  std::string tenant_;
  std::string canonical_;
  std::map<std::uint64_t, Expected> expected_;  // by the hash of a stream, or of the tenant
};

constexpr std::string_view kAddressesSql =
    "SELECT address.id, tenant, canonical, risky_until, suppression.hash, expire_time, incident_id,"
    " address.hash FROM address"
    " LEFT JOIN suppression ON address_id = address.id";

}  // namespace

absl::Status CheckAll(Connection& connection, const CheckOptions& options, Findings& findings) {
  return IntegrityCheck(connection, options, findings).Run();
}

absl::Status CompareIndex(Connection& connection, const SuppressionIndex& index,
                          const WideIndex& wide_index, absl::Time now,
                          absl::FunctionRef<void(std::int64_t)> differs) {
  AddressCheck check(index, wide_index, now);
  const auto end = [&] {
    if (check.id() != 0 && check.Differs()) differs(check.id());
  };
  absl::Status status = ForEachRow(
      connection, absl::StrCat(Absl(kAddressesSql), " ORDER BY address.id"), [&](const Query& row) {
        if (row.Integer(0) != check.id()) {
          end();
          check.Begin(row);
        }
        check.Add(row);
      });
  if (status.ok()) end();
  return status;
}

absl::StatusOr<bool> IndexDiffers(Connection& connection, const SuppressionIndex& index,
                                  const WideIndex& wide_index, absl::Time now,
                                  std::int64_t address_id) {
  AddressCheck check(index, wide_index, now);
  absl::Status status = ForEachRow(
      connection, absl::StrCat(Absl(kAddressesSql), " WHERE address.id = ?"),
      [&](const Query& row) {
        if (row.Integer(0) != check.id()) check.Begin(row);
        check.Add(row);
      },
      address_id);
  if (!status.ok()) return status;
  return check.id() != 0 && check.Differs();
}

}  // namespace bounced
