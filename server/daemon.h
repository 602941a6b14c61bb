// The daemon: all parts, plugged together.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "parser/rules.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/config/config.h"
#include "server/listeners.h"

namespace bounced {

// What a configuration says that only the parts can judge: key files, return paths, listeners,
// files of rules. The message says what to do. Binds nothing and writes nothing. Gives the rules,
// the built-in ones and those of the files, for Daemon::Start(): they take a while to load.
absl::StatusOr<std::shared_ptr<const RuleSet>> CheckConfig(const Config& config);

// One daemon in its process. Its methods are called by one thread.
class Daemon {
 public:
  // Opens the store, binds and serves, with the rules that CheckConfig() gave and sockets that
  // CheckSockets() let pass. Errors say what to do; INVALID_ARGUMENT and FAILED_PRECONDITION also
  // come from what these two do not see, as a database in use.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config,
                                                       std::shared_ptr<const RuleSet> rules,
                                                       const HandedSockets& sockets,
                                                       const Clock& clock, const Log& log);
  // Stops, if that was not done.
  ~Daemon();

  // "smtp=HOST:PORT smtps=HOST:PORT grpc=HOST:PORT", those that there are, with the real ports;
  // several of one kind are joined by commas.
  std::string addresses() const;

  // Not OK once the store has failed for good; the process is then sent SIGTERM.
  absl::Status fatal() const;

  void LogCounters() const;
  // Warns of those that end soon, or have.
  void LogCertificates() const;

  // Takes up return paths with their keys (not those that were revoked), certificates, users of
  // SMTP, policy and files of rules of a configuration that was read again, while messages come in;
  // what lies in files is read anew. The rest of it, as listeners and limits, waits for the next
  // start, and the log names what of it has changed. With anything wrong in what is not a rule
  // nothing is taken up; rules that are wrong leave the old ones in force. Either way the log
  // tells.
  void Reload(const Config& config);

  // Lets SMTP end what is under way (Limits::drain), then the API, then commits what waits, then
  // closes the store and logs the counters, if it ever served. Done once.
  void Stop();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  absl::Status TakeUp(const Config& config);
  void ReloadRules(const std::vector<std::string>& files);
  std::unique_ptr<Parts> parts_;
};

}  // namespace bounced
