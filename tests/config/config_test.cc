#include "server/config/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string ErrorOf(std::string_view text) {
  absl::StatusOr<Config> config = ParseConfig(text, "f.toml");
  if (config.ok()) return "";
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(config.status().message());
}

constexpr auto kNameOf = [](const auto& test) { return std::string(test.param.name); };

// --- Every key that is a number or a time: its section, name, bounds and place.

struct Bound {
  std::string section;
  std::string name;
  // As they stand in the file; below and above are the nearest that are refused (empty: none).
  std::string below, min, max, above;
  std::function<std::int64_t(const Config&)> get;
  std::int64_t min_value, max_value;
};

Bound Number(std::string section, std::string name, std::int64_t min, std::int64_t max,
             std::function<std::int64_t(const Config&)> get) {
  return {std::move(section),
          std::move(name),
          std::to_string(min - 1),
          std::to_string(min),
          std::to_string(max),
          std::to_string(max + 1),
          std::move(get),
          min,
          max};
}

Bound Seconds(std::string section, std::string name, std::int64_t min, std::int64_t max,
              std::function<absl::Duration(const Config&)> get) {
  auto show = [](std::int64_t s) { return '"' + std::to_string(s) + "s\""; };
  return {std::move(section),
          std::move(name),
          min > 0 ? show(min - 1) : "",
          show(min),
          show(max),
          show(max + 1),
          [get](const Config& c) { return absl::ToInt64Seconds(get(c)); },
          min,
          max};
}

#define LIMIT(field, min, max)     \
  Number("smtp", #field, min, max, \
         [](const Config& c) { return static_cast<std::int64_t>(c.smtp.limits.field); })
#define LIMIT_TIME(field, min, max) \
  Seconds("smtp", #field, min, max, [](const Config& c) { return c.smtp.limits.field; })
#define POLICY(field, min, max) \
  Number("policy", #field, min, max, [](const Config& c) { return c.policy.field; })

#define INCIDENTS(field, min) \
  Number("incidents", #field, min, 1'000'000'000, [](const Config& c) { return c.incidents.field; })

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kDay = 86'400;

std::vector<Bound> Bounds() {
  return {
      LIMIT(max_sessions, 1, 1'000'000),
      LIMIT(reserved_sessions, 0, 1'000'000),
      LIMIT(max_sessions_per_client, 1, 1'000'000),
      LIMIT(max_connects_per_client, 0, 1'000'000),
      LIMIT(max_handshakes_per_client, 0, 1'000'000),
      LIMIT(max_bad_recipients_per_client, 0, 10'000'000),
      LIMIT(max_failed_logins_per_client, 0, 1'000'000),
      LIMIT(max_handshakes, 1, 1'000'000),
      LIMIT(max_bad_recipients, 1, 10'000),
      LIMIT(max_failed_logins, 1, 100),
      LIMIT_TIME(banner_delay, 0, 30),
      LIMIT_TIME(denial_timeout, 1, kDay),
      LIMIT(max_message_size, 65'536, 1 << 30),
      LIMIT(max_recipients, 100, 100'000),
      LIMIT(max_transactions, 1, 1'000'000),
      LIMIT(max_errors, 1, 10'000),
      LIMIT(slow_errors, 0, 10'000),
      LIMIT_TIME(error_delay, 0, 60),
      LIMIT(max_junk_commands, 1, 100'000),
      LIMIT_TIME(command_timeout, 1, kDay),
      LIMIT_TIME(data_timeout, 1, kDay),
      LIMIT(min_data_rate, 1, 1 << 30),
      LIMIT_TIME(reply_timeout, 1, kDay),
      LIMIT_TIME(proxy_header_timeout, 1, kDay),
      LIMIT_TIME(tls_handshake_timeout, 1, kDay),
      LIMIT_TIME(overload_timeout, 1, kDay),
      LIMIT_TIME(session_lifetime, 1, 7 * kDay),
      LIMIT_TIME(commit_timeout, 1, 600),
      LIMIT_TIME(drain, 0, 3'600),
      LIMIT(inflight_bytes, kMiB, std::int64_t{1} << 40),
      LIMIT(max_reply_backlog, 1'024, 16 * kMiB),
      Seconds("authentication", "timeout", 1, 60,
              [](const Config& c) { return c.authentication.timeout; }),
      POLICY(hard_confidence, 0, 100),
      POLICY(hard_days, 1, 3'650),
      POLICY(hard_confirmations, 1, 30),
      POLICY(hard_window_days, 1, 3'650),
      POLICY(soft_threshold, 1, 30),
      POLICY(soft_window_days, 1, 3'650),
      POLICY(soft_days, 1, 3'650),
      POLICY(soft_max_days, 1, 3'650),
      POLICY(probation_days, 0, 3'650),
      POLICY(domain_burst, 0, 100'000),
      POLICY(domain_burst_large, 0, 100'000),
      POLICY(burst_minutes, 1, 1'440),
      INCIDENTS(refusal_count, 0),
      INCIDENTS(min_sends, 1),
      INCIDENTS(hard_count, 0),
      INCIDENTS(complaint_count, 0),
      INCIDENTS(unverified_count, 0),
      Seconds("incidents", "close_after", 60, 30 * kDay,
              [](const Config& c) { return c.incidents.close_after; }),
      Number("store", "evidence_per_return_path", 0, 1'000'000,
             [](const Config& c) { return c.store.options.evidence.per_return_path; }),
      Number("store", "unvouched_evidence_per_day", 0, std::int64_t{1} << 50,
             [](const Config& c) { return c.store.options.evidence.unvouched_per_day; }),
      Number("store", "max_wal_octets", kMiB, std::int64_t{1} << 40,
             [](const Config& c) { return c.store.options.max_wal_octets; }),
      Number("store", "cache_octets", kMiB, std::int64_t{1} << 40,
             [](const Config& c) { return c.store.options.cache_octets; }),
      Number("store", "history_days", 1, 36'500,
             [](const Config& c) { return c.store.keep.changes; }),
      Number("store", "evidence_days", 1, 36'500,
             [](const Config& c) { return c.store.keep.evidence; }),
      Number("store", "event_days", 1, 36'500, [](const Config& c) { return c.store.keep.events; }),
      Number("store", "min_free", 0, std::int64_t{1} << 50,
             [](const Config& c) { return c.store.min_free; }),
  };
}

class BoundTest : public testing::TestWithParam<Bound> {
 protected:
  absl::StatusOr<Config> With(const std::string& value) {
    // What each asks of others.
    std::string others;
    if (GetParam().section != "store") others = "\n[store]\nevent_days = 36500";
    if (GetParam().name == "event_days") {
      others =
          "\n[policy]\nhard_confirmations = 1\nhard_window_days = 1\nsoft_threshold = 1\n"
          "soft_window_days = 1";
    }
    return ParseConfig("[" + GetParam().section + "]\n" + GetParam().name + " = " + value + others,
                       "f.toml");
  }
  std::string ErrorWith(const std::string& value) {
    absl::StatusOr<Config> config = With(value);
    return config.ok() ? "" : std::string(config.status().message());
  }
  std::string Place() { return "f.toml:2: " + GetParam().section + "." + GetParam().name + ": "; }
};

TEST_P(BoundTest, TakesItsLeastAndItsMost) {
  absl::StatusOr<Config> least = With(GetParam().min);
  ASSERT_TRUE(least.ok()) << least.status();
  EXPECT_EQ(GetParam().get(*least), GetParam().min_value);
  absl::StatusOr<Config> most = With(GetParam().max);
  ASSERT_TRUE(most.ok()) << most.status();
  EXPECT_EQ(GetParam().get(*most), GetParam().max_value);
}

TEST_P(BoundTest, RefusesWhatLiesBeyondAndSaysTheBounds) {
  for (const std::string& value : {GetParam().below, GetParam().above}) {
    if (value.empty()) continue;
    EXPECT_THAT(ErrorWith(value), StartsWith(Place() + "must be ")) << value;
  }
}

TEST_P(BoundTest, RefusesOtherTypes) {
  for (const std::string value :
       {"true", "1.5", "[1]", "{}", "\"many\"", "\"-1s\"", "\"1w\"", "\"s\""}) {
    EXPECT_THAT(ErrorWith(value), StartsWith(Place() + "must be a")) << value;
  }
}

TEST_P(BoundTest, WaitsForARestartWhereItIsNoPolicy) {
  const absl::StatusOr<Config> least = With(GetParam().min);
  const absl::StatusOr<Config> most = With(GetParam().max);
  ASSERT_TRUE(least.ok() && most.ok());
  const std::string key = GetParam().section + "." + GetParam().name;
  EXPECT_THAT(KeysThatWait(*least, *least), ElementsAre());
  if (GetParam().section == "policy" || GetParam().section == "incidents") {
    EXPECT_THAT(KeysThatWait(*least, *most), ElementsAre());
  } else {
    EXPECT_THAT(KeysThatWait(*least, *most), ElementsAre(key));
    EXPECT_THAT(KeysThatWait(*most, *least), ElementsAre(key));
  }
}

INSTANTIATE_TEST_SUITE_P(, BoundTest, testing::ValuesIn(Bounds()), kNameOf);

// --- The rest

TEST(ConfigTest, AnEmptyFileHasTheDefaultsOfAMachineOnTheInternet) {
  absl::StatusOr<Config> config = ParseConfig("", "f.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->data_dir, "/var/lib/bounced");
  EXPECT_EQ(config->store.options.directory, "/var/lib/bounced");
  EXPECT_THAT(config->smtp.listen, ElementsAre("0.0.0.0:25"));
  EXPECT_EQ(config->smtp.hostname, "");
  EXPECT_EQ(config->smtp.limits.max_message_size, 32u << 20);
  EXPECT_EQ(config->grpc.listen, "127.0.0.1:7025");
  EXPECT_TRUE(config->return_paths.empty());
  EXPECT_EQ(config->policy.soft_threshold, 3);
  EXPECT_EQ(config->store.min_free, 512 << 20);
  EXPECT_EQ(config->store.keep.changes, 400);
  EXPECT_EQ(config->store.keep.evidence, 90);
  EXPECT_EQ(config->store.keep.events, 400);
  EXPECT_EQ(config->log.level, LogLevel::kInfo);
  EXPECT_FALSE(config->is_demo);
}

TEST(ConfigTest, APolicyIsTheWidersWhereItDoesNotSayOtherwise) {
  // The streams stand before the tenant's policy, and [policy] is last: neither matters.
  const absl::StatusOr<Config> config = ParseConfig(R"(
[[tenant]]
name = "acme"
[[tenant.stream]]
name = "receipts"
[tenant.stream.policy]
soft_threshold = 7
[[tenant.stream]]
name = "news"
[tenant.policy]
soft_threshold = 5
complaint_scope = "stream"
[policy]
hard_days = 9
soft_threshold = 4
)",
                                                    "f.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  const Policies policies = PoliciesOf(config->policy, config->tenants);
  const struct {
    std::string_view tenant, stream;
    int soft_threshold;
    ComplaintScope complaint_scope;
  } cases[] = {
      {"default", "", 4, ComplaintScope::kTenant},
      {"default", "news", 4, ComplaintScope::kTenant},
      {"acme", "", 5, ComplaintScope::kStream},
      {"acme", "unknown", 5, ComplaintScope::kStream},
      {"acme", "receipts", 7, ComplaintScope::kStream},
      {"acme", "news", 5, ComplaintScope::kStream},
  };
  for (const auto& c : cases) {
    const Policy& policy = policies.Of(c.tenant, c.stream);
    EXPECT_EQ(policy.soft_threshold, c.soft_threshold) << c.tenant << " " << c.stream;
    EXPECT_EQ(policy.complaint_scope, c.complaint_scope) << c.tenant << " " << c.stream;
    EXPECT_EQ(policy.hard_days, 9) << c.tenant << " " << c.stream;
    EXPECT_TRUE(policy.suppress_bounces) << c.tenant << " " << c.stream;
  }
}

TEST(ParseTenantsTest, ReadsWhatAConfigurationHasThere) {
  Policy of_all;
  of_all.hard_days = 9;
  const absl::StatusOr<std::vector<TenantSection>> tenants = ParseTenants(R"(
[[tenant]]
name = "acme"
policy = { soft_threshold = 5 }
[[tenant.stream]]
name = "news"
policy = { hard_days = 14 }
)",
                                                                          "document", of_all, 400);
  ASSERT_TRUE(tenants.ok()) << tenants.status();
  ASSERT_EQ(tenants->size(), 1u);
  EXPECT_EQ(tenants->front().policy.hard_days, 9);
  ASSERT_EQ(tenants->front().streams.size(), 1u);
  EXPECT_EQ(tenants->front().streams.front().policy.hard_days, 14);
  EXPECT_EQ(tenants->front().streams.front().policy.soft_threshold, 5);
  EXPECT_TRUE(ParseTenants("", "document", of_all, 400)->empty());
}

TEST(ParseTenantsTest, SaysWhereWhatIsWrong) {
  const struct {
    std::string text;
    std::string_view says;
  } cases[] = {
      {"[policy]\nhard_days = 3\n", "document:1: policy: unknown key"},
      {"[[tenant]]\npolicy = {}\n", "document:1: tenant: name is missing"},
      {"[[tenant]]\nname = 'a'\npolicy = { hard_dais = 3 }\n",
       "document:3: tenant.policy.hard_dais: unknown key; the nearest known one is \"hard_days\""},
      {"[[tenant]]\nname = 'a'\npolicy = { hard_days = 0 }\n",
       "document:3: tenant.policy.hard_days: "},
      {"[[tenant]]\nname = 'a'\n[[tenant]]\nname = 'a'\n", "tenant.name: \"a\" stands twice"},
      {"[[tenant]]\nname = 'a'\npolicy = { soft_days = 500 }\n",
       "policy.soft_days is above policy.soft_max_days of tenant a"},
      {"[[tenant]]\nname = 'a'\npolicy = { soft_window_days = 401 }\n",
       "policy.soft_window_days of tenant a is 401, above store.event_days, 400: "},
      {"x = [", "document:1: "},
      {std::string(kMaxConfigOctets + 1, '\n'), "document: longer than 1048576 octets"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ParseTenants(c.text, "document", Policy(), 400).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), testing::StartsWith(std::string(c.says)));
  }
}

TEST(SettingsOfTest, HasEachKeyAsAFileHasIt) {
  Policy policy;
  policy.hard_days = 8;
  policy.complaint_scope = ComplaintScope::kStream;
  policy.suppress_bounces = false;
  std::string text = "[[tenant]]\nname = 'a'\n[tenant.policy]\n";
  for (const PolicySetting& setting : SettingsOf(policy)) {
    text += std::string(setting.key) + " = " + setting.value + "\n";
  }
  const absl::StatusOr<std::vector<TenantSection>> tenants =
      ParseTenants(text, "document", {}, 400);
  ASSERT_TRUE(tenants.ok()) << tenants.status() << text;
  EXPECT_TRUE(tenants->front().policy == policy);
}

std::string ApiKeyOf(const std::string& name, const std::string& id) {
  return "[[grpc.key]]\nname = '" + name + "'\nsecret = 'SHA-256$" + id + ":" +
         std::string(43, 'A') + "='\n";
}

std::string User(const std::string& name) {
  const std::string key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  return "[[smtp.user]]\nname = '" + name + "'\nsecret = 'SCRAM-SHA-256$4096:c2FsdA==$" + key +
         ":" + key + "'\n";
}

TEST(ConfigTest, SaysWhatDoesNotGoTogether) {
  struct Case {
    std::string text;
    std::string_view error;  // empty: it does
  };
  for (const Case& c :
       {Case{"", ""},
        {"[incidents]\nhard_warning_percent = 5", ""},
        {"[incidents]\nhard_warning_percent = 5.1",
         "incidents.hard_critical_percent is below incidents.hard_warning_percent"},
        {"[incidents]\ncomplaint_critical_percent = 0.1", ""},
        {"[incidents]\ncomplaint_critical_percent = 0.09",
         "incidents.complaint_critical_percent is below incidents.complaint_warning_percent"},
        {"[smtp]\nlisten = []\ntls_listen = ['127.0.0.1:465']\n" + User("relay"), ""},
        {"[smtp]\nlisten = []", "no listener is left"},
        {"[smtp]\nlisten = []\nlmtp_listen = ['/run/b']", ""},
        {"[smtp]\nproxy_listen = ['127.0.0.1:1']", "smtp.trusted_proxies, and there are none"},
        {"[smtp]\nproxy_listen = ['127.0.0.1:1']\ntrusted_proxies = ['127.0.0.1']", ""},
        {"[smtp]\ntls_listen = ['127.0.0.1:465']", "there is no [[smtp.user]]"},
        {ApiKeyOf("a", "x") + ApiKeyOf("b", "x"), "grpc.key: the id x stands twice"},
        {ApiKeyOf("a", "x") + ApiKeyOf("a", "y"), "grpc.key: \"a\" stands twice"},
        {"[grpc]\nchain_file = 'c'\nkey_file = 'k'", ""},
        {"[grpc]\nchain_file = 'c'", "grpc.chain_file and grpc.key_file go together"},
        {"[grpc]\nkey_file = 'k'", "grpc.chain_file and grpc.key_file go together"},
        {"[grpc]\nclient_ca_file = 'a'", "there is no grpc.chain_file"},
        {"[[grpc.client]]\nname = 'a'", "there is no grpc.client_ca_file"},
        {"[grpc]\nchain_file = 'c'\nkey_file = 'k'\nclient_ca_file = 'a'\n[[grpc.client]]\nname = "
         "'a'\n[[grpc.client]]\nname = 'a'",
         "grpc.client: \"a\" stands twice"},
        {"[smtp]\nsubmission_listen = ['127.0.0.1:587']", "there is no [[smtp.user]]"},
        {"[smtp]\nmax_message_size = 1048576\ninflight_bytes = 1048576", ""},
        {"[smtp]\nmax_message_size = 1048577\ninflight_bytes = 1048576", "smtp.max_message_size"},
        {"[authentication]\nenabled = false\n[[feedback_loop]]\naddress = 'a@b.example'", ""},
        {"[[feedback_loop]]\naddress = 'a@b.example'\noperators = ['x.example']", ""},
        {"[authentication]\nenabled = false\n[[feedback_loop]]\naddress = 'a@b.example'\n"
         "operators = ['x.example']",
         "feedback_loop.operators of a@b.example are known by DNS"},
        {"[policy]\nsoft_threshold = 3\nsoft_window_days = 3", ""},
        {"[policy]\nsoft_threshold = 3\nsoft_window_days = 2", "policy.soft_threshold"},
        {"[policy]\nhard_confirmations = 3\nhard_window_days = 3", ""},
        {"[policy]\nhard_confirmations = 3\nhard_window_days = 2", "policy.hard_confirmations"},
        {"[store]\nevent_days = 365", ""},
        {"[store]\nevent_days = 364",
         "policy.hard_window_days is 365, above store.event_days, 364"},
        {"[policy]\nsoft_window_days = 400", ""},
        {"[policy]\nsoft_window_days = 401",
         "policy.soft_window_days is 401, above store.event_days, 400"},
        {"[[tenant]]\nname = 'a'\n[tenant.policy]\nhard_window_days = 401",
         "policy.hard_window_days of tenant a is 401, above store.event_days, 400"},
        {"[[tenant]]\nname = 'a'\n[[tenant.stream]]\nname = 's'\npolicy.hard_window_days = 401",
         "policy.hard_window_days of tenant a, stream s is 401, above store.event_days, 400"},
        {"[policy]\nsoft_days = 480", ""},
        {"[policy]\nsoft_days = 481", "policy.soft_days"},
        {"[[tenant]]\nname = 'a'\n[tenant.policy]\nsoft_days = 481", "policy.soft_days is above "},
        {"[[tenant]]\nname = 'a'\n[tenant.policy]\nsoft_days = 481", " of tenant a"},
        {"[policy]\nsoft_max_days = 500\n[[tenant]]\nname = 'a'\npolicy.soft_days = 481", ""},
        {"[[tenant]]\nname = 'a'\n[[tenant.stream]]\nname = 's'\npolicy.soft_days = 481",
         " of tenant a, stream s"},
        {"[[tenant]]\nname = 'a'\n[[tenant]]\nname = 'b'", ""},
        {"[[tenant]]\nname = 'a'\n[[tenant]]\nname = 'a'", "tenant.name: \"a\" stands twice"},
        {"[[tenant]]\nname = 'a'\n[[tenant.stream]]\nname = 's'\n[[tenant.stream]]\nname = 's'",
         "tenant.stream.name: \"s\" stands twice of tenant a"},
        {"[smtp]\ncommit_timeout = \"6s\"", ""},
        {"[smtp]\ncommit_timeout = \"5s\"", "authentication.timeout"},
        {"[smtp]\ncommit_timeout = \"5s\"\n[authentication]\nenabled = false", ""}}) {
    absl::StatusOr<Config> config = ParseConfig(c.text, "f.toml");
    ASSERT_TRUE(config.ok()) << config.status();
    const absl::Status status = CheckTogether(*config);
    EXPECT_EQ(status.ok(), c.error.empty()) << c.text;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(std::string(c.error)));
  }
}

constexpr std::string_view kFull = R"(data_dir = "/srv/b"
[smtp]
listen = ["192.0.2.1:25", "[::]:2525"]
submission_listen = ["192.0.2.1:587"]
tls_listen = ["192.0.2.1:465"]
lmtp_listen = ["/run/b.lmtp"]
proxy_listen = ["192.0.2.1:2525"]
proxy_tls_listen = ["192.0.2.1:2465"]
trusted_proxies = ["192.0.2.8/29", "2001:db8::1"]
allowed_networks = ["192.0.2.0/24"]
denied_networks = ["198.51.100.0/24"]
banner_delay = "3s"
hide_keywords = ["chunking", "HELP"]
hostname = "mx.example.net"
tls_handshake_timeout = "7s"
command_timeout = "5m"
session_lifetime = "2h"
[[smtp.certificate]]
chain_file = "/etc/a.pem"
key_file = "/etc/a.key"
[[smtp.certificate]]
chain_file = "/etc/b.pem"
key_file = "/etc/b.key"
[[smtp.user]]
name = "relay-1"
secret = "SCRAM-SHA-256$4096:c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
[grpc]
listen = "unix:/run/b.sock"
[rules]
files = ["/etc/bounced/rules.d", "ours.toml"]
[authentication]
enabled = false
timeout = "9s"
servers = ["127.0.0.1:53", "[2001:db8::53]:5353"]
[log]
level = "debug"
[[return_path]]
domain = "bounces.example.net"
tenant = "shop-1"
stream = "news"
signing = "optional"
max_age = "14d"
trust = "signed"
complaint_trust = "authenticated"
[[return_path.key]]
id = "a"
secret_file = "/etc/a.key"
last_day = 2026-11-30
[[return_path.key]]
id = "b"
secret_file = "/etc/b.key"
[[return_path]]
domain = "b2.example.net"
signing = "off"
)";

TEST(ParseConfig, WhoMayCallTheApi) {
  absl::StatusOr<Config> config = ParseConfig(
      "[grpc]\nrequire_keys = true\n" + ApiKeyOf("app", "x") +
          "[[grpc.key]]\nname = 'ops'\nall_tenants = true\nroles = ['write', 'mint']\nsecret = "
          "'SHA-256$y:" +
          std::string(43, 'A') + "='\n" +
          "[[grpc.client]]\nname = 'relay-1.example'\ntenant = 'acme'\nroles = ['mint']\n",
      "f.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  const AccessRules& access = config->grpc.access;
  EXPECT_TRUE(access.require_keys);
  ASSERT_EQ(access.keys.size(), 2u);
  EXPECT_EQ(access.keys[0].name, "app");
  EXPECT_EQ(access.keys[0].tenant, "default");
  EXPECT_FALSE(access.keys[0].all_tenants);
  EXPECT_EQ(access.keys[0].roles, Roles({Role::kCheck})) << "the least";
  EXPECT_EQ(access.keys[0].secret.id, "x");
  EXPECT_TRUE(access.keys[1].all_tenants);
  EXPECT_EQ(access.keys[1].roles, Roles({Role::kWrite, Role::kMint}));
  ASSERT_EQ(access.clients.size(), 1u);
  EXPECT_EQ(access.clients[0].name, "relay-1.example");
  EXPECT_EQ(access.clients[0].tenant, "acme");
  EXPECT_EQ(access.clients[0].roles, Roles({Role::kMint}));
}

TEST(ConfigTest, ReadsEverySection) {
  absl::StatusOr<Config> config = ParseConfig(kFull, "f.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->store.options.directory, "/srv/b");
  EXPECT_THAT(config->smtp.listen, ElementsAre("192.0.2.1:25", "[::]:2525"));
  EXPECT_THAT(config->smtp.tls_listen, ElementsAre("192.0.2.1:465"));
  EXPECT_THAT(config->smtp.submission_listen, ElementsAre("192.0.2.1:587"));
  EXPECT_THAT(config->smtp.hide_keywords, ElementsAre("CHUNKING", "HELP"));
  EXPECT_THAT(config->smtp.lmtp_listen, ElementsAre("/run/b.lmtp"));
  EXPECT_THAT(config->smtp.proxy_listen, ElementsAre("192.0.2.1:2525"));
  EXPECT_THAT(config->smtp.proxy_tls_listen, ElementsAre("192.0.2.1:2465"));
  EXPECT_THAT(config->smtp.networks.trusted_proxies,
              ElementsAre(*IpNetwork::Parse("192.0.2.8/29"), *IpNetwork::Parse("2001:db8::1")));
  EXPECT_THAT(config->smtp.networks.allowed, ElementsAre(*IpNetwork::Parse("192.0.2.0/24")));
  EXPECT_THAT(config->smtp.networks.denied, ElementsAre(*IpNetwork::Parse("198.51.100.0/24")));
  EXPECT_EQ(config->smtp.limits.banner_delay, absl::Seconds(3));
  ASSERT_EQ(config->smtp.users.size(), 1u);
  EXPECT_EQ(config->smtp.users.at("relay-1").salt, "salt");
  ASSERT_EQ(config->smtp.certificates.size(), 2u);
  EXPECT_EQ(config->smtp.certificates[1].chain_file, "/etc/b.pem");
  EXPECT_EQ(config->smtp.certificates[1].key_file, "/etc/b.key");
  EXPECT_EQ(config->smtp.limits.tls_handshake_timeout, absl::Seconds(7));
  EXPECT_EQ(config->smtp.hostname, "mx.example.net");
  EXPECT_EQ(config->smtp.limits.command_timeout, absl::Minutes(5));
  EXPECT_EQ(config->smtp.limits.session_lifetime, absl::Hours(2));
  EXPECT_EQ(config->grpc.listen, "unix:/run/b.sock");
  EXPECT_FALSE(config->authentication.enabled);
  EXPECT_EQ(config->authentication.timeout, absl::Seconds(9));
  EXPECT_THAT(config->authentication.servers, ElementsAre("127.0.0.1:53", "[2001:db8::53]:5353"));
  EXPECT_EQ(config->log.level, LogLevel::kDebug);
  EXPECT_THAT(config->rules.files, ElementsAre("/etc/bounced/rules.d", "ours.toml"));
  ASSERT_EQ(config->return_paths.size(), 2u);
  const ReturnPathSection& first = config->return_paths[0];
  EXPECT_EQ(first.domain.domain, "bounces.example.net");
  EXPECT_EQ(first.domain.tenant, "shop-1");
  EXPECT_EQ(first.domain.stream, "news");
  EXPECT_EQ(first.domain.signing, Signing::kOptional);
  EXPECT_EQ(first.domain.max_age, absl::Hours(24 * 14));
  EXPECT_EQ(first.domain.least_trust.bounce, Trust::kSigned);
  EXPECT_EQ(first.domain.least_trust.complaint, Trust::kAuthenticated);
  ASSERT_EQ(first.files.size(), 2u);
  EXPECT_EQ(first.files[0].id, "a");
  EXPECT_EQ(first.files[0].last_day, DayOf(absl::FromUnixSeconds(1'796'000'000)));
  EXPECT_EQ(first.files[1].last_day, std::nullopt);
  EXPECT_EQ(first.files[1].id, "b");  // the newest, which signs
  EXPECT_EQ(first.files[1].secret_file, "/etc/b.key");
  const ReturnPathSection& second = config->return_paths[1];
  EXPECT_EQ(second.domain.tenant, "default");
  EXPECT_EQ(second.domain.signing, Signing::kOff);
  EXPECT_EQ(second.domain.max_age, absl::Hours(24 * 30));
  EXPECT_EQ(second.domain.least_trust, Trust::kReturned);
}

TEST(ConfigTest, ReadsPercentages) {
  absl::StatusOr<Config> config = ParseConfig(
      "[incidents]\nrefusal_percent = 0\nhard_warning_percent = 2.5\nhard_critical_percent = 100\n"
      "complaint_warning_percent = 0.05\n",
      "f.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->incidents.refusal_percent, 0);
  EXPECT_EQ(config->incidents.hard_warning_percent, 2.5);
  EXPECT_EQ(config->incidents.hard_critical_percent, 100);
  EXPECT_EQ(config->incidents.complaint_warning_percent, 0.05);
  EXPECT_EQ(config->incidents.complaint_critical_percent, 0.3);
  for (const char* wrong : {"-0.1", "100.1", "nan", "inf", "true", "'2'", "[2]"}) {
    config = ParseConfig(std::string("[incidents]\nrefusal_percent = ") + wrong, "f.toml");
    EXPECT_THAT(std::string(config.status().message()),
                StartsWith("f.toml:2: incidents.refusal_percent: must be "))
        << wrong;
  }
}

TEST(ConfigTest, KnowsWhatAReloadTakesUpAndWhatWaits) {
  absl::StatusOr<Config> full = ParseConfig(kFull, "f.toml");
  absl::StatusOr<Config> empty = ParseConfig("", "f.toml");
  ASSERT_TRUE(full.ok() && empty.ok());
  EXPECT_THAT(KeysThatWait(*full, *full), ElementsAre());
  // All that kFull has but users, certificates, rules and return paths.
  EXPECT_THAT(KeysThatWait(*empty, *full),
              ElementsAre("data_dir", "smtp.listen", "smtp.submission_listen", "smtp.tls_listen",
                          "smtp.lmtp_listen", "smtp.proxy_listen", "smtp.proxy_tls_listen",
                          "smtp.trusted_proxies", "smtp.allowed_networks", "smtp.denied_networks",
                          "smtp.hide_keywords", "smtp.hostname", "smtp.banner_delay",
                          "smtp.tls_handshake_timeout", "smtp.session_lifetime", "grpc.listen",
                          "authentication.enabled", "authentication.timeout",
                          "authentication.servers", "log.level"));
  // Written otherwise, it is the same.
  absl::StatusOr<Config> rewritten =
      ParseConfig("[smtp]\nhostname = 'MX.example.net'\ncommand_timeout = '1m'", "f.toml");
  absl::StatusOr<Config> canonical =
      ParseConfig("[smtp]\ncommand_timeout = '60s'\nhostname = 'mx.example.net'", "f.toml");
  ASSERT_TRUE(rewritten.ok() && canonical.ok());
  EXPECT_THAT(KeysThatWait(*rewritten, *canonical), ElementsAre());
}

TEST(ConfigTest, WarnsOfATrustBelowTheDefault) {
  const struct {
    std::string_view key;
    std::string_view trust;
    std::string_view warning;  // begins so; empty: none
  } kRows[] = {
      {"trust", "signed", ""},
      {"trust", "returned", ""},
      {"trust", "authenticated",
       "return_path.trust of a.example is authenticated: a host that sends mail"},
      {"trust", "unverified",
       "return_path.trust of a.example is unverified: whoever sends a report there"},
      {"complaint_trust", "returned", ""},
      {"complaint_trust", "unverified",
       "return_path.complaint_trust of a.example is unverified: whoever sends a report there"},
  };
  for (const auto& row : kRows) {
    absl::StatusOr<Config> config = ParseConfig(
        "data_dir = '/none'\n[[return_path]]\ndomain = \"a.example\"\n" + std::string(row.key) +
            " = \"" + std::string(row.trust) + "\"\n[[return_path]]\ndomain = \"b.example\"",
        "f.toml");
    ASSERT_TRUE(config.ok()) << config.status();
    const std::vector<std::string> warnings = WarningsOf(*config);
    ASSERT_EQ(warnings.size(), row.warning.empty() ? 0u : 1u) << row.trust;
    if (warnings.empty()) continue;
    EXPECT_TRUE(warnings[0].starts_with(row.warning)) << warnings[0];
  }
}

TEST(ConfigTest, T29WarnsOfGrpcThatStrangersReach) {
  const struct {
    std::string text;
    bool warns;
  } kRows[] = {
      {"", false},
      {"listen = '[::1]:7025'", false},
      {"listen = 'unix:/run/grpc'", false},
      {"listen = '0.0.0.0:7025'", true},
      {"listen = '0.0.0.0:7025'\nclient_ca_file = 'ca'", false},
      {"listen = '0.0.0.0:7025'\nclient_ca_file = 'ca'\nclient_certificates = 'optional'", true},
  };
  for (const auto& row : kRows) {
    const absl::StatusOr<Config> config =
        ParseConfig("data_dir = '/nonexistent'\n[grpc]\n" + row.text, "f.toml");
    ASSERT_TRUE(config.ok()) << config.status();
    const std::vector<std::string> warnings = WarningsOf(*config);
    ASSERT_EQ(warnings.size(), row.warns ? 1u : 0u) << row.text;
    if (!row.warns) continue;
    EXPECT_THAT(warnings[0], StartsWith("grpc.listen 0.0.0.0:7025 is reached"));
  }
}

TEST(ConfigTest, ReadsFeedbackLoopsAndUnsubscribes) {
  absl::StatusOr<Config> config = ParseConfig(R"(
[[feedback_loop]]
address = "FBL@Example.net"
tenant = "shop-1"
stream = "news"
operators = ["arf.mail.example", "loop.example"]
[[feedback_loop]]
address = "complaints@example.org"
[[unsubscribe]]
address = "Unsubscribe@lists.example.net"
tenant = "shop-1"
stream = "news"
max_age = "60d"
[[unsubscribe.key]]
id = "a"
secret_file = "/etc/a.key"
[[unsubscribe]]
address = "leave@lists.example.org"
)",
                                              "f.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->feedback_loops.size(), 2u);
  EXPECT_EQ(config->feedback_loops[0].address, "fbl@example.net");
  EXPECT_EQ(config->feedback_loops[0].tenant, "shop-1");
  EXPECT_EQ(config->feedback_loops[0].stream, "news");
  EXPECT_THAT(config->feedback_loops[0].operators, ElementsAre("arf.mail.example", "loop.example"));
  EXPECT_EQ(config->feedback_loops[1].tenant, "default");
  EXPECT_THAT(config->feedback_loops[1].operators, ElementsAre());
  ASSERT_EQ(config->unsubscribes.size(), 2u);
  const ReturnPathSection& first = config->unsubscribes[0];
  EXPECT_EQ(first.domain.use, Use::kUnsubscribe);
  EXPECT_EQ(first.domain.address, "unsubscribe@lists.example.net");
  EXPECT_EQ(first.domain.domain, "lists.example.net");
  EXPECT_EQ(first.domain.tenant, "shop-1");
  EXPECT_EQ(first.domain.stream, "news");
  EXPECT_EQ(first.domain.max_age, absl::Hours(24 * 60));
  ASSERT_EQ(first.files.size(), 1u);
  EXPECT_EQ(first.files[0].secret_file, "/etc/a.key");
  EXPECT_EQ(config->unsubscribes[1].domain.max_age, absl::Hours(24 * 3'650));
}

TEST(ConfigTest, TakesAHundredOperatorsAndNoMore) {
  auto loop = [](int count) {
    std::string text = "[[feedback_loop]]\naddress = 'a@b.example'\noperators = [";
    for (int i = 0; i < count; ++i) text += "'x.example',";
    return text + "]";
  };
  EXPECT_EQ(ErrorOf(loop(0)), "");
  EXPECT_EQ(ErrorOf(loop(100)), "");
  EXPECT_THAT(ErrorOf(loop(101)), HasSubstr("feedback_loop.operators: must have 0 to 100 entries"));
}

TEST(ConfigTest, TakesAThousandFeedbackLoopsAndNoMore) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += "[[feedback_loop]]\naddress = 'a@b.example'\n";
  EXPECT_EQ(ErrorOf(text), "");
  EXPECT_THAT(ErrorOf(text + "[[feedback_loop]]\naddress = 'a@b.example'\n"),
              HasSubstr("feedback_loop: more than 1000"));
}

struct Wrong {
  std::string_view name;
  std::string text;
  std::string_view want;  // the message begins so
};

class WrongTest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongTest, IsRefusedWithItsLine) {
  EXPECT_THAT(ErrorOf(GetParam().text), StartsWith(std::string(GetParam().want)));
}

INSTANTIATE_TEST_SUITE_P(
    , WrongTest,
    testing::ValuesIn<Wrong>({
        {"UnknownAtTheTop", "\ndata_dri = \"x\"",
         R"(f.toml:2: data_dri: unknown key; the nearest known one is "data_dir")"},
        {"UnknownSection", "[smpt]\nlisten = []",
         R"(f.toml:1: smpt: unknown key; the nearest known one is "smtp")"},
        {"NotBuilt", "[http]\nlisten = \"127.0.0.1:7080\"", "f.toml:1: http: unknown key; "},
        {"UnknownInSmtp", "[smtp]\n\nhostnmae = \"x\"",
         R"(f.toml:3: smtp.hostnmae: unknown key; the nearest known one is "hostname")"},
        {"UnknownInGrpc", "[grpc]\nlissten = \"x\"",
         R"(f.toml:2: grpc.lissten: unknown key; the nearest known one is "listen")"},
        {"UnknownInPolicy", "[policy]\nsoft_treshold = 3",
         R"(f.toml:2: policy.soft_treshold: unknown key; the nearest known one is "soft_threshold")"},
        {"UnknownInIncidents", "[incidents]\nrefusals = 3",
         R"(f.toml:2: incidents.refusals: unknown key; the nearest known one is )"},
        {"UnknownInStore", "[store]\nminfree = 3",
         R"(f.toml:2: store.minfree: unknown key; the nearest known one is "min_free")"},
        {"UnknownInLog", "[log]\nlvl = \"info\"",
         R"(f.toml:2: log.lvl: unknown key; the nearest known one is "level")"},
        {"UnknownInRules", "[rules]\nfile = []",
         R"(f.toml:2: rules.file: unknown key; the nearest known one is "files")"},
        {"RuleFilesIsNoList", "[rules]\nfiles = \"x\"", "f.toml:2: rules.files: must be a list"},
        {"RuleFileWithoutAName", "[rules]\nfiles = [\"\"]",
         "f.toml:2: rules.files: must not be empty"},
        {"UnknownInReturnPath", "[[return_path]]\ndomain = \"a.example\"\nsining = \"off\"",
         R"(f.toml:3: return_path.sining: unknown key; the nearest known one is "signing")"},
        {"UnknownInKey",
         "[[return_path]]\ndomain = \"a.example\"\n[[return_path.key]]\nid = \"a\"\n"
         "secret_file = \"x\"\nsecret = \"y\"",
         R"(f.toml:6: return_path.key.secret: unknown key; the nearest known one is )"},
        {"ControlOctetsAreShown", "\"a\\u001b[2J\" = 1", "f.toml:1: a\\x{1B}[2J: unknown key"},
        {"NoDomain", "[[return_path]]\nstream = \"a\"", "f.toml:1: return_path: domain is missing"},
        {"NoSecretFile", "[[return_path]]\ndomain = \"a.example\"\n[[return_path.key]]\nid = \"a\"",
         "f.toml:3: return_path.key: secret_file is missing"},
        {"LongKeyId",
         "[[return_path]]\ndomain = \"a.example\"\n[[return_path.key]]\nid = \"abcde\"\n"
         "secret_file = \"x\"",
         "f.toml:4: return_path.key.id: longer than 4 octets"},
        {"TenantCharacters", "[[return_path]]\ndomain = \"a.example\"\ntenant = \"A\"",
         "f.toml:3: return_path.tenant: has other characters"},
        {"MaxAge", "[[return_path]]\ndomain = \"a.example\"\nmax_age = \"23h\"",
         "f.toml:3: return_path.max_age: must be \"1d\" to \"3650d\""},
        {"MaxAgeOfCenturies", "[[return_path]]\ndomain = \"a.example\"\nmax_age = \"99999999h\"",
         "f.toml:3: return_path.max_age: must be \"1d\" to \"3650d\""},
        {"MaxAgeWithoutEnd",
         "[[return_path]]\ndomain = \"a.example\"\nmax_age = \"99999999999999999999d\"",
         "f.toml:3: return_path.max_age: must be \"1d\" to \"3650d\""},
        {"MaxAgeIsNoTime", "[[return_path]]\ndomain = \"a.example\"\nmax_age = \"1.5d\"",
         "f.toml:3: return_path.max_age: must be a time in quotes"},
        {"MaxAgeWithoutNumber", "[[return_path]]\ndomain = \"a.example\"\nmax_age = \"d\"",
         "f.toml:3: return_path.max_age: must be a time in quotes"},
        {"Signing", "[[return_path]]\ndomain = \"a.example\"\nsigning = \"on\"",
         R"(f.toml:3: return_path.signing: must be one of "required", "optional", "off")"},
        {"AuthenticationEnabled", "[authentication]\nenabled = 1",
         "f.toml:2: authentication.enabled: must be true or false"},
        {"ServerIsAName", "[authentication]\nservers = [\"ns.example:53\"]",
         "f.toml:2: authentication.servers: each must be \"ADDRESS:PORT\""},
        {"ServerWithoutAPort", "[authentication]\nservers = [\"192.0.2.1\"]",
         "f.toml:2: authentication.servers: each must be"},
        {"ServerWithoutBrackets", "[authentication]\nservers = [\"2001:db8::53:53\"]",
         "f.toml:2: authentication.servers: each must be"},
        {"AuthenticationTimeout", "[authentication]\ntimeout = \"61s\"",
         "f.toml:2: authentication.timeout: must be \"1s\" to \"1m\""},
        {"Trust", "[[return_path]]\ndomain = \"a.example\"\ntrust = \"blind\"",
         "f.toml:3: return_path.trust: must be one of \"signed\", \"returned\", "
         "\"authenticated\", \"unverified\""},
        {"UnsubscribeWithoutAddress", "[[unsubscribe]]\ntenant = 'a'",
         "f.toml:1: unsubscribe: address is missing"},
        {"UnsubscribeIsNoAddress", "[[unsubscribe]]\naddress = 'lists.example'",
         "f.toml:2: unsubscribe.address: "},
        {"UnsubscribeMaxAge", "[[unsubscribe]]\naddress = 'a@b.example'\nmax_age = \"3651d\"",
         "f.toml:3: unsubscribe.max_age: must be \"1d\" to \"3650d\""},
        {"FeedbackLoopWithoutAddress", "[[feedback_loop]]\ntenant = 'a'",
         "f.toml:1: feedback_loop: address is missing"},
        {"OperatorsIsNoList", "[[feedback_loop]]\naddress = 'a@b.example'\noperators = 'x'",
         "f.toml:3: feedback_loop.operators: must be a list"},
        {"LogLevel", "[log]\nlevel = \"loud\"",
         R"(f.toml:2: log.level: must be one of "error", "warning", "info", "debug")"},
        {"SectionIsNoTable", "smtp = 1", "f.toml:1: smtp: must be a table"},
        {"ReturnPathIsNoArray", "[return_path]\ndomain = \"a.example\"",
         "f.toml:1: return_path: must be tables"},
        {"KeyWithAToken", "[[grpc.key]]\nname = 'a'\nsecret = 'bnc_a_b'",
         "f.toml:3: grpc.key.secret: is no secret of the form SHA-256$ID:HASH"},
        {"KeyWithoutASecret", "[[grpc.key]]\nname = 'a'", "f.toml:1: grpc.key: secret is missing"},
        {"KeyOfARoleThatIsNone", "[[grpc.key]]\nname = 'a'\nroles = ['root']\nsecret = ''",
         "f.toml:3: grpc.key.roles: \"root\" is none of check, mint, write, read_events, evidence, "
         "admin"},
        {"KeyWithoutRoles", "[[grpc.key]]\nname = 'a'\nroles = []\nsecret = ''",
         "f.toml:3: grpc.key.roles: must have 1 to 6 entries"},
        {"KeyOfABadName", "[[grpc.key]]\nname = 'A'\nsecret = ''",
         "f.toml:2: grpc.key.name: has other characters than"},
        {"ClientWithoutAName", "[[grpc.client]]\nroles = ['mint']",
         "f.toml:1: grpc.client: name is missing"},
        {"UserTwice", User("relay") + User("relay"), "f.toml:1: smtp.user: \"relay\" stands twice"},
        {"UserIsAnAddress", User("a@b.example"), "f.toml:2: smtp.user.name: has other characters"},
        {"UserWithAPassword", "[[smtp.user]]\nname = 'a'\nsecret = 'pencil'",
         "f.toml:3: smtp.user.secret: is no secret of the form"},
        {"UserWithoutSecret", "[[smtp.user]]\nname = 'a'",
         "f.toml:1: smtp.user: secret is missing"},
        {"LmtpOnWhat", "[smtp]\nlmtp_listen = ['lmtp']",
         "f.toml:2: smtp.lmtp_listen: each must be \"/PATH"},
        {"PathForSmtp", "[smtp]\nlisten = ['/run/b']",
         "f.toml:2: smtp.listen: each must be \"HOST:PORT"},
        {"ProxyIsNoNetwork", "[smtp]\ntrusted_proxies = ['proxy.example']",
         "f.toml:2: smtp.trusted_proxies: proxy.example: is no address"},
        {"DateIsText",
         "[[return_path]]\ndomain = 'a'\n[[return_path.key]]\nid = 'a'\nsecret_file = "
         "'b'\nlast_day = '2026-11-30'",
         "f.toml:6: return_path.key.last_day: must be a date"},
        {"HiddenIsNoKeyword", "[smtp]\nhide_keywords = ['DSN']",
         "f.toml:2: smtp.hide_keywords: \"DSN\" is no keyword"},
        {"HiddenIsTheLogin", "[smtp]\nhide_keywords = ['auth']",
         "f.toml:2: smtp.hide_keywords: \"AUTH\" cannot be hidden: it is listed where a login"},
        {"CertificateWithoutKey", "[[smtp.certificate]]\nchain_file = 'a'",
         "f.toml:1: smtp.certificate: key_file is missing"},
        {"ListenIsNoList", "[smtp]\nlisten = \"x:25\"", "f.toml:2: smtp.listen: must be a list"},
        {"ListenHoldsANumber", "[smtp]\nlisten = [25]", "f.toml:2: smtp.listen: must be a text"},
        {"ListenHasNoPort", "[smtp]\nlisten = [\"a:25\", \"a\"]",
         "f.toml:2: smtp.listen: each must be \"HOST:PORT\""},
        {"ListenPortBeyond", "[smtp]\nlisten = [\"a:65536\"]", "f.toml:2: smtp.listen: each must"},
        {"ListenPortIsNone", "[smtp]\nlisten = [\"a:\"]", "f.toml:2: smtp.listen: each must"},
        {"EmptyDataDir", "data_dir = \"\"", "f.toml:1: data_dir: must not be empty"},
        {"DataDirIsANumber", "data_dir = 1", "f.toml:1: data_dir: must be a text in quotes"},
        {"HostNameWithALineEnd", "[smtp]\nhostname = \"a\\r\\nb\"", "f.toml:2: smtp.hostname: "},
        {"NoToml", "[smtp]\nhostname = ", "f.toml:2: "},
        {"TwiceTheSame", "[grpc]\nlisten = \"a\"\nlisten = \"b\"", "f.toml:3: "},
    }),
    kNameOf);

TEST(ConfigTest, TakesAFileOfItsMostOctetsAndNoMore) {
  std::string text = "# ";
  text.resize(kMaxConfigOctets, 'x');
  EXPECT_EQ(ErrorOf(text), "");
  text += 'x';
  EXPECT_THAT(ErrorOf(text), HasSubstr("longer than"));
}

TEST(ConfigTest, TakesAHundredRuleFilesAndNoMore) {
  auto files = [](int count) {
    std::string text = "[rules]\nfiles = [";
    for (int i = 0; i < count; ++i) text += "'x',";
    return text + "]";
  };
  EXPECT_EQ(ErrorOf(files(0)), "");
  EXPECT_EQ(ErrorOf(files(100)), "");
  EXPECT_THAT(ErrorOf(files(101)), HasSubstr("rules.files: must have 0 to 100 entries"));
}

TEST(ConfigTest, TheEmbeddedDefaultStaysOnLoopback) {
  Config config = DemoConfig();
  EXPECT_TRUE(config.is_demo);
  EXPECT_THAT(config.smtp.listen, ElementsAre("127.0.0.1:2525"));
  EXPECT_EQ(config.grpc.listen, "127.0.0.1:7025");
  EXPECT_EQ(config.store.options.directory, "bounced-data");
  ASSERT_EQ(config.return_paths.size(), 1u);
  EXPECT_EQ(config.return_paths[0].domain.signing, Signing::kRequired);
  ASSERT_EQ(config.return_paths[0].files.size(), 1u);
  EXPECT_EQ(config.return_paths[0].files[0].secret_file, "bounced-data/return-path.key");
}

class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    std::string name = testing::TempDir() + "config-XXXXXX";
    dir_ = ::mkdtemp(name.data());
  }
  ~FilesTest() override { std::filesystem::remove_all(dir_); }

  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    std::string path = dir_ / name;
    std::ofstream(path) << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  std::filesystem::path dir_;
};

TEST_F(FilesTest, LoadsAFileAndNamesItInErrors) {
  std::string good = Write("good.toml", "data_dir = \"/x\"");
  absl::StatusOr<Config> config = LoadConfig(good, FileKind::kAny);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->data_dir, "/x");
  std::string bad = Write("bad.toml", "x = 1");
  EXPECT_THAT(std::string(LoadConfig(bad, FileKind::kAny).status().message()),
              StartsWith(bad + ":1: x: "));
  EXPECT_EQ(LoadConfig(dir_ / "none.toml", FileKind::kAny).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(LoadConfig(dir_, FileKind::kAny).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(LoadConfig(good, FileKind::kPlain).ok());
  EXPECT_TRUE(LoadConfig("/dev/null", FileKind::kAny).ok());
  EXPECT_EQ(LoadConfig("/dev/null", FileKind::kPlain).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(FilesTest, WarnsOfADataDirectoryThatIsOpenToOthers) {
  const std::filesystem::path data = dir_ / "data";
  Config config;
  config.data_dir = data;
  EXPECT_THAT(WarningsOf(config), ElementsAre()) << "it is not there yet";
  std::filesystem::create_directory(data);
  const struct {
    mode_t mode;
    std::string_view shown;  // empty: no warning
  } kRows[] = {{0700, ""},     {0500, ""},     {0701, "0701"}, {0710, "0710"},
               {0750, "0750"}, {0777, "0777"}, {02770, "2770"}};
  for (const auto& row : kRows) {
    ASSERT_EQ(::chmod(data.c_str(), row.mode), 0);
    const std::vector<std::string> warnings = WarningsOf(config);
    ASSERT_EQ(warnings.size(), row.shown.empty() ? 0u : 1u) << row.mode;
    if (warnings.empty()) continue;
    EXPECT_EQ(warnings[0], "data_dir " + data.string() + " is open to others, its mode is " +
                               std::string(row.shown) + ": chmod 0700 it");
  }
}

TEST_F(FilesTest, ReadsTheKeysInOrder) {
  Config config;
  ReturnPathSection& section = config.return_paths.emplace_back();
  section.domain.domain = "a.example";
  section.files = {{"a", Write("a", std::string(32, 'a') + "\n")},
                   {"b", Write("b", std::string(32, 'b'))}};
  absl::StatusOr<std::vector<ReturnPathDomain>> domains = ReadKeys(config);
  ASSERT_TRUE(domains.ok()) << domains.status();
  ASSERT_EQ(domains->front().keys.size(), 2u);
  EXPECT_EQ(domains->front().keys[0].secret, std::string(32, 'a'));
  EXPECT_EQ(domains->front().keys[1].id, "b");

  section.files.push_back({"c", Write("c", std::string(32, 'c'), 0604)});
  EXPECT_FALSE(ReadKeys(config).ok());
}

}  // namespace
}  // namespace bounced
