#include "server/cli/importer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/cli/csv_writer.h"
#include "server/cli/output.h"
#include "server/cli/times.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

constexpr int kBatchRows = 1'000;              // the server takes no more in a request
constexpr std::size_t kBatchOctets = 1 << 20;  // far below what a request may have
constexpr std::size_t kBatchEntries = 10'000;  // rows that are left out, too
// The server reads as many before it waits for its answers to be taken, so that neither waits for
// the other.
constexpr int kRequestsUnderWay = 4;
constexpr std::uint64_t kMaxErrorsShown = 100;

constexpr std::string_view kReportHeader = "line,address,outcome,reason,source,scope,expiry,why\n";

// Of the octets of a suppression that are not of constant size.
std::size_t OctetsOf(const v1::Suppression& row) {
  constexpr std::size_t kFixedOctets = 64;
  return kFixedOctets + row.tenant().size() + row.address().size() + row.reason().size() +
         row.explanation().size() + row.stream().size();
}

}  // namespace

Importer::Importer(Session& session, const ImportOptions& options, RecordReader& records,
                   const ListReader& list)
    : session_(session),
      options_(options),
      records_(records),
      list_(list),
      progress_(session.err(), session.clock()) {}

absl::Status Importer::Run() {
  if (options_.report != nullptr) report_ = kReportHeader;
  grpc::ClientContext context;
  Watchdog watchdog(context, session_.client().patience());
  auto stub = session_.client().Stub<v1::SuppressionService>();
  std::unique_ptr<Stream> stream = stub->ImportStream(&context);
  stream_ = stream.get();
  watchdog_ = &watchdog;

  const absl::Status read = ReadAll();
  if (!absl::IsAborted(read)) stream->WritesDone();
  // Also of a stream that has broken: what came before its end counts.
  absl::Status answered;
  while (answered.ok() && !under_way_.empty()) answered = TakeAnswer();
  if (!answered.ok() && !absl::IsAborted(answered)) context.TryCancel();
  grpc::Status finished;
  {
    Watchdog::Wait wait(watchdog);
    finished = stream->Finish();
  }
  progress_.Clear();
  absl::Status call = session_.client().FromGrpc(finished, watchdog);
  if (!answered.ok() && !absl::IsAborted(answered)) call = answered;
  if (call.ok() && !under_way_.empty()) {
    call = absl::InternalError("the server ended the stream too early");
  }
  if (options_.report != nullptr) call.Update(options_.report->Write(report_));
  if (counts_.rejected > kMaxErrorsShown) {
    session_.err().Text(
        absl::StrCat("and ", Grouped(counts_.rejected - kMaxErrorsShown), " more rejected rows\n"));
  }
  // A list without rows is sent, too.
  const bool has_rows = !under_way_.empty() && !under_way_.front().entries.empty();
  const std::uint64_t line = has_rows ? under_way_.front().entries[0].line : next_line_;
  const std::string go_on =
      options_.dry_run || next_line_ == 0
          ? ""
          : absl::StrCat(" (all before line ", line, " is stored: go on with --start-line ", line,
                         ", or send the whole list again, which does no harm)");
  if (!call.ok()) return absl::Status(call.code(), absl::StrCat(call.message(), go_on));
  if (absl::IsCancelled(read)) return absl::CancelledError(absl::StrCat(read.message(), go_on));
  if (!read.ok()) {
    return absl::Status(
        read.code(),
        absl::StrCat(read.message(), options_.dry_run ? "" : " (all rows before it are in)"));
  }
  return absl::OkStatus();
}

absl::Status Importer::ReadAll() {
  Record record;
  for (;;) {
    absl::StatusOr<bool> there = records_.Next(record);
    if (!there.ok() || !*there) {
      // What was read before is sent, whatever comes after it; an empty list asks as well.
      absl::Status sent;
      if (!batch_.entries.empty() || !sent_any_) sent = Send();
      return sent.ok() ? there.status() : sent;
    }
    ++rows_read_;
    if (record.line < options_.start_line) continue;
    if (absl::Status sent = Take(record); !sent.ok()) return sent;
  }
}

absl::Status Importer::Take(const Record& record) {
  // An empty line is no row.
  const bool is_blank = record.status.ok() && record.fields().size() == 1 &&
                        StripBlanks(record.fields()[0].value).empty();
  if (is_blank && records_.syntax() != Syntax::kJsonRows) return absl::OkStatus();
  absl::StatusOr<ListReading> reading = list_.Read(record);
  const int rows = reading.ok() ? static_cast<int>(reading->suppressions.size()) : 0;
  if (batch_.request.suppressions_size() + rows > kBatchRows) {
    if (absl::Status sent = Send(); !sent.ok()) return sent;
  }
  if (rows == 0) {
    Entry& entry = batch_.entries.emplace_back();
    entry.line = record.line;
    entry.number = rows_read_;
    if (reading.ok()) {
      entry.skipped = std::move(reading->skipped);
    } else {
      entry.rejected = std::string(reading.status().message());
    }
    entry.address = list_.AddressOf(record);
  } else {
    for (v1::Suppression& suppression : reading->suppressions) {
      Entry& entry = batch_.entries.emplace_back();
      entry.line = record.line;
      entry.number = rows_read_;
      entry.row = batch_.request.suppressions_size();
      batch_.octets += OctetsOf(suppression);
      *batch_.request.add_suppressions() = std::move(suppression);
    }
    if (!reading->remark.empty()) {
      const Entry& entry = batch_.entries.back();
      Complain(entry, batch_.request.suppressions(entry.row).address(), reading->remark);
    }
  }
  const bool is_full = batch_.request.suppressions_size() == kBatchRows ||
                       batch_.octets >= kBatchOctets || batch_.entries.size() >= kBatchEntries;
  return is_full ? Send() : absl::OkStatus();
}

absl::Status Importer::Send() {
  Batch& batch = under_way_.emplace_back(std::exchange(batch_, {}));
  if (batch.request.suppressions_size() > 0 || !sent_any_) {
    batch.request.set_tenant(session_.tenant());
    batch.request.set_replace(options_.replace);
    batch.request.set_dry_run(options_.dry_run);
    batch.request.set_author(session_.author());
    batch.request.set_cause(options_.cause);
    sent_any_ = true;
    ++requests_under_way_;
    batch.is_sent = true;
    Watchdog::Wait wait(*watchdog_);
    if (!stream_->Write(batch.request)) return absl::AbortedError("");
  }
  while (requests_under_way_ >= kRequestsUnderWay) {
    if (absl::Status status = TakeAnswer(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Of the oldest batch.
absl::Status Importer::TakeAnswer() {
  const Batch& batch = under_way_.front();
  v1::ImportStreamResponse answer;
  if (batch.is_sent) {
    Watchdog::Wait wait(*watchdog_);
    if (!stream_->Read(&answer)) return absl::AbortedError("");
    --requests_under_way_;
  }
  if (answer.outcomes_size() != batch.request.suppressions_size()) {
    return absl::InternalError(absl::StrCat("the server told of ", answer.outcomes_size(), " of ",
                                            batch.request.suppressions_size(), " rows"));
  }
  if (answer.batch() != 0) counts_.batch = answer.batch();
  const absl::Status told = Tell(batch, answer);
  answered_rows_ += batch.request.suppressions_size();
  if (!batch.entries.empty()) next_line_ = batch.entries.back().line + 1;
  under_way_.pop_front();
  progress_.Show(static_cast<std::uint64_t>(answered_rows_), "rows");
  return told;
}

absl::Status Importer::Tell(const Batch& batch, const v1::ImportStreamResponse& answer) {
  int error = 0;
  for (const Entry& entry : batch.entries) {
    if (entry.row == Entry::kNotSent && entry.rejected.empty()) {
      ++counts_.skipped;
      ++counts_.skipped_by_why[entry.skipped];
      AppendReport(entry, nullptr, "skipped", entry.skipped);
      continue;
    }
    if (entry.row == Entry::kNotSent) {
      ++counts_.rejected;
      Complain(entry, entry.address, entry.rejected);
      AppendReport(entry, nullptr, "rejected", entry.rejected);
      continue;
    }
    const v1::ImportOutcome outcome = answer.outcomes(entry.row);
    std::string why;
    if (outcome == v1::IMPORT_OUTCOME_REJECTED) {
      why = error < answer.errors_size() ? answer.errors(error++).message() : "refused";
      Complain(entry, batch.request.suppressions(entry.row).address(), why);
    } else if (outcome == v1::IMPORT_OUTCOME_EXISTING) {
      why = "another with the same key stands and was left as it is";
    }
    AppendReport(entry, &batch.request.suppressions(entry.row), Count(outcome), why);
  }
  if (options_.report == nullptr) return absl::OkStatus();
  const absl::Status written = options_.report->Write(report_);
  report_.clear();
  return written;
}

std::string_view Importer::Count(v1::ImportOutcome outcome) {
  switch (outcome) {
    case v1::IMPORT_OUTCOME_CREATED:
      ++counts_.created;
      return "created";
    case v1::IMPORT_OUTCOME_REPLACED:
      ++counts_.replaced;
      return "replaced";
    case v1::IMPORT_OUTCOME_EXISTING:
      ++counts_.existing;
      return "existing";
    case v1::IMPORT_OUTCOME_UNCHANGED:
      ++counts_.unchanged;
      return "unchanged";
    default:  // an outcome that this program does not know is none to rely on
      ++counts_.rejected;
      return "rejected";
  }
}

void Importer::Complain(const Entry& entry, std::string_view address, std::string_view what) {
  if (++complaints_ > kMaxErrorsShown) return;
  progress_.Clear();
  std::string place = absl::StrCat("line ", entry.line);
  // All of a list may be on one line.
  if (records_.syntax() == Syntax::kJsonRows) {
    absl::StrAppend(&place, ", row ", entry.number, " (", OrDash(Shown(address)), ")");
  }
  session_.err().Text(absl::StrCat(place, ": ", Shown(what), "\n"));
}

void Importer::AppendReport(const Entry& entry, const v1::Suppression* row,
                            std::string_view outcome, std::string_view why) {
  if (options_.report == nullptr) return;
  absl::StrAppend(&report_, entry.line);
  const auto add = [this](std::string_view value) {
    report_ += ',';
    AppendCsvField(report_, value, ',', FormulaGuard::kMark);
  };
  add(row != nullptr ? row->address() : entry.address);
  add(outcome);
  add(row != nullptr ? row->reason() : "");
  const bool is_import = row != nullptr && row->source() == v1::SOURCE_UNSPECIFIED;
  add(is_import ? "import" : row != nullptr ? Word(row->source()) : "");
  add(row != nullptr ? row->stream() : "");
  add(row != nullptr ? FormatTime(row->expire_time()) : "");
  add(why);
  report_ += '\n';
}

}  // namespace bounced::cli
