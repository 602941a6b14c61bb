// bouncectl incidents, resolve
#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bounced/v1/report.grpc.pb.h"
#include "server/cli/json.h"
#include "server/cli/lists.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

constexpr std::int64_t kIncidentPageRows = 1'000;
constexpr const char* kIncidentLineHelp =
    "Prints a line for each, with tabs between: number, kind, state, what it is about (a domain, "
    "a\n"
    "provider, a stream), how many, reason (of a rate: warning or critical), time of the first and "
    "of\n"
    "the last, what was said of one of them; then how many of how many when it was last above its\n"
    "threshold, our address or domain that is refused, the provider's code, and its page on that.";

// "25 of 400 in 1h"; where no deliveries are known, "25 in 1h".
std::string Share(const v1::Incident& incident) {
  if (incident.window_seconds() == 0) return "";
  std::string share = absl::StrCat(incident.window_count());
  if (incident.deliveries_known()) absl::StrAppend(&share, " of ", incident.window_total());
  return absl::StrCat(share, " in ", incident.window_seconds() / 3600, "h");
}

// What it is about.
std::string About(const v1::Incident& incident) {
  switch (incident.kind()) {
    case v1::INCIDENT_KIND_REFUSAL:
      return incident.provider();
    case v1::INCIDENT_KIND_BOUNCE_RATE:
    case v1::INCIDENT_KIND_COMPLAINT_RATE:
      return incident.stream();
    default:
      return incident.domain();
  }
}

void Print(const v1::Incident& incident, Session& session) {
  if (session.json()) return session.out().Json(incident);
  session.out().Line(
      {absl::StrCat(incident.incident_id()), Word(incident.kind()), Word(incident.state()),
       OrDash(About(incident)), absl::StrCat(incident.count()),
       OrDash(incident.reason().empty() ? Word(incident.severity()) : incident.reason()),
       OrDash(LineTime(incident.first_time())), OrDash(LineTime(incident.last_time())),
       OrDash(incident.sample()), OrDash(Share(incident)), OrDash(incident.sender()),
       OrDash(incident.provider_code()), OrDash(incident.provider_page())});
}

struct IncidentArguments {
  bool all = false;
  std::string kind;
  std::string provider;
  Period period;
};

// INVALID_ARGUMENT: not a kind, or a time.
absl::StatusOr<v1::ListIncidentsRequest> RequestOf(const IncidentArguments& arguments,
                                                   const Session& session) {
  v1::ListIncidentsRequest request;
  request.set_tenant(session.tenant());
  if (!arguments.all) request.set_state(v1::INCIDENT_STATE_OPEN);
  if (!arguments.kind.empty()) {
    const std::optional<v1::IncidentKind> kind = FromWord<v1::IncidentKind>(arguments.kind);
    if (!kind) {
      return absl::InvalidArgumentError(
          absl::StrCat("--kind: not one of ", absl::StrJoin(Words<v1::IncidentKind>(), ", ")));
    }
    request.set_kind(*kind);
  }
  request.set_provider(arguments.provider);
  absl::Status times =
      arguments.period.Set(session.now(), request, &v1::ListIncidentsRequest::mutable_active_from,
                           &v1::ListIncidentsRequest::mutable_active_before);
  if (!times.ok()) return times;
  return request;
}

// Whether there was one.
absl::StatusOr<ExitCode> List(const IncidentArguments& arguments, Session& session) {
  absl::StatusOr<v1::ListIncidentsRequest> request = RequestOf(arguments, session);
  if (!request.ok()) return request.status();
  auto stub = session.client().Stub<v1::ReportService>();
  bool found = false;
  const absl::Status status =
      ReadPages(session, *stub, &v1::ReportService::Stub::ListIncidents, *request,
                kIncidentPageRows, 0, [&](const v1::ListIncidentsResponse& page) {
                  for (const v1::Incident& incident : page.incidents()) Print(incident, session);
                  found = found || page.incidents_size() > 0;
                  return page.incidents_size();
                });
  if (!status.ok()) return status;
  return found ? ExitCode::kFound : ExitCode::kDone;
}

struct ResolveArguments {
  std::int64_t incident_id = 0;
  bool confirm = false;
  bool release = false;
  bool close = false;
  bool acknowledge = false;
  std::string cause;
};

v1::ResolveIncidentRequest::Resolution ResolutionOf(const ResolveArguments& arguments) {
  if (arguments.confirm) return v1::ResolveIncidentRequest::RESOLUTION_CONFIRM;
  if (arguments.release) return v1::ResolveIncidentRequest::RESOLUTION_RELEASE;
  if (arguments.close) return v1::ResolveIncidentRequest::RESOLUTION_CLOSE;
  return v1::ResolveIncidentRequest::RESOLUTION_ACKNOWLEDGE;
}

// A confirmation cannot be taken back so: what was held stays in force.
void TellBatch(const v1::ResolveIncidentResponse& response, Session& session) {
  if (response.batch() == 0) return;
  if (session.json()) {
    JsonWriter json;
    session.out().Json(json.BeginObject().Key("batch").Number(response.batch()).EndObject().text());
    return;
  }
  const bool is_release = response.incident().state() == v1::INCIDENT_STATE_RELEASED;
  session.err().Text(absl::StrCat("bouncectl: `bouncectl ", is_release ? "undo" : "history",
                                  " --batch ", response.batch(),
                                  is_release ? "` takes this back\n" : "` shows whom\n"));
}

absl::StatusOr<ExitCode> Resolve(const ResolveArguments& arguments, Session& session) {
  v1::ResolveIncidentRequest request;
  request.set_tenant(session.tenant());
  request.set_incident_id(arguments.incident_id);
  request.set_resolution(ResolutionOf(arguments));
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
  TellBatch(response, session);
  return ExitCode::kDone;
}

}  // namespace

Action SetUpIncidents(CLI::App& command) {
  auto arguments = std::make_shared<IncidentArguments>();
  command.add_flag("--all", arguments->all, "Those that are over, too");
  command
      .add_option("--kind", arguments->kind,
                  "Only these: quarantine, refusal, bounce_rate or complaint_rate")
      ->type_name("KIND");
  command
      .add_option("--provider", arguments->provider, "Only refusals by this provider, as google")
      ->type_name("NAME");
  command
      .add_option("--since", arguments->period.since,
                  "Only those that went on then, or began later")
      ->type_name("TIME");
  command.add_option("--until", arguments->period.until, "Only those that began before")
      ->type_name("TIME");
  command.footer(absl::StrCat(
      kIncidentLineHelp,
      "\n\nA quarantine holds the suppressions of many addresses of one domain that turned hard\n"
      "with one text within minutes, and counts all that bounced so; `list --incident N` shows "
      "those\n"
      "that it holds still, without whom somebody took off since, and `resolve` ends it. A refusal "
      "is\n"
      "a provider's, for the sender's or the content's sake. Rates are of hard bounces and "
      "complaints\n"
      "in the mail of a stream whose deliveries are known (`ingest --postfix-log`); without those\n"
      "there are none. Refusals and rates suppress nobody, and end by themselves.\n\n"
      "Exit codes: 0 there is none, 1 there are, 2 usage, 3 the server could not be reached,\n"
      "did not allow it, or failed"));
  return [arguments](Session& session) { return List(*arguments, session); };
}

Action SetUpResolve(CLI::App& command) {
  auto arguments = std::make_shared<ResolveArguments>();
  command.add_option("INCIDENT", arguments->incident_id, "Its number")
      ->required()
      ->type_name("")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  CLI::Option_group* what = command.add_option_group("What becomes of it");
  what->add_flag("--confirm", arguments->confirm,
                 "Of a quarantine: the addresses are gone, suppress them");
  what->add_flag("--release", arguments->release,
                 "Of a quarantine: the servers were wrong, take them off");
  what->add_flag("--close", arguments->close, "Of any other: it is over; count anew from now on");
  what->add_flag("--acknowledge", arguments->acknowledge,
                 "Of any other: it was seen, and stays open until it is over");
  what->require_option(1);
  command.add_option("--cause", arguments->cause, "Why, for the history")->type_name("TEXT");
  command.footer(
      "All addresses of a quarantine at once, as one batch: `undo --batch` takes a release back, "
      "and\n"
      "then all of them are suppressed. With --json a second object has the batch.\n\n"
      "Exit codes: 0 done, 1 there is no such incident, it has been resolved before, or that is "
      "not\n"
      "said of its kind, 2 usage, 3 the server could not be reached, did not allow it, or failed");
  return [arguments](Session& session) { return Resolve(*arguments, session); };
}

}  // namespace bounced::cli
