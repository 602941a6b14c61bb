// Brings what is pure and needs DNS to its end.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "server/dns/lookups.h"
#include "server/dns/resolver.h"

namespace bounced::dns {

// Times that a resolver is asked for one evaluation. What is missing then is kFailed.
inline constexpr int kMaxResolveRounds = 32;

// Calls `evaluate` until it says true, and between gets it the answers that it asked for; then
// calls `done`. At `deadline` (as of Resolver::Resolve()), and after kMaxResolveRounds, what has no
// answer is kFailed, so there is a result always.
//
// `evaluate` asks for something whenever it says false, and comes to its end when all that it asks
// for fails. Both are called on this thread until something has to be asked, and then on the
// resolver's; they must neither wait nor throw. `resolver` outlives that.
void ResolveAll(Resolver& resolver, absl::Time deadline,
                absl::AnyInvocable<bool(Lookups&)> evaluate, absl::AnyInvocable<void()> done);

// The same of a function that gives its result, or nothing as yet.
template <typename Result>
void ResolveAll(Resolver& resolver, absl::Time deadline,
                absl::AnyInvocable<std::optional<Result>(Lookups&)> evaluate,
                absl::AnyInvocable<void(Result)> done) {
  auto result = std::make_shared<std::optional<Result>>();
  ResolveAll(
      resolver, deadline,
      [result, evaluate = std::move(evaluate)](Lookups& lookups) mutable {
        *result = evaluate(lookups);
        return result->has_value();
      },
      [result, done = std::move(done)]() mutable { done(**std::move(result)); });
}

}  // namespace bounced::dns
