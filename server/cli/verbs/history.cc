// bouncectl history, undo
#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "server/cli/change_text.h"
#include "server/cli/json.h"
#include "server/cli/lists.h"
#include "server/cli/progress.h"
#include "server/cli/responses.h"
#include "server/cli/times.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

constexpr std::int64_t kHistoryPageRows = 1'000;
constexpr std::int64_t kMostId = std::numeric_limits<std::int64_t>::max();

// The times that both verbs narrow by.
void AddTo(CLI::App& command, Period& period) {
  command
      .add_option("--since", period.since,
                  "Only those made at this time or later: 2026-01-31, 2026-01-31T12:00:00Z, or "
                  "7d for the last seven days")
      ->type_name("TIME");
  command.add_option("--until", period.until, "Only those made before this time")
      ->type_name("TIME");
}

template <typename Request>
absl::Status SetTimes(const Period& period, const Session& session, Request& request) {
  return period.Set(session.now(), request, &Request::mutable_from, &Request::mutable_before);
}

struct HistoryArguments {
  std::string address;
  std::string author;
  std::string cause;
  Period period;
  std::int64_t batch = 0;
  std::int64_t limit = 0;
};

absl::StatusOr<ExitCode> History(const HistoryArguments& arguments, Session& session) {
  v1::ListChangesRequest request;
  request.set_tenant(session.tenant());
  request.set_address(arguments.address);
  request.set_author(arguments.author);
  request.set_cause(arguments.cause);
  request.set_batch(arguments.batch);
  if (absl::Status status = SetTimes(arguments.period, session, request); !status.ok())
    return status;
  auto stub = session.client().Stub<v1::SuppressionService>();
  const absl::Status status =
      ReadPages(session, *stub, &v1::SuppressionService::Stub::ListChanges, request,
                kHistoryPageRows, arguments.limit, [&](const v1::ListChangesResponse& page) {
                  for (const v1::SuppressionChange& change : page.changes())
                    PrintChange(session, change);
                  return page.changes_size();
                });
  if (!status.ok()) return status;
  return ExitCode::kDone;
}

struct UndoArguments {
  std::int64_t number = 0;
  std::int64_t batch = 0;
  std::string author;
  Period period;
  std::string cause;
  bool dry_run = false;
};

std::string OutcomeWord(v1::UndoneChange::Outcome outcome) {
  switch (outcome) {
    case v1::UndoneChange::OUTCOME_UNDONE:
      return "undone";
    case v1::UndoneChange::OUTCOME_OVERTAKEN:
      return "overtaken";
    case v1::UndoneChange::OUTCOME_UNDONE_BEFORE:
      return "undone_before";
    case v1::UndoneChange::OUTCOME_GONE:
      return "gone";
    default:
      return "-";
  }
}

// Whether it is an incident's confirmation, which an undo leaves, and no more than that.
bool IsConfirmation(const v1::SuppressionChange& change) {
  return change.action() == v1::SuppressionChange::ACTION_REPLACED &&
         change.before().incident_id() != 0 && change.suppression().incident_id() == 0;
}

absl::StatusOr<ExitCode> Undo(const UndoArguments& arguments, Session& session) {
  v1::UndoChangesRequest request;
  request.set_tenant(session.tenant());
  request.set_number(arguments.number);
  request.set_batch(arguments.batch);
  request.set_author(arguments.author);
  if (absl::Status status = SetTimes(arguments.period, session, request); !status.ok())
    return status;
  // What has no end ends now, so that it is said what is meant.
  if (!arguments.author.empty() && !request.has_before()) {
    *request.mutable_before() = ToTimestamp(session.now());
  }
  request.set_dry_run(arguments.dry_run);
  request.set_undo_author(session.author());
  request.set_undo_cause(arguments.cause);

  auto stub = session.client().Stub<v1::SuppressionService>();
  Progress progress(session.err(), session.clock());
  std::uint64_t undone = 0;
  std::uint64_t left = 0;
  std::uint64_t confirmed = 0;  // of these
  std::int64_t batch = 0;
  const auto take = [&](const v1::UndoChangesResponse& step) {
    for (const v1::UndoneChange& change : step.changes()) {
      ++(change.outcome() == v1::UndoneChange::OUTCOME_UNDONE ? undone : left);
      confirmed += change.outcome() == v1::UndoneChange::OUTCOME_OVERTAKEN &&
                   IsConfirmation(change.change());
      if (session.json()) {
        session.out().Json(change);
      } else {
        session.out().Text(
            absl::StrCat(OutcomeWord(change.outcome()), "\t", ChangeLine(change.change()), "\n"));
      }
    }
    batch = step.batch();
    progress.Show(undone + left, "changes");
    return absl::OkStatus();
  };
  const absl::Status status =
      ForEachResponse(session, *stub, &v1::SuppressionService::Stub::UndoChanges, request, take);
  progress.Clear();
  if (!status.ok()) {
    if (undone + left == 0) return status;
    return absl::Status(status.code(), absl::StrCat(status.message(), " (", Grouped(undone),
                                                    " were undone before that)"));
  }
  if (session.json()) {
    JsonWriter json;
    json.BeginObject().Key("dry_run").Bool(arguments.dry_run);
    json.Key("undone").Number(static_cast<std::int64_t>(undone));
    json.Key("left").Number(static_cast<std::int64_t>(left));
    if (batch != 0) json.Key("batch").Number(batch);
    session.out().Json(json.EndObject().text());
  }
  if (undone + left == 0) {
    session.err().Text("bouncectl: nothing was changed there: nothing is undone\n");
    return ExitCode::kFound;
  }
  std::string sum = absl::StrCat(Grouped(undone), arguments.dry_run ? " would be" : "", " undone, ",
                                 Grouped(left), " left as they are");
  if (batch != 0) absl::StrAppend(&sum, "; `bouncectl undo --batch ", batch, "` takes that back");
  session.err().Text(absl::StrCat("bouncectl: ", sum, "\n"));
  if (confirmed > 0) {
    session.err().Text(absl::StrCat("bouncectl: ", Grouped(confirmed),
                                    " of those left were put in force when their incident was "
                                    "confirmed, which stays so; `remove` takes them off\n"));
  }
  return left > 0 ? ExitCode::kFound : ExitCode::kDone;
}

}  // namespace

Action SetUpHistory(CLI::App& command) {
  auto arguments = std::make_shared<HistoryArguments>();
  command.add_option("ADDRESS", arguments->address, "Only of this address")->type_name("");
  command
      .add_option("--author", arguments->author,
                  "Only what this author did; `policy` is the daemon itself")
      ->type_name("NAME");
  command.add_option("--cause", arguments->cause, "Only with this cause")->type_name("TEXT");
  command.add_option("--batch", arguments->batch, "Only what one call did, as `import` names it")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, kMostId));
  AddTo(command, arguments->period);
  command.add_option("--limit", arguments->limit, "At most so many (default: all)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, kMostId));
  command.footer(std::string(kChangeLineHelp) +
                 " Newest first.\n\n"
                 "Exit codes: 0 done, also if there are none; 2 usage; 3 the server could not be "
                 "reached,\n"
                 "did not allow it, or failed");
  return [arguments](Session& session) { return History(*arguments, session); };
}

Action SetUpUndo(CLI::App& command) {
  auto arguments = std::make_shared<UndoArguments>();
  auto* number =
      command
          .add_option("CHANGE", arguments->number, "The number of a change, as `history` shows it")
          ->type_name("")
          ->check(CLI::Range(std::int64_t{1}, kMostId));
  auto* batch = command
                    .add_option("--batch", arguments->batch,
                                "All that one call did: an import as a whole, say")
                    ->type_name("N")
                    ->check(CLI::Range(std::int64_t{1}, kMostId));
  auto* author = command.add_option("--author", arguments->author, "All that this author did")
                     ->type_name("NAME");
  AddTo(command, arguments->period);
  command.get_option("--since")->needs(author);
  command.get_option("--until")->needs(author);
  author->needs(command.get_option("--since"));
  number->excludes(batch);
  number->excludes(author);
  batch->excludes(author);
  command.add_flag("--dry-run", arguments->dry_run, "Only say what would be done");
  command.add_option("--cause", arguments->cause, "Why, for the history")->type_name("TEXT");
  command.footer(
      "Puts back what stood before. Where something newer changed the same suppression, that "
      "stays,\n"
      "and so does what `resolve --confirm` put in force: its incident is resolved for good.\n"
      "Prints what became of each change (undone, overtaken, undone_before, gone), and the line "
      "of\n"
      "`history` behind it; with --json a last object has the sums, and the batch that takes it "
      "back. It is "
      "no release of an address, as `remove` is: what is counted about "
      "it\n"
      "stays.\n\n"
      "Exit codes: 0 done, 1 some were left as they are, or there is no such change, 2 usage, 3 "
      "the\n"
      "server could not be reached, did not allow it, or failed: it may be done again");
  return [arguments](Session& session) -> absl::StatusOr<ExitCode> {
    if (arguments->number == 0 && arguments->batch == 0 && arguments->author.empty()) {
      return absl::InvalidArgumentError(
          "nothing to undo is named: CHANGE, --batch N, or --author NAME --since TIME");
    }
    return Undo(*arguments, session);
  };
}

}  // namespace bounced::cli
