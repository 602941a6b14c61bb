// bouncectl incidents, resolve
#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "bounced/v1/report.grpc.pb.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

constexpr std::int32_t kIncidentPageRows = 1'000;
constexpr const char* kIncidentLineHelp =
    "Prints a line for each, with tabs between: number, kind, state, domain, how many addresses,\n"
    "reason, time of the first and of the last, what was said of one of them.";

void Print(const v1::Incident& incident, Session& session) {
  if (session.json()) return session.out().Json(incident);
  session.out().Line({absl::StrCat(incident.incident_id()), Word(incident.kind()),
                      Word(incident.state()), incident.domain(), absl::StrCat(incident.count()),
                      OrDash(incident.reason()), OrDash(FormatTime(incident.first_time())),
                      OrDash(FormatTime(incident.last_time())), OrDash(incident.sample())});
}

// Whether there was one.
absl::StatusOr<ExitCode> List(bool all, Session& session) {
  v1::ListIncidentsRequest request;
  request.set_tenant(session.tenant());
  if (!all) request.set_state(v1::INCIDENT_STATE_OPEN);
  request.set_page_size(kIncidentPageRows);
  auto stub = session.client().Stub<v1::ReportService>();
  bool found = false;
  do {
    v1::ListIncidentsResponse page;
    const absl::Status status = session.client().Unary(
        [&](grpc::ClientContext* context) { return stub->ListIncidents(context, request, &page); });
    if (!status.ok()) return status;
    for (const v1::Incident& incident : page.incidents()) {
      found = true;
      Print(incident, session);
    }
    session.out().Flush();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return found ? ExitCode::kFound : ExitCode::kDone;
}

struct ResolveArguments {
  std::int64_t incident_id = 0;
  bool confirm = false;
  bool release = false;
  std::string cause;
};

absl::StatusOr<ExitCode> Resolve(const ResolveArguments& arguments, Session& session) {
  v1::ResolveIncidentRequest request;
  request.set_tenant(session.tenant());
  request.set_incident_id(arguments.incident_id);
  request.set_resolution(arguments.confirm ? v1::ResolveIncidentRequest::RESOLUTION_CONFIRM
                                           : v1::ResolveIncidentRequest::RESOLUTION_RELEASE);
  request.set_cause(arguments.cause);
  request.set_author(session.author());
  auto stub = session.client().Stub<v1::ReportService>();
  v1::ResolveIncidentResponse response;
  const absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
    return stub->ResolveIncident(context, request, &response);
  });
  if (status.code() == absl::StatusCode::kNotFound ||
      status.code() == absl::StatusCode::kFailedPrecondition) {
    session.err().Text(
        absl::StrCat("bouncectl: incident ", arguments.incident_id, ": ", status.message(), "\n"));
    return ExitCode::kFound;
  }
  if (!status.ok()) return status;
  Print(response.incident(), session);
  return ExitCode::kDone;
}

}  // namespace

Action SetUpIncidents(CLI::App& command) {
  auto all = std::make_shared<bool>(false);
  command.add_flag("--all", *all, "Those that were resolved, too");
  command.footer(absl::StrCat(
      kIncidentLineHelp,
      "\n\nA quarantine holds the suppressions of many addresses of one domain that turned hard\n"
      "with one text within minutes; `list --incident N` shows them, `resolve` ends it.\n\n"
      "Exit codes: 0 there is none, 1 there are, 2 usage, 3 the server could not be reached,\n"
      "did not allow it, or failed"));
  return [all](Session& session) { return List(*all, session); };
}

Action SetUpResolve(CLI::App& command) {
  auto arguments = std::make_shared<ResolveArguments>();
  command.add_option("INCIDENT", arguments->incident_id, "Its number")
      ->required()
      ->type_name("")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  CLI::Option_group* what = command.add_option_group("What becomes of the addresses");
  what->add_flag("--confirm", arguments->confirm, "They are gone: suppress them");
  what->add_flag("--release", arguments->release, "The servers were wrong: take them off");
  what->require_option(1);
  command.add_option("--cause", arguments->cause, "Why, for the history")->type_name("TEXT");
  command.footer(
      "All of them at once. Exit codes: 0 done, 1 there is no such incident, or it has been\n"
      "resolved before, 2 usage, 3 the server could not be reached, did not allow it, or failed");
  return [arguments](Session& session) { return Resolve(*arguments, session); };
}

}  // namespace bounced::cli
