// The writing connection's transactions: Store::Apply() without threads or failures that last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/bursts.h"
#include "storage/mentions.h"
#include "storage/records.h"
#include "storage/sqlite/addresses.h"
#include "storage/sqlite/allowances.h"
#include "storage/sqlite/api_keys.h"
#include "storage/sqlite/block_hours.h"
#include "storage/sqlite/changes.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/facts.h"
#include "storage/sqlite/forgotten.h"
#include "storage/sqlite/former.h"
#include "storage/sqlite/incidents.h"
#include "storage/sqlite/messages.h"
#include "storage/sqlite/policy_documents.h"
#include "storage/sqlite/rate_incidents.h"
#include "storage/sqlite/revocations.h"
#include "storage/sqlite/statement.h"
#include "storage/sqlite/suppressions.h"
#include "storage/store.h"
#include "storage/suppression_index.h"
#include "storage/wide_index.h"

namespace bounced {

// Used by one thread at a time. Ids are given here, one after the other, so that a row knows those
// of the rows beside it before they are written.
class Writer {
 public:
  // Statements are prepared on `connection`, which must live as long.
  static absl::StatusOr<std::unique_ptr<Writer>> Create(Connection& connection,
                                                        SuppressionIndex& index,
                                                        WideIndex& wide_index, ChangeFeed& feed,
                                                        const EvidenceLimits& evidence_limits);

  // See Store::Apply(). After an error the database and the index are as before, but where it is of
  // EmptyLog.
  absl::Status Apply(std::span<Work* const> batch, Store::Decide decide, absl::Time now);

 private:
  // The ids that come next.
  struct Ids {
    std::int64_t address = 1;
    std::int64_t message = 1;
    std::int64_t evidence = 1;
    std::int64_t event = 1;
    std::int64_t suppression = 1;
    std::int64_t change = 1;
  };
  // What stands of one address in this transaction.
  struct Standing {
    std::string_view tenant;
    const Address& address;
    AddressRow row;
    std::vector<SuppressionRow> suppressions;

    // Where among them the one is that has the key of `key`.
    std::optional<std::size_t> PlaceOf(const Suppression& key) const;
  };
  // Who changes suppressions, and why.
  struct Cause {
    std::string_view author;
    std::string_view words;
    Batch* batch = nullptr;  // of the work, if it has one
    std::int64_t undoes = 0;
  };
  // Whether a change can be undone.
  struct Undoing {
    UndoChanges::Outcome outcome = UndoChanges::Outcome::kUndone;
    // The oldest of the run that is undone with it; none: a newer one of the selection takes it
    // along.
    std::optional<Change> oldest = std::nullopt;
  };

  // What was kept of messages that nobody vouches for.
  struct Unvouched {
    Day day = 0;
    std::int64_t octets = 0;
  };

  Writer(Connection& connection, SuppressionIndex& index, WideIndex& wide_index, ChangeFeed& feed,
         const EvidenceLimits& evidence_limits)
      : connection_(connection),
        index_(index),
        wide_index_(wide_index),
        feed_(feed),
        evidence_limits_(evidence_limits) {}

  absl::Status Prepare();
  absl::Status Begin();
  absl::Status Commit();
  void RollBack();
  void Publish();

  absl::Status Do(StoreMessages& work);
  absl::Status Do(RecordDeliveries& work);
  absl::Status Do(PutSuppressions& work);
  absl::Status Do(RemoveSuppressions& work);
  absl::Status Do(RevokeKey& work);
  absl::Status Do(PutAllowance& work);
  absl::Status Do(RemoveAllowance& work);
  absl::Status Do(ResolveIncident& work);
  absl::Status Do(TendIncidents& work);
  absl::Status Do(PutApiKeys& work);
  absl::Status Do(PutPolicies& work);
  absl::Status Do(UndoChanges& work);
  absl::Status Do(DropOld& work);
  absl::Status Do(ForgetAddress& work);
  absl::Status Do(MaskMentions& work);
  absl::Status Do(EmptyLog& work);
  absl::Status Do(BeginReclassification& work);
  absl::Status Do(ReclassifyAddresses& work);

  absl::StatusOr<MessageReceipt> StoreMessage(NewMessage& message);
  // For incidents of refusals and of rates.
  void CountForRates(const Message& message, const Event& event);
  absl::StatusOr<std::optional<std::int64_t>> Keep(const NewMessage& message,
                                                   std::uint64_t return_path_hash);
  // Counts what it takes.
  bool TakesUnvouched(const Evidence& evidence);
  // `forgotten`: as ForgottenIn() has it.
  absl::Status Judge(const Message& message, Event& event,
                     const std::optional<Mentions>& forgotten);
  // Sets the incident that holds `suppression`, if one does, and has it hold those before it in the
  // burst.
  absl::Status Quarantine(const Burst& burst, const Event& event, const Standing& standing,
                          Suppression& suppression);
  // Takes off what the incident holds of the address, as a person takes it off; what stood before
  // the burst stands again, if it has not ended.
  absl::Status Release(std::string_view tenant, const Address& address, std::int64_t incident_id,
                       Cause cause);
  // None: nothing did.
  absl::StatusOr<std::optional<Suppression>> StoodBefore(const Standing& standing,
                                                         const Suppression& held);
  // What a bounce has done to the address is held by the incident, or no longer.
  absl::Status Hold(std::string_view tenant, const Address& address, std::int64_t incident_id,
                    Cause cause);
  // Notes in the record of a known address what a delivery without effect tells. False: it has one,
  // and nothing is done yet.
  absl::StatusOr<bool> NoteDelivery(const Message& message, Event& event);
  Decision Ask(const Standing& standing, const Message& message, const Event& event);

  absl::StatusOr<Undoing> CanUndo(UndoChanges& work, const StoredChange& row);
  absl::StatusOr<Change> OldestOfRun(const UndoChanges& work, const StoredChange& row);
  absl::StatusOr<UndoChanges::Outcome> Undo(UndoChanges& work, std::int64_t number);
  absl::Status PutBack(const Change& change, const Cause& cause);
  absl::Status PutBackSuppression(Standing& standing, Suppression suppression, const Cause& cause);
  absl::Status PutBackAllowance(const Standing& standing, const Change& change, const Cause& cause);
  absl::Status PutBackKnowledge(Standing& standing, const Change& change, const Cause& cause);

  // Carries out what a replay of the address has come to.
  absl::Status CarryOut(std::string_view tenant, const Address& address, const AddressFacts& facts,
                        const Replayed& replayed, const Cause& cause);

  absl::Status DropOldChanges(const DropOld& work);
  absl::Status DropOldMessages(const DropOld& work);
  absl::Status DropUnused(const std::set<std::int64_t>& addresses, Day last_day);
  // The addresses of its events that are forgotten; none: no one is.
  absl::StatusOr<std::optional<Mentions>> ForgottenIn(const NewMessage& message);
  // Appends the change that tells that the address's text is gone.
  absl::Status NoteForgotten(Standing& standing, std::string_view author);
  // Does what EmptyLog asks, after the commit.
  absl::Status EmptyLogs();

  absl::StatusOr<Standing> Find(std::string_view tenant, const Address& address);
  // Writes the address's row, when it is new or not as it was.
  absl::Status Save(Standing& standing, AddressRecord record, Day risky_until);
  // Puts `suppression` in the place of the one with its key, or beside the others.
  absl::Status Put(Standing& standing, Suppression suppression, Cause cause);
  absl::Status Remove(Standing& standing, std::size_t at, Cause cause);
  absl::Status Append(const Standing& standing, Change::What what, Cause cause,
                      const Suppression& suppression, const Suppression* before);
  // What a change tells that is of no suppression of the address.
  Suppression ToldOf(const Standing& standing, Source source, std::string_view reason,
                     std::string explanation) const;
  // Notes that the address is allowed from the commit on, or no longer, and appends the change.
  absl::Status NoteAllowance(const Standing& standing, Change::What what, Cause cause,
                             const std::string& note);
  // Notes what the index is to say of the address in `stream` after the commit. `hash`: of both.
  void Note(const Standing& standing, std::string_view stream, std::uint64_t hash);

  Connection& connection_;
  SuppressionIndex& index_;
  WideIndex& wide_index_;
  ChangeFeed& feed_;
  const EvidenceLimits evidence_limits_;
  std::optional<Statement> begin_;
  std::optional<Statement> commit_;
  std::optional<Statement> roll_back_;
  AddressTable addresses_;
  MessageTable messages_;
  SuppressionTable suppressions_;
  ChangeTable changes_;
  BlockHours block_hours_;
  RevocationTable revocations_;
  AllowanceTable allowances_;
  IncidentTable incidents_;
  RateIncidents rates_{incidents_};
  FormerTable former_;
  FactsQuery facts_;
  Bursts bursts_;
  ApiKeyTable api_keys_;
  PolicyDocumentTable policies_;
  ForgottenTable forgotten_;
  Ids next_;
  Unvouched unvouched_;

  // Of the transaction.
  Store::Decide* decide_ = nullptr;
  absl::Time now_;
  Ids before_;
  Unvouched unvouched_before_;
  absl::flat_hash_map<const Evidence*, std::int64_t> kept_;
  absl::flat_hash_map<std::uint64_t, IndexEntry> published_;
  absl::flat_hash_map<std::uint64_t, IndexEntry> published_wide_;
  WideIndex::Allowances published_allowances_;
  std::vector<ChangeFeed::News> news_;  // of each tenant once
  std::vector<Batch*> begun_;           // whose first change it makes
  std::vector<EmptyLog*> empties_log_;  // that are asked for
};

// What the index says of one key of an address: the strongest of `suppressions` that are of this
// stream, and for the tenant as a whole also `risky_until`. What is over by `now` says nothing.
IndexEntry EntryOf(std::span<const SuppressionRow> suppressions, std::string_view stream,
                   Day risky_until, absl::Time now);

}  // namespace bounced
