// One SMTP connection at the daemon's side, without a socket: what server/smtp/session.cc does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/smtp/dialogue.h"
#include "server/smtp/profile.h"
#include "server/smtp/receiver.h"

namespace bounced::simulation {

// Held by shared_ptr: a commit that ends when it is gone touches nothing.
class Session : public std::enable_shared_from_this<Session> {
 public:
  // All of them outlive it.
  Session(const smtp::Profile& profile, smtp::Receiver& receiver, const Clock& clock)
      : limits_(profile.limits),
        receiver_(receiver),
        clock_(clock),
        dialogue_(profile, clock.Steady()) {}

  // Greets.
  void Begin() { Perform(); }
  // Not while it waits.
  void Feed(std::string_view octets);
  // Time has passed.
  void Tick();

  // What it has said since; the caller's.
  std::string TakeReplies() { return std::exchange(replies_, {}); }
  // For a commit.
  bool waits() const { return waits_; }
  bool is_over() const { return is_over_; }

 private:
  void Perform();
  void Commit(smtp::Accept& accept);
  void Committed(std::uint64_t number, absl::StatusOr<smtp::MessageIds> ids);

  const smtp::Limits& limits_;
  smtp::Receiver& receiver_;
  const Clock& clock_;
  smtp::Dialogue dialogue_;
  std::string replies_;
  bool waits_ = false;
  bool is_over_ = false;
  std::uint64_t commits_ = 0;
  absl::Time commit_start_;
  std::optional<absl::StatusOr<smtp::MessageIds>> at_once_;
  bool asks_ = false;
};

}  // namespace bounced::simulation
