// bouncectl backup, integrity
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bounced/v1/maintenance.grpc.pb.h"
#include "server/base/sha256.h"
#include "server/cli/json.h"
#include "server/cli/progress.h"
#include "server/cli/responses.h"
#include "server/cli/verb.h"

namespace bounced::cli {
namespace {

absl::string_view Octets(const Sha256::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

absl::Status NotWhole(std::string_view why) {
  return absl::DataLossError(
      absl::StrCat("the copy is not whole: ", std::string(why), "; take another"));
}

// A copy as it comes in.
class Incoming {
 public:
  explicit Incoming(Sink& sink) : sink_(sink) {}

  absl::Status Take(const v1::BackupResponse& response) {
    if (response.has_summary()) {
      summary_ = response.summary();
      has_summary_ = true;
      return absl::OkStatus();
    }
    if (!response.has_chunk()) return absl::OkStatus();
    const v1::BackupChunk& chunk = response.chunk();
    if (has_summary_ || chunk.offset() != octets_) return NotWhole("a piece is missing");
    octets_ += static_cast<std::int64_t>(chunk.data().size());
    sha256_.Add(chunk.data());
    return sink_.Write(chunk.data());
  }
  // Whether what came is what was sent.
  absl::Status Check() {
    if (!has_summary_) return NotWhole("its end is missing");
    if (octets_ != summary_.octets()) return NotWhole("its size is wrong");
    if (Octets(sha256_.Finish()) != summary_.sha256()) return NotWhole("its SHA-256 is wrong");
    return absl::OkStatus();
  }

  std::int64_t octets() const { return octets_; }
  const v1::BackupSummary& summary() const { return summary_; }

 private:
  Sink& sink_;
  std::int64_t octets_ = 0;
  Sha256 sha256_;
  v1::BackupSummary summary_;
  bool has_summary_ = false;
};

// Whether the disk has what came.
absl::Status CheckFile(OutputFile& file, const v1::BackupSummary& summary) {
  absl::StatusOr<std::unique_ptr<Source>> source = file.ReadBack();
  if (!source.ok()) return source.status();
  if (*source == nullptr) return absl::OkStatus();
  const auto block = std::make_unique_for_overwrite<char[]>(kReadOctets);
  Sha256 sha256;
  for (;;) {
    absl::StatusOr<std::size_t> got = (*source)->Read(block.get(), kReadOctets);
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    sha256.Add({block.get(), *got});
  }
  if (Octets(sha256.Finish()) == summary.sha256()) return absl::OkStatus();
  return NotWhole("the disk has other octets than were written to it");
}

absl::StatusOr<ExitCode> Backup(const std::string& path, Session& session) {
  absl::StatusOr<std::unique_ptr<OutputFile>> created =
      OutputFile::CreateUnlessOutput(path, OutputFile::Readers::kUserAlone);
  if (!created.ok()) return created.status();
  const std::unique_ptr<OutputFile> file = *std::move(created);
  if (!file && session.out().is_terminal()) {
    return absl::InvalidArgumentError(
        "a database is nothing for a terminal; name a file, or a program behind a |");
  }
  Incoming incoming(file ? file->sink() : session.out().Raw());
  Progress progress(session.err(), session.clock());
  auto stub = session.client().Stub<v1::MaintenanceService>();
  absl::Status status = ForEachResponse(
      session, *stub, &v1::MaintenanceService::Stub::Backup, v1::BackupRequest(),
      [&](const v1::BackupResponse& response) {
        if (response.has_progress()) {
          const bool copies = response.progress().phase() == v1::MAINTENANCE_PHASE_COPYING;
          progress.Show(static_cast<std::uint64_t>(response.progress().done_octets()),
                        copies ? "octets copied" : "octets checked");
          return absl::OkStatus();
        }
        progress.Show(static_cast<std::uint64_t>(incoming.octets()), "octets written");
        return incoming.Take(response);
      });
  if (status.ok()) status = incoming.Check();
  if (status.ok() && file) status = CheckFile(*file, incoming.summary());
  if (status.ok() && file) status = file->Commit();
  if (status.ok() && !file) status = session.out().Finish();
  progress.Clear();
  if (!status.ok()) return status;
  // Standard output may be the copy.
  Output& told = file ? session.out() : session.err();
  const v1::BackupSummary& summary = incoming.summary();
  const std::string sha256 = absl::BytesToHexString(summary.sha256());
  if (session.json()) {
    JsonWriter json;
    json.BeginObject().Key("file").String(path).Key("octets").Number(summary.octets());
    json.Key("sha256").String(sha256).Key("schema_version").Number(summary.schema_version());
    told.Json(json.EndObject().text());
  } else {
    told.Line({path, absl::StrCat(summary.octets(), " octets"),
               absl::StrCat("schema ", summary.schema_version()), sha256});
  }
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> Integrity(bool full, Session& session) {
  v1::CheckIntegrityRequest request;
  request.set_full(full);
  Progress progress(session.err(), session.clock());
  v1::IntegrityFindings result;
  bool has_result = false;
  auto stub = session.client().Stub<v1::MaintenanceService>();
  absl::Status status = ForEachResponse(
      session, *stub, &v1::MaintenanceService::Stub::CheckIntegrity, request,
      [&](const v1::CheckIntegrityResponse& response) {
        progress.Show(static_cast<std::uint64_t>(response.progress().done_octets()), "octets");
        if (response.has_result()) {
          result = response.result();
          has_result = true;
        }
        return absl::OkStatus();
      });
  progress.Clear();
  if (!status.ok()) return status;
  if (!has_result) return absl::InternalError("the server said nothing of what it found");
  if (session.json()) {
    session.out().Json(ToJson(result, Unset::kPrinted));
  } else {
    for (const std::string& finding : result.findings()) session.out().Line({finding});
    const std::int64_t more = result.count() - result.findings_size();
    if (more > 0) session.out().Text(absl::StrCat("and ", more, " more\n"));
    if (result.count() == 0) session.out().Text("ok\n");
  }
  return result.count() == 0 ? ExitCode::kDone : ExitCode::kFound;
}

}  // namespace

Action SetUpBackup(CLI::App& command) {
  auto path = std::make_shared<std::string>();
  command.add_option("FILE", *path, "Where to; - is standard output")->required()->type_name("");
  command.footer(
      "Writes the whole database, of all tenants, as it stands at some time during the call; mail\n"
      "comes in meanwhile. The file (mode 0600) appears in its place once it was checked: its "
      "pages\n"
      "by the server, its size and SHA-256 here, read back from the disk. `bounced --restore "
      "FILE`\n"
      "takes it. Keys are not in it, nor is the configuration.\n\n"
      "To encrypt it: set -o pipefail; bouncectl backup - | age -r KEY >FILE. What was written to\n"
      "standard output is whole only where this exits with 0.\n\n"
      "Exit codes: 0 done, 1 another backup is under way, or the server has no space for one, 2\n"
      "usage, 3 the server could not be reached, did not allow it, or failed: there is no new "
      "file");
  return [path](Session& session) { return Backup(*path, session); };
}

Action SetUpIntegrity(CLI::App& command) {
  auto full = std::make_shared<bool>(false);
  command.add_flag("--full", *full, "Unpack every message that is kept, and not only a sample");
  command.footer(
      "Checks a copy that the server makes: pages and trees, that rows go together, and that what\n"
      "is in memory is what the rows say. Prints a finding a line, or ok. `bounced --check` does "
      "it\n"
      "without a server.\n\n"
      "Exit codes: 0 nothing is wrong, 1 something is, or another check or backup is under way, 2\n"
      "usage, 3 the server could not be reached, did not allow it, or failed");
  return [full](Session& session) { return Integrity(*full, session); };
}

}  // namespace bounced::cli
