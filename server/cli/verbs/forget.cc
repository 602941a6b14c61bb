// bouncectl forget
#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "server/cli/json.h"
#include "server/cli/progress.h"
#include "server/cli/responses.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

struct ForgetArguments {
  std::string address;
  bool dry_run = false;
};

std::string Counted(std::int64_t count) { return Grouped(static_cast<std::uint64_t>(count)); }

std::string AsText(const v1::ForgetResponse& answer, bool dry_run) {
  std::string text;
  if (!answer.nothing_known()) {
    text =
        absl::StrCat(dry_run ? "would take" : "took", " the text out of ", Counted(answer.events()),
                     " events of the address and ", Counted(answer.mentions()), " other rows, and ",
                     dry_run ? "remove " : "removed ", Counted(answer.evidence()), " messages; ",
                     Counted(answer.suppressions()), " suppressions stay",
                     answer.was_forgotten() ? "; it had been forgotten before\n" : "\n");
  }
  for (const std::string& note : answer.notes()) absl::StrAppend(&text, "- ", Shown(note), "\n");
  return text;
}

absl::StatusOr<ExitCode> Forget(const ForgetArguments& arguments, Session& session) {
  v1::ForgetRequest request;
  request.set_tenant(session.tenant());
  request.set_address(arguments.address);
  request.set_dry_run(arguments.dry_run);
  request.set_author(session.author());
  auto stub = session.client().Stub<v1::SuppressionService>();
  Progress progress(session.err(), session.clock());
  v1::ForgetResponse answer;
  std::uint64_t steps = 0;
  const absl::Status status = ForEachResponse(session, *stub, &v1::SuppressionService::Stub::Forget,
                                              request, [&](const v1::ForgetResponse& step) {
                                                answer = step;
                                                progress.Show(++steps, "steps");
                                                return absl::OkStatus();
                                              });
  progress.Clear();
  if (!status.ok()) {
    return steps == 0 ? status
                      : absl::Status(status.code(),
                                     absl::StrCat(status.message(),
                                                  " (not all was forgotten: call it again)"));
  }
  if (session.json()) {
    session.out().Json(ToJson(answer, Unset::kPrinted));
  } else {
    session.out().Text(AsText(answer, arguments.dry_run));
  }
  const bool is_done = arguments.dry_run || answer.log_emptied();
  return is_done && !answer.nothing_known() ? ExitCode::kDone : ExitCode::kFound;
}

}  // namespace

Action SetUpForget(CLI::App& command) {
  auto arguments = std::make_shared<ForgetArguments>();
  command.add_option("ADDRESS", arguments->address, "The address")->required()->type_name("");
  command.add_flag("--dry-run", arguments->dry_run, "Only say what would be removed");
  command.footer(
      "The address stays suppressed, if it is, by a keyed hash. Its text goes: out of its events "
      "and\n"
      "what names it elsewhere, with the messages that say so. In its place stands\n"
      "HASH@forgotten.invalid, also in what comes later for it. It takes a key with the role "
      "admin.\n\n"
      "Exit codes: 0 done, 1 nothing is known of the address, or done but for the write-ahead log, "
      "which\n"
      "somebody was reading: call it again, 2 usage, 3 the server could not be reached, did not "
      "allow\n"
      "it, or failed");
  return [arguments](Session& session) { return Forget(*arguments, session); };
}

}  // namespace bounced::cli
