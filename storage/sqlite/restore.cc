// RestoreDatabase() and CheckDatabase(): what is done to a database that no daemon holds.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "storage/maintenance.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/directory.h"
#include "storage/sqlite/forget_list.h"
#include "storage/sqlite/integrity.h"
#include "storage/sqlite/long_query.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/statement.h"
#include "storage/sqlite/status.h"

namespace bounced {
namespace {

constexpr std::size_t kPieceOctets = 1 << 20;

absl::Status CannotRead(const std::string& file, int error) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot read ", file, ": ", std::generic_category().message(error)));
}

absl::Status WriteAll(int fd, const std::string& file, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t written = write(fd, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileStatus(errno, file);
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

// Takes `from` in as the new file `to`, which is on the disk then; its size. `before` octets have
// been taken in already.
absl::StatusOr<std::int64_t> TakeIn(const std::string& from, const std::string& to,
                                    std::int64_t before, OnProgress progress) {
  const int in = from == "-" ? dup(STDIN_FILENO) : open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return CannotRead(from, errno);
  absl::Cleanup close_in = [in] { close(in); };
  const int out = open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (out < 0) return FileStatus(errno, to);
  absl::Cleanup close_out = [out] { close(out); };
  std::string piece(kPieceOctets, '\0');
  std::int64_t octets = 0;
  for (;;) {
    const ssize_t got = read(in, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return CannotRead(from, errno);
    if (got == 0) break;
    absl::Status status =
        WriteAll(out, to, std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
    if (!status.ok()) return status;
    octets += got;
    if (!progress({.phase = WorkProgress::Phase::kCopying, .done_octets = before + octets})) {
      return absl::CancelledError();
    }
  }
  if (fsync(out) != 0) return FileStatus(errno, to);
  return octets;
}

// What is wrong with a copy, by the name under which its owner knows it.
absl::Status OfFile(const std::string& file, const std::string& incoming,
                    const absl::Status& status) {
  std::string message(status.message());
  if (message.starts_with(incoming)) message.replace(0, incoming.size(), file);
  // That advice is for a database in its place.
  if (message.ends_with(kWhatToDoWithDamage)) {
    message.erase(message.rfind(';'));
    message += "; name a file that `bouncectl backup` wrote";
  }
  return absl::Status(status.code(), message);
}

// The WAL that goes with the copy `file`; empty: none, or nothing is in it. SQLite looks for it
// beside the file itself, not beside a link to it.
std::string WalOf(const std::string& file) {
  if (file == "-") return "";
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(file, error);
  if (error) return "";
  std::string wal = real.string() + "-wal";
  const std::uintmax_t octets = std::filesystem::file_size(wal, error);
  return error || octets == 0 ? "" : wal;
}

// SQLite believes any WAL that lies beside a file, whatever the file says of itself.
absl::Status CheckWalMode(const std::string& file, const std::string& incoming) {
  const int fd = open(incoming.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileStatus(errno, incoming);
  absl::Cleanup close_it = [fd] { close(fd); };
  unsigned char version = 0;  // "The Database File Format", 1.3.3: to write it, 2 is with a WAL
  if (pread(fd, &version, 1, 18) == 1 && version == 2) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(file, ": has no write-ahead log, and ", file,
                                                    "-wal lies beside it; move that away"));
}

// Whether the file that was taken in has all pages that its header tells of, which SQLite takes for
// damage only where it happens to look.
absl::Status CheckSize(const std::string& file, const std::string& incoming, std::int64_t octets) {
  const int fd = open(incoming.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileStatus(errno, incoming);
  absl::Cleanup close_it = [fd] { close(fd); };
  std::array<unsigned char, 32> header{};
  if (pread(fd, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())) {
    return absl::DataLossError(absl::StrCat(file, ": is damaged; take another backup"));
  }
  // "The Database File Format", 1.3: big-endian; a page of 65536 octets is written 1.
  const int page = header[16] << 8 | header[17];
  std::int64_t pages = 0;
  for (std::size_t i = 28; i < 32; ++i) pages = pages << 8 | header[i];
  const std::int64_t want = pages * (page == 1 ? 65'536 : page);
  if (want == octets) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(file, ": is damaged (it has ", octets, " of ", want,
                                          " octets); take another backup"));
}

absl::Status CheckIncoming(const std::string& file, Connection& connection, OnProgress progress) {
  absl::StatusOr<std::int64_t> version = connection.AskNumber("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*version > Migrations().back().number) {
    return absl::FailedPreconditionError(
        absl::StrCat(file, ": has version ", *version, ", and this program knows versions up to ",
                     Migrations().back().number, "; install the program that wrote it"));
  }
  Findings findings;
  absl::Status status = RunLong(
      connection, [&] { return CheckAll(connection, {}, findings); }, progress);
  if (!status.ok() || findings.count == 0) return status;
  return absl::DataLossError(absl::StrCat(file, ": is damaged (", findings.shown.front(),
                                          findings.count > 1 ? ", and more" : "",
                                          "); take another backup, or save what can be (bounced "
                                          "--salvage FILE)"));
}

// Its changes have numbers that others may have under the same history since the copy was made.
absl::Status BeginHistory(Connection& connection) {
  std::uint64_t history = 0;
  if (getrandom(&history, sizeof history, 0) != sizeof history) {
    return absl::UnavailableError("the kernel gives no random octets; try again");
  }
  absl::StatusOr<Statement> put = Statement::Prepare(
      connection.db(), "INSERT OR REPLACE INTO meta (name, value) VALUES ('history', ?)");
  if (!put.ok()) return put.status();
  return put->Run(static_cast<std::int64_t>(history >> 1));
}

// What has been forgotten in the database that is there; none: there is none, or it cannot be read.
std::optional<std::vector<ForgetListEntry>> ForgetListOf(const std::string& file) {
  if (access(file.c_str(), F_OK) != 0) return std::nullopt;
  if (!CheckHeader(file).ok()) return std::nullopt;
  absl::StatusOr<Connection> connection = Connection::Open(file, "", Access::kRead);
  if (!connection.ok()) return std::nullopt;
  absl::StatusOr<std::vector<ForgetListEntry>> list = ReadForgetList(*connection);
  if (!list.ok()) return std::nullopt;
  return *std::move(list);
}

}  // namespace

absl::StatusOr<Restored> RestoreDatabase(const std::string& directory_path, const std::string& file,
                                         absl::Time now, OnProgress progress) {
  absl::StatusOr<DataDirectory> directory = DataDirectory::Hold(directory_path);
  if (!directory.ok()) return directory.status();
  if (absl::Status s = directory->TidyUp(); !s.ok()) return s;
  const std::string incoming = directory->incoming();
  absl::Cleanup remove = [&incoming] { RemoveDatabase(incoming).IgnoreError(); };
  absl::StatusOr<std::int64_t> octets = TakeIn(file, incoming, 0, progress);
  if (!octets.ok()) return octets.status();
  if (absl::Status s = CheckHeader(incoming); !s.ok()) return OfFile(file, incoming, s);
  // What is not in the file yet is in its WAL: one that was set aside here has it, and a copy that
  // was made by other means.
  if (const std::string wal = WalOf(file); !wal.empty()) {
    if (absl::Status s = CheckWalMode(file, incoming); !s.ok()) return s;
    absl::Status status = TakeIn(wal, incoming + "-wal", *octets, progress).status();
    if (status.ok()) status = CheckWal(incoming);
    if (!status.ok()) return OfFile(file, incoming, status);
  } else if (absl::Status s = CheckSize(file, incoming, *octets); !s.ok()) {
    return s;
  }
  Restored restored;
  {
    absl::StatusOr<Connection> connection = Connection::Open(incoming, "", Access::kWrite);
    if (!connection.ok()) return OfFile(file, incoming, connection.status());
    absl::Status status = CheckIncoming(file, *connection, progress);
    if (status.ok()) status = connection->Execute("PRAGMA synchronous = FULL");
    if (status.ok()) status = BeginHistory(*connection);
    if (status.ok()) status = EmptyWal(*connection);
    if (!status.ok()) return OfFile(file, incoming, status);
    absl::StatusOr<std::int64_t> version = connection->AskNumber("PRAGMA user_version");
    if (!version.ok()) return OfFile(file, incoming, version.status());
    restored.schema_version = static_cast<int>(*version);
    const std::optional<std::vector<ForgetListEntry>> list = ForgetListOf(directory->database());
    restored.forget_list_lost = !list.has_value();
    if (list && !list->empty()) {
      absl::StatusOr<std::int64_t> replayed = std::int64_t{0};
      status = RunLong(
          *connection,
          [&] {
            replayed = ReplayForgetList(*connection, *list, now);
            return replayed.status();
          },
          progress);
      if (!status.ok()) return OfFile(file, incoming, status);
      restored.forgotten = *replayed;
    }
    // A copy of a file in WAL mode, made by other means, leaves nothing beside it.
    connection->CheckpointOnClose();
  }
  struct stat taken {};
  if (stat(incoming.c_str(), &taken) != 0) return FileStatus(errno, incoming);
  restored.octets = taken.st_size;
  if (absl::Status s = CheckSize(file, incoming, restored.octets); !s.ok()) return s;
  // Two restores within a second keep two databases.
  while (access(directory->aside(now).c_str(), F_OK) == 0) now += absl::Seconds(1);
  if (access(directory->database().c_str(), F_OK) == 0) restored.kept = directory->aside(now);
  // From here on the new one is what the next start takes.
  absl::Status status = directory->Rename(incoming, directory->restored(now));
  if (status.ok()) status = directory->TidyUp();
  if (!status.ok()) return status;
  return restored;
}

absl::StatusOr<Findings> CheckDatabase(const std::string& directory_path,
                                       const CheckOptions& options, OnProgress progress) {
  absl::StatusOr<DataDirectory> directory = DataDirectory::Hold(directory_path);
  if (!directory.ok()) return directory.status();
  const std::string file = directory->database();
  if (access(file.c_str(), F_OK) != 0) {
    return absl::NotFoundError(absl::StrCat(file, ": is not there; set data_dir"));
  }
  Findings findings;
  if (absl::Status s = CheckHeader(file); !s.ok()) {
    findings.Add(std::string(s.message()));
    return findings;
  }
  absl::StatusOr<Connection> connection = Connection::Open(file, "", Access::kRead);
  if (!connection.ok()) return connection.status();
  absl::Status status = RunLong(
      *connection, [&] { return CheckAll(*connection, options, findings); }, progress);
  if (!status.ok()) return status;
  return findings;
}

}  // namespace bounced
