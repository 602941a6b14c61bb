#include "server/cli/clean.h"

#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "parser/text.h"
#include "server/cli/clean_batch.h"
#include "server/cli/csv_writer.h"

namespace bounced::cli {
namespace {

using Stream = grpc::ClientReaderWriterInterface<v1::BatchCheckRequest, v1::BatchCheckResponse>;

bool IsAscii(std::string_view text) {
  unsigned char all = 0;
  for (char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

// Reads rows, asks for their addresses and leaves them in the queue.
class Asker {
 public:
  Asker(const CleanOptions& options, Table& table, CleanQueue& queue, Stream& stream)
      : options_(options), table_(table), queue_(queue), stream_(stream) {}

  void Run() {
    absl::Status status = AskAll();
    stream_.WritesDone();
    queue_.End(std::move(status));
  }

 private:
  absl::Status AskAll() {
    for (bool more = true; more;) {
      std::unique_ptr<CleanBatch> batch = queue_.TakeEmpty();
      if (batch == nullptr) return absl::CancelledError("the writer stopped");
      request_.Clear();
      absl::StatusOr<bool> filled = Fill(*batch);
      more = filled.ok() && *filled;
      const bool ask = batch->asked > 0;
      if (!batch->rows.empty()) queue_.PutFull(std::move(batch));
      // When the stream has broken, the writer learns why.
      if (ask && !stream_.Write(request_)) return absl::OkStatus();
      if (!filled.ok()) return filled.status();
    }
    return absl::OkStatus();
  }

  // False: the list is at its end.
  absl::StatusOr<bool> Fill(CleanBatch& batch) {
    request_.set_tenant(options_.tenant);
    request_.set_stream(options_.stream);
    while (batch.rows.size() < options_.limits.batch_rows &&
           batch.octets.size() < options_.limits.batch_octets) {
      absl::StatusOr<std::optional<CsvRow>> row = table_.Next();
      if (!row.ok()) return row.status();
      if (!*row) return false;
      // It could neither be asked for nor be written to where it belongs.
      if (!(*row)->status.ok()) return AtLine((*row)->line, (*row)->status);
      batch.Add((*row)->raw, Ask(**row));
    }
    return true;
  }

  Fate Ask(const CsvRow& row) {
    CsvFields fields(row, table_.dialect());
    fields.Skip(table_.address_column());
    const std::string_view address = StripBlanks(fields.Next().value_or(""));
    if (address.empty()) return Fate::kEmpty;
    // The API takes valid UTF-8 only, and messages of bounded size.
    const bool sendable = address.size() <= options_.limits.max_address_octets &&
                          (IsAscii(address) || IsValidUtf8(address));
    if (!sendable) return Fate::kInvalid;
    request_.add_addresses(address.data(), address.size());
    return Fate::kAsked;
  }

  const CleanOptions& options_;
  Table& table_;
  CleanQueue& queue_;
  Stream& stream_;
  v1::BatchCheckRequest request_;  // one for all: its strings are used again
};

// Writes rows as their verdicts tell.
class Sorter {
 public:
  Sorter(const CleanOptions& options, const Table& table, const CleanSinks& sinks,
         CleanCounts& counts)
      : options_(options),
        sinks_(sinks),
        counts_(counts),
        delimiter_(table.dialect().delimiter.value_or(',')) {}

  absl::Status WriteHeader(const Table& table) {
    std::string head = table.has_byte_order_mark() ? "\xEF\xBB\xBF" : "";
    head += table.header();
    if (absl::Status status = sinks_.kept.Write(head); !status.ok()) return status;
    if (sinks_.rejected == nullptr) return absl::OkStatus();
    if (options_.reasons && !table.header().empty()) AppendReason(head, "verdict");
    return sinks_.rejected->Write(head);
  }

  // `verdicts` are those of the rows that were asked for, in order.
  absl::Status Write(const CleanBatch& batch, const v1::BatchCheckResponse& verdicts) {
    const std::string_view octets = batch.octets;
    std::size_t begin = 0;
    std::size_t kept = 0;  // where the kept rows that are not written yet begin
    int answer = 0;
    for (const CleanBatch::Row& row : batch.rows) {
      const Fate fate = row.fate == Fate::kAsked ? ToFate(verdicts.verdicts(answer++)) : row.fate;
      if (!Count(fate)) {
        absl::Status status = sinks_.kept.Write(octets.substr(kept, begin - kept));
        status.Update(Reject(octets.substr(begin, row.end - begin), fate));
        if (!status.ok()) return status;
        kept = row.end;
      }
      begin = row.end;
    }
    return sinks_.kept.Write(octets.substr(kept));
  }

 private:
  static Fate ToFate(v1::Verdict verdict) {
    switch (verdict) {
      case v1::VERDICT_SEND:
        return Fate::kSend;
      case v1::VERDICT_RISKY:
        return Fate::kRisky;
      case v1::VERDICT_INVALID:
        return Fate::kInvalid;
      default:  // a verdict that this program does not know is none to send
        return Fate::kSuppressed;
    }
  }

  // Whether the row is kept.
  bool Count(Fate fate) {
    ++counts_.rows;
    switch (fate) {
      case Fate::kEmpty:
        ++counts_.empty;
        return false;
      case Fate::kInvalid:
        ++counts_.invalid;
        return false;
      case Fate::kRisky:
        ++counts_.risky;
        counts_.kept += options_.drop_risky ? 0 : 1;
        return !options_.drop_risky;
      case Fate::kSend:
        ++counts_.kept;
        return true;
      default:
        ++counts_.suppressed;
        return false;
    }
  }

  static std::string_view Name(Fate fate) {
    switch (fate) {
      case Fate::kEmpty:
        return "empty";
      case Fate::kInvalid:
        return "invalid";
      case Fate::kRisky:
        return "risky";
      default:
        return "suppressed";
    }
  }

  absl::Status Reject(std::string_view raw, Fate fate) {
    if (sinks_.rejected == nullptr) return absl::OkStatus();
    if (!options_.reasons) return sinks_.rejected->Write(raw);
    row_ = raw;
    AppendReason(row_, Name(fate));
    return sinks_.rejected->Write(row_);
  }

  // Puts one more field in front of the row's end.
  void AppendReason(std::string& row, std::string_view reason) const {
    const std::size_t content = CsvRow{row}.content().size();
    std::string field(1, delimiter_);
    AppendCsvField(field, reason, delimiter_, FormulaGuard::kMark);
    row.insert(content, field);
  }

  const CleanOptions& options_;
  const CleanSinks sinks_;
  CleanCounts& counts_;
  const char delimiter_;
  std::string row_;
};

// Takes one answer for each batch of the queue. False: the stream has ended.
absl::StatusOr<bool> SortAll(CleanQueue& queue, Stream& stream, Watchdog& watchdog, Sorter& sorter,
                             const std::function<void()>& progress) {
  v1::BatchCheckResponse response;
  while (std::unique_ptr<CleanBatch> batch = queue.TakeFull()) {
    response.Clear();
    if (batch->asked > 0) {
      Watchdog::Wait wait(watchdog);
      if (!stream.Read(&response)) return false;
    }
    if (static_cast<std::size_t>(response.verdicts_size()) != batch->asked) {
      return absl::InternalError(absl::StrCat("the server gave ", response.verdicts_size(),
                                              " verdicts for ", batch->asked, " addresses"));
    }
    if (absl::Status status = sorter.Write(*batch, response); !status.ok()) return status;
    queue.PutEmpty(std::move(batch));
    progress();
  }
  return true;
}

}  // namespace

absl::Status Clean(const Client& client, const CleanOptions& options, Source& in,
                   const CleanSinks& sinks, CleanCounts& counts,
                   const std::function<void(const CleanCounts&)>& progress) {
  absl::StatusOr<std::unique_ptr<Table>> table = Table::Open(in, options.table);
  if (!table.ok()) return table.status();
  Sorter sorter(options, **table, sinks, counts);
  if (absl::Status status = sorter.WriteHeader(**table); !status.ok()) return status;

  grpc::ClientContext context;
  Watchdog watchdog(context, client.patience());
  auto stub = client.Stub<v1::SuppressionService>();
  std::unique_ptr<Stream> stream = stub->CheckStream(&context);
  CleanQueue queue(options.limits.batches_in_flight + 1);
  Asker asker(options, **table, queue, *stream);
  std::thread thread([&asker] { asker.Run(); });
  absl::StatusOr<bool> sorted =
      SortAll(queue, *stream, watchdog, sorter, [&] { progress(counts); });
  if (!sorted.ok()) context.TryCancel();
  if (!sorted.ok() || !*sorted) {
    queue.Stop();
    in.Interrupt();
  }
  thread.join();

  if (!sorted.ok()) return sorted.status();
  const absl::Status read = queue.status();
  absl::Status call = client.FromGrpc(stream->Finish(), watchdog);
  if (call.ok() && !*sorted) call = absl::InternalError("the server ended the stream too early");
  return call.ok() ? read : call;
}

}  // namespace bounced::cli
