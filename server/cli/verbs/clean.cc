// bouncectl clean
#include "server/cli/clean.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/cli/json.h"
#include "server/cli/progress.h"
#include "server/cli/table_arguments.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

struct CleanArguments {
  std::string file = "-";
  TableArguments table;
  std::string output = "-";
  std::string rejects;  // empty: nowhere
  bool drop_risky = false;
  bool reasons = false;
};

// Files that a run makes; they appear when all has gone well.
struct Files {
  std::unique_ptr<OutputFile> output;
  std::unique_ptr<OutputFile> rejects;
};

absl::StatusOr<Files> CreateFiles(const CleanArguments& arguments) {
  Files files;
  for (const auto& [path, file] : {std::pair(&arguments.output, &files.output),
                                   std::pair(&arguments.rejects, &files.rejects)}) {
    if (path->empty()) continue;
    absl::StatusOr<std::unique_ptr<OutputFile>> created = OutputFile::CreateUnlessOutput(*path);
    if (!created.ok()) return created.status();
    *file = *std::move(created);
  }
  return files;
}

absl::Status Commit(const Files& files) {
  for (const auto* file : {&files.rejects, &files.output}) {
    if (*file == nullptr) continue;
    if (absl::Status status = (*file)->Commit(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string CountsAsJson(const CleanCounts& counts) {
  JsonWriter json;
  json.BeginObject();
  const std::pair<std::string_view, std::uint64_t> fields[] = {
      {"rows", counts.rows},       {"kept", counts.kept},   {"suppressed", counts.suppressed},
      {"invalid", counts.invalid}, {"empty", counts.empty}, {"risky", counts.risky},
  };
  for (const auto& [name, count] : fields) {
    json.Key(name).Number(static_cast<std::int64_t>(count));
  }
  return json.EndObject().text();
}

std::string CountsAsText(const CleanCounts& counts, bool drop_risky) {
  return absl::StrCat(Grouped(counts.rows), " rows: ", Grouped(counts.kept), " kept, ",
                      Grouped(counts.rows - counts.kept), " rejected (", Grouped(counts.suppressed),
                      " suppressed, ", Grouped(counts.invalid), " invalid, ", Grouped(counts.empty),
                      " empty); ", Grouped(counts.risky),
                      drop_risky ? " risky rejected\n" : " risky kept\n");
}

// The error, and what has become of the rows.
absl::Status WithRows(const absl::Status& status, const CleanCounts& counts,
                      const CleanArguments& arguments) {
  if (counts.rows == 0 && status.code() == absl::StatusCode::kInvalidArgument) return status;
  const std::string rows =
      arguments.output == "-"
          ? absl::StrCat(Grouped(counts.rows), " rows had been sorted and ", Grouped(counts.kept),
                         " of them written before that")
          : absl::StrCat("nothing was written to ", Shown(arguments.output), "; ",
                         Grouped(counts.rows), " rows had been sorted before that");
  return absl::Status(status.code(), absl::StrCat(status.message(), " (", rows, ")"));
}

absl::StatusOr<ExitCode> RunClean(const CleanArguments& arguments, Session& session) {
  absl::StatusOr<TableOptions> table = arguments.table.ToOptions();
  if (!table.ok()) return table.status();
  std::unique_ptr<Source> file;
  if (arguments.file != "-") {
    absl::StatusOr<std::unique_ptr<Source>> opened = OpenSource(arguments.file);
    if (!opened.ok()) return opened.status();
    file = *std::move(opened);
  }
  absl::StatusOr<Files> files = CreateFiles(arguments);
  if (!files.ok()) return files.status();

  const CleanOptions options{.tenant = session.tenant(),
                             .stream = session.stream(),
                             .table = *table,
                             .drop_risky = arguments.drop_risky,
                             .reasons = arguments.reasons,
                             .limits = {}};
  Sink& out = session.out().Raw();
  const CleanSinks sinks{files->output ? files->output->sink() : out,
                         files->rejects             ? &files->rejects->sink()
                         : arguments.rejects == "-" ? &out
                                                    : nullptr};
  CleanCounts counts;
  Progress progress(session.err(), session.clock());
  absl::Status status =
      Clean(session.client(), options, file ? *file : session.in(), sinks, counts,
            [&](const CleanCounts& so_far) { progress.Show(so_far.rows, "rows"); });
  progress.Clear();
  if (status.ok()) status = session.out().Finish();
  if (status.ok()) status = Commit(*files);
  if (!status.ok()) return WithRows(status, counts, arguments);
  if (session.json()) {
    session.err().Json(CountsAsJson(counts));
  } else {
    session.err().Text(CountsAsText(counts, arguments.drop_risky));
  }
  return ExitCode::kDone;
}

}  // namespace

Action SetUpClean(CLI::App& command) {
  auto arguments = std::make_shared<CleanArguments>();
  command.add_option("FILE", arguments->file, "The list (default: standard input)")->type_name("");
  arguments->table.AddTo(command);
  command
      .add_option("-o,--output", arguments->output,
                  "Write the rows that stay to this file, once all went well (default: -, standard "
                  "output)")
      ->type_name("FILE");
  CLI::Option* rejects =
      command
          .add_option("--rejects", arguments->rejects,
                      "Write the rows that were taken out to this file, once all went well; - is "
                      "standard output")
          ->type_name("FILE");
  command
      .add_flag("--reasons", arguments->reasons,
                "Put a column behind the rejected rows: suppressed, invalid, empty or risky")
      ->needs(rejects);
  command.add_flag("--drop-risky", arguments->drop_risky,
                   "Take out those with soft bounces under way, too");
  command.footer(
      "Takes CSV or an address a line, and writes the same rows, byte for byte and in order, to\n"
      "standard output. Rows whose address is suppressed, no address, or empty go to the rejects.\n"
      "A header goes to both. Says on standard error what it did; with --json that is an "
      "object.\n\n" +
      std::string(kColumnHelp) +
      "\n\nExit codes: 0 done, 2 usage or a list that cannot be read, 3 the server could not be\n"
      "reached, did not allow it, or failed: what was written until then is not all");
  return [arguments](Session& session) -> absl::StatusOr<ExitCode> {
    if (arguments->output == arguments->rejects) {
      return absl::InvalidArgumentError("--output and --rejects are the same file");
    }
    return RunClean(*arguments, session);
  };
}

}  // namespace bounced::cli
