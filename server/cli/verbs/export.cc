// bouncectl export
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "bounced/v1/suppression.grpc.pb.h"
#include "server/cli/filter_arguments.h"
#include "server/cli/json.h"
#include "server/cli/progress.h"
#include "server/cli/suppression_csv.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

struct ExportArguments {
  FilterArguments filter;
  std::string output;
  bool raw = false;
};

// Gives each batch of the stream to `take`.
template <typename Take>
absl::Status ForEachBatch(Session& session, const v1::ExportSuppressionsRequest& request,
                          Take take) {
  grpc::ClientContext context;
  Watchdog watchdog(context, session.client().patience());
  auto stub = session.client().Stub<v1::SuppressionService>();
  auto stream = stub->ExportSuppressions(&context, request);
  v1::ExportSuppressionsResponse batch;
  auto read = [&] {
    Watchdog::Wait wait(watchdog);
    return stream->Read(&batch);
  };
  while (read()) {
    if (absl::Status status = take(batch); !status.ok()) {
      context.TryCancel();
      return status;
    }
  }
  return session.client().FromGrpc(stream->Finish(), watchdog);
}

absl::StatusOr<ExitCode> Export(const ExportArguments& arguments, Session& session) {
  absl::StatusOr<v1::SuppressionFilter> filter = arguments.filter.ToFilter(session);
  if (!filter.ok()) return filter.status();
  v1::ExportSuppressionsRequest request;
  request.set_tenant(session.tenant());
  *request.mutable_filter() = *std::move(filter);

  std::unique_ptr<OutputFile> file;
  if (!arguments.output.empty()) {
    absl::StatusOr<std::unique_ptr<OutputFile>> created = OutputFile::Create(arguments.output);
    if (!created.ok()) return created.status();
    file = *std::move(created);
  }
  Sink& sink = file ? file->sink() : session.out().Raw();
  const FormulaGuard guard = arguments.raw ? FormulaGuard::kRaw : FormulaGuard::kMark;
  Progress progress(session.err(), session.clock());
  std::uint64_t rows = 0;
  std::string text;
  absl::Status status = session.json() ? absl::OkStatus() : sink.Write(kSuppressionCsvHeader);
  if (!status.ok()) return status;
  status = ForEachBatch(session, request, [&](const v1::ExportSuppressionsResponse& batch) {
    text.clear();
    for (const v1::Suppression& suppression : batch.suppressions()) {
      if (session.json()) {
        text += ToJson(suppression);
        text += '\n';
      } else {
        AppendSuppressionCsv(text, suppression, guard);
      }
    }
    rows += static_cast<std::uint64_t>(batch.suppressions_size());
    progress.Show(rows, "rows");
    return sink.Write(text);
  });
  progress.Clear();
  if (status.ok() && file) status = file->Commit();
  if (!status.ok()) return status;
  return ExitCode::kDone;
}

}  // namespace

Action SetUpExport(CLI::App& command) {
  auto arguments = std::make_shared<ExportArguments>();
  arguments->filter.AddTo(command);
  command.add_option("-o,--output", arguments->output, "Write to this file, once all went well")
      ->type_name("FILE");
  command.add_flag("--raw", arguments->raw, "Leave the mark of formulas out");
  command.footer(
      "Writes CSV (RFC 4180, UTF-8) with a header: address, tenant, stream, source, reason,\n"
      "bounce_class, create_time, expire_time, explanation; `import` takes it again. A value that "
      "a\n"
      "spreadsheet would run as a formula has a ' in front, which `import` takes off; --raw "
      "leaves\n"
      "it out. With --json a suppression a line instead.\n\n"
      "Exit codes: 0 done, 2 usage, 3 the server could not be reached, did not allow it, or "
      "failed:\n"
      "what was written until then is not all");
  return [arguments](Session& session) { return Export(*arguments, session); };
}

}  // namespace bounced::cli
