// From a received message to committed events: who it is about, and whether we believe it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/counters.h"
#include "server/base/live.h"
#include "server/intake/attribution.h"
#include "server/intake/authenticator.h"
#include "server/intake/committer.h"
#include "server/intake/deliveries.h"
#include "server/intake/live_rules.h"
#include "server/intake/return_path.h"

namespace bounced {

// How a message came.
struct Arrival {
  std::string reverse_path;
  std::string client_address;
  std::string client_helo;
  std::string envelope_id;                 // ENVID, decoded; the report's own goes before it
  std::optional<absl::Time> receive_time;  // none: now
  std::string tls_version;                 // as in Message
  std::string login;
  // ORCPT of each recipient, decoded, without its type; empty: none of any.
  std::vector<std::string> original_recipients = {};
};

// What became of an attempt that one's own mail system reported.
enum class AttemptFate : std::uint8_t {
  kRecorded,   // without an effect on the address
  kChanged,    // with one
  kDuplicate,  // it had been before
};

// What is believed of a message only if its sender proves to be who may say it.
struct SenderClaim {
  Use use = Use::kReturnPath;           // of the address that it came to
  std::vector<std::string> operators;   // of a feedback loop
  std::optional<Event> forwarded = {};  // see ForwardedComplaint()
};

// Reads messages, makes events of them and has those committed. What it keeps of the texts is
// presentable and bounded (attribution.h); the message itself is kept to the octet. Which rules won
// is counted when a message or a refusal is committed, once however many return paths it came to; a
// duplicate is not counted again.
//
// Thread-safe.
class Intake {
 public:
  // All of them outlive it, but for the authenticator: what that still owes is done before it goes,
  // and Receive() is not called any more. None: nobody is asked.
  Intake(const LiveRules& rules, const Live<ReturnPaths>& paths, Committer& committer,
         const Clock& clock, Counters& counters, Authenticator* authenticator = nullptr);

  // Parses and packs on the calling thread, then waits in line; before that, where addresses are
  // named that nobody vouches for, for the authenticator. What came to return paths is then
  // kAuthenticated where the sender speaks for the domain of the address (the first
  // kMaxAuthenticatedDomains), and complaints that came to a feedback loop, where he is one of its
  // operators, whose plain forwards are complaints, too. `done` is called
  // once, after the commit and on the thread that commits, with a receipt for each voucher, in
  // their order; two of one return path have the same. On an error nothing is stored:
  // RESOURCE_EXHAUSTED, UNAVAILABLE and DATA_LOSS are the committer's and the store's,
  // INVALID_ARGUMENT: no voucher. What is refused at once is refused on the calling thread, or on
  // the authenticator's.
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::vector<MessageReceipt>>)>;
  void Receive(std::string_view message, std::vector<Voucher> vouchers, Arrival arrival, Done done);

  // Records what one's own mail system saw (deliveries.h), all of it in one transaction. What was
  // deferred is counted, and no more: it says nothing of the address, and there is much of it. For
  // each attempt, in order, `done` is told its fate or why it was rejected, which keeps it from no
  // other; else as of Receive().
  using Recorded =
      absl::AnyInvocable<void(absl::StatusOr<std::vector<absl::StatusOr<AttemptFate>>>)>;
  void Record(std::string_view tenant, const std::vector<DeliveryAttempt>& attempts, Recorded done);

 private:
  // Behind a message: what is stored of it and what may change that, which of the rules won, and
  // for each voucher which of the messages is its.
  struct Read {
    StoreMessages work;
    std::vector<SenderClaim> claims;  // one for each of its messages
    std::shared_ptr<RulesAtWork> rules;
    std::vector<std::uint32_t> wins;
    std::vector<std::size_t> places;
  };
  void Submit(Read read, Done done);

  const LiveRules& rules_;
  const Live<ReturnPaths>& paths_;
  Committer& committer_;
  const Clock& clock_;
  Counters& counters_;
  Authenticator* const authenticator_;
};

}  // namespace bounced
