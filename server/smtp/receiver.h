// What the SMTP side needs of the rest: who is served, and a place for messages.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/smtp/envelope.h"
#include "server/smtp/message_ids.h"

namespace bounced::smtp {

// Thread-safe. Admit() and Vouch() answer from memory, at once: they run on threads that serve
// sessions.
class Receiver {
 public:
  virtual ~Receiver() = default;

  // Whether a transaction may begin. RESOURCE_EXHAUSTED: too much waits, or no space.
  virtual absl::Status Admit() = 0;
  // See Dialogue::Vouched() for the codes. The message of a refusal is for the log.
  virtual absl::Status Vouch(const ForwardPath& path, absl::Time now) = 0;
  // Calls `done` once, from any thread, after the message is committed, with an id for each
  // recipient of the envelope.
  virtual void Commit(Envelope envelope, std::string client_address, std::string message,
                      absl::AnyInvocable<void(absl::StatusOr<MessageIds>)> done) = 0;
};

}  // namespace bounced::smtp
