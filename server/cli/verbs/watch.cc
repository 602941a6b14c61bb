// bouncectl watch
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "server/cli/change_text.h"
#include "server/cli/passing.h"
#include "server/cli/resume_file.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

// Between one try and the next, while none has an answer; twice as long each time.
constexpr std::chrono::milliseconds kFirstReconnectPause(100);
constexpr std::chrono::milliseconds kLongestReconnectPause(5'000);

struct WatchArguments {
  bool from_start = false;
  std::string resume_file;
};

// Whether what ended so goes on by the token.
bool GoesOn(const grpc::Status& status, const Watchdog& watchdog) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::ABORTED:
      return true;
    default:
      return watchdog.bit() || Passes(static_cast<absl::StatusCode>(status.error_code()));
  }
}

class ChangePrinter {
 public:
  ChangePrinter(Session& session, const WatchArguments& arguments)
      : session_(session),
        arguments_(arguments),
        stub_(session.client().Stub<v1::SuppressionService>()) {
    request_.set_tenant(session.tenant());
  }

  // Ends with an error alone.
  absl::Status Run() {
    if (!arguments_.resume_file.empty()) {
      absl::StatusOr<std::optional<std::string>> token = ReadResumeFile(arguments_.resume_file);
      if (!token.ok()) return token.status();
      // Without a token it would begin with the next change, and what came since is never told.
      if (*token && (*token)->empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat(Shown(arguments_.resume_file),
                         ": is empty, so it does not say where to go on: take the list over anew "
                         "with `bouncectl export --resume-file`, or remove the file"));
      }
      request_.set_token(std::move(*token).value_or(""));
    }
    request_.set_from_start(arguments_.from_start && request_.token().empty());
    for (;;) {
      if (absl::Status status = Follow(); !status.ok()) return status;
      std::this_thread::sleep_for(pause_);
      pause_ = std::min(2 * pause_, kLongestReconnectPause);
    }
  }

 private:
  // One call. OK: the next goes on where it ended.
  absl::Status Follow() {
    grpc::ClientContext context;
    // At first a server that is not there is an error; later it is one that comes back.
    context.set_wait_for_ready(was_answered_);
    Watchdog watchdog(context, session_.client().patience());
    auto stream = stub_->WatchSuppressions(&context, request_);
    v1::WatchSuppressionsResponse response;
    auto read = [&] {
      Watchdog::Wait wait(watchdog);
      return stream->Read(&response);
    };
    while (read()) {
      if (absl::Status status = Take(response); !status.ok()) {
        context.TryCancel();
        return status;
      }
    }
    const grpc::Status status = stream->Finish();
    if (!was_answered_ || !GoesOn(status, watchdog)) {
      return session_.client().FromGrpc(status, watchdog);
    }
    if (!is_lost_) {
      const std::string why = Shown(status.error_message());
      session_.err().Text(absl::StrCat("bouncectl: lost ", session_.client().server(),
                                       ", waiting for it", why.empty() ? "" : ": ", why, "\n"));
      session_.err().Flush();
    }
    is_lost_ = true;
    return absl::OkStatus();
  }

  // The token is kept once the changes before it are printed.
  absl::Status Take(const v1::WatchSuppressionsResponse& response) {
    was_answered_ = true;
    is_lost_ = false;
    pause_ = kFirstReconnectPause;
    for (const v1::SuppressionChange& change : response.changes()) PrintChange(session_, change);
    if (response.changes_size() > 0) {
      if (absl::Status status = session_.out().Finish(); !status.ok()) return status;
    }
    request_.set_token(response.token());
    request_.set_from_start(false);
    if (arguments_.resume_file.empty()) return absl::OkStatus();
    return WriteResumeFile(arguments_.resume_file, response.token());
  }

  Session& session_;
  const WatchArguments& arguments_;
  const std::unique_ptr<v1::SuppressionService::Stub> stub_;
  v1::WatchSuppressionsRequest request_;
  std::chrono::milliseconds pause_ = kFirstReconnectPause;
  bool was_answered_ = false;  // ever
  bool is_lost_ = false;       // and that was said
};

}  // namespace

Action SetUpWatch(CLI::App& command) {
  auto arguments = std::make_shared<WatchArguments>();
  command.add_flag("--from-start", arguments->from_start,
                   "Begin with the oldest change that is kept (default: with the next one)");
  AddResumeFile(command, arguments->resume_file,
                "Keep in this file how far it has printed, and go on from there when it is there");
  command.footer(
      std::string(kChangeLineHelp) +
      "\nIt runs until it is interrupted, and waits for a server that is started again. What was\n"
      "printed is noted in --resume-file afterwards: after an interruption between the two, the\n"
      "last changes are printed once more. When the changes behind the file are no longer kept, "
      "take\n"
      "the list over anew with `export --resume-file`, and watch on from there.\n\n"
      "Exit codes: 2 usage, or the changes to go on with are no longer kept, 3 the server could "
      "not\n"
      "be reached at first, did not allow it, or failed");
  return [arguments](Session& session) -> absl::StatusOr<ExitCode> {
    return ChangePrinter(session, *arguments).Run();
  };
}

}  // namespace bounced::cli
