#include "tests/simulation/audit.h"

#include <array>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "tests/simulation/violation.h"
#include "tests/simulation/world.h"

namespace bounced::simulation {
namespace {

std::string Describe(const Standing& standing) {
  std::string text;
  for (const auto& [key, stands] : standing) {
    absl::StrAppend(&text, " {", simulation::Describe(key, stands), "}");
  }
  return text.empty() ? " nothing" : text;
}

// Each event has its message, each message of the model its event, and none has two.
absl::StatusOr<std::string> CompareEvents(
    const Model& model, const Store& store,
    const std::map<std::string, const Mail*, std::less<>>& mails) {
  std::set<Model::EventKey> seen;
  for (const std::string& tenant : World::tenants()) {
    EventFilter filter;
    filter.tenant = tenant;
    const absl::StatusOr<Page<StoredEvent>> page = store.ListEvents(filter, 1'000, 0);
    if (!page.ok()) return page.status();
    for (const StoredEvent& stored : page->rows) {
      const std::string& path = stored.message.return_path;
      const absl::StatusOr<std::string> octets = store.GetEvidence(tenant, stored.event.id);
      if (absl::IsNotFound(octets.status())) return "an event without its message, at " + path;
      if (!octets.ok()) return octets.status();
      const auto mail = mails.find(*octets);
      if (mail == mails.end()) return "the message of an event is not as it was sent, at " + path;
      const Model::EventKey key(path, mail->second->number);
      if (!seen.insert(key).second) return absl::StrCat("stored twice: mail ", key.second);
      if (!model.events().contains(key)) {
        return absl::StrCat("stored, and nobody should know: mail ", key.second, " at ", path);
      }
    }
  }
  for (const Model::EventKey& key : model.events()) {
    if (!seen.contains(key)) return absl::StrCat("lost: mail ", key.second, " at ", key.first);
  }
  return "";
}

// All changes that were not dropped are kept.
absl::StatusOr<std::string> CompareHistory(const Model& model, const Store& store,
                                           const std::string& tenant) {
  std::vector<std::int64_t> want;
  for (std::int64_t number = model.newest(); number > 0; --number) {
    const HistoryEntry& entry = model.entry(number);
    if (entry.address.first == tenant && !entry.is_dropped) want.push_back(number);
  }
  const absl::StatusOr<Page<Change>> page = store.ListChanges({.tenant = tenant}, 1'000, 0);
  if (!page.ok()) return page.status();
  std::vector<std::int64_t> numbers;
  for (const Change& change : page->rows) numbers.push_back(change.number);
  return numbers == want ? "" : "other changes are kept than should be, of " + tenant;
}

absl::StatusOr<std::string> CompareStanding(const Model& model, const Store& store,
                                            const std::string& tenant, const Address& address) {
  const absl::StatusOr<std::vector<Suppression>> found = store.FindSuppressions(tenant, address);
  if (!found.ok()) return found.status();
  Standing standing;
  for (const Suppression& suppression : *found) {
    std::string return_path;
    if (suppression.event_id != 0) {
      const absl::StatusOr<StoredEvent> event = store.GetEvent(tenant, suppression.event_id);
      if (absl::IsNotFound(event.status())) return "a suppression without its event";
      if (!event.ok()) return event.status();
      return_path = event->message.return_path;
    }
    standing.emplace(StandsKey(suppression.stream, suppression.source),
                     StandsOf(suppression, std::move(return_path)));
  }
  const Standing& want = model.StandingOf(KeyOf(tenant, address));
  if (standing == want) return "";
  return absl::StrCat("of ", address.canonical(), " of ", tenant, " stands", Describe(standing),
                      ", not", Describe(want));
}

// Now, and at each instant at which something ends.
absl::StatusOr<std::string> CompareVerdicts(const Model& model, const Store& store,
                                            const std::string& tenant, const Address& address,
                                            absl::Time now) {
  const api::Checker checker(store);
  std::set<absl::Time> instants = {now};
  for (const auto& [key, stands] : model.StandingOf(KeyOf(tenant, address))) {
    if (stands.until == absl::InfiniteFuture() || stands.until <= now) continue;
    instants.insert({stands.until - absl::Microseconds(1), stands.until});
  }
  for (const absl::Time instant : instants) {
    for (const std::string& stream : AllStreams()) {
      const absl::StatusOr<Verdict> verdict = AskVerdict(checker, tenant, stream, address, instant);
      if (!verdict.ok()) return verdict.status();
      const Verdict want = model.Check(tenant, stream, address, instant);
      if (*verdict == want) continue;
      return absl::StrCat("Check of ", address.canonical(), " of ", tenant, " in stream '", stream,
                          "' at ", absl::FormatTime(instant, absl::UTCTimeZone()), " says ",
                          Absl(ToString(*verdict)), ", not ", Absl(ToString(want)));
    }
  }
  return "";
}

}  // namespace

std::vector<Address> AllAddresses() {
  std::vector<Address> addresses;
  for (const char* mailbox : {"ann@rcpt.example", "bob@rcpt.example", "Eve.x@other.example"}) {
    addresses.push_back(*Address::Parse(mailbox));
  }
  return addresses;
}

const std::vector<std::string>& AllStreams() {
  static const std::vector<std::string> all = {"", "news", "receipts"};
  return all;
}

absl::StatusOr<Verdict> AskVerdict(const api::Checker& checker, const std::string& tenant,
                                   const std::string& stream, const Address& address,
                                   absl::Time now) {
  const absl::StatusOr<api::Checker::Answer> answer =
      checker.CheckWithCause(tenant, stream, address.spelling(), now);
  if (!answer.ok()) return answer.status();
  const std::array<std::string_view, 1> one = {address.spelling()};
  std::optional<Verdict> verdict;
  const absl::Status status =
      checker.CheckAll(tenant, stream, one, now, [&](Verdict each) { verdict = each; });
  if (!status.ok()) return status;
  Require(verdict == answer->verdict, "two ways of asking have two answers");
  return *verdict;
}

absl::StatusOr<std::string> FindDifference(
    const Model& model, const Store& store,
    const std::map<std::string, const Mail*, std::less<>>& mails, absl::Time now) {
  if (store.change_feed().newest() != model.newest()) {
    return absl::StrCat("the newest change is ", store.change_feed().newest(), ", not ",
                        model.newest());
  }
  absl::StatusOr<std::string> difference = CompareEvents(model, store, mails);
  for (const std::string& tenant : World::tenants()) {
    if (difference.ok() && difference->empty()) difference = CompareHistory(model, store, tenant);
    for (const Address& address : AllAddresses()) {
      if (difference.ok() && difference->empty()) {
        difference = CompareStanding(model, store, tenant, address);
      }
      if (difference.ok() && difference->empty()) {
        difference = CompareVerdicts(model, store, tenant, address, now);
      }
    }
  }
  return difference;
}

std::string Describe(const StandsKey& key, const Stands& stands) {
  return absl::StrCat(Absl(ToString(key.second)), " '", key.first, "' ", stands.reason, " from ",
                      absl::FormatTime(stands.create_time, absl::UTCTimeZone()), " to ",
                      absl::FormatTime(stands.until, absl::UTCTimeZone()), " by '",
                      stands.return_path, "'");
}

Stands StandsOf(const Suppression& suppression, std::string return_path) {
  return {.until = suppression.expire_time,
          .create_time = suppression.create_time,
          .reason = suppression.reason,
          .return_path = std::move(return_path)};
}

}  // namespace bounced::simulation
