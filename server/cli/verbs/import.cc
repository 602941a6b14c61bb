// bouncectl import
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "parser/text.h"
#include "server/cli/json.h"
#include "server/cli/line_map.h"
#include "server/cli/progress.h"
#include "server/cli/suppression_csv.h"
#include "server/cli/table.h"
#include "server/cli/table_arguments.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

constexpr int kBatchRows = 1'000;              // the server takes no more in a request
constexpr std::size_t kBatchOctets = 1 << 20;  // far below what a request may have
constexpr std::uint64_t kMaxErrorsShown = 100;

struct ImportArguments {
  std::string file = "-";
  TableArguments table;
  std::string reason;
  bool replace = false;
  bool raw = false;
};

// Says on standard error which rows were not taken.
class Complaints {
 public:
  explicit Complaints(Output& err) : err_(err) {}

  void Add(std::uint64_t line, std::string_view what) {
    if (++count_ <= kMaxErrorsShown) {
      err_.Text(absl::StrCat("line ", line, ": ", Shown(what), "\n"));
    }
  }
  std::uint64_t count() const { return count_; }

 private:
  Output& err_;
  std::uint64_t count_ = 0;
};

// Sends the rows of a table.
class Importer {
 public:
  using Stream = grpc::ClientWriterInterface<v1::ImportSuppressionsRequest>;

  Importer(Session& session, const ImportArguments& arguments, Table& table, Stream& stream,
           Watchdog& watchdog)
      : session_(session),
        arguments_(arguments),
        table_(table),
        stream_(stream),
        watchdog_(watchdog),
        reader_(table.dialect(), table.column_names(), table.address_column(), session.tenant(),
                arguments.raw ? FormulaGuard::kRaw : FormulaGuard::kMark),
        complaints_(session.err()),
        progress_(session.err(), session.clock()) {
    request_.set_tenant(session.tenant());
    request_.set_replace(arguments.replace);
    request_.set_author(session.author());
  }

  // OK too when the stream breaks: how it ended tells why.
  absl::Status SendAll() {
    for (;;) {
      absl::StatusOr<std::optional<CsvRow>> row = table_.Next();
      if (!row.ok()) return row.status();
      if (!*row) break;
      Take(**row);
      const bool full = request_.suppressions_size() == kBatchRows || octets_ >= kBatchOctets;
      if (full && !Send()) return absl::OkStatus();
    }
    if (request_.suppressions_size() > 0 || sent_.rows() == 0) Send();
    return absl::OkStatus();
  }

  // Adds the server's own refusals, and says how it went.
  ExitCode Tell(const v1::ImportSuppressionsResponse& response) {
    progress_.Clear();
    const std::uint64_t here = complaints_.count();
    for (const v1::ImportError& error : response.errors()) {
      const auto index = static_cast<std::uint64_t>(error.index());
      if (index < sent_.rows()) complaints_.Add(sent_.LineOf(index), error.message());
    }
    const std::uint64_t rejected = here + static_cast<std::uint64_t>(response.rejected());
    if (session_.json()) {
      v1::ImportSuppressionsResponse counts = response;
      counts.clear_errors();
      counts.set_rejected(static_cast<std::int64_t>(rejected));
      session_.out().Json(ToJson(counts, Unset::kPrinted));
    } else {
      session_.out().Text(
          absl::StrCat(Grouped(static_cast<std::uint64_t>(response.created())), " new, ",
                       Grouped(static_cast<std::uint64_t>(response.replaced())), " replaced, ",
                       Grouped(static_cast<std::uint64_t>(response.existing())), " there already, ",
                       Grouped(rejected), " rejected\n"));
    }
    const std::uint64_t shown = std::min(complaints_.count(), kMaxErrorsShown);
    if (rejected > shown) {
      session_.err().Text(absl::StrCat("and ", Grouped(rejected - shown), " more rejected rows\n"));
    }
    return rejected > 0 ? ExitCode::kFound : ExitCode::kDone;
  }

  std::uint64_t rows_sent() const { return sent_.rows(); }

 private:
  void Take(const CsvRow& row) {
    if (StripBlanks(row.raw).empty()) return;  // an empty line is no row
    absl::StatusOr<v1::Suppression> suppression = reader_.Read(row);
    if (!suppression.ok()) return complaints_.Add(row.line, Std(suppression.status().message()));
    if (suppression->stream().empty()) suppression->set_stream(session_.stream());
    if (suppression->reason().empty()) suppression->set_reason(arguments_.reason);
    sent_.Add(row.line);
    octets_ += row.raw.size();
    *request_.add_suppressions() = *std::move(suppression);
  }

  bool Send() {
    Watchdog::Wait wait(watchdog_);
    const bool sent = stream_.Write(request_);
    request_.clear_suppressions();
    octets_ = 0;
    progress_.Show(sent_.rows(), "rows");
    return sent;
  }

  Session& session_;
  const ImportArguments& arguments_;
  Table& table_;
  Stream& stream_;
  Watchdog& watchdog_;
  const SuppressionCsvReader reader_;
  Complaints complaints_;
  Progress progress_;
  v1::ImportSuppressionsRequest request_;
  std::size_t octets_ = 0;
  LineMap sent_;
};

absl::StatusOr<ExitCode> Import(const ImportArguments& arguments, Session& session) {
  absl::StatusOr<TableOptions> options = arguments.table.ToOptions();
  if (!options.ok()) return options.status();
  std::unique_ptr<Source> file;
  if (arguments.file != "-") {
    absl::StatusOr<std::unique_ptr<Source>> opened = OpenSource(arguments.file);
    if (!opened.ok()) return opened.status();
    file = *std::move(opened);
  }
  absl::StatusOr<std::unique_ptr<Table>> table = Table::Open(file ? *file : session.in(), *options);
  if (!table.ok()) return table.status();

  grpc::ClientContext context;
  Watchdog watchdog(context, session.client().patience());
  v1::ImportSuppressionsResponse response;
  auto stub = session.client().Stub<v1::SuppressionService>();
  auto stream = stub->ImportSuppressions(&context, &response);
  Importer importer(session, arguments, **table, *stream, watchdog);
  const absl::Status read = importer.SendAll();
  stream->WritesDone();
  grpc::Status finished;
  {
    Watchdog::Wait wait(watchdog);
    finished = stream->Finish();
  }
  const absl::Status call = session.client().FromGrpc(finished, watchdog);
  if (!call.ok()) {
    return absl::Status(call.code(),
                        absl::StrCat(call.message(), " (of the ", Grouped(importer.rows_sent()),
                                     " rows sent some may be stored; the same list may be sent "
                                     "again)"));
  }
  const ExitCode code = importer.Tell(response);
  if (!read.ok()) {
    return absl::Status(read.code(), absl::StrCat(read.message(), " (all rows before it are in)"));
  }
  return code;
}

}  // namespace

Action SetUpImport(CLI::App& command) {
  auto arguments = std::make_shared<ImportArguments>();
  command.add_option("FILE", arguments->file, "The list (default: standard input)")->type_name("");
  arguments->table.AddTo(command);
  command
      .add_option("--reason", arguments->reason,
                  "The reason of rows that name none (default: import)")
      ->type_name("WORD");
  command.add_flag("--replace", arguments->replace,
                   "Put rows in place of what was imported before");
  command.add_flag("--raw", arguments->raw,
                   "The list was exported with --raw: take no mark of formulas off");
  command.footer(
      "Takes CSV as `export` writes it, other CSV, or an address a line. Columns that have one of\n"
      "these names are read: tenant (must be that of --tenant), stream, reason, bounce_class,\n"
      "create_time, expire_time, explanation. The source of all is `import`. Rows that were not\n"
      "taken are named on standard error by their line.\n\n" +
      std::string(kColumnHelp) +
      "\n\nExit codes: 0 done, 1 some rows were rejected, 2 usage or a list that cannot be read, "
      "3\n"
      "the server could not be reached, did not allow it, or failed: the list may be sent again");
  return [arguments](Session& session) { return Import(*arguments, session); };
}

}  // namespace bounced::cli
