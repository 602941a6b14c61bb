// The daemon itself, on free ports of loopback, with a database of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/harness/api_client.h"
#include "tests/e2e/harness/files.h"
#include "tests/e2e/harness/process.h"
#include "tests/e2e/harness/smtp_client.h"

namespace bounced::e2e {

// The return-path domain of the tests.
inline constexpr std::string_view kBounceDomain = "bounces.example";
// Its key "a".
inline constexpr std::string_view kReturnPathSecret =
    "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

// Where the programs under test lie: BOUNCED_BIN in the environment, else the build's own folder.
std::string Program(std::string_view name);

// The lines of [smtp] for the two kinds of port that want a login, and for who may log in: "relay",
// with the password "pencil". The secret is what bouncectl makes of that.
std::string LoginPorts();

struct DaemonOptions {
  std::string return_path = {};  // more lines of [[return_path]]: "signing = 'optional'"
  std::string smtp = {};         // more lines of [smtp]
  std::string sections = {};     // more sections of the configuration, whole
  std::string smtp_listen = "127.0.0.1:0";
  std::string grpc_listen = "127.0.0.1:0";
  std::string data_dir = {};                          // empty: one of its own
  std::vector<std::string> flags = {"--allow-root"};  // tests may run as root
  // In front of the daemon on its command line: {"env", "LD_PRELOAD=..."}.
  std::vector<std::string> wrapper = {};
};

// A program "bounced" as users run it. Killed when the object ends; its log then goes to the
// test's output if the test has failed.
class Daemon {
 public:
  // Returns when it is ready. Throws, with its log, when it is not in time.
  explicit Daemon(DaemonOptions options = {});
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Starts it with these options and waits for it to give up; none: it became ready, or neither.
  static std::optional<Outcome> FailToStart(DaemonOptions options);

  std::uint16_t smtp_port() const { return smtp_port_; }
  // Of the last listener of the kind, as the line that says `ready` names it; 0: there is none.
  std::uint16_t port(std::string_view kind) const;
  const std::string& grpc_address() const { return grpc_; }
  const std::string& data_dir() const { return options_.data_dir; }
  pid_t pid() const { return process_->pid(); }
  // All that it has written to standard error, over all its starts.
  std::string log() const;
  const TempDir& dir() const { return dir_; }

  // Sends the signal and waits for its end; its exit code, or 128 and the number of the signal.
  int Stop(int signal);
  void Signal(int signal) { process_->Signal(signal); }
  // Its exit code when it ends by itself.
  std::optional<int> Wait() { return process_->Wait(); }
  // Again, on the same data; it gets other ports.
  void Restart();
  // Writes its configuration anew, with these lines in place of those that it was made with, sends
  // SIGHUP and waits until the log says `word` once more. False: it does not.
  bool Reconfigure(const DaemonOptions& options, const std::string& word);

  ApiClient& api() { return *api_; }
  std::string Mint(const std::string& recipient) { return api_->Mint(recipient); }
  v1::Verdict Check(const std::string& address) { return api_->Check(address); }
  // One message over a connection of its own; see SendMail().
  SmtpReply Send(std::string_view reverse_path, const std::string& return_path,
                 std::string_view message);
  // Runs bouncectl against it.
  Outcome Bouncectl(std::vector<std::string> arguments, std::string_view input = {}) const;

 private:
  void Launch();

  TempDir dir_;
  DaemonOptions options_;
  int starts_ = 0;
  std::unique_ptr<Process> process_;
  std::uint16_t smtp_port_ = 0;
  std::string ready_;  // the line
  std::string grpc_;
  std::unique_ptr<ApiClient> api_;
};

}  // namespace bounced::e2e
