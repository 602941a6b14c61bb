#include "tests/e2e/harness/unpacked_server.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

#include "tests/e2e/harness/smtp_client.h"

namespace bounced::e2e {
namespace {

// For sh(1) in a mount namespace of its own: pairs of places, "--", the command.
constexpr const char* kMountAndRun = R"(set -e
while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done
shift
exec "$@")";

bool Greets(std::uint16_t port) {
  try {
    SmtpClient client(port);
    return client.Read().code == 220 && client.Command("QUIT").code == 221;
  } catch (const std::runtime_error&) {
    return false;  // nobody listens yet
  }
}

}  // namespace

std::string UnpackedServer::Unavailable() {
  if (geteuid() != 0) return "mail servers start only as root";
  if (RunProgram({"unshare", "--mount", "true"}).status != 0) return "no mount namespaces here";
  const Outcome fetched =
      RunProgram({BOUNCED_SOURCE_DIR "/tests/e2e/fetch_mail_servers.sh", BOUNCED_MAIL_SERVERS_DIR});
  if (fetched.status != 0) return "Exim and OpenSMTPD cannot be fetched: " + fetched.err;
  return "";
}

UnpackedServer::~UnpackedServer() {
  if (!process_) return;
  process_->Signal(SIGTERM);
  process_->Wait();
}

std::string UnpackedServer::Unpacked(const std::string& path) {
  return BOUNCED_MAIL_SERVERS_DIR "/root/" + path;
}

void UnpackedServer::MakeFolder(const std::string& name, uid_t owner, mode_t mode) const {
  const std::string path = dir_ / name;
  if (mkdir(path.c_str(), mode) != 0 || chown(path.c_str(), owner, owner) != 0 ||
      chmod(path.c_str(), mode) != 0) {
    throw std::runtime_error("cannot make " + path);
  }
}

void UnpackedServer::Start(const Command& command) {
  // The first line of a name counts.
  std::string passwd;
  std::string group;
  uid_t number = kFirstUser;
  for (const std::string& user : command.users) {
    const std::string id = std::to_string(number++);
    passwd += user + ":x:" + id + ':' + id + "::/nonexistent:/usr/sbin/nologin\n";
    group += user + ":x:" + id + ":\n";
  }
  WriteFile(dir_ / "passwd", passwd + ReadFile("/etc/passwd"));
  WriteFile(dir_ / "group", group + ReadFile("/etc/group"));

  std::vector<std::string> argv = {"unshare", "--mount", "sh", "-c", kMountAndRun, "sh"};
  for (const auto& [from, to] : command.mounts) argv.insert(argv.end(), {from, to});
  argv.insert(argv.end(), {dir_ / "passwd", "/etc/passwd", dir_ / "group", "/etc/group", "--"});
  argv.insert(argv.end(), command.argv.begin(), command.argv.end());

  // Somebody may take the port between here and the server: then another is tried.
  for (int attempt = 0; attempt < 3; ++attempt) {
    port_ = FreePort();
    WriteConfiguration(port_);
    process_.emplace(ProcessOptions{
        .argv = argv, .stdout_path = dir_ / "errors", .stderr_path = dir_ / "errors"});
    if (Eventually([this] { return process_->Poll() || Greets(port_); }) && !process_->Poll()) {
      return;
    }
  }
  throw std::runtime_error("the mail server did not start: " + log() + errors());
}

}  // namespace bounced::e2e
