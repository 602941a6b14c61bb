// Mail servers that cannot be installed beside Postfix: Debian's packages are unpacked into the
// build's folder, and the servers see what they need in places that only they see.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/harness/files.h"
#include "tests/e2e/harness/mail_server.h"
#include "tests/e2e/harness/process.h"

namespace bounced::e2e {

class UnpackedServer : public MailServer {
 public:
  // Why there can be none here; empty: there can. Fetches the packages where they are not yet
  // there.
  static std::string Unavailable();

  std::uint16_t port() const override { return port_; }

 protected:
  UnpackedServer() = default;
  // Stops it and waits for its end.
  ~UnpackedServer() override;

  // A file of the packages: "usr/sbin/smtpd".
  static std::string Unpacked(const std::string& path);
  // What it runs as: the first of `users` has the number kFirstUser, and so on.
  static constexpr uid_t kFirstUser = 64100;
  // A new folder dir() / `name`.
  void MakeFolder(const std::string& name, uid_t owner, mode_t mode) const;

  struct Command {
    std::vector<std::string> users;  // that there are for it, on top of the machine's
    // Folders or files, and where the server sees them.
    std::vector<std::pair<std::string, std::string>> mounts;
    std::vector<std::string> argv;
  };
  // Starts the command, which does not go into the background, and returns when it listens on the
  // port that WriteConfiguration() was told. Throws, with its log, when it does not.
  void Start(const Command& command);
  virtual void WriteConfiguration(std::uint16_t port) = 0;

  const TempDir& dir() const { return dir_; }
  // What it said on standard error.
  std::string errors() const { return ReadFile(dir_ / "errors"); }

 private:
  TempDir dir_;
  std::optional<Process> process_;
  std::uint16_t port_ = 0;
};

}  // namespace bounced::e2e
