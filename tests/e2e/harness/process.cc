#include "tests/e2e/harness/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "tests/e2e/harness/files.h"

namespace bounced::e2e {
namespace {

std::string FindInPath(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    return access(program.c_str(), X_OK) == 0 ? program : "";
  }
  const char* path = std::getenv("PATH");
  // Daemons are in sbin, which not everybody's PATH has.
  std::istringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = folder + '/' + program;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string name(*entry, std::strcspn(*entry, "=") + 1);
    bool replaced = false;
    for (const std::string& other : added) replaced |= other.starts_with(name);
    if (!replaced) all.emplace_back(*entry);
  }
  return all;
}

void Redirect(int fd, const char* path, int flags) {
  const int file = open(path, flags, 0644);
  if (file < 0 || dup2(file, fd) < 0) _exit(127);
}

}  // namespace

Process::Process(const ProcessOptions& options) {
  std::vector<std::string> arguments = options.argv;
  const std::string program = FindInPath(arguments.at(0));
  if (program.empty()) throw std::runtime_error("no such program: " + arguments[0]);
  std::vector<std::string> variables = Environment(options.environment);
  std::vector<char*> argv = Pointers(arguments);
  std::vector<char*> envp = Pointers(variables);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ > 0) return;
  // Only what is safe after a fork of many threads.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  Redirect(0, options.stdin_path.c_str(), O_RDONLY);
  Redirect(1, options.stdout_path.c_str(), O_WRONLY | O_CREAT | O_APPEND);
  Redirect(2, options.stderr_path.c_str(), O_WRONLY | O_CREAT | O_APPEND);
  close_range(3, ~0U, 0);
  execve(program.c_str(), argv.data(), envp.data());
  _exit(127);
}

Process::~Process() {
  Signal(SIGKILL);
  Wait();
}

void Process::Signal(int signal) {
  if (!status_) kill(pid_, signal);
}

std::optional<int> Process::Poll() {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

std::optional<int> Process::Wait(std::chrono::milliseconds patience) {
  Eventually([this] { return Poll().has_value(); }, patience);
  return status_;
}

Outcome RunProgram(std::vector<std::string> argv, std::vector<std::string> environment,
                   std::string_view input) {
  TempDir dir;
  WriteFile(dir / "in", input);
  Process process({.argv = std::move(argv),
                   .environment = std::move(environment),
                   .stdin_path = dir / "in",
                   .stdout_path = dir / "out",
                   .stderr_path = dir / "err"});
  Outcome outcome;
  outcome.status = process.Wait(2 * kPatience).value_or(-1);
  outcome.out = ReadFile(dir / "out");
  outcome.err = ReadFile(dir / "err");
  return outcome;
}

}  // namespace bounced::e2e
