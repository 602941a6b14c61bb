// The API as its clients see it: a server on a free port of loopback over a real store.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bounced/v1/admin.grpc.pb.h"
#include "bounced/v1/bounce.grpc.pb.h"
#include "bounced/v1/maintenance.grpc.pb.h"
#include "bounced/v1/report.grpc.pb.h"
#include "bounced/v1/return_path.grpc.pb.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/api/server.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/base/log.h"
#include "server/config/config.h"
#include "server/policy_book.h"
#include "storage/mutex.h"
#include "storage/store.h"

namespace bounced::api {

// Stands still until it is told otherwise, and counts how often it was asked. Thread-safe.
class StandingClock final : public Clock {
 public:
  explicit StandingClock(absl::Time now) : nanos_(absl::ToUnixNanos(now)) {}
  absl::Time Now() const override {
    ++asked_;
    return absl::FromUnixNanos(nanos_);
  }
  absl::Time Steady() const override { return Now(); }
  void Advance(absl::Duration by) { nanos_ += absl::ToInt64Nanoseconds(by); }
  int asked() const { return asked_; }

 private:
  std::atomic<std::int64_t> nanos_;
  mutable std::atomic<int> asked_{0};
};

// Another time of day than the clock that it is made with has.
class JumpingClock final : public Clock {
 public:
  explicit JumpingClock(const Clock& clock) : clock_(clock) {}
  absl::Time Now() const override { return clock_.Now() + jump; }
  absl::Time Steady() const override { return clock_.Steady(); }

  absl::Duration jump;

 private:
  const Clock& clock_;
};

// A store in front of another: what a test wants to go wrong goes wrong here. Thread-safe.
class WatchedStore final : public Store {
 public:
  explicit WatchedStore(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  // Asked before each call but index(); an error is the call's answer.
  void OnCall(std::function<absl::Status()> hook);
  // From now on it is in another history, as after a restore.
  void BeginAnotherHistory() { ++restores_; }
  // How many calls read pages.
  int pages() const { return pages_; }

  absl::Status Apply(std::span<Work* const> batch, Decide decide, absl::Time now) override;
  const SuppressionIndex& index() const override { return store_->index(); }
  const WideIndex& wide_index() const override { return store_->wide_index(); }
  absl::StatusOr<std::vector<Suppression>> FindSuppressions(std::string_view tenant,
                                                            const Address& address) const override;
  absl::StatusOr<StandingOfAddress> FindStanding(std::string_view tenant,
                                                 const Address& address) const override;
  absl::StatusOr<Page<Allowance>> ListAllowances(std::string_view tenant, int page_size,
                                                 Cursor from) const override;
  absl::StatusOr<Page<ListedAddress>> ListAddresses(std::string_view tenant,
                                                    std::string_view domain, int page_size,
                                                    Cursor from) const override;
  absl::StatusOr<AddressFacts> GetFacts(std::string_view tenant,
                                        const Address& address) const override;
  absl::StatusOr<Reclassification> GetReclassification(std::string_view tenant,
                                                       std::int64_t id) const override;
  absl::StatusOr<Page<Incident>> ListIncidents(const IncidentFilter& filter, int page_size,
                                               Cursor from) const override;
  absl::StatusOr<Page<Suppression>> ListSuppressions(const SuppressionFilter& filter, int page_size,
                                                     Cursor from) const override;
  absl::StatusOr<Page<StoredEvent>> ListEvents(const EventFilter& filter, int page_size,
                                               Cursor from) const override;
  absl::StatusOr<StoredEvent> GetEvent(std::string_view tenant, std::int64_t id) const override;
  absl::StatusOr<std::string> GetEvidence(std::string_view tenant,
                                          std::int64_t event_id) const override;
  absl::StatusOr<AddressDossier> GetDossier(std::string_view tenant, const Address& address,
                                            int max_events, int max_changes) const override;
  absl::StatusOr<std::vector<Revocation>> ListRevocations() const override;
  absl::StatusOr<std::vector<ApiKey>> ListApiKeys() const override;
  absl::StatusOr<PolicyDocument> GetPolicies(std::int64_t revision) const override;
  absl::StatusOr<Page<PolicyDocument>> ListPolicies(int page_size, Cursor from) const override;
  std::int64_t history() const override { return store_->history() + restores_; }
  absl::StatusOr<std::unique_ptr<Backup>> MakeBackup(std::int64_t min_free,
                                                     OnProgress progress) override;
  absl::StatusOr<Findings> CheckIntegrity(const CheckOptions& options, std::int64_t min_free,
                                          absl::Time now, OnProgress progress) override;
  absl::StatusOr<Page<Change>> ListChanges(const ChangeFilter& filter, int page_size,
                                           Cursor from) const override;
  absl::StatusOr<ChangesAfter> ListChangesAfter(std::string_view tenant,
                                                std::optional<FeedPosition> from,
                                                int most) const override;
  absl::StatusOr<Page<std::int64_t>> ListOld(Aged what, absl::Time before, int page_size,
                                             Cursor from) const override;
  absl::StatusOr<Page<MentionedRow>> FindMentions(std::string_view tenant,
                                                  std::span<const std::string> spellings,
                                                  Cursor from) const override;
  std::string_view token_secret() const override { return store_->token_secret(); }
  const ChangeFeed& change_feed() const override { return store_->change_feed(); }

 private:
  absl::Status Ask() const;

  const std::unique_ptr<Store> store_;
  mutable Mutex mutex_;
  std::function<absl::Status()> hook_ ABSL_GUARDED_BY(mutex_);
  mutable std::atomic<int> pages_{0};
  std::atomic<int> restores_{0};
};

inline constexpr std::size_t kTestMaxMessage = 1 << 20;
inline constexpr std::string_view kDomain = "bounces.example";     // signing = required; keys z, a
inline constexpr std::string_view kUnsigned = "unsigned.example";  // signing = off

// "The error is CODE, and its message begins so".
MATCHER_P2(Fails, code, beginning, "") {
  *result_listener << arg.error_code() << ": " << arg.error_message();
  return arg.error_code() == code && arg.error_message().find(beginning) == 0;
}

class ApiTest : public testing::Test {
 protected:
  explicit ApiTest(absl::Duration watch_heartbeat = kWatchHeartbeat);
  ~ApiTest() override;

  // Stops all, and starts it again on the same data; stubs are new.
  void Restart();

  // What the daemon logged.
  std::string log() const;
  // A return path for `recipient`, issued now; and a report that it bounced, with the given reply.
  std::string Mint(const std::string& recipient, const std::string& stream = "");
  static std::string Bounce(const std::string& recipient, const std::string& status,
                            const std::string& reply);
  grpc::Status Ingest(const std::string& return_path, const std::string& message,
                      v1::IngestResponse* response = nullptr);
  v1::IngestResponse IngestNoSuchUser(const std::string& recipient);
  v1::IngestResponse IngestMailboxFull(const std::string& recipient);

  v1::Verdict Check(const std::string& address, const std::string& stream = "",
                    const std::string& tenant = "");
  v1::ExplainResponse Explain(const std::string& address, const std::string& stream = "",
                              const std::string& tenant = "");
  grpc::Status Create(const std::string& address, const std::string& stream = "");
  grpc::Status Delete(const std::string& address);

  // Waits until `condition` holds; false: it did not within a minute.
  static bool Eventually(const std::function<bool()>& condition);
  // Waits until `progress` has stood still for half a second: for what must not happen.
  static void AwaitRest(const std::function<int()>& progress);

  void Start();
  void Stop();
  // As the daemon would read it.
  Config Configuration() const;

  std::filesystem::path dir_;
  const absl::Duration watch_heartbeat_;
  StandingClock clock_;
  std::unique_ptr<Log> log_;
  int log_fd_ = -1;
  Counters counters_;
  LiveRules rules_;
  Policy policy_;
  std::vector<TenantSection> tenants_;  // of the configuration
  Live<ReturnPaths> return_paths_;
  std::unique_ptr<WatchedStore> store_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<bounced::PolicyBook> policies_;
  std::unique_ptr<KeyRevoker> keys_;
  std::unique_ptr<Callers> callers_;
  std::unique_ptr<Intake> intake_;
  std::thread commit_thread_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::SuppressionService::Stub> suppressions_;
  std::unique_ptr<v1::BounceService::Stub> bounces_;
  std::unique_ptr<v1::ReturnPathService::Stub> paths_;
  std::unique_ptr<v1::ReportService::Stub> reports_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
  std::unique_ptr<v1::MaintenanceService::Stub> maintenance_;
};

}  // namespace bounced::api
