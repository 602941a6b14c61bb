// The daemon's configuration: a TOML file. README, "Configuration", has every key.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/ip_address.h"
#include "server/base/log.h"
#include "server/base/text_file.h"
#include "server/intake/incident_policy.h"
#include "server/intake/policies.h"
#include "server/intake/retention.h"
#include "server/intake/return_path.h"
#include "server/login/access.h"
#include "server/login/users.h"
#include "server/smtp/limits.h"
#include "server/smtp/profile.h"
#include "server/smtp/tls.h"
#include "storage/store.h"

namespace bounced {

// Longest max_age.
inline constexpr absl::Duration kMaxTokenAge = absl::Hours(24 * 3'650);

struct KeyFile {
  std::string id;
  std::string secret_file;  // see server/intake/secret_file.h
  std::optional<Day> last_day = {};
};

// A [[return_path]] with its [[return_path.key]]s.
struct ReturnPathSection {
  ReturnPathDomain domain;     // its `keys` are empty until the files are read
  std::vector<KeyFile> files;  // in the order of the file: the last signs, all verify
};

// An [[unsubscribe]] with its [[unsubscribe.key]]s.
struct UnsubscribeSection : ReturnPathSection {
  UnsubscribeSection() {
    domain.use = Use::kUnsubscribe;
    // The wish to get no more mail does not age, and old mail is where people look for the link.
    domain.max_age = kMaxTokenAge;
  }
};

// A [[tenant.stream]], whose policy is that of its tenant where it does not say otherwise.
struct StreamSection {
  std::string name;
  Policy policy;
};

// A [[tenant]], whose policy is [policy] where it does not say otherwise.
struct TenantSection {
  std::string name;
  Policy policy;
  std::vector<StreamSection> streams;
};

// What is not set has a default that suits a machine on the internet.
struct Config {
  std::string data_dir = "/var/lib/bounced";
  struct {
    std::vector<std::string> listen = {"0.0.0.0:25"};  // in the clear, STARTTLS offered
    std::vector<std::string> submission_listen;        // the same, and a login is demanded
    std::vector<std::string> tls_listen;     // so, too, and under TLS from the first octet on
    UserSecrets users;                       // who may log in
    std::vector<std::string> hide_keywords;  // upper case; see smtp::Profile
    std::vector<smtp::CertificateFiles> certificates;  // none: one is made at the start
    std::vector<std::string> lmtp_listen;              // LMTP, mostly on a path of this machine
    std::vector<std::string> proxy_listen;             // as `listen`, behind trusted_proxies
    std::vector<std::string> proxy_tls_listen;         // as `tls_listen`, behind trusted_proxies
    smtp::Networks networks;
    std::string hostname;  // empty: the machine's name
    smtp::Limits limits;
  } smtp;
  struct {
    std::string listen = "127.0.0.1:7025";
    std::string chain_file = {};      // empty: no TLS
    std::string key_file = {};        // set with it
    std::string client_ca_file = {};  // empty: no certificates of clients
    bool client_certificates_required = true;
    AccessRules access = {};
  } grpc;
  std::vector<ReturnPathSection> return_paths;
  std::vector<UnsubscribeSection> unsubscribes;
  std::vector<FeedbackLoop> feedback_loops;
  Policy policy;
  std::vector<TenantSection> tenants;
  IncidentPolicy incidents;
  struct {
    StoreOptions options;  // `directory` is data_dir
    std::int64_t min_free = 512 << 20;
    KeepDays keep;
  } store;
  struct {
    std::vector<std::string> files;  // files and folders, see server/rules/rule_files.h
  } rules;
  struct {
    bool enabled = true;  // DNS is asked who sent what comes to an unsigned return path
    absl::Duration timeout = absl::Seconds(5);
    std::vector<std::string> servers;  // as in dns::ResolverOptions
  } authentication;
  struct {
    LogLevel level = LogLevel::kInfo;
  } log;
  // The embedded default: a key is made in data_dir when it has none.
  bool is_demo = false;
};

// Largest file that is read.
inline constexpr std::size_t kMaxConfigOctets = 1 << 20;

// `file` is for messages. INVALID_ARGUMENT: "FILE:LINE: KEY: what is wrong"; of an unknown key it
// names the nearest known one. Of what must agree (`listen` of [grpc] and loopback, return paths
// and their keys) the parts that need them say it, at the start and at --check-config.
absl::StatusOr<Config> ParseConfig(std::string_view text, std::string_view file);

// Errors as those of ReadTextFile(), and as ParseConfig()'s.
absl::StatusOr<Config> LoadConfig(const std::string& path, FileKind kind);

// For a first try on one's own machine, with no file at all: loopback only (SMTP on port 2525, gRPC
// on 7025), data in ./bounced-data, return paths of `bounces.localhost` signed with a key that is
// made there at the first start.
Config DemoConfig();

// Reads the key files of return paths, and behind them those of unsubscribe addresses. Errors are
// ReadSecretFile()'s.
absl::StatusOr<std::vector<ReturnPathDomain>> ReadKeys(const Config& config);

// Reads a document of [[tenant]]s as they stand in a configuration whose [policy] is `of_all` and
// whose store.event_days are `event_days`, and of nothing else. Errors as ParseConfig()'s.
absl::StatusOr<std::vector<TenantSection>> ParseTenants(std::string_view text,
                                                        std::string_view file, const Policy& of_all,
                                                        int event_days);

// The policies of all, of the tenants and of their streams.
Policies PoliciesOf(const Policy& of_all, std::span<const TenantSection> tenants);

// A policy's keys and values, as they stand in a file.
struct PolicySetting {
  std::string_view key;
  std::string value;
};
std::vector<PolicySetting> SettingsOf(const Policy& policy);

// Whether values go together that are right each alone. INVALID_ARGUMENT names the keys and says
// what would never happen, or always.
absl::Status CheckTogether(const Config& config);

// What is right and still worth a second thought, a sentence each: a `trust` below the default, a
// `data_dir` that is there and open to others.
std::vector<std::string> WarningsOf(const Config& config);

// The keys that a reload does not take up and whose values are not the same in both, in the order
// of TopKeys(): "smtp.hostname", "log.level".
std::vector<std::string> KeysThatWait(const Config& in_force, const Config& next);

}  // namespace bounced
