// A store in memory, whose Apply() keeps the contract of storage/store.h and fails when told to.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "storage/mutex.h"
#include "storage/store.h"

namespace bounced {

// Thread-safe, but for Apply(), which aborts when two threads are in it.
class FakeStore final : public Store {
 public:
  // Called where a store would sync, outside of any lock: an error is the answer of Apply(), and
  // nothing of the batch is done. It may submit more work, as other threads would at that time.
  using Sync = std::function<absl::Status(std::span<Work* const> batch)>;

  FakeStore() : index_(0), wide_index_(index_) {}
  void set_sync(Sync sync) { sync_ = std::move(sync); }

  absl::Status Apply(std::span<Work* const> batch, Decide decide, absl::Time now) override;
  const SuppressionIndex& index() const override { return index_; }
  const WideIndex& wide_index() const override { return wide_index_; }
  absl::StatusOr<std::vector<Suppression>> FindSuppressions(std::string_view tenant,
                                                            const Address& address) const override;
  absl::StatusOr<std::vector<Revocation>> ListRevocations() const override;
  absl::StatusOr<std::vector<ApiKey>> ListApiKeys() const override;

  // What was committed.
  std::vector<Message> messages() const;
  std::vector<Event> events() const;
  std::vector<std::size_t> batches() const;  // works in each commit
  std::size_t calls() const;                 // of Apply(), failed ones included

  // The committer and the intake never ask these; they answer UNIMPLEMENTED.
  absl::StatusOr<StandingOfAddress> FindStanding(std::string_view, const Address&) const override;
  absl::StatusOr<Page<Allowance>> ListAllowances(std::string_view, int, Cursor) const override;
  absl::StatusOr<Page<ListedAddress>> ListAddresses(std::string_view, std::string_view, int,
                                                    Cursor) const override;
  absl::StatusOr<AddressFacts> GetFacts(std::string_view, const Address&) const override;
  absl::StatusOr<Reclassification> GetReclassification(std::string_view,
                                                       std::int64_t) const override;
  absl::StatusOr<Page<Incident>> ListIncidents(const IncidentFilter&, int, Cursor) const override;
  absl::StatusOr<Page<Suppression>> ListSuppressions(const SuppressionFilter&, int,
                                                     Cursor) const override;
  absl::StatusOr<Page<StoredEvent>> ListEvents(const EventFilter&, int, Cursor) const override;
  absl::StatusOr<StoredEvent> GetEvent(std::string_view, std::int64_t) const override;
  absl::StatusOr<std::string> GetEvidence(std::string_view, std::int64_t) const override;
  absl::StatusOr<AddressDossier> GetDossier(std::string_view, const Address&, int,
                                            int) const override;
  std::int64_t history() const override { return 1; }
  absl::StatusOr<std::unique_ptr<Backup>> MakeBackup(std::int64_t, OnProgress) override;
  absl::StatusOr<Findings> CheckIntegrity(const CheckOptions&, std::int64_t, absl::Time,
                                          OnProgress) override;
  absl::StatusOr<Page<Change>> ListChanges(const ChangeFilter&, int, Cursor) const override;
  absl::StatusOr<ChangesAfter> ListChangesAfter(std::string_view, std::optional<FeedPosition>,
                                                int) const override;
  absl::StatusOr<Page<std::int64_t>> ListOld(Aged, absl::Time, int, Cursor) const override;
  absl::StatusOr<Page<MentionedRow>> FindMentions(std::string_view, std::span<const std::string>,
                                                  Cursor) const override;
  std::string_view token_secret() const override { return ""; }
  absl::StatusOr<PolicyDocument> GetPolicies(std::int64_t) const override;
  absl::StatusOr<Page<PolicyDocument>> ListPolicies(int, Cursor) const override;
  const ChangeFeed& change_feed() const override { return change_feed_; }

 private:
  using Key = std::pair<std::string, std::string>;  // tenant, canonical address

  struct Contents {
    std::map<Key, AddressHistory> addresses;
    std::map<std::array<std::uint8_t, 16>, MessageReceipt> receipts;
    std::vector<Message> messages;
    std::vector<Event> events;
    std::vector<std::size_t> batches;
    std::vector<Revocation> revocations;
    std::map<std::string, ApiKey> api_keys;     // by id
    std::map<std::uint64_t, IndexEntry> index;  // of what has changed
  };

  void Do(StoreMessages& work, Decide decide, absl::Time now, Contents& contents) const;
  void Do(RecordDeliveries& work, Decide decide, absl::Time now, Contents& contents) const;
  void Do(PutSuppressions& work, Decide decide, absl::Time now, Contents& contents) const;
  void Do(RemoveSuppressions& work, Decide decide, absl::Time now, Contents& contents) const;
  // It keeps no changes.
  void Do(UndoChanges&, Decide, absl::Time, Contents&) const {}
  void Do(DropOld&, Decide, absl::Time, Contents&) const {}
  void Do(ForgetAddress&, Decide, absl::Time, Contents&) const {}
  void Do(MaskMentions&, Decide, absl::Time, Contents&) const {}
  void Do(EmptyLog&, Decide, absl::Time, Contents&) const {}
  // The committer only hands these on; nothing becomes of them here.
  void Do(BeginReclassification&, Decide, absl::Time, Contents&) const {}
  void Do(ReclassifyAddresses&, Decide, absl::Time, Contents&) const {}
  void Do(RevokeKey& work, Decide decide, absl::Time now, Contents& contents) const;
  // The committer only hands these on; nothing becomes of them here.
  void Do(PutAllowance&, Decide, absl::Time, Contents&) const {}
  void Do(RemoveAllowance&, Decide, absl::Time, Contents&) const {}
  void Do(ResolveIncident&, Decide, absl::Time, Contents&) const {}
  void Do(PutPolicies&, Decide, absl::Time, Contents&) const {}
  void Do(TendIncidents&, Decide, absl::Time, Contents&) const {}
  void Do(PutApiKeys& work, Decide decide, absl::Time now, Contents& contents) const;
  void Index(const Key& key, const AddressHistory& history, Day risky_until,
             Contents& contents) const;

  Sync sync_;
  std::atomic<bool> is_applying_ = false;
  std::atomic<std::size_t> calls_ = 0;
  mutable Mutex mutex_;
  Contents contents_ ABSL_GUARDED_BY(mutex_);
  SuppressionIndex index_;
  WideIndex wide_index_;
  ChangeFeed change_feed_;
};

}  // namespace bounced
