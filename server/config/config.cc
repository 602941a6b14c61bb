#include "server/config/config.h"

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <set>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/base/host_port.h"
#include "server/config/keys.h"
#include "server/config/reader.h"
#include "server/intake/secret_file.h"

namespace bounced {
namespace {

constexpr std::string_view kDemo = R"(
data_dir = "bounced-data"
[smtp]
listen = ["127.0.0.1:2525"]
hostname = "localhost"
[grpc]
listen = "127.0.0.1:7025"
[[return_path]]
domain = "bounces.localhost"
[[return_path.key]]
id = "demo"
secret_file = "bounced-data/return-path.key"
)";

// `whose` is for messages: "" or " of tenant acme".
absl::Status CheckPolicy(const Policy& policy, int event_days, const std::string& whose) {
  const auto wrong = [&](std::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(Absl(what), whose));
  };
  if (policy.soft_threshold > policy.soft_window_days) {
    return wrong(
        "policy.soft_threshold is above policy.soft_window_days: so many days never fall into it");
  }
  if (policy.hard_confirmations > policy.hard_window_days) {
    return wrong(
        "policy.hard_confirmations is above policy.hard_window_days: so many days never fall into "
        "it");
  }
  if (policy.soft_days > policy.soft_max_days) {
    return wrong("policy.soft_days is above policy.soft_max_days");
  }
  for (const auto& [key, days] : {std::pair("hard_window_days", policy.hard_window_days),
                                  std::pair("soft_window_days", policy.soft_window_days)}) {
    if (days <= event_days) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("policy.", key, whose, " is ", days, ", above store.event_days, ", event_days,
                     ": what is counted rests on events that are kept as long"));
  }
  return absl::OkStatus();
}

// "The same message again" rests on events that are kept as long.
absl::Status CheckReturnPaths(std::span<const ReturnPathSection> return_paths, int event_days) {
  for (const ReturnPathSection& section : return_paths) {
    if (section.domain.max_age <= event_days * absl::Hours(24)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "store.event_days is ", event_days, ", below max_age of return_path ",
        section.domain.domain, ": a report that came would be new when it comes again"));
  }
  return absl::OkStatus();
}

// No policy contradicts itself, and none is told twice.
absl::Status CheckTenants(std::span<const TenantSection> tenants, int event_days) {
  absl::flat_hash_set<std::string> names;
  for (const TenantSection& tenant : tenants) {
    const std::string whose = " of tenant " + tenant.name;
    if (!names.insert(tenant.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("tenant.name: \"", tenant.name, "\" stands twice"));
    }
    if (absl::Status s = CheckPolicy(tenant.policy, event_days, whose); !s.ok()) return s;
    absl::flat_hash_set<std::string> streams;
    for (const StreamSection& stream : tenant.streams) {
      if (!streams.insert(stream.name).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("tenant.stream.name: \"", stream.name, "\" stands twice", whose));
      }
      absl::Status s =
          CheckPolicy(stream.policy, event_days, absl::StrCat(whose, ", stream ", stream.name));
      if (!s.ok()) return s;
    }
  }
  return absl::OkStatus();
}

// `file` is for messages.
template <typename Section>
absl::Status ReadDocument(std::string_view text, std::string_view file,
                          std::span<const Key<Section>> keys, Section& section) {
  if (text.size() > kMaxConfigOctets) {
    return absl::InvalidArgumentError(
        absl::StrCat(Absl(file), ": longer than ", kMaxConfigOctets, " octets"));
  }
  try {
    absl::Status status = ReadTable<Section>(toml::parse(text), "", keys, section);
    if (status.ok()) return status;
    return absl::InvalidArgumentError(absl::StrCat(Absl(file), ":", status.message()));
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat(Absl(file), ":", error.source().begin.line, ": ",
                                                   Absl(std::string_view(error.description()))));
  }
}

}  // namespace

absl::StatusOr<Config> ParseConfig(std::string_view text, std::string_view file) {
  Config config;
  const std::vector<Key<Config>> keys = TopKeys();
  absl::Status status = ReadDocument<Config>(text, file, keys, config);
  if (!status.ok()) return status;
  config.store.options.directory = config.data_dir;
  return config;
}

absl::StatusOr<std::vector<TenantSection>> ParseTenants(std::string_view text,
                                                        std::string_view file, const Policy& of_all,
                                                        int event_days) {
  struct Document {
    Policy of_all;
    std::vector<TenantSection> tenants;
  };
  static const std::vector<Key<Document>> keys = {Tables<Document>(
      "tenant", TenantKeys(), [](auto& document) -> auto& { return document.tenants; }, kMaxTenants,
      {"name"},
      [](const Document& document) {
        return TenantSection{"", document.of_all, {}};
      })};
  Document document{.of_all = of_all, .tenants = {}};
  absl::Status status = ReadDocument<Document>(text, file, keys, document);
  if (status.ok()) status = CheckTenants(document.tenants, event_days);
  if (!status.ok()) return status;
  return std::move(document.tenants);
}

absl::StatusOr<Config> LoadConfig(const std::string& path, FileKind kind) {
  absl::StatusOr<std::string> text = ReadTextFile(path, kMaxConfigOctets, kind);
  if (!text.ok()) return text.status();
  return ParseConfig(*text, path);
}

Config DemoConfig() {
  absl::StatusOr<Config> config = ParseConfig(kDemo, "the embedded default");
  config->is_demo = true;
  return *std::move(config);
}

absl::StatusOr<std::vector<ReturnPathDomain>> ReadKeys(const Config& config) {
  std::vector<const ReturnPathSection*> sections;
  for (const ReturnPathSection& section : config.return_paths) sections.push_back(&section);
  for (const UnsubscribeSection& section : config.unsubscribes) sections.push_back(&section);
  std::vector<ReturnPathDomain> domains;
  for (const ReturnPathSection* section : sections) {
    ReturnPathDomain& domain = domains.emplace_back(section->domain);
    for (const KeyFile& file : section->files) {
      absl::StatusOr<std::string> secret = ReadSecretFile(file.secret_file);
      if (!secret.ok()) return secret.status();
      domain.keys.push_back({file.id, *std::move(secret), file.last_day});
    }
  }
  return domains;
}

namespace {

// Ids and names are of one caller each.
absl::Status CheckAccess(const decltype(Config::grpc)& section) {
  if (section.chain_file.empty() != section.key_file.empty()) {
    return absl::InvalidArgumentError("grpc.chain_file and grpc.key_file go together");
  }
  if (!section.client_ca_file.empty() && section.chain_file.empty()) {
    return absl::InvalidArgumentError(
        "grpc.client_ca_file is for TLS, and there is no grpc.chain_file");
  }
  const AccessRules& access = section.access;
  if (!access.clients.empty() && section.client_ca_file.empty()) {
    return absl::InvalidArgumentError(
        "a [[grpc.client]] is known by its certificate, and there is no grpc.client_ca_file that "
        "says who signs it");
  }
  std::set<std::string_view> ids;
  std::set<std::pair<std::string_view, std::string_view>> names;
  for (const KeyGrant& key : access.keys) {
    if (!ids.insert(key.secret.id).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("grpc.key: the id ", key.secret.id, " stands twice"));
    }
    if (!names.emplace(key.all_tenants ? "" : key.tenant, key.name).second) {
      return absl::InvalidArgumentError(absl::StrCat("grpc.key: \"", key.name, "\" stands twice"));
    }
  }
  std::set<std::string_view> clients;
  for (const Grant& client : access.clients) {
    if (!clients.insert(client.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("grpc.client: \"", client.name, "\" stands twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTogether(const Config& config) {
  if (absl::Status s = CheckAccess(config.grpc); !s.ok()) return s;
  const auto& section = config.smtp;
  const bool login = !section.submission_listen.empty() || !section.tls_listen.empty() ||
                     !section.proxy_tls_listen.empty();
  const bool proxy = !section.proxy_listen.empty() || !section.proxy_tls_listen.empty();
  if (section.listen.empty() && section.lmtp_listen.empty() && !proxy && !login) {
    return absl::InvalidArgumentError("no listener is left in [smtp]: no mail would come");
  }
  if (login && section.users.empty()) {
    return absl::InvalidArgumentError(
        "smtp.submission_listen, smtp.tls_listen and smtp.proxy_tls_listen take mail from who logs "
        "in, and there is no "
        "[[smtp.user]]");
  }
  if (proxy && section.networks.trusted_proxies.empty()) {
    return absl::InvalidArgumentError(
        "smtp.proxy_listen and smtp.proxy_tls_listen believe smtp.trusted_proxies, and there are "
        "none");
  }
  const IncidentPolicy& incidents = config.incidents;
  if (incidents.hard_critical_percent < incidents.hard_warning_percent) {
    return absl::InvalidArgumentError(
        "incidents.hard_critical_percent is below incidents.hard_warning_percent: there would "
        "never "
        "be a warning");
  }
  if (incidents.complaint_critical_percent < incidents.complaint_warning_percent) {
    return absl::InvalidArgumentError(
        "incidents.complaint_critical_percent is below incidents.complaint_warning_percent: there "
        "would never be a warning");
  }
  const smtp::Limits& limits = section.limits;
  if (limits.max_message_size > limits.inflight_bytes) {
    return absl::InvalidArgumentError(
        "smtp.max_message_size is above smtp.inflight_bytes: a message of that size would never "
        "be taken");
  }
  if (config.authentication.enabled && config.authentication.timeout >= limits.commit_timeout) {
    return absl::InvalidArgumentError(
        "authentication.timeout is not below smtp.commit_timeout: without DNS no message would be "
        "taken");
  }
  if (!config.authentication.enabled) {
    for (const FeedbackLoop& loop : config.feedback_loops) {
      if (loop.operators.empty()) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("feedback_loop.operators of ", loop.address,
                       " are known by DNS, and authentication.enabled is false: none would be "
                       "believed"));
    }
  }
  const int event_days = config.store.keep.events;
  if (absl::Status s = CheckReturnPaths(config.return_paths, event_days); !s.ok()) return s;
  if (absl::Status s = CheckPolicy(config.policy, event_days, ""); !s.ok()) return s;
  return CheckTenants(config.tenants, event_days);
}

Policies PoliciesOf(const Policy& of_all, std::span<const TenantSection> tenants) {
  Policies policies(of_all);
  for (const TenantSection& tenant : tenants) {
    policies.Set(tenant.name, tenant.policy);
    for (const StreamSection& stream : tenant.streams) {
      policies.Set(tenant.name, stream.name, stream.policy);
    }
  }
  return policies;
}

std::vector<PolicySetting> SettingsOf(const Policy& policy) {
  std::vector<PolicySetting> settings;
  for (const Key<Policy>& key : PolicyKeys()) settings.push_back({key.name, key.show(policy)});
  return settings;
}

std::vector<std::string> WarningsOf(const Config& config) {
  std::vector<std::string> warnings;
  for (const ReturnPathSection& section : config.return_paths) {
    const ReturnPathDomain& domain = section.domain;
    for (const auto& [key, trust] : {std::pair("trust", domain.least_trust.bounce),
                                     {"complaint_trust", domain.least_trust.complaint}}) {
      if (trust >= kDefaultLeastTrust) continue;
      warnings.push_back(absl::StrCat(
          "return_path.", key, " of ", domain.domain, " is ", Absl(ToString(trust)), ": ",
          trust == Trust::kUnverified
              ? "whoever sends a report there can have any address suppressed"
              : "a host that sends mail for a domain can have addresses of that domain "
                "suppressed"));
    }
  }
  const auto& grpc = config.grpc;
  if (!IsLocal(grpc.listen) &&
      (grpc.client_ca_file.empty() || !grpc.client_certificates_required)) {
    warnings.push_back(absl::StrCat(
        "grpc.listen ", grpc.listen,
        " is reached from other machines, and grpc.client_certificates are not required: who opens "
        "calls and resets them, or sends headers without end, makes the daemon take memory, key or "
        "not, as this gRPC knows no defence; let only machines that you trust reach it"));
  }
  // One that is not there yet is made with the right mode.
  struct stat status {};
  if (::stat(config.data_dir.c_str(), &status) == 0 && (status.st_mode & 0077) != 0) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", status.st_mode & 07777U);
    warnings.push_back(absl::StrCat("data_dir ", config.data_dir,
                                    " is open to others, its mode is ", mode.data(),
                                    ": chmod 0700 it"));
  }
  return warnings;
}

std::vector<std::string> KeysThatWait(const Config& in_force, const Config& next) {
  std::vector<std::string> waiting;
  const std::vector<Key<Config>> keys = TopKeys();
  CompareTables<Config>("", keys, in_force, next, waiting);
  return waiting;
}

}  // namespace bounced
