// bouncectl import
#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/filter_arguments.h"
#include "server/cli/importer.h"
#include "server/cli/interruption.h"
#include "server/cli/json.h"
#include "server/cli/list_format.h"
#include "server/cli/record_reader.h"
#include "server/cli/table_arguments.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

struct ImportArguments {
  std::string file = "-";
  TableArguments table;
  std::string format;
  std::string reason;
  std::string source;
  std::vector<std::string> streams;
  std::string report;
  std::uint64_t start_line = 1;
  bool replace = false;
  bool raw = false;
  bool dry_run = false;
};

absl::StatusOr<ListOptions> ToListOptions(const ImportArguments& arguments, Session& session) {
  ListOptions options{.stream = session.stream(),
                      .streams = {},
                      .reason = arguments.reason,
                      .source = v1::SOURCE_UNSPECIFIED,
                      .now = session.now()};
  absl::StatusOr<v1::Source> source = ParseSource(arguments.source);
  if (!source.ok()) return source.status();
  options.source = *source;
  for (const std::string& pair : arguments.streams) {
    // A stream's name has no `=` in it; another's may.
    const std::size_t at = pair.rfind('=');
    if (at == std::string::npos || at == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--map-stream takes NAME=STREAM, not ", Shown(pair)));
    }
    options.streams[pair.substr(0, at)] = pair.substr(at + 1);
  }
  return options;
}

absl::StatusOr<const ListFormat*> FormatOf(const ImportArguments& arguments,
                                           const RecordReader& records) {
  const bool is_json = records.syntax() == Syntax::kJsonRows;
  const bool is_table = !arguments.table.column.empty() || arguments.table.no_header;
  if (arguments.format.empty()) {
    return is_table ? FormatByName(is_json ? "json" : "csv") : DetectFormat(records);
  }
  absl::StatusOr<const ListFormat*> format = FormatByName(arguments.format);
  if (!format.ok()) return format;
  const std::string_view name = (*format)->name;
  if ((name == "json" && !is_json) || (name == "csv" && is_json)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the list is not ", Absl(name), " but ", is_json ? "JSON" : "CSV"));
  }
  return format;
}

// Whether standard output is what became of each row; the counts are told elsewhere then.
bool ReportsToOutput(const ImportArguments& arguments) { return arguments.report == "-"; }

void TellCounts(Session& session, const ListFormat& format, const ImportArguments& arguments,
                const ImportCounts& counts) {
  for (const auto& [why, rows] : counts.skipped_by_why) {
    session.err().Text(absl::StrCat("skipped ", Grouped(rows), ": ", Shown(why), "\n"));
  }
  const std::pair<std::string_view, std::uint64_t> all[] = {
      {"created", counts.created},     {"replaced", counts.replaced}, {"existing", counts.existing},
      {"unchanged", counts.unchanged}, {"skipped", counts.skipped},   {"rejected", counts.rejected},
  };
  Output& told = ReportsToOutput(arguments) ? session.err() : session.out();
  if (session.json()) {
    JsonWriter json;
    json.BeginObject().Key("format").String(format.name);
    json.Key("dry_run").Bool(arguments.dry_run);
    for (const auto& [name, rows] : all) json.Key(name).Number(static_cast<std::int64_t>(rows));
    if (counts.batch != 0) json.Key("batch").Number(counts.batch);
    told.Json(json.EndObject().text());
    return;
  }
  std::string text = arguments.dry_run ? "nothing was stored; it would be " : "";
  std::string_view separator = "";
  for (const auto& [name, rows] : all) {
    absl::StrAppend(&text, Absl(separator), Grouped(rows), " ", Absl(name));
    separator = ", ";
  }
  told.Text(text + "\n");
  if (counts.batch != 0) {
    session.err().Text(
        absl::StrCat("bouncectl: `bouncectl undo --batch ", counts.batch, "` takes this back\n"));
  }
}

absl::StatusOr<ExitCode> Import(const ImportArguments& arguments, Session& session) {
  absl::StatusOr<TableOptions> table = arguments.table.ToOptions();
  if (!table.ok()) return table.status();
  absl::StatusOr<ListOptions> list_options = ToListOptions(arguments, session);
  if (!list_options.ok()) return list_options.status();
  if (!arguments.format.empty()) {
    if (auto format = FormatByName(arguments.format); !format.ok()) return format.status();
  }
  std::unique_ptr<Source> file;
  if (arguments.file != "-") {
    absl::StatusOr<std::unique_ptr<Source>> opened = OpenSource(arguments.file);
    if (!opened.ok()) return opened.status();
    file = *std::move(opened);
  }
  absl::StatusOr<std::unique_ptr<RecordReader>> records =
      OpenRecords(file ? *file : session.in(), *table,
                  arguments.raw ? FormulaGuard::kRaw : FormulaGuard::kMark, PageLists());
  if (!records.ok()) return records.status();
  absl::StatusOr<const ListFormat*> format = FormatOf(arguments, **records);
  if (!format.ok()) return format.status();
  const bool is_own = (*format)->required.empty();
  if (arguments.format.empty() && !is_own) {
    session.err().Text(absl::StrCat("read as ", Absl((*format)->name), "\n"));
  }
  std::unique_ptr<OutputFile> report;
  if (!arguments.report.empty()) {
    absl::StatusOr<std::unique_ptr<OutputFile>> created =
        OutputFile::CreateUnlessOutput(arguments.report);
    if (!created.ok()) return created.status();
    report = *std::move(created);
  }

  const ListReader list(**format, (*records)->address_name(), *std::move(list_options));
  Sink* rows = report ? &report->sink() : nullptr;
  if (ReportsToOutput(arguments)) rows = &session.out().Raw();
  const ImportOptions options{.replace = arguments.replace,
                              .dry_run = arguments.dry_run,
                              .start_line = arguments.start_line,
                              .cause = is_own ? "" : std::string((*format)->name),
                              .report = rows};
  const Interruption interruption(file ? *file : session.in());
  Importer importer(session, options, **records, list);
  absl::Status status = importer.Run();
  // Also of what went wrong.
  if (report) status.Update(report->Commit());
  const ImportCounts& counts = importer.counts();
  const bool is_interrupted = absl::IsCancelled(status) && interruption.asked();
  const bool tells =
      status.ok() || absl::IsInvalidArgument(status) || is_interrupted || counts.batch != 0;
  if (tells) TellCounts(session, **format, arguments, counts);
  if (is_interrupted) {
    session.err().Text(absl::StrCat("bouncectl: ", status.message(), "\n"));
    session.out().Flush();
    session.err().Flush();
    Interruption::EndProgram();
  }
  if (!status.ok()) return status;
  return counts.rejected > 0 ? ExitCode::kFound : ExitCode::kDone;
}

}  // namespace

Action SetUpImport(CLI::App& command) {
  auto arguments = std::make_shared<ImportArguments>();
  command.add_option("FILE", arguments->file, "The list (default: standard input)")->type_name("");
  command
      .add_option("--format", arguments->format,
                  "What the list is (default: as its first row tells): " + ListFormatNames())
      ->type_name("NAME");
  arguments->table.AddTo(command);
  command
      .add_option(
          "--reason", arguments->reason,
          "The reason of rows of csv and json that name none (default: their source's word)")
      ->type_name("WORD")
      ->check(NotUtf8);
  command
      .add_option(
          "--source", arguments->source,
          "The source of rows of csv and json that name none (default: import): " + SourceWords())
      ->type_name("WORD");
  command
      .add_option(
          "--map-stream", arguments->streams,
          "The stream for a group, tag, type or message stream of the list; may be repeated, "
          "and without a STREAM it is all streams")
      ->type_name("NAME=STREAM")
      ->allow_extra_args(false);
  command.add_flag("--dry-run", arguments->dry_run, "Store nothing; tell what would be stored");
  command
      .add_option("--report", arguments->report,
                  "Write what became of each row to this file, as CSV; - is standard output")
      ->type_name("FILE");
  command
      .add_option("--start-line", arguments->start_line,
                  "Pass over the rows that begin before this line")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::numeric_limits<std::uint64_t>::max())
                  .description("POSITIVE"));
  command.add_flag("--replace", arguments->replace,
                   "Put rows in place of what stands under the same keys");
  command.add_flag("--raw", arguments->raw,
                   "The list was exported with --raw: take no mark of formulas off");
  command.footer(
      "Takes what `export` writes (csv, json), other lists of addresses, and the lists of other\n"
      "systems as they export them or their APIs answer: CSV, or JSON with an object a line, an\n"
      "array, or pages. What the sender is to blame for, and what passes, suppresses nobody: such\n"
      "rows are skipped, or taken until the list says that they end.\n\n"
      "Of csv and json these fields are read: address, tenant (must be the one that the list goes "
      "to), stream,\n"
      "source, reason, bounce_class, create_time, expire_time, explanation. Of the lists of "
      "others\n"
      "bounces and complaints hold for all streams, unsubscriptions for those that --map-stream "
      "and\n"
      "--stream say.\n\n"
      "Of two under one key the one that lasts longer stays; --dry-run holds each row against what "
      "is\n"
      "stored alone, so of two for one address it calls both new. Rows that were not taken are "
      "named "
      "on\n"
      "standard error by their line, and of JSON by their number and address, too. The list may be "
      "sent\n"
      "again, and be broken off: then what is in is told, and how to take it back.\n\n" +
      std::string(kColumnHelp) +
      "\n\nExit codes: 0 done, 1 some rows were rejected, 2 usage or a list that cannot be read, "
      "3\n"
      "the server could not be reached, did not allow it, or failed: the message says from which\n"
      "line on to send again");
  return [arguments](Session& session) { return Import(*arguments, session); };
}

}  // namespace bounced::cli
