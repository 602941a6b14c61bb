// The options are those of the Exim specification, chapters 14 (main), 20 (manualroute), 30 (smtp)
// and 32 (retry).
#include "tests/e2e/harness/exim.h"

#include <string_view>

namespace bounced::e2e {
namespace {

constexpr std::string_view kMain = R"(primary_hostname = mta.sender.example
qualify_domain = sender.example
local_interfaces = 127.0.0.1
tls_advertise_hosts =
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
rfc1413_hosts =
host_lookup =
never_users =
keep_environment =
acl_smtp_rcpt = accept
acl_smtp_data = accept
smtp_accept_queue_per_connection = 0
)";

std::string Seconds(std::chrono::seconds time) { return std::to_string(time.count()) + 's'; }

}  // namespace

Exim::Exim(const MailServerOptions& options) : options_(options) {
  MakeFolder("spool", kFirstUser, 0755);
  MakeFolder("log", kFirstUser, 0755);
  // It runs itself to deliver, as its own user, who may have no way into the build's folder.
  MakeFolder("usr", 0, 0755);
  // -bdf: listens, in the foreground. -q1s: looks each second for what is to be tried again.
  Start({.users = {"Debian-exim"},
         .mounts = {{Unpacked("usr"), dir() / "usr"}},
         .argv = {dir() / "usr/sbin/exim4", "-C", dir() / "exim.conf", "-bdf", "-q1s"}});
}

void Exim::WriteConfiguration(std::uint16_t port) {
  const std::string& dir = this->dir().path();
  std::string text(kMain);
  text += "exim_path = " + dir + "/usr/sbin/exim4\n";
  text += "spool_directory = " + dir + "/spool\n";
  text += "log_file_path = " + dir + "/log/%s\n";
  text += "pid_file_path = " + dir + "/exim.pid\n";
  text += "daemon_smtp_ports = " + std::to_string(port) + '\n';
  text += "delay_warning = " + Seconds(options_.delay_warning) + '\n';
  text += "begin routers\nfixed:\n  driver = manualroute\n  transport = remote\n  self = send\n";
  text += "  route_list = ";
  for (const auto& [domain, hop] : options_.routes) {
    text += domain + " " + hop.address + "::" + std::to_string(hop.port) + " ; ";
  }
  text += "\nbegin transports\nremote:\n  driver = smtp\n  hosts_try_dane =\n";
  text += options_.tls ? "" : "  hosts_avoid_tls = *\n";
  text += "begin retry\n* * F," +
          (options_.lifetime.count() == 0 ? "4d" : Seconds(options_.lifetime)) + ",1s\n";
  WriteFile(dir + "/exim.conf", text);
}

}  // namespace bounced::e2e
