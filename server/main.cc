// bounced: the bounce daemon. What it is told by its command line, its files and signals.
#include <fcntl.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/recurrence.h"
#include "server/base/text_file.h"
#include "server/config/config.h"
#include "server/daemon.h"
#include "server/offline.h"

namespace bounced {
namespace {

// Exit codes.
constexpr int kDone = 0;
constexpr int kFailed = 1;   // cannot start, or the store failed; the message says what to do
constexpr int kMisused = 2;  // the command line or the configuration is wrong

// Whom the package makes for it.
constexpr const char* kUser = "bounced";
constexpr const char* kDefaultConfig = "/etc/bounced/bounced.toml";
constexpr absl::Duration kCounterInterval = absl::Minutes(10);
// Of warnings that a certificate ends; asked where the counters are.
constexpr absl::Duration kCertificateInterval = absl::Hours(24);
// Descriptors beside those of SMTP sessions: database, listeners, gRPC's connections.
constexpr rlim_t kOtherDescriptors = 1'024;

int Fail(int code, const absl::Status& status) {
  // Nobody may read what we say, and the end must come all the same.
  constexpr int kPatienceMilliseconds = 1'000;
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&room, 1, kPatienceMilliseconds) == 0) return code;
  std::fprintf(stderr, "bounced: %s\n", std::string(status.message()).c_str());
  return code;
}

// What is closed at the start would be the next file that we open: the log would go into that.
void OpenStandardFiles() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
}

// Before any thread starts, so that none of them is ended by a signal; who sends one while we start
// is heard when we have started.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  return signals;
}

// That of `path`; without one the usual file, or, where there is none, the embedded default.
absl::StatusOr<Config> Load(const std::string& path, FileKind kind) {
  if (!path.empty()) return LoadConfig(path, kind);
  absl::StatusOr<Config> config = LoadConfig(kDefaultConfig, kind);
  if (absl::IsNotFound(config.status())) return DemoConfig();
  return config;
}

// No core and no debugger of the same user: keys and addresses are in memory.
void KeepMemoryPrivate() {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const struct rlimit none {};
  ::setrlimit(RLIMIT_CORE, &none);
}

// As many descriptors as the process may have: the usual soft limit is below max_sessions.
void RaiseDescriptors(const Config& config, const Log& log) {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t sessions =
      config.smtp.limits.max_sessions + config.smtp.limits.reserved_sessions;
  if (limit.rlim_max < sessions + kOtherDescriptors) {
    log.Warning("daemon.few_descriptors", {{"limit", limit.rlim_max}, {"sessions", sessions}});
  }
}

void LogStart(const Config& config, const Daemon& daemon, const Log& log) {
  log.Info("daemon.ready", {{"version", BOUNCED_VERSION}, {"addresses", daemon.addresses()}});
  if (config.is_demo) {
    log.Warning("daemon.embedded_default",
                {{"why", std::string("no --config, and no ") + kDefaultConfig},
                 {"data_dir", config.data_dir},
                 {"return_path_domain", config.return_paths.front().domain.domain}});
  }
  if (config.return_paths.empty()) {
    log.Warning("daemon.no_return_path",
                {{"effect", "no bounces are taken until a [[return_path]] is configured"}});
  }
  for (const std::string& warning : WarningsOf(config)) {
    log.Warning("daemon.config", {{"warning", warning}});
  }
  if (::geteuid() == 0) {
    log.Warning("daemon.runs_as_root",
                {{"advice", "run it as a user of its own; port 25 needs CAP_NET_BIND_SERVICE"}});
  }
}

// Until a signal asks to stop; SIGHUP asks for what lies in files anew, and the counters are logged
// now and then, and certificates that end soon.
void WaitForStop(const sigset_t& signals, const std::string& path, Daemon& daemon, const Log& log) {
  const Clock& clock = SystemClock();
  Recurrence counters(kCounterInterval, clock.Steady());
  Recurrence certificates(kCertificateInterval, clock.Steady());
  for (;;) {
    const timespec left = absl::ToTimespec(counters.Left(clock.Steady()));
    const int signal = ::sigtimedwait(&signals, nullptr, &left);
    if (signal == SIGHUP) {
      // A pipe has been read, and would keep the signals waiting.
      absl::StatusOr<Config> config = Load(path, FileKind::kPlain);
      if (config.ok()) {
        daemon.Reload(*config);
      } else {
        log.Error("config.kept", {{"why", std::string(config.status().message())}});
      }
    } else if (signal > 0) {
      return;
    }
    if (counters.IsDue(clock.Steady())) daemon.LogCounters();
    if (certificates.IsDue(clock.Steady())) daemon.LogCertificates();
  }
}

// gRPC and protobuf would write lines of their own about what clients do. Ours say it.
void SilenceLibraries() {
  ::gpr_set_log_function([](gpr_log_func_args*) {});
  google::protobuf::SetLogHandler(nullptr);
}

absl::StatusOr<HandedSockets> SocketsOfSystemd() {
  HandedSockets sockets;
  char** names = nullptr;
  const int count = ::sd_listen_fds_with_names(/*unset_environment=*/1, &names);
  if (count < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("LISTEN_FDS and LISTEN_FDNAMES do not name sockets that are handed over: ",
                     std::strerror(-count)));
  }
  for (int i = 0; i < count; ++i) {
    sockets.emplace(names[i], SD_LISTEN_FDS_START + i);
    std::free(names[i]);
  }
  std::free(names);
  return sockets;
}

int Check(const Config& config) {
  if (absl::Status s = CheckConfig(config).status(); !s.ok()) return Fail(kMisused, s);
  for (const std::string& warning : WarningsOf(config)) {
    std::fprintf(stderr, "bounced: warning: %s\n", warning.c_str());
  }
  std::puts("ok");
  return kDone;
}

int CheckOffline(const Config& config, bool full) {
  const absl::StatusOr<bool> whole = RunCheck(config, full, SystemClock());
  if (!whole.ok()) return Fail(kFailed, whole.status());
  return *whole ? kDone : kFailed;
}

int Restore(const Config& config, const std::string& file) {
  const absl::Status status = RunRestore(config, file, SystemClock());
  return status.ok() ? kDone : Fail(kFailed, status);
}

int Salvage(const Config& config, const std::string& out) {
  const absl::Status status = RunSalvage(config, out, SystemClock());
  return status.ok() ? kDone : Fail(kFailed, status);
}

int Serve(const Config& config, const std::string& path) {
  const sigset_t signals = BlockSignals();
  absl::StatusOr<std::shared_ptr<const RuleSet>> rules = CheckConfig(config);
  if (!rules.ok()) return Fail(kMisused, rules.status());
  const Log log(config.log.level, std::getenv("JOURNAL_STREAM") != nullptr);
  RaiseDescriptors(config, log);
  SilenceLibraries();

  const absl::StatusOr<HandedSockets> sockets = SocketsOfSystemd();
  if (!sockets.ok()) return Fail(kMisused, sockets.status());
  if (absl::Status s = CheckSockets(config, *sockets); !s.ok()) return Fail(kMisused, s);
  absl::StatusOr<std::unique_ptr<Daemon>> daemon =
      Daemon::Start(config, *std::move(rules), *sockets, SystemClock(), log);
  if (!daemon.ok()) return Fail(kFailed, daemon.status());
  LogStart(config, **daemon, log);
  std::printf("ready %s\n", (*daemon)->addresses().c_str());
  std::fflush(stdout);
  ::sd_notify(0, "READY=1");

  WaitForStop(signals, path, **daemon, log);
  ::sd_notify(0, "STOPPING=1");
  log.Info("daemon.stopping");
  const absl::Status fatal = (*daemon)->fatal();
  (*daemon)->Stop();
  return fatal.ok() ? kDone : Fail(kFailed, fatal);
}

// What is wrong with the name of a file of the command line; empty: nothing.
std::string WrongName(const std::string& name) { return name.empty() ? "the name is empty" : ""; }
std::string WrongNewName(const std::string& name) {
  // A database is not written from its beginning to its end.
  return name == "-" ? "standard output is no place for it: name a new file" : WrongName(name);
}

int Main(int argc, char** argv) {
  CLI::App app(
      "The bounce daemon: takes bounces in over SMTP, and says over gRPC whom not to mail.",
      "bounced");
  app.footer(
      "Exit codes: 0 done; 1 cannot start, or the store failed, or --check found something; 2 the\n"
      "command line, the configuration or the name of a socket is wrong, or it will not run as\n"
      "root.");
  std::string path;
  bool check = false;
  bool allow_root = false;
  bool check_database = false;
  bool full = false;
  std::string restore;
  std::string salvage;
  app.add_option("--config", path,
                 std::string("The configuration, in TOML. Without it: ") + kDefaultConfig +
                     ", or, where there is no such file, an embedded default on loopback that "
                     "keeps its data in ./bounced-data")
      ->type_name("FILE");
  app.add_flag("--check-config", check, "Say whether the configuration is right, and end");
  CLI::Option* const check_option = app.add_flag(
      "--check", check_database, "Say what is wrong with the database of data_dir, and end");
  app.add_flag("--full", full, "With --check: unpack every message that is kept, not a sample")
      ->needs(check_option);
  CLI::Option* const restore_option =
      app.add_option(
             "--restore", restore,
             "Put this backup in the place of the database of data_dir, once it was checked, and "
             "end; - is standard input. What was there is kept beside it")
          ->type_name("FILE")
          ->check(WrongName)
          ->excludes(check_option);
  app.add_option("--salvage", salvage,
                 "Make this new database of what can be read of a damaged one in data_dir, and end")
      ->type_name("FILE")
      ->check(WrongNewName)
      ->excludes(check_option)
      ->excludes(restore_option);
  app.add_flag("--allow-root", allow_root,
               std::string("Serve as root though there is a user ") + kUser +
                   ": whoever finds a fault in it then has the machine");
  app.set_version_flag("--version", std::string("bounced ") + BOUNCED_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kMisused;
  }
  // Where there is no such user, as in a container, root may be all that there is.
  if (!check && !allow_root && ::geteuid() == 0 && ::getpwnam(kUser) != nullptr) {
    return Fail(kMisused, absl::FailedPreconditionError(absl::StrCat(
                              "will not run as root: start it as user ", kUser,
                              ", with sockets of systemd or CAP_NET_BIND_SERVICE for port 25, or "
                              "say --allow-root")));
  }
  KeepMemoryPrivate();
  OpenStandardFiles();
  absl::StatusOr<Config> config = Load(path, FileKind::kAny);
  if (!config.ok()) return Fail(kMisused, config.status());
  if (check) return Check(*config);
  if (check_database) return CheckOffline(*config, full);
  if (!restore.empty()) return Restore(*config, restore);
  if (!salvage.empty()) return Salvage(*config, salvage);
  return Serve(*config, path);
}

}  // namespace
}  // namespace bounced

int main(int argc, char** argv) { return bounced::Main(argc, argv); }
