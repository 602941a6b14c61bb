// bouncectl explain
#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "server/cli/event_text.h"
#include "server/cli/json.h"
#include "server/cli/suppression_text.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

std::string VerdictText(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_SEND:
      return "may be mailed (send)";
    case v1::VERDICT_SUPPRESSED:
      return "must not be mailed (suppressed)";
    case v1::VERDICT_RISKY:
      return "may be mailed, but may soon be suppressed (risky)";
    case v1::VERDICT_INVALID:
      return "is no address (invalid)";
    default:
      return "has a verdict that this bouncectl does not know";
  }
}

std::string SuppressionLine(const v1::Suppression& suppression) {
  const std::int64_t incident = suppression.incident_id();
  return absl::StrCat(ReasonText(suppression), ", from ", Word(suppression.source()), ", ",
                      StreamText(suppression), ", since ", ShownTime(suppression.create_time()),
                      " UTC, ", EndText(suppression),
                      incident == 0 ? "" : absl::StrCat(", held by incident ", incident));
}

// The event that the verdict rests on; nullptr: there is none, or it is not among the newest.
const v1::Event* DecidingEvent(const v1::ExplainResponse& answer) {
  for (const v1::Event& event : answer.events()) {
    if (answer.has_suppression() && event.id() == answer.suppression().event_id()) return &event;
  }
  return nullptr;
}

std::string CountsText(const v1::ExplainResponse& answer) {
  std::string text;
  for (const v1::Count& count : answer.counts()) {
    absl::StrAppend(&text, "  ", Shown(count.name()), ": ", count.value());
    if (count.threshold() > 0) absl::StrAppend(&text, " of ", count.threshold());
    if (count.window_days() > 0) absl::StrAppend(&text, " within ", count.window_days(), " days");
    if (count.days_size() > 0) {
      absl::StrAppend(&text, " (mail of ", Shown(absl::StrJoin(count.days(), ", ")), ")");
    }
    if (!count.until().empty()) absl::StrAppend(&text, ", until ", Shown(count.until()));
    text += '\n';
  }
  return text;
}

std::string OutlookText(const v1::ExplainResponse& answer) {
  std::string text;
  for (const std::string& sentence : answer.outlook()) {
    absl::StrAppend(&text, "  - ", Shown(sentence), "\n");
  }
  return text;
}

std::string PlainText(const v1::ExplainResponse& answer) {
  std::string text;
  for (const std::string& sentence : answer.plain()) {
    absl::StrAppend(&text, "  ", Shown(sentence), "\n");
  }
  return text;
}

// Where in the code it was decided, or by whom.
std::string DecidedText(const v1::ExplainResponse& answer) {
  std::string text;
  if (!answer.policy_line().empty()) {
    absl::StrAppend(&text, "  policy line ", Shown(answer.policy_line()), "\n");
  }
  if (!answer.author().empty()) {
    absl::StrAppend(&text, "  by ", Shown(answer.author()));
    if (!answer.cause().empty()) absl::StrAppend(&text, ": ", Shown(answer.cause()));
    text += '\n';
  }
  return text;
}

std::string AllowancesText(const v1::ExplainResponse& answer) {
  std::string text;
  for (const v1::Allowance& allowance : answer.allowances()) {
    absl::StrAppend(&text, "  ", Shown(allowance.address()),
                    allowance.tenant() == "*" ? " for all tenants" : "", ", since ",
                    ShownTime(allowance.create_time()), " UTC, by ", Shown(allowance.author()));
    if (!allowance.note().empty()) absl::StrAppend(&text, ": ", Shown(allowance.note()));
    text += '\n';
  }
  return text;
}

std::string IncidentsText(const v1::ExplainResponse& answer) {
  std::string text;
  for (const v1::Incident& incident : answer.incidents()) {
    absl::StrAppend(&text, "  incident ", incident.incident_id(), " of ", Shown(incident.domain()),
                    ", since ", ShownTime(incident.first_time()), " UTC, ", incident.count(),
                    " bounced so: \"", Shown(incident.sample()), "\"\n");
  }
  return text;
}

std::string NotesText(const v1::ExplainResponse& answer) {
  std::string text;
  for (const std::string& sentence : answer.notes()) {
    absl::StrAppend(&text, "  - ", Shown(sentence), "\n");
  }
  return text;
}

std::string SuppressionsText(const v1::ExplainResponse& answer) {
  std::string text;
  for (const v1::Suppression& suppression : answer.suppressions()) {
    absl::StrAppend(&text, "  ", SuppressionLine(suppression), "\n");
    if (!suppression.explanation().empty()) {
      absl::StrAppend(&text, "    ", Shown(suppression.explanation()), "\n");
    }
  }
  return text;
}

std::string ChangesText(const v1::ExplainResponse& answer) {
  std::string text;
  for (const v1::SuppressionChange& change : answer.changes()) {
    absl::StrAppend(&text, "  ", ShownTime(change.time()), "  ", Word(change.action()), " by ",
                    Shown(change.author()));
    if (!change.cause().empty()) absl::StrAppend(&text, " (", Shown(change.cause()), ")");
    absl::StrAppend(&text, ": ", ReasonText(change.suppression()), ", ",
                    StreamText(change.suppression()), ", ", EndText(change.suppression()), "\n");
  }
  return text;
}

std::string EventsText(const v1::ExplainResponse& answer) {
  std::string text;
  for (const v1::Event& event : answer.events()) {
    absl::StrAppend(&text, "  ", ShownTime(event.receive_time()), "  event ", event.id(), ": ",
                    Word(event.kind()), ", ", Shown(event.reason()), " (",
                    Word(event.bounce_class()), ") by rule ", OrDash(Shown(event.rule())),
                    ", trust ", Word(event.trust()), ", effect: ", Word(event.effect()),
                    WasSuppressed(event) ? ", already suppressed or held" : "");
    if (!event.policy_rule().empty()) {
      absl::StrAppend(&text, " (", Shown(event.policy_rule()), ")");
    }
    if (const std::string use = UseText(event); !use.empty()) absl::StrAppend(&text, ", ", use);
    text += '\n';
  }
  return text;
}

std::string Section(const char* title, const std::string& body) {
  return body.empty() ? "" : absl::StrCat("\n", title, "\n", body);
}

std::string AsText(const std::string& address, const v1::ExplainResponse& answer) {
  std::string text = absl::StrCat(Shown(address), " ", VerdictText(answer.verdict()), "\n");
  if (!answer.summary().empty()) absl::StrAppend(&text, Shown(answer.summary()), "\n");
  text += Section("In plain words:", PlainText(answer));
  text += Section("Decided:", DecidedText(answer));
  std::string decided;
  if (answer.has_suppression()) {
    absl::StrAppend(&decided, "  ", SuppressionLine(answer.suppression()), "\n");
  }
  text += Section("What stops it:", decided);
  if (const v1::Event* event = DecidingEvent(answer)) {
    text += Section(absl::StrCat("Because of event ", event->id(), ":").c_str(),
                    EventText(*event, "  "));
  }
  text += Section("What would change that:", OutlookText(answer));
  text += Section("What has been counted:", CountsText(answer));
  text += Section("What no bounce suppresses:", AllowancesText(answer));
  text += Section("Incidents that hold it:", IncidentsText(answer));
  text += Section("What is no longer kept:", NotesText(answer));
  text += Section("All suppressions of this address:", SuppressionsText(answer));
  text += Section("Changes, newest first:", ChangesText(answer));
  text += Section("Events, newest first:", EventsText(answer));
  return text;
}

absl::StatusOr<ExitCode> Explain(const std::string& address, Session& session) {
  v1::ExplainRequest request;
  request.set_tenant(session.tenant());
  request.set_stream(session.stream());
  request.set_address(address);
  v1::ExplainResponse answer;
  auto stub = session.client().Stub<v1::SuppressionService>();
  absl::Status status = session.client().Unary(
      [&](grpc::ClientContext* context) { return stub->Explain(context, request, &answer); });
  if (!status.ok()) return status;
  if (session.json()) {
    JsonWriter json;
    json.BeginObject().Key("address").String(address).Merge(ToJson(answer)).EndObject();
    session.out().Json(json.text());
  } else {
    session.out().Text(AsText(address, answer));
  }
  const bool may_be_mailed =
      answer.verdict() == v1::VERDICT_SEND || answer.verdict() == v1::VERDICT_RISKY;
  return may_be_mailed ? ExitCode::kDone : ExitCode::kFound;
}

}  // namespace

Action SetUpExplain(CLI::App& command) {
  auto address = std::make_shared<std::string>();
  command.add_option("ADDRESS", *address, "The address")->required()->type_name("");
  command.footer(
      "Shows the verdict, the event and the rule that it rests on, what would change it and when,\n"
      "what has been counted beside the thresholds, and the history. Times are UTC.\n\n"
      "Exit codes: 0 it may be mailed, 1 it is suppressed or invalid, 2 usage, 3 the server could "
      "not\n"
      "be reached, did not allow it, or failed");
  return [address](Session& session) { return Explain(*address, session); };
}

}  // namespace bounced::cli
