// smtpd.conf(5). Its folders and its socket have fixed places, so it sees the test's there.
#include "tests/e2e/harness/open_smtpd.h"

namespace bounced::e2e {

OpenSmtpd::OpenSmtpd(const MailServerOptions& options) : options_(options) {
  for (const char* folder : {"spool", "lib", "run"}) MakeFolder(folder, 0, 0755);
  MakeFolder("spool/smtpd", 0, 0711);
  MakeFolder("lib/opensmtpd", 0, 0755);
  MakeFolder("lib/opensmtpd/empty", 0, 0711);
  Start({.users = {"opensmtpd", "opensmtpq"},
         .mounts = {{dir() / "spool", "/var/spool"},
                    {dir() / "lib", "/var/lib"},
                    {dir() / "run", "/run"},
                    {Unpacked("usr/libexec"), "/usr/libexec"}},
         .argv = {Unpacked("usr/sbin/smtpd"), "-d", "-f", dir() / "smtpd.conf"}});
}

void OpenSmtpd::WriteConfiguration(std::uint16_t port) {
  // It lets seconds pass between two connections with the same of these.
  std::string text;
  for (const char* what :
       {"conn-delay-host", "conn-delay-source", "conn-delay-route", "conn-delay-connector",
        "conn-delay-relay", "conn-delay-domain", "reconn-delay-route"}) {
    text += std::string("mta limit ") + what + " 0\n";
  }
  // And it keeps a session open for longer, in case that more comes.
  text += "mta limit session-keepalive 1\n";
  if (options_.lifetime.count() != 0) {
    text += "queue ttl " + std::to_string(options_.lifetime.count()) + "s\n";
  }
  if (options_.delay_warning.count() != 0) {
    text += "bounce warn-interval " + std::to_string(options_.delay_warning.count()) + "s\n";
  }
  text += "listen on 127.0.0.1 port " + std::to_string(port) + " hostname mta.sender.example\n";
  const std::string scheme = options_.tls ? "smtp" : "smtp+notls";
  for (const auto& [domain, hop] : options_.routes) {
    text += "action \"" + domain + "\" relay host " + scheme + "://" + hop.address + ":" +
            std::to_string(hop.port) + " helo mta.sender.example\n";
    text += "match from any for domain \"" + domain + "\" action \"" + domain + "\"\n";
  }
  WriteFile(dir() / "smtpd.conf", text);
}

}  // namespace bounced::e2e
