// bouncectl events, evidence
#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bounced/v1/bounce.grpc.pb.h"
#include "server/cli/event_text.h"
#include "server/cli/lists.h"
#include "server/cli/responses.h"
#include "server/cli/verb.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

constexpr std::int64_t kEventPageRows = 100;

struct EventsArguments {
  std::string address;
  std::string kind;
  std::string reason;
  Period period;
  std::int64_t message = 0;
  std::int64_t id = 0;
  std::int64_t limit = 0;
};

absl::StatusOr<v1::ListEventsRequest> ToRequest(const EventsArguments& arguments,
                                                const Session& session) {
  v1::ListEventsRequest request;
  request.set_tenant(session.tenant());
  request.set_address(arguments.address);
  request.set_reason(arguments.reason);
  request.set_message_id(arguments.message);
  if (!arguments.kind.empty()) {
    std::optional<v1::Kind> kind = FromWord<v1::Kind>(arguments.kind);
    if (!kind) {
      return absl::InvalidArgumentError(absl::StrCat("no kind is called ", Shown(arguments.kind),
                                                     ": ", absl::StrJoin(Words<v1::Kind>(), ", ")));
    }
    request.set_kind(*kind);
  }
  absl::Status times =
      arguments.period.Set(session.now(), request, &v1::ListEventsRequest::mutable_received_from,
                           &v1::ListEventsRequest::mutable_received_before);
  if (!times.ok()) return times;
  return request;
}

absl::StatusOr<ExitCode> ListEvents(const EventsArguments& arguments, Session& session) {
  absl::StatusOr<v1::ListEventsRequest> request = ToRequest(arguments, session);
  if (!request.ok()) return request.status();
  auto stub = session.client().Stub<v1::BounceService>();
  const absl::Status status =
      ReadPages(session, *stub, &v1::BounceService::Stub::ListEvents, *request, kEventPageRows,
                arguments.limit, [&](const v1::ListEventsResponse& page) {
                  for (const v1::Event& event : page.events()) PrintEvent(session, event);
                  return page.events_size();
                });
  if (!status.ok()) return status;
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> ShowEvent(std::int64_t id, Session& session) {
  v1::GetEventRequest request;
  request.set_tenant(session.tenant());
  request.set_event_id(id);
  v1::GetEventResponse response;
  auto stub = session.client().Stub<v1::BounceService>();
  absl::Status status = session.client().Unary(
      [&](grpc::ClientContext* context) { return stub->GetEvent(context, request, &response); });
  if (!status.ok()) return status;
  const v1::Event& event = response.event();
  if (session.json()) {
    session.out().Json(event);
  } else {
    session.out().Text(absl::StrCat("Event ", event.id(), " of message ", event.message_id(),
                                    event.address().empty() ? "" : ", about ",
                                    Shown(event.address()), "\n", EventText(event, "  ")));
  }
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> Evidence(std::int64_t id, Session& session) {
  v1::GetEvidenceRequest request;
  request.set_tenant(session.tenant());
  request.set_event_id(id);
  auto stub = session.client().Stub<v1::BounceService>();
  const absl::Status status =
      ForEachResponse(session, *stub, &v1::BounceService::Stub::GetEvidence, request,
                      [&](const v1::GetEvidenceResponse& response) {
                        return session.out().Raw().Write(response.chunk());
                      });
  if (!status.ok()) return status;
  return ExitCode::kDone;
}

constexpr std::int64_t kMostId = std::numeric_limits<std::int64_t>::max();

}  // namespace

Action SetUpEvents(CLI::App& command) {
  auto arguments = std::make_shared<EventsArguments>();
  command.add_option("ADDRESS", arguments->address, "Only those about this address")->type_name("");
  command
      .add_option("--kind", arguments->kind,
                  "Only of this kind: " + absl::StrJoin(Words<v1::Kind>(), "|"))
      ->type_name("WORD");
  command.add_option("--reason", arguments->reason, "Only with this reason")->type_name("WORD");
  command
      .add_option("--since", arguments->period.since,
                  "Only those received at this time or later: 2026-01-31, 2026-01-31T12:00:00Z, or "
                  "7d for the last seven days")
      ->type_name("TIME");
  command.add_option("--until", arguments->period.until, "Only those received before this time")
      ->type_name("TIME");
  command
      .add_option("--message", arguments->message,
                  "Only of this message, as the reply to DATA names it")
      ->type_name("ID")
      ->check(CLI::Range(std::int64_t{1}, kMostId));
  command.add_option("--id", arguments->id, "All that is known of this one event")
      ->type_name("ID")
      ->check(CLI::Range(std::int64_t{1}, kMostId));
  command.add_option("--limit", arguments->limit, "At most so many (default: all)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, kMostId));
  command.footer(
      "Prints a line for each, with tabs between: id, time received, kind, class, reason, "
      "address,\n"
      "status, what it did, diagnostic; - stands for none.\n\n"
      "Exit codes: 0 done, also if there are none; 1 there is no event of --id; 2 usage;\n"
      "3 the server could not be reached, did not allow it, or failed");
  return [arguments](Session& session) {
    return arguments->id != 0 ? ShowEvent(arguments->id, session) : ListEvents(*arguments, session);
  };
}

Action SetUpEvidence(CLI::App& command) {
  auto id = std::make_shared<std::int64_t>(0);
  command.add_option("EVENT", *id, "The number of the event, as `events` shows it")
      ->required()
      ->type_name("")
      ->check(CLI::Range(std::int64_t{1}, kMostId));
  command.footer(
      "Writes the message as it came, octet for octet; to a terminal with its controls escaped.\n"
      "--json changes nothing here.\n\n"
      "Exit codes: 0 done, 1 there is no such event, or no message is kept of it, 2 usage, 3 the\n"
      "server could not be reached, did not allow it, or failed");
  return [id](Session& session) { return Evidence(*id, session); };
}

}  // namespace bounced::cli
