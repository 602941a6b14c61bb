// Asks DNS.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/dns/lookups.h"
#include "server/dns/message.h"

namespace bounced::dns {

class Resolver {
 public:
  // Answers in the order of the questions.
  using Done = absl::AnyInvocable<void(std::vector<Answer>)>;

  virtual ~Resolver() = default;
  // Thread-safe. Calls `done` once, whatever happens: at `deadline` (of Clock::Steady()) what has
  // no answer is kFailed. After it only what is known without asking is told.
  virtual void Resolve(std::vector<Question> questions, absl::Time deadline, Done done) = 0;
};

struct ResolverOptions {
  // Recursive resolvers, as ADDRESS:PORT or [ADDRESS]:PORT; none: those of /etc/resolv.conf.
  // Answers are believed, and DNS itself proves nothing: let it be one of this host or network.
  std::vector<std::string> servers = {};
  // Of the first try at a server; a later one has more.
  absl::Duration timeout = absl::Seconds(2);
  // At each server.
  int tries = 2;
  // Questions that wait for an answer at a time; one more is kFailed at once.
  std::size_t max_outstanding = 1000;
  // Answers that are remembered; 0: none.
  std::size_t cache_entries = 4096;
  // For how long: what the answer says, but not less nor more than this.
  absl::Duration min_time_to_live = absl::Seconds(1);
  absl::Duration max_time_to_live = absl::Hours(1);
  // The most for a negative one (RFC 2308, 5).
  absl::Duration max_negative_time_to_live = absl::Minutes(5);
  // For failures (RFC 2308, 7).
  absl::Duration failure_time = absl::Seconds(3);
  AnswerLimits answer = {};
};

// A resolver that asks over UDP, and TCP where an answer is cut off. It looks into no hosts file
// and adds no search domain; a question under way is not asked twice.
//
// It has a thread, on which every `done` is called; they must neither wait nor throw. The
// destructor, which must be called on another, has each that is owed called with kFailed, and waits
// for that. Memory: at most cache_entries answers, and max_outstanding questions.
//
// INVALID_ARGUMENT: a server that is no address with a port, a number that is not positive or a
// least time above the most. UNAVAILABLE: the machine has no room for it. `clock` outlives it.
absl::StatusOr<std::unique_ptr<Resolver>> StartResolver(const ResolverOptions& options,
                                                        const Clock& clock);

}  // namespace bounced::dns
