// bouncectl reclassify
#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "bounced/v1/bounce.grpc.pb.h"
#include "server/cli/interruption.h"
#include "server/cli/json.h"
#include "server/cli/lists.h"
#include "server/cli/progress.h"
#include "server/cli/responses.h"
#include "server/cli/resume_file.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

struct ReclassifyArguments {
  std::string domain;
  Period period;
  std::string rule;
  std::string reason;
  std::string cause;
  std::string resume;
  std::string resume_file;
  bool apply = false;
};

std::string OutcomeWord(v1::ReclassifiedAddress::Outcome outcome) {
  switch (outcome) {
    case v1::ReclassifiedAddress::OUTCOME_ADDED:
      return "added";
    case v1::ReclassifiedAddress::OUTCOME_RELEASED:
      return "released";
    case v1::ReclassifiedAddress::OUTCOME_CHANGED:
      return "changed";
    case v1::ReclassifiedAddress::OUTCOME_NOTED:
      return "noted";
    default:
      return "-";
  }
}

// Of a call, which may be the rest of a run.
struct Counted {
  v1::ReclassifyProgress sum;
  std::int64_t batch = 0;
  bool is_rest = false;
};

// "no_such_user (hard), until it is taken off"
std::string StateText(const v1::SuppressionState& state) {
  std::string text = absl::StrCat(Shown(state.reason()), " (", Word(state.bounce_class()), ")");
  if (state.source() != "bounce") absl::StrAppend(&text, ", from ", Shown(state.source()));
  if (!state.stream().empty()) absl::StrAppend(&text, ", stream ", Shown(state.stream()));
  if (state.held()) text += ", held by an incident";
  absl::StrAppend(&text, ", ",
                  state.has_expire_time() ? absl::StrCat("until ", ShownTime(state.expire_time()))
                                          : "until it is taken off");
  return text;
}

// "no_such_user (hard) by rule no-such-user \"user unknown\", policy hard_certain"
std::string ReadingText(const v1::EventReading& reading) {
  std::string text = absl::StrCat(Shown(reading.reason()), " (", Word(reading.bounce_class()),
                                  ") by rule ", Shown(reading.rule()));
  if (!reading.matched_text().empty()) {
    absl::StrAppend(&text, " \"", Shown(reading.matched_text()), "\"");
  }
  return absl::StrCat(text, ", policy ", Shown(reading.policy_line()));
}

std::string AsText(const v1::ReclassifiedAddress& address) {
  std::string text =
      absl::StrCat(OutcomeWord(address.outcome()), "\t", Shown(address.address()), "\n");
  for (const v1::ReclassifiedSuppression& each : address.suppressions()) {
    absl::StrAppend(
        &text, "  was: ", each.has_before() ? StateText(each.before()) : "not suppressed",
        "\n  is:  ", each.has_after() ? StateText(each.after()) : "not suppressed", "\n");
  }
  for (const v1::ReclassifiedEvent& event : address.events()) {
    absl::StrAppend(&text, "  event ", event.event_id(), " of ", ShownTime(event.receive_time()),
                    "\n    was: ", ReadingText(event.before()),
                    "\n    is:  ", ReadingText(event.after()), "\n");
  }
  const int more = address.event_count() - address.events_size();
  if (more > 0) absl::StrAppend(&text, "  and ", more, " more events\n");
  return text;
}

std::string SumText(const v1::ReclassifyProgress& progress, bool apply) {
  const auto count = [](std::int64_t number) {
    return Grouped(static_cast<std::uint64_t>(number));
  };
  std::string text = absl::StrCat(
      count(progress.addresses()), " addresses, ", count(progress.events()), " events; ",
      count(progress.reclassified()), apply ? "" : " would be", " taken for something else, ",
      count(progress.not_readable()), " not readable again; ", count(progress.added()), " added, ",
      count(progress.released()), " released, ", count(progress.changed()), " changed, ",
      count(progress.noted()), " noted");
  if (progress.too_large() > 0) {
    absl::StrAppend(&text, "; ", count(progress.too_large()),
                    " left, as too much is stored of them");
  }
  if (progress.forgotten() > 0) {
    absl::StrAppend(&text, "; ", count(progress.forgotten()), " left, as they were forgotten");
  }
  return text;
}

std::string CountedText(const Counted& counted, bool apply) {
  std::string text = counted.is_rest ? "since it went on: " : "";
  text += SumText(counted.sum, apply);
  if (counted.batch == 0) return text;
  if (counted.is_rest) {
    absl::StrAppend(&text, "; `bouncectl history --batch ", counted.batch,
                    "` shows the changes of the whole run");
  }
  absl::StrAppend(&text, "; `bouncectl undo --batch ", counted.batch, "` takes ",
                  counted.is_rest ? "them" : "that", " back");
  return text;
}

absl::StatusOr<v1::ReclassifyRequest> RequestOf(const ReclassifyArguments& arguments,
                                                const Session& session) {
  v1::ReclassifyRequest request;
  request.set_tenant(session.tenant());
  request.set_domain(arguments.domain);
  request.set_rule(arguments.rule);
  request.set_reason(arguments.reason);
  request.set_apply(arguments.apply);
  request.set_author(session.author());
  request.set_cause(arguments.cause);
  request.set_resume_token(arguments.resume);
  absl::Status times =
      arguments.period.Set(session.now(), request, &v1::ReclassifyRequest::mutable_received_from,
                           &v1::ReclassifyRequest::mutable_received_before);
  if (!times.ok()) return times;
  if (!arguments.resume_file.empty()) {
    absl::StatusOr<std::optional<std::string>> token = ReadResumeFile(arguments.resume_file);
    if (!token.ok()) return token.status();
    request.set_resume_token(std::move(*token).value_or(""));  // of a run that was done: empty
  }
  return request;
}

absl::StatusOr<ExitCode> Reclassify(const ReclassifyArguments& arguments, Session& session) {
  absl::StatusOr<v1::ReclassifyRequest> request = RequestOf(arguments, session);
  if (!request.ok()) return request.status();
  auto stub = session.client().Stub<v1::BounceService>();
  Progress progress(session.err(), session.clock());
  Counted counted{.sum = {}, .is_rest = !request->resume_token().empty()};
  std::string token;
  absl::Status kept;
  const Interruption interruption(session.in());
  const auto take = [&](const v1::ReclassifyResponse& step) {
    for (const v1::ReclassifiedAddress& address : step.addresses()) {
      if (session.json()) {
        session.out().Json(address);
      } else {
        session.out().Text(AsText(address));
      }
    }
    counted.sum = step.progress();
    counted.batch = step.batch();
    token = step.resume_token();
    progress.Show(static_cast<std::uint64_t>(counted.sum.addresses()), "addresses");
    if (!arguments.resume_file.empty()) {
      // What the token stands behind is printed before it is noted.
      if (step.addresses_size() > 0) kept = session.out().Finish();
      if (kept.ok()) kept = WriteResumeFile(arguments.resume_file, token);
    }
    if (!kept.ok()) return kept;
    // Where that was the last step, it is done.
    return interruption.asked() && !token.empty() ? absl::CancelledError("interrupted") : kept;
  };
  const absl::Status status =
      ForEachResponse(session, *stub, &v1::BounceService::Stub::Reclassify, *request, take);
  progress.Clear();
  if (!kept.ok()) return kept;
  if (!status.ok()) {
    if (token.empty()) return status;
    const absl::Status cut(
        status.code(),
        absl::StrCat(status.message(), counted.is_rest ? " (" : " (after ",
                     CountedText(counted, arguments.apply), "; `bouncectl reclassify",
                     arguments.apply ? " --apply" : "", " --resume ", token, "` goes on)"));
    if (!interruption.asked()) return cut;
    session.err().Text(absl::StrCat("bouncectl: ", cut.message(), "\n"));
    session.out().Flush();
    session.err().Flush();
    Interruption::EndProgram();
  }
  session.err().Text(absl::StrCat("bouncectl: ", CountedText(counted, arguments.apply), "\n"));
  const v1::ReclassifyProgress& sum = counted.sum;
  const bool differs = sum.added() + sum.released() + sum.changed() + sum.noted() > 0;
  return differs && !arguments.apply ? ExitCode::kFound : ExitCode::kDone;
}

}  // namespace

Action SetUpReclassify(CLI::App& command) {
  auto arguments = std::make_shared<ReclassifyArguments>();
  command.add_flag("--apply", arguments->apply,
                   "Change what is stored (default: only say what would change)");
  command.add_option("--domain", arguments->domain, "Only addresses of this domain")
      ->type_name("NAME");
  command
      .add_option("--since", arguments->period.since,
                  "Only events received at this time or later: 2026-01-31, 2026-01-31T12:00:00Z, "
                  "or 7d for the last seven days")
      ->type_name("TIME");
  command.add_option("--until", arguments->period.until, "Only events received before this time")
      ->type_name("TIME");
  command.add_option("--rule", arguments->rule, "Only events that this rule had decided")
      ->type_name("ID");
  command.add_option("--reason", arguments->reason, "Only events with this reason")
      ->type_name("REASON");
  command.add_option("--cause", arguments->cause, "Why, for the history")->type_name("TEXT");
  auto* resume = command
                     .add_option("--resume", arguments->resume,
                                 "Go on where a run was cut, by the token that it told")
                     ->type_name("TOKEN");
  AddResumeFile(command, arguments->resume_file,
                "Keep in this file how far it is, and go on from there when it is there")
      ->excludes(resume);
  command.footer(
      "Runs the rules and policies that the server has now over what it has stored, in the order\n"
      "in which it came, so that each address stands as if they had been so from the first. What\n"
      "people did holds. Prints each address of which something changes: added, released, changed\n"
      "(another reason, class or end) or noted (nothing about its suppression), what its\n"
      "suppression and its events were, and what they are. --apply wants the role admin, and all\n"
      "that it changes is one batch for `undo`. A run that goes on counts from there.\n\n"
      "Exit codes: 0 done; 1 without --apply, something would change; 2 usage; 3 the server could\n"
      "not be reached, did not allow it, or failed: what was done is done, and --resume goes on");
  return [arguments](Session& session) { return Reclassify(*arguments, session); };
}

}  // namespace bounced::cli
