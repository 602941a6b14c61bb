// bouncectl ingest --postfix-log
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "server/cli/exit_code.h"
#include "server/cli/session.h"

namespace bounced::cli {

// Of the log in front of the place where it is gone on with: what is read again for the return
// paths of mails whose deliveries come behind it.
inline constexpr std::size_t kReadAgainOctets = 16 << 20;

struct LogArguments {
  std::string file;  // "-": standard input
  bool follow = false;
  std::string state;  // file that keeps the position; empty: none
  bool private_hosts = false;
};

// Reports what the log says to the server. A batch is sent when it is full or no more is there, and
// the next is read when it is answered; then the position is kept. What is followed, or comes
// through a pipe, is not given up when the server cannot be reached or has too much to do.
absl::StatusOr<ExitCode> IngestLog(const LogArguments& arguments, Session& session);

}  // namespace bounced::cli
