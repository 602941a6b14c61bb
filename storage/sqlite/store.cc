#include "storage/store.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "storage/sqlite/checkpointer.h"
#include "storage/sqlite/commit_gate.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/directory.h"
#include "storage/sqlite/index_reader.h"
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
              const std::string& vfs)
      : directory_(std::move(directory)),
        connection_(std::move(connection)),
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
  absl::StatusOr<Page<Incident>> ListIncidents(std::string_view tenant,
                                               std::optional<Incident::State> state, int page_size,
                                               Cursor from) const override {
    return Ask(
        [&](Reader& reader) { return reader.ListIncidents(tenant, state, page_size, from); });
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
    return Ask([&](Reader& reader) { return reader.GetEvidence(tenant, event_id); });
  }
  absl::StatusOr<AddressDossier> GetDossier(std::string_view tenant, const Address& address,
                                            int max_events, int max_changes) const override {
    return Ask([&](Reader& reader) {
      return reader.GetDossier(tenant, address, max_events, max_changes);
    });
  }
  absl::StatusOr<std::vector<Revocation>> ListRevocations() const override {
    return Ask([](Reader& reader) { return reader.ListRevocations(); });
  }
  absl::StatusOr<std::vector<ApiKey>> ListApiKeys() const override {
    return Ask([](Reader& reader) { return reader.ListApiKeys(); });
  }

 private:
  // Self-locking, or constant after Start().
  mutable FailureLatch failures_;
  DataDirectory directory_;
  Connection connection_;  // of the thread that calls Apply()
  SuppressionIndex index_;
  WideIndex wide_index_;
  std::unique_ptr<ReaderPool> readers_;
  CommitGate gate_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Checkpointer> checkpointer_;
};

absl::Status SqliteStore::Start(const StoreOptions& options, absl::Time now) {
  absl::Status status = ReadIndex(directory_.database(), options.vfs, index_, now);
  if (status.ok()) status = ReadWideIndex(connection_, wide_index_, now);
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Writer>> writer =
      Writer::Create(connection_, index_, wide_index_, options.evidence_per_return_path);
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
  CommitGate::Commit commit(gate_);
  return failures_.Note(writer_->Apply(batch, decide, now));
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
  auto store = std::make_unique<SqliteStore>(*std::move(directory), *std::move(connection),
                                             static_cast<std::uint64_t>(*secret), options.vfs);
  absl::Status status = store->Start(options, now);
  if (!status.ok()) return status;
  return store;
}

}  // namespace bounced
