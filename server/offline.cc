#include "server/offline.h"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>

#include "server/base/recurrence.h"
#include "storage/maintenance.h"

namespace bounced {
namespace {

// A line on standard error that is written over again and again, where a person may see it.
class Watched {
 public:
  explicit Watched(const Clock& clock) : clock_(clock), next_(kInterval, clock.Steady()) {}
  ~Watched() {
    if (shown_) std::fprintf(stderr, "\r\x1b[K");
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  bool Show(const WorkProgress& progress) {
    if (!is_terminal_ || !next_.IsDue(clock_.Steady())) return true;
    shown_ = true;
    if (progress.phase == WorkProgress::Phase::kCopying) {
      std::fprintf(stderr, "\r\x1b[K%" PRId64 " octets read", progress.done_octets);
    } else {
      std::fprintf(stderr, "\r\x1b[Kchecking");
    }
    return true;
  }

 private:
  static constexpr absl::Duration kInterval = absl::Seconds(1);

  const Clock& clock_;
  Recurrence next_;
  const bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
};

}  // namespace

absl::Status RunRestore(const Config& config, const std::string& file, const Clock& clock) {
  absl::StatusOr<Restored> restored = absl::CancelledError();
  {
    Watched watched(clock);
    restored = RestoreDatabase(config.data_dir, file, clock.Now(),
                               [&watched](const WorkProgress& p) { return watched.Show(p); });
  }
  if (!restored.ok()) return restored.status();
  std::printf("restored %s: %" PRId64 " octets, schema %d, checked\n", config.data_dir.c_str(),
              restored->octets, restored->schema_version);
  if (!restored->kept.empty()) {
    std::printf("kept what was there as %s; remove it when it is not needed any more\n",
                restored->kept.c_str());
  }
  if (restored->forgotten > 0) {
    std::printf("forgot %" PRId64 " addresses in it that were forgotten since\n",
                restored->forgotten);
  }
  if (restored->forget_list_lost) {
    std::puts(
        "whom you were asked to forget since that backup is not known here, as there was no "
        "database that could be read: forget them again");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> RunCheck(const Config& config, bool full, const Clock& clock) {
  absl::StatusOr<Findings> findings = absl::CancelledError();
  {
    Watched watched(clock);
    findings = CheckDatabase(config.data_dir, {.full = full},
                             [&watched](const WorkProgress& p) { return watched.Show(p); });
  }
  if (!findings.ok()) return findings.status();
  for (const std::string& finding : findings->shown) std::printf("%s\n", finding.c_str());
  const std::int64_t more = findings->count - static_cast<std::int64_t>(findings->shown.size());
  if (more > 0) std::printf("and %" PRId64 " more\n", more);
  if (findings->count == 0) std::puts("ok");
  return findings->count == 0;
}

absl::Status RunSalvage(const Config& config, const std::string& out, const Clock& clock) {
  absl::StatusOr<Salvaged> salvaged = absl::CancelledError();
  {
    Watched watched(clock);
    salvaged = SalvageDatabase(config.data_dir, out,
                               [&watched](const WorkProgress& p) { return watched.Show(p); });
  }
  if (!salvaged.ok()) return salvaged.status();
  for (const SalvagedTable& table : salvaged->tables) {
    std::printf("%s\t%" PRId64 " saved\t%" PRId64 " dropped\n", table.name.c_str(), table.saved,
                table.dropped);
  }
  if (salvaged->broken_rows > 0) {
    std::printf("%" PRId64 " rows could not be read\n", salvaged->broken_rows);
  }
  if (salvaged->unread_pages > 0) {
    std::printf("%" PRId64 " pages could not be read from the disk\n", salvaged->unread_pages);
  }
  if (salvaged->unknown_pages > 0) {
    std::printf("%" PRId64 " pages are no part of a table, nor free: what was on them is lost\n",
                salvaged->unknown_pages);
  }
  if (!salvaged->has_secret) {
    std::puts(
        "the secret of the hashes is lost: no address could be proved to be as it was stored");
  }
  for (const std::string& finding : salvaged->findings.shown) std::puts(finding.c_str());
  std::printf("saved as %s; bounced --restore takes it\n", out.c_str());
  return absl::OkStatus();
}

}  // namespace bounced
