// What must be so: the README's promises as plain data and loops, without a database, an index, or
// the daemon's policy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "storage/records.h"
#include "storage/store.h"
#include "tests/simulation/mail.h"

namespace bounced::simulation {

// --- What was asked of the daemon, in the order in which it was.

struct Receive {
  const Mail* mail = nullptr;
  std::vector<const ReturnPath*> return_paths;  // that were accepted
  absl::Time time;                              // at which it came; it is committed later
};
struct Put {
  Suppression suppression;
  bool replace = false;
};
struct Remove {
  std::string tenant;
  std::string stream;
  Address address;
  Source source = Source::kManual;
};
// Of the newest change of a suppression, or of one that was dropped.
struct Undo {
  std::string tenant;
  std::int64_t number = 0;
};
struct Drop {
  std::vector<std::int64_t> numbers;
};
using Request = std::variant<Receive, Put, Remove, Undo, Drop>;

// What the daemon says of one, as far as it says something.
using Answer =
    std::variant<std::monostate, PutSuppressions::Outcome, std::size_t, UndoChanges::Outcome>;

// --- What stands.

struct Stands {
  absl::Time until;
  absl::Time create_time;
  std::string reason;
  std::string return_path;  // of the event that it rests on; empty: none

  friend bool operator==(const Stands&, const Stands&) = default;
};
using StandsKey = std::pair<std::string, Source>;  // stream and source
using Standing = std::map<StandsKey, Stands>;

// A tenant and the canonical form of an address.
using AddressKey = std::pair<std::string, std::string>;

// A change, as watchers are told it. Its number is its place in the history, from 1.
struct HistoryEntry {
  Change::What what = Change::What::kCreated;
  AddressKey address;
  StandsKey key;
  Stands after;  // before, when it was removed
  std::optional<Stands> before = std::nullopt;
  absl::Time time;
  std::string author;
  std::int64_t undoes = 0;
  bool is_dropped = false;
};

class Model {
 public:
  // Does all of it at `now`.
  std::vector<Answer> Apply(const std::vector<Request>& batch, absl::Time now);

  Verdict Check(const std::string& tenant, const std::string& stream, const Address& address,
                absl::Time now) const;
  const Standing& StandingOf(const AddressKey& address) const;
  const std::map<AddressKey, Standing>& standing() const { return standing_; }

  // The events: return path and message of each.
  using EventKey = std::pair<std::string, int>;
  const std::set<EventKey>& events() const { return events_; }

  const std::vector<HistoryEntry>& history() const { return history_; }
  const HistoryEntry& entry(std::int64_t number) const {
    return history_[static_cast<std::size_t>(number) - 1];
  }
  std::int64_t newest() const { return static_cast<std::int64_t>(history_.size()); }
  std::int64_t dropped_up_to() const { return dropped_up_to_; }
  // Whether it is the newest of its suppression.
  bool IsNewest(std::int64_t number) const;
  // Those that have had their time: what ListOld() must say.
  std::vector<std::int64_t> Old(absl::Time before) const;

 private:
  // What is counted of an address.
  struct Counts {
    std::set<Day> hard_days;
    std::set<Day> soft_days;
    std::vector<std::pair<std::string, MailKind>> counted;
    int soft_suppressions = 0;
    Day soft_suppressed_on = 0;
    Day probation_until = 0;
    Day delivered_on = 0;
    std::optional<absl::Time> released = std::nullopt;
    Day risky_until = 0;
  };
  // One event.
  struct Case {
    const ReturnPath& return_path;
    MailKind kind;
    absl::Time now;
    absl::Time bounced;
  };

  Answer Do(const Receive& request, absl::Time now);
  Answer Do(const Put& request, absl::Time now);
  Answer Do(const Remove& request, absl::Time now);
  Answer Do(const Undo& request, absl::Time now);
  Answer Do(const Drop& request, absl::Time now);

  void Judge(const Case& c);
  void JudgeHard(const Case& c, Counts& counts);
  void JudgeSoft(const Case& c, Counts& counts);
  void JudgeDelivery(const Case& c, Counts& counts);
  // Counts the mail once for a class; false: it has been, or a person knew better already.
  static bool Count(const Case& c, Counts& counts);
  static void Forget(Counts& counts);
  void SuppressSoftly(const Case& c, Counts& counts, int relapses);
  // No shorter than what stands.
  void Suppress(const Case& c, Source source, const std::string& stream, absl::Time until,
                std::string reason);

  void Set(const AddressKey& address, const StandsKey& key, Stands stands, std::string author,
           absl::Time now, std::int64_t undoes = 0);
  void Erase(const AddressKey& address, const StandsKey& key, std::string author, absl::Time now,
             std::int64_t undoes = 0);

  std::map<AddressKey, Counts> counts_;
  std::map<AddressKey, Standing> standing_;
  std::set<EventKey> events_;
  std::vector<HistoryEntry> history_;
  std::int64_t dropped_up_to_ = 0;
};

inline AddressKey KeyOf(const std::string& tenant, const Address& address) {
  return {tenant, address.canonical()};
}

}  // namespace bounced::simulation
