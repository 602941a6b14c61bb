#include "storage/store.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/index_grace.h"
#include "storage/sqlite/checkpointer.h"
#include "storage/sqlite/commit_gate.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/database_copy.h"
#include "storage/sqlite/directory.h"
#include "storage/sqlite/file_identity.h"
#include "storage/sqlite/index_reader.h"
#include "storage/sqlite/integrity.h"
#include "storage/sqlite/long_query.h"
#include "storage/sqlite/reader_pool.h"
#include "storage/sqlite/status.h"
#include "storage/sqlite/writer.h"

namespace bounced {
namespace {

class SqliteStore final : public Store {
 private:
  // Asks a reader that is free. First, since GCC wants its type known below.
  template <typename Query>
  auto Ask(Query query) const {
    auto answer = readers_->Ask(query);
    failures_.Note(answer.status()).IgnoreError();
    return answer;
  }

 public:
  SqliteStore(DataDirectory directory, Connection connection, std::uint64_t secret,
              std::int64_t history, const std::string& vfs)
      : directory_(std::move(directory)),
        vfs_(vfs),
        history_(history),
        connection_(std::move(connection)),
        database_file_(directory_.database()),
        wal_file_(directory_.database() + "-wal"),
        index_(secret),
        wide_index_(index_),
        readers_(std::make_unique<ReaderPool>(directory_.database(), vfs, index_, wide_index_)) {}

  ~SqliteStore() override;

  absl::Status Start(const StoreOptions& options, absl::Time now);

  absl::Status Apply(std::span<Work* const> batch, Decide decide, absl::Time now) override;
  const SuppressionIndex& index() const override { return index_; }
  const WideIndex& wide_index() const override { return wide_index_; }
  absl::StatusOr<std::vector<Suppression>> FindSuppressions(std::string_view tenant,
                                                            const Address& address) const override {
    return Ask([&](Reader& reader) { return reader.FindSuppressions(tenant, address); });
  }
  absl::StatusOr<StandingOfAddress> FindStanding(std::string_view tenant,
                                                 const Address& address) const override {
    return Ask([&](Reader& reader) { return reader.FindStanding(tenant, address); });
  }
  absl::StatusOr<Page<Allowance>> ListAllowances(std::string_view tenant, int page_size,
                                                 Cursor from) const override {
    return Ask([&](Reader& reader) { return reader.ListAllowances(tenant, page_size, from); });
  }
  absl::StatusOr<Page<Incident>> ListIncidents(const IncidentFilter& filter, int page_size,
                                               Cursor from) const override {
    return Ask([&](Reader& reader) { return reader.ListIncidents(filter, page_size, from); });
  }
  absl::StatusOr<Page<Suppression>> ListSuppressions(const SuppressionFilter& filter, int page_size,
                                                     Cursor from) const override {
    return Ask([&](Reader& reader) { return reader.ListSuppressions(filter, page_size, from); });
  }
  absl::StatusOr<Page<StoredEvent>> ListEvents(const EventFilter& filter, int page_size,
                                               Cursor from) const override {
    return Ask([&](Reader& reader) { return reader.ListEvents(filter, page_size, from); });
  }
  absl::StatusOr<StoredEvent> GetEvent(std::string_view tenant, std::int64_t id) const override {
    return Ask([&](Reader& reader) { return reader.GetEvent(tenant, id); });
  }
  absl::StatusOr<std::string> GetEvidence(std::string_view tenant,
                                          std::int64_t event_id) const override {
    absl::StatusOr<PackedEvidence> packed =
        Ask([&](Reader& reader) { return reader.GetEvidence(tenant, event_id); });
    if (!packed.ok()) return packed.status();
    // A damaged message is lost by itself, and no reason to end: Ask() would take it for one.
    return Unpack(packed->octets, packed->unpacked_octets, packed->codec);
  }
  absl::StatusOr<AddressDossier> GetDossier(std::string_view tenant, const Address& address,
                                            int max_events, int max_changes) const override {
    return Ask([&](Reader& reader) {
      return reader.GetDossier(tenant, address, max_events, max_changes);
    });
  }
  absl::StatusOr<Page<ListedAddress>> ListAddresses(std::string_view tenant,
                                                    std::string_view domain, int page_size,
                                                    Cursor from) const override {
    return Ask(
        [&](Reader& reader) { return reader.ListAddresses(tenant, domain, page_size, from); });
  }
  absl::StatusOr<AddressFacts> GetFacts(std::string_view tenant,
                                        const Address& address) const override {
    return Ask([&](Reader& reader) { return reader.GetFacts(tenant, address); });
  }
  absl::StatusOr<Reclassification> GetReclassification(std::string_view tenant,
                                                       std::int64_t id) const override {
    return Ask([&](Reader& reader) { return reader.GetReclassification(tenant, id); });
  }
  absl::StatusOr<Page<Change>> ListChanges(const ChangeFilter& filter, int page_size,
                                           Cursor from) const override {
    return Ask([&](Reader& reader) { return reader.ListChanges(filter, page_size, from); });
  }
  absl::StatusOr<ChangesAfter> ListChangesAfter(std::string_view tenant,
                                                std::optional<FeedPosition> from,
                                                int most) const override {
    return Ask([&](Reader& reader) { return reader.ListChangesAfter(tenant, from, most); });
  }
  absl::StatusOr<Page<std::int64_t>> ListOld(Aged what, absl::Time before, int page_size,
                                             Cursor from) const override {
    return Ask([&](Reader& reader) { return reader.ListOld(what, before, page_size, from); });
  }
  absl::StatusOr<Page<MentionedRow>> FindMentions(std::string_view tenant,
                                                  std::span<const std::string> spellings,
                                                  Cursor from) const override {
    return Ask([&](Reader& reader) { return reader.FindMentions(tenant, spellings, from); });
  }
  std::string_view token_secret() const override { return token_secret_; }
  const ChangeFeed& change_feed() const override { return change_feed_; }
  absl::StatusOr<std::vector<Revocation>> ListRevocations() const override {
    return Ask([](Reader& reader) { return reader.ListRevocations(); });
  }
  absl::StatusOr<std::vector<ApiKey>> ListApiKeys() const override {
    return Ask([](Reader& reader) { return reader.ListApiKeys(); });
  }
  absl::StatusOr<PolicyDocument> GetPolicies(std::int64_t revision) const override {
    return Ask([=](Reader& reader) { return reader.GetPolicies(revision); });
  }
  absl::StatusOr<Page<PolicyDocument>> ListPolicies(int page_size, Cursor from) const override {
    return Ask([=](Reader& reader) { return reader.ListPolicies(page_size, from); });
  }
  std::int64_t history() const override { return history_; }
  absl::StatusOr<std::unique_ptr<Backup>> MakeBackup(std::int64_t min_free,
                                                     OnProgress progress) override;
  absl::StatusOr<Findings> CheckIntegrity(const CheckOptions& options, std::int64_t min_free,
                                          absl::Time now, OnProgress progress) override;

 private:
  // DATA_LOSS: the database or its WAL are not the ones that are open.
  absl::Status CheckFiles(absl::Time now);
  absl::StatusOr<std::unique_ptr<DatabaseCopy>> Copy(std::int64_t min_free, OnProgress progress) {
    return DatabaseCopy::Make(connection_, gate_, directory_, vfs_, min_free, progress);
  }

  // Self-locking, or constant after Start().
  mutable FailureLatch failures_;
  DataDirectory directory_;
  const std::string vfs_;
  const std::int64_t history_;
  std::mutex copying_;
  // Of the thread that calls Apply(), and in turns of gate_ of the one that copies.
  Connection connection_;
  FileIdentity database_file_;  // as are these two
  FileIdentity wal_file_;
  SuppressionIndex index_;
  WideIndex wide_index_;
  ChangeFeed change_feed_;
  std::string token_secret_;
  std::unique_ptr<ReaderPool> readers_;
  CommitGate gate_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Checkpointer> checkpointer_;
};

absl::Status SqliteStore::Start(const StoreOptions& options, absl::Time now) {
  const absl::Time since = now - kIndexGrace;
  absl::Status status = ReadIndex(directory_.database(), options.vfs, index_, since);
  if (status.ok()) status = ReadWideIndex(connection_, index_, wide_index_, since);
  if (status.ok()) status = database_file_.Check();
  if (status.ok()) status = wal_file_.Check();
  if (!status.ok()) return status;
  absl::StatusOr<std::string> token_secret =
      connection_.Ask("SELECT value FROM meta WHERE name = 'token_secret'");
  if (!token_secret.ok()) return token_secret.status();
  token_secret_ = *std::move(token_secret);
  absl::StatusOr<std::unique_ptr<Writer>> writer =
      Writer::Create(connection_, index_, wide_index_, change_feed_, options.evidence);
  if (!writer.ok()) return writer.status();
  absl::StatusOr<Connection> second =
      Connection::Open(directory_.database(), options.vfs, Access::kWrite);
  if (!second.ok()) return second.status();
  status = second->SetUpForWriting(0);
  if (!status.ok()) return status;
  CheckpointLimits limits{.max = options.max_wal_octets};
  limits.step = std::min(limits.step, std::max<std::int64_t>(limits.max / 4, 1));
  writer_ = *std::move(writer);
  checkpointer_ = std::make_unique<Checkpointer>(*std::move(second), gate_, failures_, limits);
  checkpointer_->Watch(connection_);
  return absl::OkStatus();
}

// A clean end writes the whole WAL back and removes it, which tells the next start that nothing
// needs to be checked. After a failure nothing is written any more.
SqliteStore::~SqliteStore() {
  checkpointer_.reset();
  readers_.reset();
  bool whole = writer_ != nullptr && failures_.status().ok();
  writer_.reset();
  if (whole) connection_.CheckpointOnClose();
}

absl::Status SqliteStore::Apply(std::span<Work* const> batch, Decide decide, absl::Time now) {
  absl::Status failure = failures_.status();
  if (!failure.ok()) return failure;
  if (absl::Status s = CheckFiles(now); !s.ok()) return failures_.Note(s);
  CommitGate::Commit commit(gate_);
  return failures_.Note(writer_->Apply(batch, decide, now));
}

absl::Status SqliteStore::CheckFiles(absl::Time now) {
  const absl::Status of_wal = wal_file_.Check();
  const absl::Status of_database = database_file_.Check();
  if (of_database.ok()) return of_wal;
  // With another database in its place our WAL would be played into that one at the next start.
  const bool is_replaced = access(directory_.database().c_str(), F_OK) == 0;
  if (!is_replaced || !of_wal.ok() || !directory_.SetWalAside(now).ok()) return of_database;
  return absl::DataLossError(absl::StrCat(
      of_database.message(), "; its write-ahead log is kept as ", directory_.aside(now), "-wal"));
}

absl::Status AnotherCopy() {
  return absl::FailedPreconditionError(
      "another backup or check of the database is under way; wait for its end");
}

absl::StatusOr<std::unique_ptr<Backup>> SqliteStore::MakeBackup(std::int64_t min_free,
                                                                OnProgress progress) {
  const std::unique_lock lock(copying_, std::try_to_lock);
  if (!lock.owns_lock()) return AnotherCopy();
  absl::StatusOr<std::unique_ptr<DatabaseCopy>> copy = Copy(min_free, progress);
  if (!copy.ok()) return copy.status();
  Connection& connection = (*copy)->connection();
  absl::Status status = RunLong(
      connection, [&] { return CheckPages(connection, directory_.database()); }, progress);
  if (!status.ok()) return status;
  return (*copy)->Release();
}

absl::StatusOr<Findings> SqliteStore::CheckIntegrity(const CheckOptions& options,
                                                     std::int64_t min_free, absl::Time now,
                                                     OnProgress progress) {
  const std::unique_lock lock(copying_, std::try_to_lock);
  if (!lock.owns_lock()) return AnotherCopy();
  absl::StatusOr<std::unique_ptr<DatabaseCopy>> copy = Copy(min_free, progress);
  if (!copy.ok()) return copy.status();
  Connection& connection = (*copy)->connection();
  Findings findings;
  absl::Status status = RunLong(
      connection,
      [&] {
        absl::Status checked = CheckAll(connection, options, findings);
        if (!checked.ok() || findings.count > 0) return checked;
        // The copy is older than the index: what has changed since is looked up where both stand
        // still.
        return CompareIndex(connection, index_, wide_index_, now, [&](std::int64_t address_id) {
          CommitGate::Copy turn(gate_);
          absl::StatusOr<bool> differs =
              IndexDiffers(connection_, index_, wide_index_, now, address_id);
          if (differs.ok() && *differs) {
            findings.Add(absl::StrCat("index: says of address ", address_id,
                                      " what its rows do not say; restart the daemon"));
          }
        });
      },
      progress);
  if (!status.ok()) return status;
  return findings;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const StoreOptions& options,
                                                       absl::Time now) {
  absl::StatusOr<DataDirectory> directory = DataDirectory::Hold(options.directory);
  if (!directory.ok()) return directory.status();
  absl::StatusOr<Connection> connection =
      OpenDatabase(*directory, options.vfs, options.cache_octets);
  if (!connection.ok()) return connection.status();
  absl::StatusOr<std::int64_t> secret =
      connection->AskNumber("SELECT value FROM meta WHERE name = 'index_secret'");
  if (!secret.ok()) return secret.status();
  absl::StatusOr<std::int64_t> history =
      connection->AskNumber("SELECT value FROM meta WHERE name = 'history'");
  if (!history.ok()) return history.status();
  auto store =
      std::make_unique<SqliteStore>(*std::move(directory), *std::move(connection),
                                    static_cast<std::uint64_t>(*secret), *history, options.vfs);
  absl::Status status = store->Start(options, now);
  if (!status.ok()) return status;
  return store;
}

}  // namespace bounced
