#include "server/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "parser/text.h"
#include "server/api/callers.h"
#include "server/api/server.h"
#include "server/api/tls.h"
#include "server/base/counters.h"
#include "server/base/text_file.h"
#include "server/dns/resolver.h"
#include "server/dns_authenticator.h"
#include "server/free_space.h"
#include "server/intake/committer.h"
#include "server/intake/incident_watch.h"
#include "server/intake/intake.h"
#include "server/intake/key_revoker.h"
#include "server/intake/retention.h"
#include "server/listeners.h"
#include "server/policy_book.h"
#include "server/receiver.h"
#include "server/rules/rule_files.h"
#include "server/smtp/doorkeeper.h"
#include "server/smtp/server.h"

namespace bounced {
namespace {

// For calls of the API under way at the end; streams that go on for ever are cancelled then.
constexpr absl::Duration kApiGrace = absl::Seconds(5);
// From so long before it ends on, each start and reload warns of a certificate's end.
constexpr absl::Duration kCertificateWarning = absl::Hours(14 * 24);
// Of one reload of the rules; `bouncectl rules lint` tells all.
constexpr std::size_t kMaxLoggedProblems = 20;

std::string HostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

absl::Status Failed(const std::string& path) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot make ", path, ": ", std::strerror(errno)));
}

// The key of the embedded default, made when there is none. It must be on the disk before mail goes
// out that is signed with it, but that is the sender's affair: losing it costs a demonstration.
absl::Status MakeDemoKey(const Config& config, const Log& log) {
  const std::string& path = config.return_paths.front().files.front().secret_file;
  if (::mkdir(config.data_dir.c_str(), 0700) != 0 && errno != EEXIST)
    return Failed(config.data_dir);
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return errno == EEXIST ? absl::OkStatus() : Failed(path);
  absl::Cleanup close = [fd] { ::close(fd); };
  std::array<char, 32> secret{};
  if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) {
    return Failed(path);
  }
  std::string text = absl::BytesToHexString(absl::string_view(secret.data(), secret.size())) + "\n";
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    ::unlink(path.c_str());
    return Failed(path);
  }
  log.Info("daemon.demo_key", {{"made", path}});
  return absl::OkStatus();
}

// Those of the configuration; without any, some that are made now.
absl::StatusOr<std::shared_ptr<const smtp::Tls>> MakeTls(const Config& config,
                                                         const std::string& hostname,
                                                         const Clock& clock) {
  if (config.smtp.certificates.empty()) return smtp::Tls::SelfMade(hostname, clock.Now());
  return smtp::Tls::Load(config.smtp.certificates);
}

// An end of a certificate that is past or near is seen in the log before it is in the mail flow.
void NoteCertificates(const char* line, const smtp::Tls& tls, const Clock& clock, const Log& log) {
  for (const smtp::CertificateEnd& end : tls.ends()) {
    const absl::Duration left = end.time - clock.Now();
    if (left > kCertificateWarning) continue;
    log.Warning(line, {{"chain_file", end.chain_file}, {"days", left / absl::Hours(24)}});
  }
}

// What the API's TLS needs, and the same as SMTP would have it, which judges better what is wrong.
struct ApiTls {
  api::TlsTexts texts;
  std::shared_ptr<const smtp::Tls> judged;
};

// None: it is served in the clear.
absl::StatusOr<std::optional<ApiTls>> ReadApiTls(const Config& config) {
  const auto& section = config.grpc;
  if (section.chain_file.empty()) return std::nullopt;
  absl::StatusOr<std::shared_ptr<const smtp::Tls>> judged =
      smtp::Tls::Load({{section.chain_file, section.key_file}});
  if (!judged.ok()) return judged.status();
  absl::StatusOr<api::TlsTexts> texts =
      api::ReadTls({.chain_file = section.chain_file,
                    .key_file = section.key_file,
                    .client_ca_file = section.client_ca_file,
                    .client_certificates = section.client_certificates_required
                                               ? api::ClientCertificates::kRequired
                                               : api::ClientCertificates::kOptional});
  if (!texts.ok()) return texts.status();
  return ApiTls{*std::move(texts), *std::move(judged)};
}

// What a configuration alone tells; of keys in the store it says `require_keys`.
api::Protection ProtectionOf(const Config& config) {
  const AccessRules& access = config.grpc.access;
  return {.has_tls = !config.grpc.chain_file.empty(),
          .has_logins = access.require_keys || !access.keys.empty() || !access.clients.empty()};
}

absl::StatusOr<ReturnPaths> MakeReturnPaths(const Config& config) {
  absl::StatusOr<std::vector<ReturnPathDomain>> domains = ReadKeys(config);
  if (!domains.ok()) return domains.status();
  return ReturnPaths::Create(*std::move(domains), config.feedback_loops);
}

// A key of the configuration that was revoked is of no use there, or a new one has an old one's id.
void NoteRevoked(const ReturnPaths& return_paths, const Clock& clock, const Log& log) {
  for (const KeyStanding& key : return_paths.keys(clock.Now())) {
    if (!key.revoked) continue;
    log.Warning("return_path.key_is_revoked", {{"domain", key.domain}, {"key", key.id}});
  }
}

// Null: nobody is to be asked.
absl::StatusOr<std::unique_ptr<DnsAuthenticator>> MakeAuthenticator(const Config& config,
                                                                    const Clock& clock) {
  if (!config.authentication.enabled) return nullptr;
  dns::ResolverOptions options;
  options.servers = config.authentication.servers;
  absl::StatusOr<std::unique_ptr<dns::Resolver>> resolver = dns::StartResolver(options, clock);
  if (!resolver.ok()) return resolver.status();
  return std::make_unique<DnsAuthenticator>(*std::move(resolver), clock,
                                            config.authentication.timeout);
}

std::size_t CountBuiltIn(const RuleSet& rules) {
  return static_cast<std::size_t>(
      std::count_if(rules.rules().begin(), rules.rules().end(),
                    [](const RuleInfo& rule) { return rule.origin == RuleOrigin::kBuiltIn; }));
}

// "bounced_smtp_recipients_total{result="forged"}" as a log has it: "smtp_recipients_forged".
std::string LogName(std::string_view name) {
  constexpr std::string_view kPrefix = "bounced_";
  constexpr std::string_view kTotal = "_total";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  std::size_t total = name.find(kTotal);
  std::string result(name.substr(0, total));
  std::size_t quote = name.find('"');
  if (quote != name.npos) {
    absl::StrAppend(&result, "_", Absl(name.substr(quote + 1, name.rfind('"') - quote - 1)));
  }
  return result;
}

template <std::size_t... i>
void WriteCounters(const Log& log, const Counters& counters, std::index_sequence<i...>) {
  const std::string names[] = {LogName(Info(static_cast<Counter>(i)).name)...};
  log.Info("daemon.counters", {LogField(names[i], counters.Get(static_cast<Counter>(i)))...});
}

}  // namespace

absl::StatusOr<std::shared_ptr<const RuleSet>> CheckConfig(const Config& config) {
  if (absl::Status s = CheckTogether(config); !s.ok()) return s;
  if (absl::Status s = api::CheckListen(config.grpc.listen, ProtectionOf(config)); !s.ok()) {
    return absl::Status(s.code(), absl::StrCat("grpc.listen: ", s.message()));
  }
  OperatorRules loaded = LoadRuleFiles(config.rules.files, FileKind::kPlain);
  if (loaded.rules == nullptr) return ToStatus(loaded.problems);
  if (!config.smtp.certificates.empty()) {
    if (absl::Status s = smtp::Tls::Load(config.smtp.certificates).status(); !s.ok()) return s;
  }
  if (absl::Status s = ReadApiTls(config).status(); !s.ok()) return s;
  // The embedded default's key is made at the first start.
  if (config.is_demo) return std::move(loaded.rules);
  if (absl::Status s = MakeReturnPaths(config).status(); !s.ok()) return s;
  return std::move(loaded.rules);
}

// In the order in which each needs those before it; destroyed the other way round.
struct Daemon::Parts {
  Parts(const Config& config_, const Clock& clock_, const Log& log_,
        std::shared_ptr<const RuleSet> rules_, ReturnPaths return_paths_,
        std::vector<Revocation> revocations, std::vector<ApiKey> api_keys,
        PolicyDocument applied_policies, std::unique_ptr<Store> store_,
        std::unique_ptr<DnsAuthenticator> authenticator_)
      : config(config_),
        hostname(config.smtp.hostname.empty() ? HostName() : config.smtp.hostname),
        clock(clock_),
        log(log_),
        rules(std::move(rules_), clock.Now()),
        return_paths(std::move(return_paths_)),
        store(std::move(store_)),
        committer(*store, Policies(), clock, counters),
        policies(config, std::move(applied_policies), committer, log),
        retention(*store, committer, clock, config.store.keep),
        incidents(committer, config.incidents, clock, log, counters),
        keys(return_paths, committer, std::move(revocations)),
        callers(committer, clock, std::move(api_keys)),
        authenticator(std::move(authenticator_)),
        intake(rules, return_paths, committer, clock, counters, authenticator.get()),
        users(config.smtp.users),
        free_space(config.data_dir, config.store.min_free, clock),
        receiver(
            return_paths, intake, [this] { return Ready(); }, counters) {}

  absl::Status Ready() {
    if (absl::Status s = committer.Ready(); !s.ok()) return s;
    return free_space.Check();
  }

  void Commit() {
    committer.Run();
    if (committer.fatal().ok()) return;
    log.Error("store.failed", {{"message", Std(committer.fatal().message())}});
    // Whoever waits for signals ends the process; a call of ours from here would join this thread.
    ::kill(::getpid(), SIGTERM);
  }

  const Config config;  // that of the start
  const std::string hostname;
  std::shared_ptr<const smtp::Tls> tls;  // for new handshakes
  const Clock& clock;
  const Log& log;
  Counters counters;
  LiveRules rules;
  Live<ReturnPaths> return_paths;
  std::unique_ptr<Store> store;
  Committer committer;
  PolicyBook policies;
  Retention retention;
  IncidentWatch incidents;
  KeyRevoker keys;
  api::Callers callers;
  std::unique_ptr<DnsAuthenticator> authenticator;
  Intake intake;
  Users users;
  FreeSpace free_space;
  MailReceiver receiver;
  std::thread commit_thread;
  std::optional<Live<api::TlsTexts>> api_tls;         // none: in the clear
  std::shared_ptr<const smtp::Tls> api_certificates;  // set with it
  std::unique_ptr<api::Server> api;
  std::unique_ptr<smtp::Server> smtp;
  std::string smtp_addresses;  // "smtp=HOST:PORT smtps=HOST:PORT"
};

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Daemon::~Daemon() { Stop(); }

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config,
                                                      std::shared_ptr<const RuleSet> rules,
                                                      const HandedSockets& sockets,
                                                      const Clock& clock, const Log& log) {
  if (config.is_demo) {
    if (absl::Status s = MakeDemoKey(config, log); !s.ok()) return s;
  }
  absl::StatusOr<ReturnPaths> return_paths = MakeReturnPaths(config);
  if (!return_paths.ok()) return return_paths.status();
  const std::vector<NamedListener> listeners = Listeners(config, sockets);
  std::vector<smtp::ListenerOptions> listen;
  for (const NamedListener& listener : listeners) listen.push_back(listener.options);
  absl::StatusOr<std::unique_ptr<smtp::Doorkeeper>> doorkeeper = smtp::Doorkeeper::Open(listen);
  if (!doorkeeper.ok()) return doorkeeper.status();
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(config.store.options, clock.Now());
  if (!store.ok()) return store.status();
  absl::StatusOr<std::vector<Revocation>> revocations = (*store)->ListRevocations();
  if (!revocations.ok()) return revocations.status();
  absl::StatusOr<std::vector<ApiKey>> api_keys = (*store)->ListApiKeys();
  if (!api_keys.ok()) return api_keys.status();
  absl::StatusOr<PolicyDocument> applied_policies = (*store)->GetPolicies(0);
  if (!applied_policies.ok()) return applied_policies.status();
  absl::StatusOr<std::unique_ptr<DnsAuthenticator>> authenticator =
      MakeAuthenticator(config, clock);
  if (!authenticator.ok()) return authenticator.status();
  auto daemon = std::unique_ptr<Daemon>(new Daemon(std::make_unique<Parts>(
      config, clock, log, std::move(rules), return_paths->WithRevoked(*revocations), *revocations,
      *std::move(api_keys), *std::move(applied_policies), *std::move(store),
      *std::move(authenticator))));
  Parts& parts = *daemon->parts_;
  NoteRevoked(*parts.return_paths.Get(), clock, log);

  absl::StatusOr<std::shared_ptr<const smtp::Tls>> tls = MakeTls(config, parts.hostname, clock);
  if (!tls.ok()) return tls.status();
  parts.tls = *std::move(tls);
  absl::StatusOr<std::optional<ApiTls>> api_tls = ReadApiTls(config);
  if (!api_tls.ok()) return api_tls.status();
  if (*api_tls) {
    parts.api_tls.emplace(std::move((*api_tls)->texts));
    parts.api_certificates = (*api_tls)->judged;
  }
  daemon->LogCertificates();
  smtp::ServerOptions options{.listen = std::move(listen),
                              .hostname = parts.hostname,
                              .hidden_keywords = config.smtp.hide_keywords,
                              .users = &parts.users,
                              .tls = parts.tls,
                              .networks = config.smtp.networks,
                              .threads = 0,
                              .limits = config.smtp.limits};
  absl::StatusOr<std::unique_ptr<smtp::Server>> smtp =
      smtp::Server::Listen(options, parts.receiver, clock, log, parts.counters);
  if (!smtp.ok()) return smtp.status();

  if (absl::Status s = parts.callers.TakeUp(config.grpc.access); !s.ok()) return s;
  parts.commit_thread = std::thread([&parts] { parts.Commit(); });
  const api::Parts api_parts{.store = *parts.store,
                             .committer = parts.committer,
                             .intake = parts.intake,
                             .rules = parts.rules,
                             .return_paths = parts.return_paths,
                             .keys = parts.keys,
                             .callers = parts.callers,
                             .policies = parts.policies,
                             .tls = parts.api_tls ? &*parts.api_tls : nullptr,
                             .clock = clock,
                             .log = log,
                             .max_message_size = config.smtp.limits.max_message_size,
                             .min_free = config.store.min_free,
                             .keep = config.store.keep};
  const auto handed = sockets.find(kGrpcSocket);
  absl::StatusOr<std::unique_ptr<api::Server>> api =
      handed != sockets.end() ? api::Server::Adopt(handed->second, api_parts)
                              : api::Server::Start(config.grpc.listen, api_parts);
  if (!api.ok()) return api.status();
  parts.api = *std::move(api);
  parts.smtp = *std::move(smtp);
  parts.smtp_addresses = ShowAddresses(listeners, parts.smtp->addresses());
  doorkeeper->reset();
  parts.smtp->Start();
  parts.retention.Start();
  parts.incidents.Start();
  return daemon;
}

std::string Daemon::addresses() const {
  return absl::StrCat(parts_->smtp_addresses, " grpc=", parts_->api->address());
}

absl::Status Daemon::fatal() const { return parts_->committer.fatal(); }

void Daemon::LogCounters() const {
  WriteCounters(parts_->log, parts_->counters,
                std::make_index_sequence<static_cast<std::size_t>(Counter::kCount)>());
}

void Daemon::LogCertificates() const {
  NoteCertificates("smtp.certificate_ends", *parts_->tls, parts_->clock, parts_->log);
  if (parts_->api_certificates == nullptr) return;
  NoteCertificates("grpc.certificate_ends", *parts_->api_certificates, parts_->clock, parts_->log);
}

void Daemon::Reload(const Config& config) {
  const absl::Status status = TakeUp(config);
  if (!status.ok()) {
    parts_->log.Error("config.kept", {{"why", Std(status.message())}});
    return;
  }
  const std::vector<std::string> waiting = KeysThatWait(parts_->config, config);
  if (!waiting.empty()) {
    parts_->log.Warning("config.waits_for_restart", {{"keys", absl::StrJoin(waiting, ",")}});
  }
  parts_->log.Info("config.reloaded", {{"return_path_domains", config.return_paths.size()},
                                       {"unsubscribe_domains", config.unsubscribes.size()},
                                       {"feedback_loops", config.feedback_loops.size()},
                                       {"certificates", config.smtp.certificates.size()},
                                       {"users", config.smtp.users.size()},
                                       {"api_keys", config.grpc.access.keys.size()},
                                       {"api_clients", config.grpc.access.clients.size()}});
}

// All that can be wrong is found before anything is taken up.
absl::Status Daemon::TakeUp(const Config& config) {
  if (absl::Status s = CheckTogether(config); !s.ok()) return s;
  absl::StatusOr<ReturnPaths> return_paths = MakeReturnPaths(config);
  if (!return_paths.ok()) return return_paths.status();
  // Those that were made here stay: others would be no better, and clients know these.
  std::shared_ptr<const smtp::Tls> tls;
  if (!config.smtp.certificates.empty() || !parts_->tls->is_self_made()) {
    absl::StatusOr<std::shared_ptr<const smtp::Tls>> made =
        MakeTls(config, parts_->hostname, parts_->clock);
    if (!made.ok()) return made.status();
    tls = *std::move(made);
  }
  absl::StatusOr<std::optional<ApiTls>> api_tls = ReadApiTls(config);
  if (!api_tls.ok()) return api_tls.status();
  const auto take_up_callers = [&] { return parts_->callers.TakeUp(config.grpc.access); };
  if (absl::Status s = parts_->policies.TakeUp(config, take_up_callers); !s.ok()) return s;
  parts_->keys.TakeUp(*return_paths);
  NoteRevoked(*parts_->return_paths.Get(), parts_->clock, parts_->log);
  parts_->users.Replace(config.smtp.users);
  parts_->incidents.SetPolicy(config.incidents);
  if (tls != nullptr) {
    parts_->tls = tls;
    parts_->smtp->SetTls(std::move(tls));
  }
  // Neither TLS nor the demand for certificates is switched on or off while it serves.
  if (parts_->api_tls && *api_tls) {
    api::TlsTexts& texts = (*api_tls)->texts;
    const std::shared_ptr<const api::TlsTexts> in_force = parts_->api_tls->Get();
    if (texts.client_ca.empty() != in_force->client_ca.empty()) {
      texts.client_ca = in_force->client_ca;
    }
    parts_->api_tls->Set(std::move(texts));
    parts_->api_certificates = (*api_tls)->judged;
  }
  LogCertificates();
  ReloadRules(config.rules.files);
  return absl::OkStatus();
}

void Daemon::ReloadRules(const std::vector<std::string>& files) {
  OperatorRules loaded = LoadRuleFiles(files, FileKind::kPlain);
  const std::size_t shown = std::min(loaded.problems.size(), kMaxLoggedProblems);
  for (std::size_t i = 0; i < shown; ++i) {
    parts_->log.Error("rules.refused", {{"why", ToString(loaded.problems[i])}});
  }
  const auto in_force = parts_->rules.Get();
  const RuleSet& rules = loaded.rules != nullptr ? *loaded.rules : in_force->rules();
  const std::size_t built_in = CountBuiltIn(rules);
  const std::size_t of_operator = rules.size() - built_in;
  if (loaded.rules == nullptr) {
    parts_->log.Error("rules.kept", {{"problems", loaded.problems.size()},
                                     {"built_in", built_in},
                                     {"of_operator", of_operator}});
    return;
  }
  parts_->rules.Swap(std::move(loaded.rules), parts_->clock.Now());
  parts_->log.Info("rules.reloaded", {{"built_in", built_in}, {"of_operator", of_operator}});
}

void Daemon::Stop() {
  if (parts_ == nullptr) return;
  const bool served = parts_->smtp != nullptr;
  if (served) parts_->smtp->Stop();
  if (parts_->api != nullptr) parts_->api->Stop(kApiGrace);
  parts_->callers.NoteUses();
  // What is still asked of DNS is committed as it is.
  parts_->authenticator.reset();
  parts_->incidents.Stop();
  // What was counted since the last time is stored.
  if (served) parts_->incidents.Step().IgnoreError();
  parts_->committer.Stop();
  parts_->retention.Stop();
  if (parts_->commit_thread.joinable()) parts_->commit_thread.join();
  if (served) LogCounters();
  // The servers go before what they work with, the store last but for its configuration.
  parts_.reset();
}

}  // namespace bounced
