// Where SMTP meets the rest: return paths are asked at RCPT, messages go to intake.
#pragma once

#include <functional>
#include <string>

#include "server/base/counters.h"
#include "server/intake/intake.h"
#include "server/intake/return_path.h"
#include "server/smtp/receiver.h"

namespace bounced {

// Thread-safe. All that it is given outlives it.
class MailReceiver final : public smtp::Receiver {
 public:
  // `ready` says whether work may come; its RESOURCE_EXHAUSTED is passed on.
  MailReceiver(const Live<ReturnPaths>& paths, Intake& intake, std::function<absl::Status()> ready,
               Counters& counters);

  absl::Status Admit() override;
  // NOT_FOUND: not a domain of ours; PERMISSION_DENIED: whatever else is wrong, all alike. The
  // message is ToString() of the refusal, for the log.
  absl::Status Vouch(const smtp::ForwardPath& path, absl::Time now) override;
  // Each return path is judged as of the time at which RCPT was answered, so that none turns too
  // old in between.
  void Commit(smtp::Envelope envelope, std::string client_address, std::string message,
              absl::AnyInvocable<void(absl::StatusOr<smtp::MessageIds>)> done) override;

 private:
  const Live<ReturnPaths>& paths_;
  Intake& intake_;
  const std::function<absl::Status()> ready_;
  Counters& counters_;
};

}  // namespace bounced
