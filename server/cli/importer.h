// Sends the rows of a list, and tells what became of each.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bounced/v1/suppression.grpc.pb.h"
#include "server/cli/list_format.h"
#include "server/cli/progress.h"
#include "server/cli/record_reader.h"
#include "server/cli/session.h"

namespace bounced::cli {

// How many rows came to what. Those that were skipped by why.
struct ImportCounts {
  std::uint64_t created = 0;
  std::uint64_t replaced = 0;
  std::uint64_t existing = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t skipped = 0;
  std::uint64_t rejected = 0;
  std::int64_t batch = 0;  // of what was changed, for `undo`; 0: nothing was
  std::map<std::string, std::uint64_t> skipped_by_why;
};

struct ImportOptions {
  bool replace = false;
  bool dry_run = false;
  std::uint64_t start_line = 1;  // rows that begin before it are passed over
  std::string cause;             // for the history
  Sink* report = nullptr;        // none: no report is wanted
};

// One list; used once. A few requests are under way at a time, so that memory is bounded however
// long the list is: the server answers each when it is stored.
class Importer {
 public:
  // All of them outlive it.
  Importer(Session& session, const ImportOptions& options, RecordReader& records,
           const ListReader& list);

  // INVALID_ARGUMENT: the list cannot be read on; what is before that is stored. CANCELLED: its
  // source was interrupted, and what was read is stored. Other errors are of the call or the
  // report. All but the first say from which line on to send again.
  absl::Status Run();
  const ImportCounts& counts() const { return counts_; }

 private:
  using Stream =
      grpc::ClientReaderWriterInterface<v1::ImportSuppressionsRequest, v1::ImportStreamResponse>;
  // What there is to tell of one row.
  struct Entry {
    std::uint64_t line = 0;
    std::uint64_t number = 0;  // of the row in the list, from 1
    int row = kNotSent;        // in the request
    std::string address = "";
    std::string skipped = "";   // why
    std::string rejected = "";  // why
    static constexpr int kNotSent = -1;
  };
  struct Batch {
    v1::ImportSuppressionsRequest request;
    std::vector<Entry> entries;
    std::size_t octets = 0;
    bool is_sent = false;
  };

  // ABORTED, of these: the stream has broken, and its end tells why.
  absl::Status ReadAll();
  absl::Status Take(const Record& record);
  absl::Status Send();
  absl::Status TakeAnswer();
  absl::Status Tell(const Batch& batch, const v1::ImportStreamResponse& answer);
  std::string_view Count(v1::ImportOutcome outcome);
  void Complain(const Entry& entry, std::string_view address, std::string_view what);
  void AppendReport(const Entry& entry, const v1::Suppression* row, std::string_view outcome,
                    std::string_view why);

  Session& session_;
  const ImportOptions& options_;
  RecordReader& records_;
  const ListReader& list_;
  Stream* stream_ = nullptr;  // in Run()
  Watchdog* watchdog_ = nullptr;
  Progress progress_;
  ImportCounts counts_;
  Batch batch_;  // that is being filled
  std::deque<Batch> under_way_;
  int requests_under_way_ = 0;
  bool sent_any_ = false;
  std::int64_t answered_rows_ = 0;
  std::uint64_t complaints_ = 0;
  std::uint64_t rows_read_ = 0;
  std::uint64_t next_line_ = 0;  // the first that is not answered; 0: nothing is
  std::string report_;
};

}  // namespace bounced::cli
