// From a received message to committed events: who it is about, and whether we believe it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "parser/parser.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/intake/committer.h"
#include "server/intake/return_path.h"

namespace bounced {

// How a message came.
struct Arrival {
  std::string reverse_path;
  std::string client_address;
  std::string client_helo;
  std::string envelope_id;
  absl::Time receive_time;
};

// Makes the events of a report for what one voucher vouches for. Pure. At least one event.
//  - open: the token's address is judged, whatever the report names; another address that the
//  report
//    gives is kept as forwarded_to. Of several recipients the one with the token's address counts;
//    if none has it, the least severe is taken for it, since one of many may have gone wrong.
//  - sealed: the recipient that hashes to the token.
//  - unsigned: the report's own recipient, and the trust tells the policy.
// Other recipients of the report become events without an address: nobody else named in a report is
// ever touched. A message that is no report becomes one event of kind `other`.
std::vector<Event> Attribute(const Report& report, const Voucher& voucher,
                             const ReturnPaths& paths);

// Thread-safe.
class Intake {
 public:
  Intake(const Parser& parser, const ReturnPaths& paths, Committer& committer, const Clock& clock,
         Counters& counters);

  // Parses on the calling thread, then waits in line. `done` is called once, on another thread,
  // after the commit, with a receipt for each voucher.
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::vector<MessageReceipt>>)>;
  void Receive(std::string_view message, std::vector<Voucher> vouchers, Arrival arrival, Done done);
};

}  // namespace bounced
