#include "tests/simulation/session.h"

#include <utility>
#include <variant>

namespace bounced::simulation {

void Session::Feed(std::string_view octets) {
  dialogue_.Feed(octets, clock_.Steady());
  Perform();
}

void Session::Tick() {
  const absl::Time now = clock_.Steady();
  if (waits_) {
    if (now < commit_start_ + limits_.commit_timeout) return;
    Committed(commits_, absl::DeadlineExceededError("no answer within commit_timeout"));
  } else if (now >= dialogue_.Deadline()) {
    dialogue_.TimedOut(now);
    Perform();
  }
}

void Session::Perform() {
  while (!waits_ && !is_over_) {
    std::optional<smtp::Action> action = dialogue_.Next();
    if (!action) return;
    if (auto* reply = std::get_if<smtp::Reply>(&*action)) {
      replies_ += reply->text;
    } else if (std::holds_alternative<smtp::Admit>(*action)) {
      dialogue_.Admitted(receiver_.Admit());
    } else if (auto* vouch = std::get_if<smtp::Vouch>(&*action)) {
      dialogue_.Vouched(receiver_.Vouch(vouch->path, clock_.Now()), clock_.Now());
    } else if (auto* accept = std::get_if<smtp::Accept>(&*action)) {
      Commit(*accept);
    } else if (std::holds_alternative<smtp::HangUp>(*action)) {
      is_over_ = true;
    }
  }
}

void Session::Commit(smtp::Accept& accept) {
  waits_ = true;
  commit_start_ = clock_.Steady();
  asks_ = true;
  receiver_.Commit(
      std::move(accept.envelope), "192.0.2.1", std::move(accept.message),
      [weak = weak_from_this(), number = ++commits_](absl::StatusOr<smtp::MessageIds> ids) {
        if (const auto self = weak.lock()) self->Committed(number, std::move(ids));
      });
  asks_ = false;
  if (!at_once_) return;
  waits_ = false;
  dialogue_.Accepted(*std::exchange(at_once_, std::nullopt), clock_.Steady());
}

void Session::Committed(std::uint64_t number, absl::StatusOr<smtp::MessageIds> ids) {
  if (!waits_ || number != commits_) return;  // too late
  if (asks_) {
    at_once_ = std::move(ids);
    return;
  }
  waits_ = false;
  dialogue_.Accepted(ids, clock_.Steady());
  Perform();
}

}  // namespace bounced::simulation
