#include "tests/e2e/harness/daemon.h"

#include <signal.h>

#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include "gtest/gtest.h"

namespace bounced::e2e {
namespace {

std::string Configuration(const DaemonOptions& options, const std::string& key_file) {
  // The resolver of the machine is no part of a test.
  const std::string_view dns = options.sections.find("[authentication]") == std::string::npos
                                   ? "\n[authentication]\nenabled = false\n"
                                   : "";
  return "data_dir = \"" + options.data_dir + "\"\n[smtp]\nlisten = [\"" + options.smtp_listen +
         "\"]\nhostname = \"mx.bounces.example\"\n" + options.smtp + "\n[grpc]\nlisten = \"" +
         options.grpc_listen + "\"\n" + options.sections + std::string(dns) +
         "\n[[return_path]]\ndomain = \"" + std::string(kBounceDomain) + "\"\n" +
         options.return_path + "\n[[return_path.key]]\nid = \"a\"\nsecret_file = \"" + key_file +
         "\"\n";
}

std::vector<std::string> CommandLine(const DaemonOptions& options, const TempDir& dir) {
  std::vector<std::string> argv = options.wrapper;
  argv.insert(argv.end(), {Program("bounced"), "--config", dir / "bounced.toml"});
  argv.insert(argv.end(), options.flags.begin(), options.flags.end());
  return argv;
}

void WriteFiles(DaemonOptions& options, const TempDir& dir) {
  if (options.data_dir.empty()) options.data_dir = dir / "data";
  WriteFile(dir / "return-path.key", kReturnPathSecret, 0600);
  WriteFile(dir / "bounced.toml", Configuration(options, dir / "return-path.key"));
}

// What follows "name=" in the ready line.
std::string Field(const std::string& line, std::string_view name) {
  const std::size_t place = line.find(' ' + std::string(name) + '=');
  if (place == std::string::npos) return "";
  const std::size_t begin = place + name.size() + 2;
  return line.substr(begin, line.find_first_of(" \n", begin) - begin);
}

std::uint16_t PortOf(const std::string& address) {
  return static_cast<std::uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str()));
}

}  // namespace

std::string Program(std::string_view name) {
  const char* folder = std::getenv("BOUNCED_BIN");
  return std::string(folder == nullptr ? BOUNCED_BIN_DIR : folder) + '/' + std::string(name);
}

std::string LoginPorts() {
  const Outcome hashed = RunProgram({Program("bouncectl"), "hash-password"}, {}, "pencil\n");
  if (hashed.status != 0) throw std::runtime_error("no secret: " + hashed.err);
  return "submission_listen = ['127.0.0.1:0']\ntls_listen = ['127.0.0.1:0']\n"
         "[[smtp.user]]\nname = 'relay'\nsecret = '" +
         hashed.out.substr(0, hashed.out.size() - 1) + "'\n";
}

Daemon::Daemon(DaemonOptions options) : options_(std::move(options)) {
  WriteFiles(options_, dir_);
  Launch();
}

Daemon::~Daemon() {
  process_.reset();
  if (testing::Test::HasFailure()) std::cerr << "--- the daemon's log:\n" << log() << "---\n";
}

std::optional<Outcome> Daemon::FailToStart(DaemonOptions options) {
  TempDir dir;
  WriteFiles(options, dir);
  Process process(
      {.argv = CommandLine(options, dir), .stdout_path = dir / "out", .stderr_path = dir / "err"});
  Eventually(
      [&] { return process.Poll() || ReadFile(dir / "out").find('\n') != std::string::npos; });
  if (!process.Poll()) return std::nullopt;
  return Outcome{*process.Poll(), ReadFile(dir / "out"), ReadFile(dir / "err")};
}

void Daemon::Launch() {
  const std::string out = dir_ / ("out-" + std::to_string(++starts_));
  process_ = std::make_unique<Process>(ProcessOptions{
      .argv = CommandLine(options_, dir_), .stdout_path = out, .stderr_path = dir_ / "log"});
  std::string ready;
  Eventually([&] {
    ready = ReadFile(out);
    return ready.find('\n') != std::string::npos || process_->Poll();
  });
  const std::string smtp = Field(ready, "smtp");
  grpc_ = Field(ready, "grpc");
  if (!ready.starts_with("ready ") || smtp.empty() || grpc_.empty()) {
    throw std::runtime_error("the daemon did not become ready: " + ready + "\n" + log());
  }
  smtp_port_ = PortOf(smtp);
  ready_ = ready;
  api_ = std::make_unique<ApiClient>(grpc_);
}

std::uint16_t Daemon::port(std::string_view kind) const { return PortOf(Field(ready_, kind)); }

std::string Daemon::log() const { return ReadFile(dir_ / "log"); }

int Daemon::Stop(int signal) {
  process_->Signal(signal);
  return process_->Wait().value_or(-1);
}

bool Daemon::Reconfigure(const DaemonOptions& options, const std::string& word) {
  options_.return_path = options.return_path;
  options_.smtp = options.smtp;
  options_.sections = options.sections;
  WriteFile(dir_ / "bounced.toml", Configuration(options_, dir_ / "return-path.key"));
  const std::string before = log();
  Signal(SIGHUP);
  return Eventually([&] { return log().find(word, before.size()) != std::string::npos; });
}

void Daemon::Restart() {
  api_.reset();
  process_.reset();
  Launch();
}

SmtpReply Daemon::Send(std::string_view reverse_path, const std::string& return_path,
                       std::string_view message) {
  return SendMail(smtp_port_, reverse_path, {return_path}, message);
}

Outcome Daemon::Bouncectl(std::vector<std::string> arguments, std::string_view input) const {
  arguments.insert(arguments.begin(), Program("bouncectl"));
  return RunProgram(std::move(arguments), {"BOUNCED_SERVER=" + grpc_}, input);
}

}  // namespace bounced::e2e
