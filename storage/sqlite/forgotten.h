// The table `forgotten`, and what is taken out of other rows when an address is.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/mentions.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/statement.h"

namespace bounced {

// What is stored of a message one of whose addresses is forgotten: no recipient in its return
// paths, nothing by which the sender knows the mail, and `mentions` masked elsewhere.
Message WithoutNames(Message message, const Mentions& mentions);
// The same of an event; of one that is about such an address (`is_own`) none of the texts that the
// report had for it.
Event WithoutNames(Event event, const Mentions& mentions, bool is_own);

// Belongs to the writing connection.
class ForgottenTable {
 public:
  absl::Status Prepare(Connection& connection);

  // Whether an address was ever forgotten: before that, nobody pays for it.
  bool any() const { return any_; }
  // `hash`: of the address's row.
  absl::Status Note(std::uint64_t hash, absl::Time now) { return Put(hash, secret_, now); }
  // The same where the hash is under the secret of another database.
  absl::Status Put(std::uint64_t hash, std::int64_t secret, absl::Time time);

  // Does to the stored events of an address, and to their messages, what WithoutNames() does, but
  // for the mentions elsewhere, and removes the messages' evidence.
  struct Wiped {
    std::int64_t with_texts = 0;  // events
    std::vector<std::int64_t> events = {};
    std::set<std::int64_t> messages = {};
    std::set<std::int64_t> evidence = {};
    std::int64_t next = 0;  // the last event's id; 0: there are no more
  };
  // Those with ids above `from`, at most `most`. With `dry_run` only counts.
  absl::StatusOr<Wiped> WipeEvents(std::string_view tenant, std::int64_t address_id,
                                   std::int64_t from, int most, bool dry_run);

 private:
  Connection* connection_ = nullptr;
  std::int64_t secret_ = 0;
  bool any_ = false;
  std::optional<Statement> put_;
  std::optional<Statement> events_;
  std::optional<Statement> wipe_event_;
  std::optional<Statement> wipe_former_event_;
  std::optional<Statement> wipe_message_;
};

}  // namespace bounced
