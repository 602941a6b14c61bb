#include "server/config/keys.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/time/civil_time.h"
#include "server/base/host_port.h"

namespace bounced {
namespace {

constexpr std::size_t kMaxPath = 4'000;
constexpr std::size_t kMaxRulePaths = 100;
constexpr std::size_t kMaxReturnPaths = 10'000;
constexpr std::size_t kMaxFeedbackLoops = 1'000;
constexpr std::size_t kMaxOperators = 100;
constexpr std::size_t kMaxListeners = 64;
constexpr std::size_t kMaxNetworks = 1'000;
constexpr std::size_t kMaxCertificates = 1'000;
constexpr std::size_t kMaxUsers = 10'000;
constexpr std::size_t kMaxSecretOctets = 1'000;
constexpr std::size_t kMaxConfiguredCallers = 1'000;
constexpr std::size_t kMaxCertificateName = 255;
constexpr std::size_t kMaxListenOctets = 300;  // a host name and a port
constexpr std::size_t kMaxServers = 8;
constexpr std::size_t kMaxTenant = 64;      // as in the API
constexpr std::size_t kMaxStreams = 1'000;  // of a tenant
constexpr std::int64_t kMiB = 1 << 20;
constexpr absl::Duration kDay = absl::Hours(24);

// The place of a member in its section.
#define PLACE(member) \
  [](auto& section) -> auto& { return section.member; }

Key<decltype(Config::smtp)> Listeners(std::string_view name,
                                      std::vector<std::string> decltype(Config::smtp)::*place,
                                      bool paths = false) {
  using Smtp = decltype(Config::smtp);
  return {
      name,
      [place, paths](const toml::node& node, std::string_view path, Smtp& section) -> absl::Status {
        absl::StatusOr<std::vector<std::string>> value =
            TextListOf(node, 0, kMaxListeners, kMaxListenOctets);
        if (!value.ok()) return At(node, path, Std(value.status().message()));
        for (const std::string& address : *value) {
          if (ParseHostPort(address) || (paths && address.starts_with('/'))) continue;
          return At(node, path,
                    paths ? "each must be \"/PATH\" or \"HOST:PORT\""
                          : "each must be \"HOST:PORT\", as \"0.0.0.0:25\" or \"[::]:25\"");
        }
        section.*place = *std::move(value);
        return absl::OkStatus();
      },
      CompareAt<Smtp>([place](const Smtp& section) { return section.*place; })};
}

// It stands in replies: a blank or a line end in it would be one there.
Key<decltype(Config::smtp)> HostName(std::string_view name) {
  using Smtp = decltype(Config::smtp);
  return {name,
          [](const toml::node& node, std::string_view path, Smtp& section) -> absl::Status {
            absl::StatusOr<std::string> value = TextOf(node, 1, kMaxDomainOctets);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            absl::StatusOr<std::string> canonical = CanonicalDomain(*value);
            if (!canonical.ok()) return At(node, path, Std(canonical.status().message()));
            section.hostname = *std::move(canonical);
            return absl::OkStatus();
          },
          CompareAt<Smtp>(PLACE(hostname))};
}

struct UserSection {
  std::string name;
  ScramSecret secret;
};

// "SCRAM-SHA-256$...", as `bouncectl hash-password` writes it.
Key<UserSection> Secret(std::string_view name) {
  return {name,
          [](const toml::node& node, std::string_view path, UserSection& section) -> absl::Status {
            absl::StatusOr<std::string> value = TextOf(node, 1, kMaxSecretOctets);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            absl::StatusOr<ScramSecret> secret = ParseScramSecret(*value);
            if (!secret.ok()) {
              return At(
                  node, path,
                  absl::StrCat(secret.status().message(), "; bouncectl hash-password makes one"));
            }
            section.secret = *std::move(secret);
            return absl::OkStatus();
          }};
}

std::span<const Key<UserSection>> UserKeys() {
  static const std::vector<Key<UserSection>> keys = {
      Name<UserSection>("name", PLACE(name), kMaxUserOctets),
      Secret("secret"),
  };
  return keys;
}

// [[smtp.user]]s, as one table by name.
Key<decltype(Config::smtp)> UserTables(std::string_view name) {
  using Smtp = decltype(Config::smtp);
  struct List {
    std::vector<UserSection> users;
  };
  return {name, [name](const toml::node& node, std::string_view path, Smtp& smtp) -> absl::Status {
            const Key<List> tables = Tables<List, UserSection>(name, UserKeys(), PLACE(users),
                                                               kMaxUsers, {"name", "secret"});
            List list;
            if (absl::Status s = tables.read(node, path, list); !s.ok()) return s;
            for (UserSection& user : list.users) {
              if (!smtp.users.emplace(user.name, std::move(user.secret)).second) {
                return At(node, path, absl::StrCat("\"", user.name, "\" stands twice"));
              }
            }
            return absl::OkStatus();
          }};
}

// Keywords of EHLO that may be hidden: mail comes without them, too.
Key<decltype(Config::smtp)> HideKeywords(std::string_view name) {
  using Smtp = decltype(Config::smtp);
  return {name,
          [](const toml::node& node, std::string_view path, Smtp& section) -> absl::Status {
            static constexpr std::string_view kKeywords[] = {
                "PIPELINING", "SIZE",       "8BITMIME", "SMTPUTF8",
                "CHUNKING",   "BINARYMIME", "STARTTLS", "ENHANCEDSTATUSCODES",
                "LIMITS",     "HELP"};
            absl::StatusOr<std::vector<std::string>> value =
                TextListOf(node, 0, std::size(kKeywords), 100);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            for (std::string& keyword : *value) {
              if (EqualsIgnoringCase(keyword, "AUTH")) {
                return At(node, path,
                          "\"AUTH\" cannot be hidden: it is listed where a login is demanded, and "
                          "nobody would log in");
              }
              const auto* known = std::find_if(
                  std::begin(kKeywords), std::end(kKeywords),
                  [&](std::string_view each) { return EqualsIgnoringCase(each, keyword); });
              if (known == std::end(kKeywords)) {
                return At(node, path, absl::StrCat("\"", keyword, "\" is no keyword of EHLO here"));
              }
              keyword = *known;
            }
            section.hide_keywords = *std::move(value);
            return absl::OkStatus();
          },
          CompareAt<Smtp>(PLACE(hide_keywords))};
}

std::span<const Key<smtp::CertificateFiles>> CertificateKeys() {
  using Files = smtp::CertificateFiles;
  static const std::vector<Key<Files>> keys = {
      Text<Files>("chain_file", PLACE(chain_file), 1, kMaxPath),
      Text<Files>("key_file", PLACE(key_file), 1, kMaxPath),
  };
  return keys;
}

std::span<const Key<decltype(Config::smtp)>> SmtpKeys() {
  using Smtp = decltype(Config::smtp);
  // A number of the Limits, under its field's name.
#define NUMBER(field, min, max) Integer<Smtp>(#field, PLACE(limits.field), min, max)
#define TIME(field, min, max) Duration<Smtp>(#field, PLACE(limits.field), min, max)
  static const std::vector<Key<Smtp>> keys = {
      Listeners("listen", &Smtp::listen),
      Listeners("submission_listen", &Smtp::submission_listen),
      Listeners("tls_listen", &Smtp::tls_listen),
      Listeners("lmtp_listen", &Smtp::lmtp_listen, /*paths=*/true),
      Listeners("proxy_listen", &Smtp::proxy_listen),
      Listeners("proxy_tls_listen", &Smtp::proxy_tls_listen),
      Networks<Smtp>("trusted_proxies", PLACE(networks.trusted_proxies), kMaxNetworks),
      Networks<Smtp>("allowed_networks", PLACE(networks.allowed), kMaxNetworks),
      Networks<Smtp>("denied_networks", PLACE(networks.denied), kMaxNetworks),
      HideKeywords("hide_keywords"),
      UserTables("user"),
      Tables<Smtp, smtp::CertificateFiles>("certificate", CertificateKeys(), PLACE(certificates),
                                           kMaxCertificates, {"chain_file", "key_file"}),
      HostName("hostname"),
      NUMBER(max_sessions, 1, 1'000'000),
      NUMBER(reserved_sessions, 0, 1'000'000),
      NUMBER(max_sessions_per_client, 1, 1'000'000),
      NUMBER(max_connects_per_client, 0, 1'000'000),
      NUMBER(max_handshakes_per_client, 0, 1'000'000),
      NUMBER(max_bad_recipients_per_client, 0, 10'000'000),
      NUMBER(max_failed_logins_per_client, 0, 1'000'000),
      NUMBER(max_handshakes, 1, 1'000'000),
      NUMBER(max_bad_recipients, 1, 10'000),
      TIME(banner_delay, absl::ZeroDuration(), absl::Seconds(30)),
      TIME(denial_timeout, absl::Seconds(1), kDay),
      NUMBER(max_message_size, 64 << 10, 1 << 30),  // RFC 5321, 4.5.3.1.7: 64 KiB at least
      NUMBER(max_recipients, 100, 100'000),         // RFC 5321, 4.5.3.1.8: 100 at least
      NUMBER(max_transactions, 1, 1'000'000),
      NUMBER(max_errors, 1, 10'000),
      NUMBER(slow_errors, 0, 10'000),
      TIME(error_delay, absl::ZeroDuration(), absl::Minutes(1)),
      NUMBER(max_failed_logins, 1, 100),
      NUMBER(max_junk_commands, 1, 100'000),
      TIME(command_timeout, absl::Seconds(1), kDay),
      TIME(data_timeout, absl::Seconds(1), kDay),
      NUMBER(min_data_rate, 1, 1 << 30),
      TIME(reply_timeout, absl::Seconds(1), kDay),
      TIME(proxy_header_timeout, absl::Seconds(1), kDay),
      TIME(tls_handshake_timeout, absl::Seconds(1), kDay),
      TIME(overload_timeout, absl::Seconds(1), kDay),
      TIME(session_lifetime, absl::Seconds(1), 7 * kDay),
      TIME(commit_timeout, absl::Seconds(1), absl::Minutes(10)),
      TIME(drain, absl::ZeroDuration(), absl::Hours(1)),
      NUMBER(inflight_bytes, kMiB, std::int64_t{1} << 40),
      NUMBER(max_reply_backlog, 1 << 10, 16 * kMiB),
  };
#undef NUMBER
#undef TIME
  return keys;
}

// A list of roles.
template <typename Section>
Key<Section> RoleList(std::string_view name) {
  return {name, [](const toml::node& node, std::string_view path, Section& section) {
            absl::StatusOr<std::vector<std::string>> words =
                TextListOf(node, 1, AllRoles().size(), kMaxCallerNameOctets);
            if (!words.ok()) return At(node, path, Std(words.status().message()));
            section.roles = Roles();
            for (const std::string& word : *words) {
              const std::optional<Role> role = RoleFromName(word);
              if (!role) {
                std::string known;
                for (Role each : AllRoles()) {
                  absl::StrAppend(&known, known.empty() ? "" : ", ", Absl(ToString(each)));
                }
                return At(node, path, absl::StrCat("\"", word, "\" is none of ", known));
              }
              section.roles.Add(*role);
            }
            return absl::OkStatus();
          }};
}

// "SHA-256$...", as `bouncectl keys hash` writes it.
Key<KeyGrant> TokenHash(std::string_view name) {
  return {name, [](const toml::node& node, std::string_view path, KeyGrant& section) {
            absl::StatusOr<std::string> value = TextOf(node, 1, kMaxSecretOctets);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            absl::StatusOr<ApiSecret> secret = ParseApiSecret(*value);
            if (!secret.ok()) {
              return At(node, path,
                        absl::StrCat(secret.status().message(), "; bouncectl keys hash makes one"));
            }
            section.secret = *std::move(secret);
            return absl::OkStatus();
          }};
}

std::span<const Key<KeyGrant>> ApiKeyKeys() {
  static const std::vector<Key<KeyGrant>> keys = {
      Name<KeyGrant>("name", PLACE(name), kMaxCallerNameOctets),
      Name<KeyGrant>("tenant", PLACE(tenant), kMaxTenant),
      Flag<KeyGrant>("all_tenants", PLACE(all_tenants)),
      RoleList<KeyGrant>("roles"),
      TokenHash("secret"),
  };
  return keys;
}

std::span<const Key<Grant>> ApiClientKeys() {
  static const std::vector<Key<Grant>> keys = {
      // As certificates have them: host names, addresses, URIs.
      Text<Grant>("name", PLACE(name), 1, kMaxCertificateName),
      Name<Grant>("tenant", PLACE(tenant), kMaxTenant),
      Flag<Grant>("all_tenants", PLACE(all_tenants)),
      RoleList<Grant>("roles"),
  };
  return keys;
}

// A text of which a reload takes up another one, but not that there is none, or one where none was.
template <typename Section, typename Get>
Key<Section> OnOrOff(Key<Section> key, Get get) {
  key.compare = CompareAt<Section>([get](const Section& section) { return get(section).empty(); });
  return key;
}

std::span<const Key<decltype(Config::grpc)>> GrpcKeys() {
  using Grpc = decltype(Config::grpc);
  static const std::vector<Key<Grpc>> keys = {
      Text<Grpc>("listen", PLACE(listen), 1, kMaxListenOctets),
      OnOrOff(Text<Grpc>("chain_file", PLACE(chain_file), 1, kMaxPath), PLACE(chain_file)),
      AtOnce(Text<Grpc>("key_file", PLACE(key_file), 1, kMaxPath)),
      OnOrOff(Text<Grpc>("client_ca_file", PLACE(client_ca_file), 1, kMaxPath),
              PLACE(client_ca_file)),
      Choice<Grpc>(
          "client_certificates", PLACE(client_certificates_required),
          std::vector<std::pair<std::string_view, bool>>{{"required", true}, {"optional", false}}),
      AtOnce(Flag<Grpc>("require_keys", PLACE(access.require_keys))),
      Tables<Grpc, KeyGrant>("key", ApiKeyKeys(), PLACE(access.keys), kMaxConfiguredCallers,
                             {"name", "secret"}),
      Tables<Grpc, Grant>("client", ApiClientKeys(), PLACE(access.clients), kMaxConfiguredCallers,
                          {"name"}),
  };
  return keys;
}

// A date of TOML, in UTC.
template <typename Section, typename Get>
Key<Section> Date(std::string_view name, Get get) {
  return {name,
          [=](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
            const std::optional<toml::date> date = node.value<toml::date>();
            if (!date) return At(node, path, "must be a date, as 2026-12-31, without quotes");
            get(section) = DayOf(absl::FromCivil(absl::CivilDay(date->year, date->month, date->day),
                                                 absl::UTCTimeZone()));
            return absl::OkStatus();
          }};
}

std::span<const Key<KeyFile>> KeyKeys() {
  static const std::vector<Key<KeyFile>> keys = {
      Text<KeyFile>("id", PLACE(id), 1, kMaxKeyIdOctets),
      Text<KeyFile>("secret_file", PLACE(secret_file), 1, kMaxPath),
      Date<KeyFile>("last_day", PLACE(last_day)),
  };
  return keys;
}

std::span<const Key<ReturnPathSection>> ReturnPathKeys() {
  using Section = ReturnPathSection;
  static const std::vector<std::pair<std::string_view, Trust>> trusts = {
      {"signed", Trust::kSigned},
      {"returned", Trust::kReturned},
      {"authenticated", Trust::kAuthenticated},
      {"unverified", Trust::kUnverified}};
  static const std::vector<Key<Section>> keys = {
      Text<Section>("domain", PLACE(domain.domain), 1, kMaxDomainOctets),
      Name<Section>("tenant", PLACE(domain.tenant), kMaxTenant),
      Text<Section>("stream", PLACE(domain.stream), 0, kMaxStreamOctets),
      Choice<Section>(
          "signing", PLACE(domain.signing),
          std::vector<std::pair<std::string_view, Signing>>{{"required", Signing::kRequired},
                                                            {"optional", Signing::kOptional},
                                                            {"off", Signing::kOff}}),
      Choice<Section>("trust", PLACE(domain.least_trust.bounce), trusts),
      Choice<Section>("complaint_trust", PLACE(domain.least_trust.complaint), trusts),
      Duration<Section>("max_age", PLACE(domain.max_age), kDay, kMaxTokenAge),
      Tables<Section, KeyFile>("key", KeyKeys(), PLACE(files), kMaxReturnPathKeys,
                               {"id", "secret_file"}),
  };
  return keys;
}

// "local@domain"; `put` is told both, canonical.
template <typename Section, typename Put>
Key<Section> Mailbox(std::string_view name, Put put) {
  return {name, [=](const toml::node& node, std::string_view path, Section& section) {
            absl::StatusOr<std::string> value = TextOf(node, 1, kMaxPathOctets);
            if (!value.ok()) return At(node, path, Std(value.status().message()));
            const absl::StatusOr<Address> address = Address::Parse(*value);
            if (!address.ok()) return At(node, path, Std(address.status().message()));
            put(*address, section);
            return absl::OkStatus();
          }};
}

std::span<const Key<UnsubscribeSection>> UnsubscribeKeys() {
  using Section = UnsubscribeSection;
  static const std::vector<Key<Section>> keys = {
      Mailbox<Section>("address",
                       [](const Address& address, Section& section) {
                         section.domain.address = address.canonical();
                         section.domain.domain = address.domain();
                       }),
      Name<Section>("tenant", PLACE(domain.tenant), kMaxTenant),
      Text<Section>("stream", PLACE(domain.stream), 0, kMaxStreamOctets),
      Duration<Section>("max_age", PLACE(domain.max_age), kDay, kMaxTokenAge),
      Tables<Section, KeyFile>("key", KeyKeys(), PLACE(files), kMaxReturnPathKeys,
                               {"id", "secret_file"}),
  };
  return keys;
}

std::span<const Key<FeedbackLoop>> FeedbackLoopKeys() {
  using Section = FeedbackLoop;
  static const std::vector<Key<Section>> keys = {
      Mailbox<Section>("address", [](const Address& address,
                                     Section& section) { section.address = address.canonical(); }),
      Name<Section>("tenant", PLACE(tenant), kMaxTenant),
      Text<Section>("stream", PLACE(stream), 0, kMaxStreamOctets),
      TextList<Section>("operators", PLACE(operators), 0, kMaxOperators, kMaxDomainOctets),
  };
  return keys;
}

}  // namespace

std::span<const Key<Policy>> PolicyKeys() {
#define NUMBER(field, min, max) Integer<Policy>(#field, PLACE(field), min, max)
  static const std::vector<Key<Policy>> keys = {
      NUMBER(hard_confidence, 0, 100),
      NUMBER(hard_days, 1, 3'650),
      NUMBER(hard_confirmations, 1, 30),
      NUMBER(hard_window_days, 1, 3'650),
      NUMBER(soft_threshold, 1, 30),
      NUMBER(soft_window_days, 1, 3'650),
      NUMBER(soft_days, 1, 3'650),
      NUMBER(soft_max_days, 1, 3'650),
      NUMBER(probation_days, 0, 3'650),
      NUMBER(domain_burst, 0, 100'000),
      NUMBER(domain_burst_large, 0, 100'000),
      NUMBER(burst_minutes, 1, 1'440),
      Flag<Policy>("suppress_bounces", PLACE(suppress_bounces)),
      Choice<Policy>("complaint_scope", PLACE(complaint_scope),
                     std::vector<std::pair<std::string_view, ComplaintScope>>{
                         {"tenant", ComplaintScope::kTenant}, {"stream", ComplaintScope::kStream}}),
  };
#undef NUMBER
  return keys;
}

namespace {

std::span<const Key<IncidentPolicy>> IncidentKeys() {
#define NUMBER(field, min) Integer<IncidentPolicy>(#field, PLACE(field), min, 1'000'000'000)
#define PERCENT(field) Percent<IncidentPolicy>(#field, PLACE(field))
  static const std::vector<Key<IncidentPolicy>> keys = {
      NUMBER(refusal_count, 0),
      PERCENT(refusal_percent),
      NUMBER(min_sends, 1),
      NUMBER(hard_count, 0),
      PERCENT(hard_warning_percent),
      PERCENT(hard_critical_percent),
      NUMBER(complaint_count, 0),
      PERCENT(complaint_warning_percent),
      PERCENT(complaint_critical_percent),
      Duration<IncidentPolicy>("close_after", PLACE(close_after), absl::Minutes(1), 30 * kDay),
      NUMBER(unverified_count, 0),
  };
#undef PERCENT
#undef NUMBER
  return keys;
}

std::span<const Key<StreamSection>> StreamKeys() {
  using Section = StreamSection;
  static const std::vector<Key<Section>> keys = {
      Name<Section>("name", PLACE(name), kMaxStreamOctets),
      Table<Section>("policy", PolicyKeys(), PLACE(policy)),
  };
  return keys;
}

}  // namespace

// In this order: streams begin with the policy of their tenant.
std::span<const Key<TenantSection>> TenantKeys() {
  using Section = TenantSection;
  static const std::vector<Key<Section>> keys = {
      Name<Section>("name", PLACE(name), kMaxTenant),
      Table<Section>("policy", PolicyKeys(), PLACE(policy)),
      Tables<Section>("stream", StreamKeys(), PLACE(streams), kMaxStreams, {"name"},
                      [](const Section& tenant) {
                        return StreamSection{"", tenant.policy};
                      }),
  };
  return keys;
}

namespace {

std::span<const Key<decltype(Config::store)>> StoreKeys() {
  using StoreSection = decltype(Config::store);
  static const std::vector<Key<StoreSection>> keys = {
      Integer<StoreSection>("evidence_per_return_path", PLACE(options.evidence.per_return_path), 0,
                            1'000'000),
      Integer<StoreSection>("unvouched_evidence_per_day", PLACE(options.evidence.unvouched_per_day),
                            0, std::int64_t{1} << 50),
      Integer<StoreSection>("max_wal_octets", PLACE(options.max_wal_octets), kMiB,
                            std::int64_t{1} << 40),
      Integer<StoreSection>("cache_octets", PLACE(options.cache_octets), kMiB,
                            std::int64_t{1} << 40),
      Integer<StoreSection>("history_days", PLACE(keep.changes), 1, 36'500),
      Integer<StoreSection>("evidence_days", PLACE(keep.evidence), 1, 36'500),
      Integer<StoreSection>("event_days", PLACE(keep.events), 1, 36'500),
      Integer<StoreSection>("min_free", PLACE(min_free), 0, std::int64_t{1} << 50),
  };
  return keys;
}

std::span<const Key<decltype(Config::rules)>> RulesKeys() {
  using Rules = decltype(Config::rules);
  static const std::vector<Key<Rules>> keys = {
      TextList<Rules>("files", PLACE(files), 0, kMaxRulePaths, kMaxPath),
  };
  return keys;
}

std::span<const Key<decltype(Config::authentication)>> AuthenticationKeys() {
  using Section = decltype(Config::authentication);
  static const std::vector<Key<Section>> keys = {
      Flag<Section>("enabled", PLACE(enabled)),
      Duration<Section>("timeout", PLACE(timeout), absl::Seconds(1), absl::Minutes(1)),
      {"servers",
       [](const toml::node& node, std::string_view path, Section& section) -> absl::Status {
         absl::StatusOr<std::vector<std::string>> value =
             TextListOf(node, 0, kMaxServers, kMaxListenOctets);
         if (!value.ok()) return At(node, path, Std(value.status().message()));
         // A name would have to be asked of the very servers.
         if (!std::all_of(value->begin(), value->end(), IsAddressAndPort)) {
           return At(node, path, "each must be \"ADDRESS:PORT\", as \"127.0.0.1:53\"");
         }
         section.servers = *std::move(value);
         return absl::OkStatus();
       },
       CompareAt<Section>(PLACE(servers))},
  };
  return keys;
}

std::span<const Key<decltype(Config::log)>> LogKeys() {
  using LogSection = decltype(Config::log);
  static const std::vector<Key<LogSection>> keys = {
      Choice<LogSection>(
          "level", PLACE(level),
          std::vector<std::pair<std::string_view, LogLevel>>{{"error", LogLevel::kError},
                                                             {"warning", LogLevel::kWarning},
                                                             {"info", LogLevel::kInfo},
                                                             {"debug", LogLevel::kDebug}}),
  };
  return keys;
}

}  // namespace

std::vector<Key<Config>> TopKeys() {
  return {
      Text<Config>("data_dir", PLACE(data_dir), 1, kMaxPath),
      Table<Config>("smtp", SmtpKeys(), PLACE(smtp)),
      Table<Config>("grpc", GrpcKeys(), PLACE(grpc)),
      Tables<Config>("return_path", ReturnPathKeys(), PLACE(return_paths), kMaxReturnPaths,
                     {"domain"}),
      Tables<Config>("unsubscribe", UnsubscribeKeys(), PLACE(unsubscribes), kMaxReturnPaths,
                     {"address"}),
      Tables<Config>("feedback_loop", FeedbackLoopKeys(), PLACE(feedback_loops), kMaxFeedbackLoops,
                     {"address"}),
      AtOnce(Table<Config>("policy", PolicyKeys(), PLACE(policy))),
      // Behind the policy that tenants begin with.
      Tables<Config>("tenant", TenantKeys(), PLACE(tenants), kMaxTenants, {"name"},
                     [](const Config& config) {
                       return TenantSection{"", config.policy, {}};
                     }),
      AtOnce(Table<Config>("incidents", IncidentKeys(), PLACE(incidents))),
      Table<Config>("store", StoreKeys(), PLACE(store)),
      AtOnce(Table<Config>("rules", RulesKeys(), PLACE(rules))),
      Table<Config>("authentication", AuthenticationKeys(), PLACE(authentication)),
      Table<Config>("log", LogKeys(), PLACE(log)),
  };
}

}  // namespace bounced
