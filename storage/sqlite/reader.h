// A reading connection and the queries on it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/records.h"
#include "storage/sqlite/addresses.h"
#include "storage/sqlite/block_hours.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/evidence.h"
#include "storage/sqlite/facts.h"
#include "storage/sqlite/statement.h"
#include "storage/store.h"
#include "storage/suppression_index.h"

namespace bounced {

// Used by one thread at a time. The methods are those of Store; each sees one state of the
// database.
class Reader {
 public:
  static absl::StatusOr<std::unique_ptr<Reader>> Open(const std::string& file,
                                                      const std::string& vfs,
                                                      const SuppressionIndex& index,
                                                      const WideIndex& wide_index);

  absl::StatusOr<std::vector<Suppression>> FindSuppressions(std::string_view tenant,
                                                            const Address& address);
  absl::StatusOr<StandingOfAddress> FindStanding(std::string_view tenant, const Address& address);
  absl::StatusOr<Page<Allowance>> ListAllowances(std::string_view tenant, int page_size,
                                                 Cursor from);
  absl::StatusOr<Page<Incident>> ListIncidents(const IncidentFilter& filter, int page_size,
                                               Cursor from);
  absl::StatusOr<Page<Suppression>> ListSuppressions(const SuppressionFilter& filter, int page_size,
                                                     Cursor from);
  absl::StatusOr<Page<StoredEvent>> ListEvents(const EventFilter& filter, int page_size,
                                               Cursor from);
  absl::StatusOr<StoredEvent> GetEvent(std::string_view tenant, std::int64_t id);
  absl::StatusOr<PackedEvidence> GetEvidence(std::string_view tenant, std::int64_t event_id);
  absl::StatusOr<AddressDossier> GetDossier(std::string_view tenant, const Address& address,
                                            int max_events, int max_changes);
  absl::StatusOr<Page<Change>> ListChanges(const ChangeFilter& filter, int page_size, Cursor from);
  absl::StatusOr<ChangesAfter> ListChangesAfter(std::string_view tenant,
                                                std::optional<FeedPosition> from, int most);
  absl::StatusOr<Page<std::int64_t>> ListOld(Aged what, absl::Time before, int page_size,
                                             Cursor from);
  absl::StatusOr<Page<MentionedRow>> FindMentions(std::string_view tenant,
                                                  std::span<const std::string> spellings,
                                                  Cursor from);
  absl::StatusOr<std::vector<Revocation>> ListRevocations();
  absl::StatusOr<std::vector<ApiKey>> ListApiKeys();
  absl::StatusOr<PolicyDocument> GetPolicies(std::int64_t revision);
  absl::StatusOr<Page<PolicyDocument>> ListPolicies(int page_size, Cursor from);
  absl::StatusOr<Page<ListedAddress>> ListAddresses(std::string_view tenant,
                                                    std::string_view domain, int page_size,
                                                    Cursor from);
  absl::StatusOr<AddressFacts> GetFacts(std::string_view tenant, const Address& address);
  absl::StatusOr<Reclassification> GetReclassification(std::string_view tenant, std::int64_t id);

 private:
  // What retention looks through: ids and times.
  struct AgedRows {
    std::optional<Statement> page;  // from an id on; of changes, also whether each may go
    std::optional<Statement> last;  // the last id that may go
    std::optional<Statement> from;  // the first row from an id on
  };

  Reader(Connection connection, const SuppressionIndex& index, const WideIndex& wide_index)
      : connection_(std::move(connection)), index_(index), wide_index_(wide_index) {}

  absl::Status Prepare();
  absl::StatusOr<AddressDossier> ReadDossier(std::string_view tenant, const Address& address,
                                             int max_events, int max_changes);
  // Appends those of the entry itself.
  absl::Status AddSuppressions(std::string_view tenant, const Address& entry,
                               std::vector<Suppression>& suppressions);
  // Appends those of the domain, and of all tenants; and whether it is allowed.
  absl::Status Widen(std::string_view tenant, const Address& address, StandingOfAddress& standing);
  // Sets what is kept of the address itself, whose row is `row`.
  absl::Status ReadOwn(std::string_view tenant, AddressRow row, int max_events, int max_changes,
                       AddressDossier& dossier);
  // Sets what else reaches the address: allowances, incidents, and changes of its domain and of all
  // tenants.
  absl::Status ReadAround(std::string_view tenant, const Address& address, int max_changes,
                          AddressDossier& dossier);
  // Whether a listed suppression rests on the filter's key.
  absl::StatusOr<bool> RestsOnKey(const SuppressionFilter& filter, const Query& row);
  // Sets `return_path_use` of those that came to signed return paths.
  absl::Status CountUses(std::string_view tenant, std::vector<StoredEvent>& events);
  absl::StatusOr<std::vector<Change>> ReadChanges(std::int64_t address_id, std::string_view tenant,
                                                  const Address& address, int max_changes);
  absl::Status PrepareChanges();
  absl::StatusOr<std::int64_t> Number(Statement& statement);
  // Whether one of so many rows, evenly over those behind `id`, is from before `before`.
  absl::StatusOr<bool> IsOldBehind(AgedRows& rows, std::int64_t id, absl::Time before, int samples);

  Connection connection_;
  const SuppressionIndex& index_;
  const WideIndex& wide_index_;
  std::optional<Statement> find_address_;
  std::optional<Statement> suppressions_of_hash_;
  std::optional<Statement> suppressions_of_address_;
  std::optional<Statement> suppressions_;
  std::optional<Statement> events_;
  std::optional<Statement> events_of_address_;
  std::optional<Statement> events_of_message_;
  std::optional<Statement> event_;
  std::optional<Statement> evidence_;
  std::optional<Statement> changes_of_address_;
  std::optional<Statement> changes_of_batch_;
  std::optional<Statement> changes_of_tenant_;
  std::optional<Statement> changes_after_;
  std::array<AgedRows, 3> aged_;  // by Aged
  std::optional<Statement> newest_change_;
  std::optional<Statement> dropped_up_to_;
  std::optional<Statement> rests_on_;
  std::optional<Statement> uses_;
  std::optional<Statement> revocations_;
  std::optional<Statement> allowances_;
  std::optional<Statement> incidents_;
  std::optional<Statement> api_keys_;
  std::optional<Statement> policies_;
  std::optional<Statement> policy_revisions_;
  std::optional<Statement> incident_;
  std::optional<Statement> addresses_;
  std::optional<Statement> reclassification_;
  BlocksOfTime blocks_;
  FactsQuery facts_;
};

}  // namespace bounced
