// bouncectl export
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "parser/address.h"
#include "parser/text.h"
#include "server/cli/filter_arguments.h"
#include "server/cli/json.h"
#include "server/cli/list_writer.h"
#include "server/cli/progress.h"
#include "server/cli/responses.h"
#include "server/cli/resume_file.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

struct ExportArguments {
  FilterArguments filter;
  std::string format;
  std::string output = "-";
  std::string resume_file;
  std::string address;
  bool raw = false;
};

// What overrules bounces, of the tenant and, where they may be seen, of all.
class Allowances {
 public:
  absl::Status Read(Session& session) {
    absl::Status status = Read(session, session.tenant());
    if (!status.ok() || session.tenant() == kAnyTenant) return status;
    status = Read(session, kAnyTenant);
    // Who may read one tenant alone is told that there is no other.
    return absl::IsNotFound(status) ? absl::OkStatus() : status;
  }

  bool Overrule(const v1::Suppression& row) const {
    if (entries_.empty() || row.source() != v1::SOURCE_BOUNCE) return false;
    const absl::StatusOr<Address> address = Address::ParseEntry(row.address());
    return address.ok() && (entries_.contains(address->canonical()) ||
                            entries_.contains(absl::StrCat("@", Absl(address->domain()))));
  }

 private:
  static constexpr char kAnyTenant[] = "*";
  static constexpr int kPageRows = 1'000;

  absl::Status Read(Session& session, const std::string& tenant) {
    v1::ListAllowancesRequest request;
    request.set_tenant(tenant);
    request.set_page_size(kPageRows);
    auto stub = session.client().Stub<v1::SuppressionService>();
    do {
      v1::ListAllowancesResponse page;
      absl::Status status = session.client().Unary([&](grpc::ClientContext* context) {
        return stub->ListAllowances(context, request, &page);
      });
      if (!status.ok()) return status;
      for (const v1::Allowance& allowance : page.allowances()) {
        const absl::StatusOr<Address> entry = Address::ParseEntry(allowance.address());
        if (entry.ok()) entries_.insert(entry->canonical());
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return absl::OkStatus();
  }

  std::unordered_set<std::string> entries_;  // canonical
};

// All that is known of one address, a part of it a line.
absl::StatusOr<ExitCode> ExportAddress(const ExportArguments& arguments, Session& session) {
  v1::ExportAddressRequest request;
  request.set_tenant(session.tenant());
  request.set_address(arguments.address);
  absl::StatusOr<std::unique_ptr<OutputFile>> created =
      OutputFile::CreateUnlessOutput(arguments.output);
  if (!created.ok()) return created.status();
  const std::unique_ptr<OutputFile> file = *std::move(created);
  Sink& sink = file ? file->sink() : session.out().Raw();
  auto stub = session.client().Stub<v1::SuppressionService>();
  absl::Status status =
      ForEachResponse(session, *stub, &v1::SuppressionService::Stub::ExportAddress, request,
                      [&](const v1::ExportAddressResponse& part) {
                        return sink.Write(absl::StrCat(ToJson(part), "\n"));
                      });
  if (status.ok() && file) status = file->Commit();
  if (!status.ok()) return status;
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> Export(const ExportArguments& arguments, Session& session) {
  if (!arguments.address.empty()) return ExportAddress(arguments, session);
  absl::StatusOr<v1::SuppressionFilter> filter = arguments.filter.ToFilter(session);
  if (!filter.ok()) return filter.status();
  v1::ExportSuppressionsRequest request;
  request.set_tenant(session.tenant());
  *request.mutable_filter() = *std::move(filter);

  const std::string format = !arguments.format.empty() ? arguments.format
                             : session.json()          ? "json"
                                                       : "csv";
  absl::StatusOr<std::unique_ptr<ListWriter>> list =
      MakeListWriter(format, arguments.raw ? FormulaGuard::kRaw : FormulaGuard::kMark,
                     session.stream_was_given() ? RowsOf::kOneStream : RowsOf::kAllStreams);
  if (!list.ok()) return list.status();
  Allowances allowances;
  // Others cannot be told of them apart from what they overrule, as ours can.
  if (*IsForeignList(format)) {
    if (absl::Status status = allowances.Read(session); !status.ok()) return status;
  }

  absl::StatusOr<std::unique_ptr<OutputFile>> created =
      OutputFile::CreateUnlessOutput(arguments.output);
  if (!created.ok()) return created.status();
  const std::unique_ptr<OutputFile> file = *std::move(created);
  Sink& sink = file ? file->sink() : session.out().Raw();
  Progress progress(session.err(), session.clock());
  std::uint64_t rows = 0;
  std::uint64_t left_out = 0;
  std::uint64_t overruled = 0;
  std::string text;
  std::string watch_token;
  absl::Status status = sink.Write((*list)->Head());
  if (!status.ok()) return status;
  auto stub = session.client().Stub<v1::SuppressionService>();
  status = ForEachResponse(session, *stub, &v1::SuppressionService::Stub::ExportSuppressions,
                           request, [&](const v1::ExportSuppressionsResponse& batch) {
                             text.clear();
                             if (!batch.watch_token().empty()) watch_token = batch.watch_token();
                             for (const v1::Suppression& suppression : batch.suppressions()) {
                               if (allowances.Overrule(suppression)) {
                                 ++overruled;
                               } else if (!(*list)->Append(text, suppression)) {
                                 ++left_out;
                               }
                             }
                             rows += static_cast<std::uint64_t>(batch.suppressions_size());
                             progress.Show(rows, "rows");
                             return sink.Write(text);
                           });
  progress.Clear();
  if (status.ok()) {
    text.clear();
    (*list)->Finish(text);
    status = sink.Write(text);
  }
  if (status.ok() && file) status = file->Commit();
  if (status.ok() && !arguments.resume_file.empty()) {
    status = session.out().Finish();
    if (status.ok()) status = WriteResumeFile(arguments.resume_file, watch_token);
  }
  if (!status.ok()) return status;
  if (left_out > 0) {
    session.err().Text(absl::StrCat("left out ", Grouped(left_out), " of ", Grouped(rows),
                                    ", for which a list of ", format, " has no place\n"));
  }
  if (overruled > 0) {
    session.err().Text(absl::StrCat("left out ", Grouped(overruled), " of ", Grouped(rows),
                                    ", which an allowance overrules\n"));
  }
  return ExitCode::kDone;
}

}  // namespace

Action SetUpExport(CLI::App& command) {
  auto arguments = std::make_shared<ExportArguments>();
  arguments->filter.AddTo(command);
  command.add_option("--format", arguments->format, "What to write: " + ListWriterNames())
      ->type_name("NAME");
  command.add_option("-o,--output", arguments->output, "Write to this file, once all went well")
      ->type_name("FILE");
  AddResumeFile(command, arguments->resume_file,
                "Note in this file where `watch` is to go on from this list");
  command.add_flag("--raw", arguments->raw, "Leave the mark of formulas out");
  command
      .add_option("--address", arguments->address,
                  "All that is known of this address instead, as JSON")
      ->type_name("ADDRESS")
      ->check([](const std::string& address) { return address.empty() ? "must be set" : ""; });
  for (const char* other : {"--format", "--resume-file", "--raw"}) {
    command.get_option("--address")->excludes(command.get_option(other));
  }
  command.footer(
      "Writes CSV (RFC 4180, UTF-8) with a header: address, tenant, stream, source, reason,\n"
      "bounce_class, create_time, expire_time, explanation; `import` takes it again. A value that "
      "a\n"
      "spreadsheet would run as a formula has a ' in front, which `import` takes off; --raw "
      "leaves\n"
      "it out. With --format json, or --json, it is a suppression a line instead.\n\n"
      "In the other formats it is what the provider of that name imports: a file of CSV (ses,\n"
      "mailgun-...) or, a line each, the requests that its API takes. They hold what is of their "
      "kind\n"
      "and lasts, no domains, and no bounces that an allowance overrules; postmark-suppressions, "
      "which "
      "are\n"
      "of one message stream, what holds for all streams, or for that of --stream. How many were "
      "left\n"
      "out is told on standard error.\n\n"
      "With --address it is all that is known of that address, for whoever it belongs to, one "
      "JSON\n"
      "object a line: a summary, suppressions, the allowance, events, changes.\n\n"
      "Exit codes: 0 done, 2 usage, 3 the server could not be reached, did not allow it, or "
      "failed:\n"
      "what was written until then is not all");
  return [arguments](Session& session) { return Export(*arguments, session); };
}

}  // namespace bounced::cli
