#include "tests/intake/fake_store.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/cleanup/cleanup.h"

namespace bounced {
namespace {

bool HasKeyOf(const Suppression& a, const Suppression& b) {
  return a.stream == b.stream && a.source == b.source;
}

// Puts it in place of the one with the same key.
void Put(const Suppression& suppression, AddressHistory& history) {
  std::erase_if(history.suppressions,
                [&](const Suppression& s) { return HasKeyOf(s, suppression); });
  history.suppressions.push_back(suppression);
}

}  // namespace

absl::Status FakeStore::Apply(std::span<Work* const> batch, Decide decide, absl::Time now) {
  if (is_applying_.exchange(true)) std::abort();  // by one thread only, says the contract
  absl::Cleanup left = [this] { is_applying_ = false; };
  ++calls_;
  Contents contents;
  {
    MutexLock lock(mutex_);
    contents = contents_;
  }
  contents.index.clear();
  for (Work* work : batch) {
    std::visit([&](auto& w) { Do(w, decide, now, contents); }, *work);
  }
  contents.batches.push_back(batch.size());
  if (sync_) {
    if (absl::Status status = sync_(batch); !status.ok()) return status;
  }
  for (const auto& [hash, entry] : contents.index) index_.Publish(hash, entry);
  MutexLock lock(mutex_);
  contents_ = std::move(contents);
  return absl::OkStatus();
}

void FakeStore::Do(StoreMessages& work, Decide decide, absl::Time, Contents& contents) const {
  work.receipts.clear();
  for (const NewMessage& added : work.messages) {
    if (auto found = contents.receipts.find(added.message.digest);
        found != contents.receipts.end()) {
      work.receipts.push_back(found->second);
      work.receipts.back().duplicate = true;
      continue;
    }
    contents.messages.push_back(added.message);
    MessageReceipt receipt;
    receipt.message_id = static_cast<std::int64_t>(contents.messages.size());
    for (Event event : added.events) {
      event.id = static_cast<std::int64_t>(contents.events.size()) + 1;
      event.message_id = receipt.message_id;
      receipt.event_ids.push_back(event.id);
      if (event.address) {
        const Key key{added.message.tenant, event.address->canonical()};
        AddressHistory& history = contents.addresses[key];
        Decision decision = decide(history, added.message, event);
        event.effect = decision.effect;
        event.policy_rule = decision.rule;
        history.record = std::move(decision.next);
        if (decision.suppress) Put(*decision.suppress, history);
        Index(key, history, decision.risky_until, contents);
      }
      contents.events.push_back(std::move(event));
    }
    contents.receipts[added.message.digest] = receipt;
    work.receipts.push_back(std::move(receipt));
  }
}

void FakeStore::Do(RecordDeliveries& work, Decide decide, absl::Time now,
                   Contents& contents) const {
  work.outcomes.clear();
  for (NewMessage& added : work.messages) {
    Event& event = added.events.front();
    const Key key{added.message.tenant, event.address->canonical()};
    auto known = contents.addresses.find(key);
    if (event.kind == Kind::kDelivery) {
      Decision decision;
      if (known != contents.addresses.end()) {
        decision = decide(known->second, added.message, event);
        if (decision.effect == Effect::kNone) known->second.record = decision.next;
      }
      if (decision.effect == Effect::kNone) {
        work.outcomes.push_back(RecordDeliveries::Outcome::kNoted);
        continue;
      }
    }
    StoreMessages stored{.messages = {added}};
    Do(stored, decide, now, contents);
    const bool is_duplicate = stored.receipts.front().duplicate;
    if (!is_duplicate) event.effect = contents.events.back().effect;
    work.outcomes.push_back(is_duplicate ? RecordDeliveries::Outcome::kDuplicate
                                         : RecordDeliveries::Outcome::kStored);
  }
}

void FakeStore::Do(PutSuppressions& work, Decide, absl::Time now, Contents& contents) const {
  work.outcomes.clear();
  for (const Suppression& added : work.suppressions) {
    const Key key{added.tenant, added.address.canonical()};
    AddressHistory& history = contents.addresses[key];
    const bool stands = std::any_of(
        history.suppressions.begin(), history.suppressions.end(),
        [&](const Suppression& s) { return HasKeyOf(s, added) && s.expire_time > now; });
    if (stands && !work.replace) {
      work.outcomes.push_back(PutSuppressions::Outcome::kExists);
      continue;
    }
    Put(added, history);
    work.outcomes.push_back(stands ? PutSuppressions::Outcome::kReplaced
                                   : PutSuppressions::Outcome::kCreated);
    Index(key, history, 0, contents);
  }
}

void FakeStore::Do(RemoveSuppressions& work, Decide, absl::Time now, Contents& contents) const {
  work.removed.clear();
  const Key key{work.tenant, work.address->canonical()};
  AddressHistory& history = contents.addresses[key];
  std::erase_if(history.suppressions, [&](const Suppression& s) {
    if (s.stream != work.stream || (work.source && s.source != *work.source)) return false;
    work.removed.push_back(s);
    return true;
  });
  history.record.released = now;
  Index(key, history, 0, contents);
}

void FakeStore::Do(RevokeKey& work, Decide, absl::Time now, Contents& contents) const {
  std::vector<Revocation>& all = contents.revocations;
  const auto stands = std::find_if(all.begin(), all.end(), [&](const Revocation& r) {
    return r.domain == work.domain && r.key_id == work.key_id;
  });
  if (stands != all.end()) {
    work.revocation = *stands;
    return;
  }
  work.revocation = {work.domain, work.key_id, now, work.author};
  all.push_back(work.revocation);
}

void FakeStore::Do(PutApiKeys& work, Decide, absl::Time, Contents& contents) const {
  for (const ApiKey& key : work.keys) contents.api_keys[key.id] = key;
}

void FakeStore::Index(const Key& key, const AddressHistory& history, Day risky_until,
                      Contents& contents) const {
  std::map<std::string, IndexEntry> entries;  // by stream
  entries[""].risky_until = IndexEntry::FirstDayWithout(risky_until);
  for (const Suppression& s : history.suppressions) {
    IndexEntry& entry = entries[s.stream];
    entry.suppressed_until =
        std::max(entry.suppressed_until, IndexEntry::FirstDayWithout(s.expire_time));
  }
  for (const auto& [stream, entry] : entries) {
    contents.index[index_.Hash(key.first, stream, key.second)] = entry;
  }
}

absl::StatusOr<std::vector<Suppression>> FakeStore::FindSuppressions(std::string_view tenant,
                                                                     const Address& address) const {
  MutexLock lock(mutex_);
  const auto found = contents_.addresses.find({std::string(tenant), address.canonical()});
  if (found == contents_.addresses.end()) return std::vector<Suppression>();
  return found->second.suppressions;
}

absl::StatusOr<std::vector<Revocation>> FakeStore::ListRevocations() const {
  MutexLock lock(mutex_);
  return contents_.revocations;
}

absl::StatusOr<std::vector<ApiKey>> FakeStore::ListApiKeys() const {
  MutexLock lock(mutex_);
  std::vector<ApiKey> keys;
  for (const auto& [id, key] : contents_.api_keys) keys.push_back(key);
  return keys;
}

std::vector<Message> FakeStore::messages() const {
  MutexLock lock(mutex_);
  return contents_.messages;
}

std::vector<Event> FakeStore::events() const {
  MutexLock lock(mutex_);
  return contents_.events;
}

std::vector<std::size_t> FakeStore::batches() const {
  MutexLock lock(mutex_);
  return contents_.batches;
}

std::size_t FakeStore::calls() const { return calls_; }

namespace {
absl::Status NotAsked() { return absl::UnimplementedError("nobody asks the fake store this"); }
}  // namespace

absl::StatusOr<StandingOfAddress> FakeStore::FindStanding(std::string_view, const Address&) const {
  return NotAsked();
}
absl::StatusOr<Page<Allowance>> FakeStore::ListAllowances(std::string_view, int, Cursor) const {
  return NotAsked();
}
absl::StatusOr<Page<ListedAddress>> FakeStore::ListAddresses(std::string_view, std::string_view,
                                                             int, Cursor) const {
  return NotAsked();
}
absl::StatusOr<AddressFacts> FakeStore::GetFacts(std::string_view, const Address&) const {
  return NotAsked();
}
absl::StatusOr<Reclassification> FakeStore::GetReclassification(std::string_view,
                                                                std::int64_t) const {
  return NotAsked();
}
absl::StatusOr<Page<Incident>> FakeStore::ListIncidents(const IncidentFilter&, int, Cursor) const {
  return NotAsked();
}
absl::StatusOr<Page<Suppression>> FakeStore::ListSuppressions(const SuppressionFilter&, int,
                                                              Cursor) const {
  return NotAsked();
}
absl::StatusOr<Page<StoredEvent>> FakeStore::ListEvents(const EventFilter&, int, Cursor) const {
  return NotAsked();
}
absl::StatusOr<StoredEvent> FakeStore::GetEvent(std::string_view, std::int64_t) const {
  return NotAsked();
}
absl::StatusOr<std::string> FakeStore::GetEvidence(std::string_view, std::int64_t) const {
  return NotAsked();
}
absl::StatusOr<std::unique_ptr<Backup>> FakeStore::MakeBackup(std::int64_t, OnProgress) {
  return NotAsked();
}

absl::StatusOr<Findings> FakeStore::CheckIntegrity(const CheckOptions&, std::int64_t, absl::Time,
                                                   OnProgress) {
  return NotAsked();
}

absl::StatusOr<AddressDossier> FakeStore::GetDossier(std::string_view, const Address&, int,
                                                     int) const {
  return NotAsked();
}
absl::StatusOr<Page<Change>> FakeStore::ListChanges(const ChangeFilter&, int, Cursor) const {
  return NotAsked();
}

absl::StatusOr<PolicyDocument> FakeStore::GetPolicies(std::int64_t) const {
  return absl::UnimplementedError("");
}

absl::StatusOr<Page<PolicyDocument>> FakeStore::ListPolicies(int, Cursor) const {
  return absl::UnimplementedError("");
}
absl::StatusOr<ChangesAfter> FakeStore::ListChangesAfter(std::string_view,
                                                         std::optional<FeedPosition>, int) const {
  return NotAsked();
}
absl::StatusOr<Page<std::int64_t>> FakeStore::ListOld(Aged, absl::Time, int, Cursor) const {
  return NotAsked();
}
absl::StatusOr<Page<MentionedRow>> FakeStore::FindMentions(std::string_view,
                                                           std::span<const std::string>,
                                                           Cursor) const {
  return NotAsked();
}

}  // namespace bounced
