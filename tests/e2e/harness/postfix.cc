// What a Postfix needs of its own (postconf(5), master(5), and what postfix-script makes of the
// queue directories), and no more.
#include "tests/e2e/harness/postfix.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace bounced::e2e {
namespace {

constexpr std::string_view kMaster = "/usr/lib/postfix/sbin/master";

constexpr std::string_view kSettings = R"(compatibility_level = 3.6
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
multi_instance_enable = yes
myhostname = mta.sender.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
alias_database =
local_recipient_maps =
virtual_alias_domains = local.example
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_destination_concurrency_failed_cohort_limit = 0
smtp_connection_cache_on_demand = no
smtputf8_enable = yes
in_flow_delay = 0
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
)";

constexpr std::string_view kServices = R"(
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
lmtp      unix - - n - - lmtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
local     unix - n n - - local
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
)";

std::string Seconds(std::chrono::seconds time) { return std::to_string(time.count()) + "s\n"; }

void MakeOwned(const std::string& path, uid_t owner, gid_t group, mode_t mode) {
  if (mkdir(path.c_str(), mode) != 0 || chown(path.c_str(), owner, group) != 0 ||
      chmod(path.c_str(), mode) != 0) {
    throw std::runtime_error("cannot make " + path);
  }
}

}  // namespace

std::string Postfix::Unavailable() {
  if (geteuid() != 0) return "Postfix starts only as root";
  if (access(kMaster.data(), X_OK) != 0) return "the package postfix is not installed";
  return "";
}

Postfix::Postfix(const MailServerOptions& options, const PostfixOptions& own) {
  // master(8) leaves its parent; so it comes back to this process, which can then wait for its end.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  MakeQueue();
  // Somebody may take the port between here and master(8): then another is tried.
  for (int attempt = 0; attempt < 3; ++attempt) {
    port_ = FreePort();
    WriteConfiguration(options, own);
    // -w: returns when all listeners are up, with 0, or with another code when one can't be.
    // -e: should this process be killed, it does not stay for ever.
    if (RunProgram({std::string(kMaster), "-c", dir_ / "etc", "-e", "900", "-w"}).status == 0)
      return;
  }
  throw std::runtime_error("Postfix did not start:\n" + log());
}

Postfix::~Postfix() {
  const std::string number = ReadFile(dir_ / "spool/pid/master.pid");
  const pid_t master = std::atoi(number.c_str());
  if (master <= 1) return;
  kill(master, SIGTERM);
  Eventually([master] { return waitpid(master, nullptr, WNOHANG) != 0; });
}

std::string Postfix::log() const { return ReadFile(log_file()); }

void Postfix::WriteConfiguration(const MailServerOptions& options, const PostfixOptions& own) {
  const std::string& dir = dir_.path();
  std::string settings(kSettings);
  settings += "config_directory = " + dir + "/etc\n";
  settings += "queue_directory = " + dir + "/spool\n";
  settings += "data_directory = " + dir + "/data\n";
  settings += "multi_instance_name = postfix-" + std::to_string(port_) + '\n';
  settings += "maillog_file = " + dir + "/maillog\n";
  settings += "maillog_file_prefixes = " + dir + '\n';
  settings += "transport_maps = texthash:" + dir + "/etc/transport\n";
  settings += "virtual_alias_maps = texthash:" + dir + "/etc/virtual\n";
  settings += "delay_warning_time = " + Seconds(options.delay_warning);
  if (options.lifetime.count() != 0) {
    settings += "maximal_queue_lifetime = " + Seconds(options.lifetime);
  }
  settings += options.tls ? "smtp_tls_security_level = may\n" : "";
  WriteFile(dir + "/etc/main.cf", settings + own.settings);
  WriteFile(dir + "/etc/master.cf", "127.0.0.1:" + std::to_string(port_) +
                                        " inet n - n - 100 smtpd" + std::string(kServices));
  std::string transports = "discard.example discard:\n";
  if (!own.bounces_hop.empty()) transports += "bounces.example " + own.bounces_hop + '\n';
  for (const auto& [domain, hop] : options.routes) {
    transports += domain + " smtp:[" + hop.address + "]:" + std::to_string(hop.port) + '\n';
  }
  WriteFile(dir + "/etc/transport", transports);
  WriteFile(dir + "/etc/virtual", own.virtual_aliases);
}

void Postfix::MakeQueue() {
  const passwd* user = getpwnam("postfix");
  const group* drop = getgrnam("postdrop");
  if (user == nullptr || drop == nullptr) throw std::runtime_error("no user postfix");
  const uid_t owner = user->pw_uid;
  const std::string spool = dir_ / "spool";
  MakeOwned(dir_ / "etc", 0, 0, 0755);
  MakeOwned(dir_ / "data", owner, 0, 0700);
  MakeOwned(spool, 0, 0, 0755);
  MakeOwned(spool + "/pid", 0, 0, 0755);
  MakeOwned(spool + "/public", owner, drop->gr_gid, 0710);
  MakeOwned(spool + "/maildrop", owner, drop->gr_gid, 0730);
  for (const char* queue : {"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold",
                            "incoming", "private", "saved", "trace"}) {
    MakeOwned(spool + '/' + queue, owner, 0, 0700);
  }
}

}  // namespace bounced::e2e
